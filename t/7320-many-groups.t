#!/bin/sh
# consumerProgress of many groups asks about many at a time; each has its own row, as with -g.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

GROUPS_ALL=150 # more than are asked about at once

start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1
for name in a b; do
	start $name mqbroker -n "$(address ns)" -o storePathRootDir="$T_DIR/$name" -o brokerIP1=127.0.0.1 -o brokerName=broker-$name || exit 1
done

admin() {
	"$BUILDDIR/mqadmin" "$@" -n "$(address ns)" 2>"$T_DIR/admin.err"
}

# A heartbeat of a client with all groups, each with a topic of its own.
heartbeat() {
	printf '{"clientID":"many@1","producerDataSet":[],"consumerDataSet":['
	n=0
	while [ $n -lt $GROUPS_ALL ]; do
		[ $n -eq 0 ] || printf ,
		printf '{"groupName":"G%03d","consumeType":"CONSUME_PASSIVELY","messageModel":"CLUSTERING","consumeFromWhere":"CONSUME_FROM_LAST_OFFSET",' $n
		printf '"subscriptionDataSet":[{"topic":"T%d","subString":"*","tagsSet":[],"codeSet":[],"subVersion":1,"expressionType":"TAG"}],"unitMode":false}' $((n % 3))
		n=$((n + 1))
	done
	printf ']}'
}

t_ok "topics of two brokers" t_wait 30 admin clusterList
for topic in T0 T1 T2; do
	make_topic $topic a b
done
heartbeat >"$T_DIR/heartbeat"
hold a-members -B "$(cat "$T_DIR/heartbeat")" "$(address a)" 34
t_result $? "a client with $GROUPS_ALL groups at one broker"
rawcall -B "$(cat "$T_DIR/heartbeat")" "$(address b)" 34 >/dev/null
# T1: three messages on a, one on b; G001 has read one of them, G004 none, G007 all
for name in a a a b; do
	rawcall -B hello "$(address $name)" 310 a=PG b=T1 c=TBW102 d=4 e=1 f=0 g=1 h=0 i= j=0 k=false m=false >/dev/null
done
for offset in G001:1:0 G004:0:0 G007:3:1; do
	rest=${offset#*:}
	rawcall "$(address a)" 15 consumerGroup="${offset%%:*}" topic=T1 queueId=1 commitOffset="${rest%:*}" >/dev/null
	rawcall "$(address b)" 15 consumerGroup="${offset%%:*}" topic=T1 queueId=1 commitOffset="${rest#*:}" >/dev/null
done

# The members GROUP and BEHIND of all rows
all() {
	admin consumerProgress --json | tr '{' '\n' | sed -n 's/^"group":"\(G[0-9]*\)".*"count":\([0-9]*\).*"diffTotal":\([0-9]*\).*/\1 \2 \3/p' | sort
}
listed() {
	[ "$(all | wc -l)" = $GROUPS_ALL ]
}
t_ok "a row for each group" t_wait 30 listed
all >"$T_DIR/all"
t_is "lag and members of one that has read a message" "$(grep G001 "$T_DIR/all")" "G001 1 3"
t_is "of one that has read none" "$(grep G004 "$T_DIR/all")" "G004 1 4"
t_is "of one that has read all" "$(grep G007 "$T_DIR/all")" "G007 1 0"
for group in G000 G001 G004 G063 G064 G149; do
	t_has "the same with -g $group" "$(admin consumerProgress -g $group --json)" "\"diffTotal\":$(sed -n "s/^$group . //p" "$T_DIR/all")"
done
t_is "nothing is missing" "$(cat "$T_DIR/admin.err")" ""

# What a broker that is gone knew is not told; the rest is.
kill9 b
left() {
	[ "$(all | grep G004)" = "G004 1 3" ]
}
t_ok "without one broker, what the other one knows" t_wait 30 left
t_is "of all groups" "$(all | wc -l)" $GROUPS_ALL
t_fails "a group that nobody knows" admin consumerProgress -g G999
t_has "is told so" "$(cat "$T_DIR/admin.err")" "no consumer of group G999 was ever seen"
t_done
