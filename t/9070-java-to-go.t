#!/bin/sh
# A Java 4.2.0 producer and a Go consumer talk through broker-a and broker-b.
# shellcheck source=t/interop/interop.sh
. "${SRCDIR:-.}/t/interop/interop.sh"

interop_need java javac mvn go
jars=$(interop_jars org.apache.rocketmq rocketmq-client 4.2.0) || interop_skip "Maven cannot fetch rocketmq-client 4.2.0"
interop_compile 4.2.0 "$jars" || interop_skip "the scenarios do not compile"
interop_go
cluster_start
t_result $? "a two-master cluster starts"
interop_drive 4.2.0 interop_java "$T_DIR/classes:$jars/*" Interop "$MQ_NAMESRV" "cross_$$" cross
interop_drive go "$T_DIR/go/client" "$MQ_NAMESRV" "$(cluster_brokers)" "cross_$$" cross
cluster_stop
t_result $? "the cluster stops"
t_done
