#!/bin/sh
# rocketmq-client-go v2, unmodified, against both masters.
# shellcheck source=t/interop/interop.sh
. "${SRCDIR:-.}/t/interop/interop.sh"

interop_go
cluster_start flushDiskType=ASYNC_FLUSH
t_result $? "a two-master cluster starts"
interop_drive go "$T_DIR/go/client" "$MQ_NAMESRV" "$(cluster_brokers)" "go_$$" \
	sync kinds spread tags pull poll from members failover bulk
cluster_stop
t_result $? "the cluster stops"
t_done
