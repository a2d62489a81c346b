#!/bin/sh
# Requests between a Java 4.9.8 client and a Go client, in both directions at the same time.
# shellcheck source=t/interop/interop.sh
. "${SRCDIR:-.}/t/interop/interop.sh"

interop_client org.apache.rocketmq 4.9.8
interop_go
interop_fast_cluster
interop_java "$T_DIR/classes:$jars/*" Interop "$MQ_NAMESRV" "cross_$$" answers </dev/null >"$T_DIR/java.out" 2>"$T_DIR/java.err" &
t_remember java $!
interop_drive go "$T_DIR/go/client" "$MQ_NAMESRV" "$(cluster_brokers)" "cross_$$" cross-requests
wait "$(pid java)"
t_has "4.9.8 $(head -1 "$T_DIR/java.out")" ">$(cat "$T_DIR/java.out")" ">ok answers"
grep -q '^ok answers' "$T_DIR/java.out" || interop_evidence
cluster_stop
t_result $? "the cluster stops"
t_done
