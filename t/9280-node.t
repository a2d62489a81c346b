#!/bin/sh
# The client for Node, ali-ons, unmodified, on both masters.
# shellcheck source=t/interop/interop.sh
. "${SRCDIR:-.}/t/interop/interop.sh"

version=3.12.0
interop_need node npm
modules=$INTEROP_CACHE/ali-ons-$version
npm_fetch() { # FOLDER
	npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$1" "ali-ons@$version"
}
[ -d "$modules" ] || interop_fetch "$modules" npm_fetch || interop_skip "npm cannot fetch ali-ons $version"
interop_fast_cluster
run=node_$$
# It does not create topics.
for topic in plain later; do
	t_ok "a topic" t_wait 30 "$BUILDDIR/mqadmin" updateTopic -n "$MQ_NAMESRV" -c rocketmq-cluster -t "T${run}_$topic" -r 2 -w 2
done
NODE_PATH=$modules/node_modules
export NODE_PATH
interop_drive node node "$SRCDIR/t/interop/node/messages.js" "$MQ_NAMESRV" "$run"
cluster_stop
t_result $? "the cluster stops"
t_done
