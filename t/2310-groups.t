#!/bin/sh
# Groups: who is told of changes and when, broadcasting, members that subscribe differently, odd heartbeats.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

start ns mqnamesrv -o bindAddress=127.0.0.1 -o storePath="$T_DIR/ns" || exit 99
begin b -n "$(address ns)" -o ioThreads=2

# member CLIENT GROUP MODEL TOPIC EXPRESSION [TYPE]
member() {
	printf '{"clientID":"%s","producerDataSet":[],"consumerDataSet":[{"groupName":"%s","consumeType":"CONSUME_PASSIVELY","messageModel":"%s","consumeFromWhere":"CONSUME_FROM_FIRST_OFFSET","unitMode":false,"subscriptionDataSet":[{"topic":"%s","subString":"%s","tagsSet":[],"codeSet":[],"subVersion":7,"expressionType":"%s"}]}]}' \
		"$1" "$2" "$3" "$4" "$5" "${6:-TAG}"
}

# told CLIENT: how often
told() {
	grep -c '^push=40' "$T_DIR/$1.held"
}

# told_more CLIENT THAN
told_more() {
	[ "$(told "$1")" -gt "$2" ]
}

send() {
	rawcall -B "$1" "$b" 310 a=PG b=T c=TBW102 d=1 e=0 f=0 g=1 h=0 i= j=0 k=false m=false >/dev/null
}

send one
send two
make_topic U b

# --- told within a second, whatever changes
hold c1 -B "$(member c1 G CLUSTERING T '*')" "$b" 34
n=$(told c1)
hold c2 -B "$(member c2 G CLUSTERING T '*')" "$b" 34
t_ok "a member joins: the others are told" t_wait $T_SECOND told_more c1 "$n"
n=$(told c1)
rawcall -B "$(member c3 G CLUSTERING T '*')" "$b" 34 >/dev/null # its connection ends at once
t_ok "one comes and goes: twice" t_wait $T_SECOND told_more c1 $((n + 1))
n=$(told c1)
kill9 c2
t_ok "a member dies" t_wait $T_SECOND told_more c1 "$n"
hold c4 -B "$(member c4 G CLUSTERING T '*')" "$b" 34
n=$(told c1)
rawcall "$b" 35 clientID=c4 consumerGroup=G >/dev/null
t_ok "a member says good-bye" t_wait $T_SECOND told_more c1 "$n"
hold c5 -B "$(member c5 G CLUSTERING T '*')" "$b" 34 -- 34 "@$(member c5 G CLUSTERING U '*')"
t_ok "a member takes another topic" t_wait $T_SECOND told_more c1 $((n + 2))
kill9 c5
kill9 c4

# --- broadcasting: each member has all, the offsets are its own
hold b1 -B "$(member b1 BG BROADCASTING T '*')" "$b" 34
hold b2 -B "$(member b2 BG BROADCASTING T '*')" "$b" 34
# by_group GROUP TOPIC
by_group() {
	rawcall -R "$b" 11 consumerGroup="$1" topic="$2" queueId=0 queueOffset=0 maxMsgNums=32 sysFlag=2 commitOffset=0 \
		suspendTimeoutMillis=2000 subVersion=0
}
t_is "both are members" "$(rawcall "$b" 38 consumerGroup=BG | field body)" '{"consumerIdList":["b1","b2"]}'
t_has "the tools see the model" "$(rawcall "$b" 203 consumerGroup=BG | field body)" '"messageModel":"BROADCASTING"'
t_is "all messages, whoever asks" "$(by_group BG T | grep -c ^record) $(by_group BG T | grep -c ^record)" "2 2"
t_is "the broker keeps no offset of them" "$(rawcall "$b" 43 | field body | grep -c BG)" 0
rawcall -B '{"groupName":"BG","consumeEnable":true,"consumeBroadcastEnable":false,"consumeFromMinEnable":true,"retryQueueNums":1,"retryMaxTimes":16,"brokerId":0,"whichBrokerWhenConsumeSlowly":1,"notifyConsumerIdsChangedEnable":true}' "$b" 200 >/dev/null
t_is "where it is forbidden" "$(by_group BG T | field code) $(by_group BG T | field remark)" \
	"16 the consumer group[BG] can not consume by broadcast way"

# --- members that subscribe differently
hold d1 -B "$(member d1 DG CLUSTERING T TagA)" "$b" 34
t_has_not "they agree" "$(rawcall "$b" 203 consumerGroup=DG | field body)" subscriptionConflict
hold d2 -B "$(member d2 DG CLUSTERING T "a > 5" SQL92)" "$b" 34
addr() { # CLIENT
	rawcall "$b" 203 consumerGroup=DG | field body | sed 's/.*"clientAddr":"\([^"]*\)","clientId":"'"$1"'".*/\1/'
}
has_both() { # NAME TEXT
	t_has "$1: the first" "$2" "d1 ($(addr d1)) wants \"TagA\""
	t_has "$1: the second" "$2" "d2 ($(addr d2)) wants \"a > 5\""
}
has_both "log" "$(grep 'subscribe differently' "$T_DIR/b.log")"
has_both "203" "$(rawcall "$b" 203 consumerGroup=DG | field body | sed 's/\\"/"/g')"
got=$(by_group DG U)
t_has "a topic of nobody: who wants what" "$(echo "$got" | field code) $(echo "$got" | field remark)" \
	"24 the consumer's subscription not exist: no member of DG subscribes to U; its members differ, topic=T: "
has_both "24" "$(echo "$got" | field remark)"
t_has "nobody at all" "$(by_group NG T | field remark)" "no client of NG has sent a heartbeat to this broker"
has_route T ns || t_wait 30 has_route T ns
got=$("$BUILDDIR/mqadmin" consumerStatus -n "$(address ns)" -g DG 2>&1)
has_both "consumerStatus" "$got"
t_has "consumerStatus: the members" "$got" "d2"
t_has "consumerStatus: as JSON" "$("$BUILDDIR/mqadmin" consumerStatus -n "$(address ns)" -g DG --json 2>&1)" '"conflicts":["on b, topic=T: '
kill9 d2
agree() {
	"$BUILDDIR/mqadmin" consumerStatus -n "$(address ns)" -g DG 2>&1 | grep -q 'All members subscribe to the same'
}
t_ok "consumerStatus: they agree again" t_wait 30 agree
t_fails "consumerStatus: of nobody" "$BUILDDIR/mqadmin" consumerStatus -n "$(address ns)" -g Nobody
t_has "consumerStatus: of nobody, why" "$(cat "$T_DIR/t_ok.out")" "no member of group Nobody is connected"

# --- an odd element takes nothing along
hold o1 -B '{"clientID":"o1","producerDataSet":[{"groupName":"a b"},{"groupName":"OP"},7],"consumerDataSet":[{"groupName":"x y"},{"groupName":"OG","subscriptionDataSet":[{"topic":"T","subString":"*"},{"topic":"bad topic"},{"topic":"V","codeSet":["x"]},{"topic":"W","subString":"*"}]}]}' "$b" 34
t_is "the reply names it" "$(field code <"$T_DIR/o1.held")" 1
t_is "the other groups are there" "$(rawcall "$b" 38 consumerGroup=OG | field body) $(rawcall "$b" 204 producerGroup=OP | field code)" \
	'{"consumerIdList":["o1"]} 0'
got=$(rawcall "$b" 203 consumerGroup=OG | field body)
t_has "the other topics: before it" "$got" '"topic":"T"'
t_has "the other topics: behind it" "$got" '"topic":"W"'
t_has_not "not those that are none" "$got" '"topic":"V"'
stop b
stop ns
t_done
