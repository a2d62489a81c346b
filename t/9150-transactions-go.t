#!/bin/sh
# Transactions of rocketmq-client-go v2, unmodified, on both masters.
# shellcheck source=t/interop/interop.sh
. "${SRCDIR:-.}/t/interop/interop.sh"

interop_need go
cp "$SRCDIR"/t/interop/go/* "$T_DIR" && chmod -R u+w "$T_DIR"
(cd "$T_DIR" && go build -o client . >&2) || interop_skip "the Go modules cannot be fetched"
cluster_start flushDiskType=ASYNC_FLUSH transactionTimeOut=1500 transactionCheckInterval=1000
t_result $? "a two-master cluster starts"
interop_drive go "$T_DIR/client" "$MQ_NAMESRV" "$(cluster_brokers)" "go_$$" transactions
cluster_stop
t_result $? "the cluster stops"
t_done
