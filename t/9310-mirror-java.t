#!/bin/sh
# Java clients, unmodified, when a master dies that has a slave, and when it comes back.
# shellcheck source=t/interop/interop.sh
. "${SRCDIR:-.}/t/interop/interop.sh"

for generation in 4.9.8 5.3.3; do
	rm -rf "$T_DIR/src" "$T_DIR/classes" "$T_DIR"/broker-* "$T_DIR"/namesrv-*
	interop_client org.apache.rocketmq $generation
	cluster_start flushDiskType=ASYNC_FLUSH
	t_result $? "a two-master cluster starts"
	interop_drive "$generation" interop_java "$T_DIR/classes:$jars/*" Interop "$MQ_NAMESRV" \
		"mirror$(echo $generation | tr -d .)_$$" mirror
	stop broker-a-s
	t_result $? "the slave stops"
	cluster_stop
	t_result $? "the cluster stops"
	unset MQ_NAMESRV
done
t_done
