#!/bin/sh
# Kinds of messages and ways to consume them: rocketmq-client-go v2, unmodified, on both masters.
# shellcheck source=t/interop/interop.sh
. "${SRCDIR:-.}/t/interop/interop.sh"

interop_go
interop_fast_cluster
# shellcheck disable=SC2086 # words
interop_drive go "$T_DIR/go/client" "$MQ_NAMESRV" "$(cluster_brokers)" "mgo_$$" \
	${INTEROP_ONLY:-broadcast+sentBack+delays+sql+requests ordered}
cluster_stop
t_result $? "the cluster stops"
t_done
