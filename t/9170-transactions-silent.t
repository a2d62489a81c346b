#!/bin/sh
# Producers that never send, where brokers have no topic to make new ones from: asked once they know a route.
# shellcheck source=t/interop/interop.sh
. "${SRCDIR:-.}/t/interop/interop.sh"
interop_client org.apache.rocketmq 4.2.0
cluster_start transactionTimeOut=1500 transactionCheckInterval=1000 autoCreateTopicEnable=false
t_result $? "a two-master cluster starts"
INTEROP_FLAGS=-Dinterop.topicKey=rocketmq-cluster
interop_transact 4.2.0 ByExecuter silent
for version in 4.9.8 5.3.3; do
	rm -r "$T_DIR/src" "$T_DIR/classes"
	interop_client org.apache.rocketmq $version
	interop_transact $version ByListener silent
done
cluster_stop
t_result $? "the cluster stops"
t_done
