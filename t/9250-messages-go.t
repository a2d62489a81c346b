#!/bin/sh
# Kinds of messages and ways to consume them: rocketmq-client-go v2, unmodified, on both masters.
# shellcheck source=t/interop/interop.sh
. "${SRCDIR:-.}/t/interop/interop.sh"

interop_need go
cp "$SRCDIR"/t/interop/go/* "$T_DIR" && chmod -R u+w "$T_DIR"
(cd "$T_DIR" && go build -o client . >&2) || interop_skip "the Go modules cannot be fetched"
interop_fast_cluster
# shellcheck disable=SC2086 # words
interop_drive go "$T_DIR/client" "$MQ_NAMESRV" "$(cluster_brokers)" "mgo_$$" \
	${INTEROP_ONLY:-broadcast+sentBack+delays+sql+requests ordered}
cluster_stop
t_result $? "the cluster stops"
t_done
