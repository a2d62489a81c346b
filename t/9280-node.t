#!/bin/sh
# The client for Node, ali-ons, unmodified, on both masters.
# shellcheck source=t/interop/interop.sh
. "${SRCDIR:-.}/t/interop/interop.sh"

version=3.12.0
interop_need node npm
modules=$INTEROP_CACHE/ali-ons-$version
if [ ! -d "$modules" ]; then
	mkdir -p "$INTEROP_CACHE"
	fetched=$(mktemp -d "$INTEROP_CACHE/fetch.XXXXXX") || exit 99
	npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$fetched" "ali-ons@$version" >&2 || {
		rm -rf "$fetched"
		interop_skip "npm cannot fetch ali-ons $version"
	}
	mv -T "$fetched" "$modules" 2>/dev/null || rm -rf "$fetched"
fi
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
