#!/bin/sh
# Requests between a Java 4.9.8 client and a Go client, in both directions at the same time.
# shellcheck source=t/interop/interop.sh
. "${SRCDIR:-.}/t/interop/interop.sh"

interop_need go
interop_client org.apache.rocketmq 4.9.8
mkdir "$T_DIR/go"
cp "$SRCDIR"/t/interop/go/* "$T_DIR/go" && chmod -R u+w "$T_DIR/go"
(cd "$T_DIR/go" && go build -o client . >&2) || interop_skip "the Go modules cannot be fetched"
interop_fast_cluster
interop_java "$T_DIR/classes:$jars/*" Interop "$MQ_NAMESRV" "cross_$$" answers </dev/null >"$T_DIR/java.out" 2>"$T_DIR/java.err" &
t_remember java $!
interop_drive go "$T_DIR/go/client" "$MQ_NAMESRV" "$(cluster_brokers)" "cross_$$" cross-requests
wait "$(pid java)"
t_has "4.9.8 $(head -1 "$T_DIR/java.out")" ">$(cat "$T_DIR/java.out" "$T_DIR/java.err")" ">ok answers"
cluster_stop
t_result $? "the cluster stops"
t_done
