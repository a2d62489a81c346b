#!/bin/sh
# Transactions of rocketmq-client-go v2, unmodified, on both masters.
# shellcheck source=t/interop/interop.sh
. "${SRCDIR:-.}/t/interop/interop.sh"

interop_go
cluster_start flushDiskType=ASYNC_FLUSH transactionTimeOut=1500 transactionCheckInterval=1000
t_result $? "a two-master cluster starts"
interop_drive go "$T_DIR/go/client" "$MQ_NAMESRV" "$(cluster_brokers)" "go_$$" transactions
cluster_stop
t_result $? "the cluster stops"
t_done
