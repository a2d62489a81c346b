#!/bin/sh
# The console of a cluster with many topics and groups: LARGE topics (500), a tenth as many groups. It says how
# long each page took to open, and what that cost the brokers.
# shellcheck source=t/browser/browser.sh
. "${SRCDIR:-.}/t/browser/browser.sh"
# shellcheck source=t/lib/http.sh
. "$SRCDIR/t/lib/http.sh"

LARGE=${LARGE:-500}
LARGE_GROUPS=$((LARGE / 10 + 100))
export LARGE LARGE_GROUPS

browser_need
browser_cluster maxTopics=100000 maxGroups=100000 flushDiskType=ASYNC_FLUSH
t_result $? "a two-master cluster starts"

# A heartbeat of a client with these groups.
heartbeat() { # FIRST LAST
	printf '{"clientID":"many@1","producerDataSet":[],"consumerDataSet":['
	n=$1
	while [ "$n" -le "$2" ]; do
		[ "$n" = "$1" ] || printf ,
		printf '{"groupName":"group-%d","consumeType":"CONSUME_PASSIVELY","messageModel":"CLUSTERING","consumeFromWhere":"CONSUME_FROM_LAST_OFFSET",' "$n"
		printf '"subscriptionDataSet":[{"topic":"large0","subString":"*","tagsSet":[],"codeSet":[],"subVersion":1,"expressionType":"TAG"}],"unitMode":false}'
		n=$((n + 1))
	done
	printf ']}'
}

"$BUILDDIR/mqbench" send -n "$MQ_NAMESRV" -t large -T "$LARGE" -q 4 -N "$LARGE" >"$T_DIR/mqbench.out" 2>&1
t_result $? "$LARGE topics, each with a message" "$(cat "$T_DIR/mqbench.out")"
# More messages with one key than are asked for at a time.
keyed() {
	awk -v at="$1" 'BEGIN { printf "{\"messages\":["; for (k = 0; k < 100; k++) printf "%s{\"body\":\"m%d\",\"keys\":\"same\",\"queueId\":0}", k ? "," : "", at + k; print "]}" }' |
		web -H "Authorization: Bearer $(cat "$T_DIR/broker-a/http-token")" -H 'Content-Type: application/json' --data-binary @- \
			"$(url broker-a)/v1/topics/large-00000/messages" >/dev/null
	[ "$(cat "$T_DIR/status")" = 200 ]
}
for at in 0 100 200 300 400 500 600 700 800 900 1000; do
	keyed $at || t_result 1 "messages with a key"
done

first=1
while [ $first -le $LARGE_GROUPS ]; do
	last=$((first + 99 < LARGE_GROUPS ? first + 99 : LARGE_GROUPS))
	for role in broker-a broker-b; do
		hold "members-$role-$first" -B "$(heartbeat $first $last)" "$(address $role)" 34 || t_result 1 "groups $first to $last"
	done
	first=$((last + 1))
done
BROKER_PIDS="$(pid broker-a) $(pid broker-b)"
export BROKER_PIDS
browser_play large.js
t_done
