#!/bin/sh
# Queues that the broker divides among the clients of a group (400), and request modes (401, 402).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

start ns mqnamesrv || exit 1
begin() {
	start "$1" mqbroker -o storePathRootDir="$T_DIR/$1" -o brokerIP1=127.0.0.1 -o "brokerName=broker-$1" \
		-o "namesrvAddr=$(address ns)" -o maxMessageRequestModes=2 -o brokerHeartbeatInterval=100 || exit 1
}
begin a
begin b
a=$(address a)

# heartbeat CLIENT [TYPE]: a consumer of T in G
heartbeat() {
	printf '{"clientID":"%s","producerDataSet":[],"consumerDataSet":[{"groupName":"G","consumeType":"%s","messageModel":"CLUSTERING","consumeFromWhere":"CONSUME_FROM_FIRST_OFFSET","unitMode":false,"subscriptionDataSet":[{"classFilterMode":false,"topic":"T","subString":"*","tagsSet":[],"codeSet":[],"subVersion":7,"expressionType":"TAG"}]}]}' "$1" "${2:-CONSUME_PASSIVELY}"
}

# assign CLIENT [STRATEGY] [MODEL] [TOPIC]: broker and queue of each, in the order of the reply
assign() {
	rawcall -B "{\"clientId\":\"$1\",\"consumerGroup\":\"G\",\"messageModel\":\"${3:-CLUSTERING}\",\"strategyName\":\"${2:-AVG}\",\"topic\":\"${4:-T}\"}" \
		"$a" 400 | field body | sed 's/{"messageQueue":{"brokerName":"broker-\(.\)","queueId":\(-*[0-9]*\),"topic":"[^"]*"},"mode":"\(.*\)"}/\1\2\3/;
		s/"},{"messageQueue":{"brokerName":"broker-\(.\)","queueId":\(-*[0-9]*\),"topic":"[^"]*"},"mode":"/ \1\2/g'
}

short() {
	assign "$@" | grep -o '[ab]-*[0-9]*' | sed '/^[ab]$/d' | tr '\n' ' '
}

# set_mode GROUP MODE SHARE [TOPIC]
set_mode() {
	rawcall -B "{\"consumerGroup\":\"$1\",\"mode\":\"$2\",\"popShareQueueNum\":$3,\"topic\":\"${4:-T}\"}" "$a" 401
}

for at in "$a" "$(address b)"; do
	rawcall "$at" 17 topic=T defaultTopic=TBW102 readQueueNums=3 writeQueueNums=3 perm=6 \
		topicFilterType=SINGLE_TAG order=false >/dev/null
done
on_both() {
	rawcall "$(address ns)" 105 topic=T | grep -q 'broker-a.*broker-b'
}
t_wait 30 on_both

t_is "nobody is in the group: the client keeps its queues" "$(assign c1)" '{}'
hold c1 -B "$(heartbeat c1)" "$a" 34
t_is "one member has all queues of both brokers" "$(short c1)" "a0 a1 a2 b0 b1 b2 "
t_has "it pulls them" "$(assign c1)" PULL
hold c2 -B "$(heartbeat c2)" "$a" 34
hold c3 -B "$(heartbeat c3)" "$a" 34
hold c4 -B "$(heartbeat c4)" "$a" 34
t_is "AVG of six for four" "$(short c1)/$(short c2)/$(short c3)/$(short c4)" "a0 a1 /a2 b0 /b1 /b2 "
t_is "AVG_BY_CIRCLE" "$(short c1 AVG_BY_CIRCLE)/$(short c4 AVG_BY_CIRCLE)" "a0 b1 /b0 "
t_is "a client that is no member has none" "$(assign stranger)" '{"messageQueueAssignments":[]}'
t_is "broadcasting: all" "$(short stranger AVG BROADCASTING)" "a0 a1 a2 b0 b1 b2 "
t_is "a strategy that no broker knows" "$(assign c1 NEAREST)" '{}'
t_is "a topic that nobody has" "$(assign c1 AVG CLUSTERING Nowhere)" '{}'
t_is "no question at all" "$(rawcall -B '[7]' "$a" 400 | field code)" 1

t_is "POP for a group, all queues" "$(set_mode G POP 0 | field code)" 0
t_has "each broker once, whatever queue" "$(assign c2)" "[a-1POP b-1POP]"
t_is "for every member" "$(short c1)/$(short c4)" "a-1 b-1 /a-1 b-1 "
set_mode G POP 1 >/dev/null
t_is "POP with the queues of one neighbour" "$(short c1)/$(short c4)" "a0 a1 a2 b0 /a0 a1 b2 "
t_is "the list" "$(rawcall "$a" 402 | field body)" \
	'{"messageRequestModeMap":{"T":{"G":{"consumerGroup":"G","mode":"POP","popShareQueueNum":1,"topic":"T"}}}}'
t_is "no such topic" "$(set_mode G POP 0 Nowhere | field code)" 17
t_is "no name of a group" "$(set_mode 'No body' POP 0 | field code)" 26
t_is "a retry topic is pulled" "$(set_mode G POP 0 %RETRY%G | field code)" 16
t_is "an odd mode" "$(set_mode G PUSH 0 | field code)" 1
t_is "a second setting" "$(set_mode TOOLS_CONSUMER PULL 0 | field code)" 0
got=$(set_mode SELF_TEST_C_GROUP PULL 0)
t_is "a third one is above the limit" "$(echo "$got" | field code)" 1
t_has "which says so" "$got" maxMessageRequestModes
t_has "and is counted" "$(rawcall "$a" 28)" '"refusedMessageRequestModes":"1"'

mqadmin() {
	"$BUILDDIR/mqadmin" "$@" -n "$(address ns)" 2>&1
}
t_has "mqadmin sets a mode" "$(mqadmin setConsumeMode -b "$a" -t T -g G -m PULL)" PULL
t_has "which counts" "$(rawcall "$a" 402 | field body)" '"consumerGroup":"G","mode":"PULL","popShareQueueNum":0'
mqadmin setConsumeMode -b "$a" -t T -g G -m POP -q 1 >/dev/null
t_fails "an odd mode" "$BUILDDIR/mqadmin" setConsumeMode -b "$a" -t T -g G -m PUSH -n "$(address ns)"

kill9 a
begin a
a=$(address a)
t_has "a mode survives kill -9" "$(rawcall "$a" 402 | field body)" '"mode":"POP","popShareQueueNum":1'

stop ns
hold c5 -B "$(heartbeat c1)" "$a" 34
t_is "without a name server the client keeps its queues" "$(assign c1)" '{}'
t_done
