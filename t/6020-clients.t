#!/bin/sh
# Heartbeats: who is in a group, who is told, what the tools see; offsets of groups.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

start b mqbroker -o storePathRootDir="$T_DIR/b" -o brokerIP1=127.0.0.1 -o brokerName=broker-x \
	-o ioThreads=2 || exit 1
b=$(address b)

# heartbeat CLIENT TAGS: a consumer of T in G and a producer in PG
heartbeat() {
	printf '{"clientID":"%s","producerDataSet":[{"groupName":"PG"}],"consumerDataSet":[{"groupName":"G","consumeType":"CONSUME_PASSIVELY","messageModel":"CLUSTERING","consumeFromWhere":"CONSUME_FROM_FIRST_OFFSET","unitMode":false,"subscriptionDataSet":[{"classFilterMode":false,"topic":"T","subString":"%s","tagsSet":["%s"],"codeSet":[2598919],"subVersion":7,"expressionType":"TAG"},{"classFilterMode":false,"topic":"%%RETRY%%G","subString":"*","tagsSet":[],"codeSet":[],"subVersion":1}]}]}' "$1" "$2" "$2"
}

members() {
	rawcall "$b" 38 consumerGroup=G | field body
}

has_line() {
	grep -q "$2" "$T_DIR/$1"
}

rawcall -B hello "$b" 310 a=PG b=T c=TBW102 d=2 e=0 f=0 g=1 h=0 i= j=0 k=false m=false >/dev/null
rawcall -B hello "$b" 310 a=PG b=T c=TBW102 d=2 e=0 f=0 g=1 h=0 i= j=0 k=false m=false >/dev/null

# nobody
got=$(rawcall "$b" 38 consumerGroup=G)
t_is "no member" "$(echo "$got" | field code) $(echo "$got" | field remark)" "1 no consumer for this group, G"
got=$(rawcall "$b" 203 consumerGroup=G)
t_is "no connection" "$(echo "$got" | field code) $(echo "$got" | field remark)" "206 the consumer group[G] not online"
got=$(rawcall "$b" 204 producerGroup=PG)
t_is "no producer" "$(echo "$got" | field code) $(echo "$got" | field remark)" "1 the producer group[PG] not exist"

# two members, on connections of their own
hold b2 -B "$(heartbeat c2 TagA)" "$b" 34
t_is "a heartbeat is answered" "$(field code <"$T_DIR/b2.held")" 0
t_is "the new one is told itself, before its answer" "$(sed -n 1,2p "$T_DIR/b2.held" | tr '\n' ' ')" \
	"push=40 push.consumerGroup=G "
t_is "a member" "$(members)" '{"consumerIdList":["c2"]}'
hold b1 -A '{"jstack":"x"}' -B "$(heartbeat c1 TagA)" "$b" 34
t_is "two, in order" "$(members)" '{"consumerIdList":["c1","c2"]}'
told_twice() {
	[ "$(grep -c '^push=40' "$T_DIR/b2.held")" -ge 2 ]
}
t_ok "the first is told of the second" t_wait 30 told_twice
t_has "the retry topic is there" "$(rawcall "$b" 351 topic=%RETRY%G | field body)" '"perm":6,"readQueueNums":1'
t_is "the group is there" "$(rawcall "$b" 352 group=G | field code)" 0

# what the tools see
got=$(rawcall "$b" 203 consumerGroup=G | field body)
for part in '"clientAddr":"127.0.0.1:' '"clientId":"c1","language":"JAVA","version":407' \
	'"consumeFromWhere":"CONSUME_FROM_FIRST_OFFSET"' '"consumeType":"CONSUME_PASSIVELY"' '"messageModel":"CLUSTERING"' \
	'"T":{"classFilterMode":false,"codeSet":[2598919],"expressionType":"TAG","subString":"TagA","subVersion":7,"tagsSet":["TagA"],"topic":"T"}'; do
	t_has "connections: $part" "$got" "$part"
done
t_has "producers" "$(rawcall "$b" 204 producerGroup=PG | field body)" '{"connectionSet":[{"clientAddr":"127.0.0.1:'
t_has "all producers" "$(rawcall "$b" 328 | field body)" '{"data":{"PG":[{"clientId":"c1","language":"JAVA","lastUpdateTimestamp":'
got=$(rawcall "$b" 307 consumerGroup=G clientId=c1 jstackEnable=true)
t_is "running info is the client's own" "$(echo "$got" | field code) $(echo "$got" | field body)" '0 {"jstack":"x"}'
t_has "which was asked as we were" "$(cat "$T_DIR/b1.held")" push.jstackEnable=true
got=$(rawcall "$b" 307 consumerGroup=G clientId=c9 jstackEnable=true)
t_is "running info of nobody" "$(echo "$got" | field code) $(echo "$got" | field remark)" "1 The Consumer <G> <c9> not online"

# one message, consumed directly by one client: with the record, and the name of the broker
id=$(rawcall -B once "$b" 310 a=PG b=Direct c=TBW102 d=1 e=0 f=0 g=1 h=0 i= j=0 k=false m=false | field ext.msgId)
got=$(rawcall "$b" 309 consumerGroup=G clientId=c1 msgId="$id" topic=Direct)
t_is "the client's result is the answer" "$(echo "$got" | field code) $(echo "$got" | field body)" '0 {"jstack":"x"}'
t_has "it was asked as we were" "$(cat "$T_DIR/b1.held")" "push.msgId=$id"
t_has "and told the broker" "$(cat "$T_DIR/b1.held")" "push.brokerName=broker-x"
t_is "nobody has it consumed" "$(rawcall "$b" 309 consumerGroup=G clientId=c9 msgId="$id" | field remark)" \
	"The Consumer <G> <c9> not online"
t_is "no such message" "$(rawcall "$b" 309 consumerGroup=G clientId=c1 msgId="$(echo "$id" | cut -c1-16)00000000000F4240" |
	field code)" 1
t_is "no id" "$(rawcall "$b" 309 consumerGroup=G clientId=c1 msgId=x | field code)" 1
delayed=$(rawcall -B soon "$b" 310 a=PG b=Direct c=TBW102 d=1 e=0 f=0 g=1 h=0 i="DELAY$(printf '\001')9$(printf '\002')" \
	j=0 k=false m=false | field ext.msgId)
t_is "what is not delivered yet is not consumed" "$(rawcall "$b" 309 consumerGroup=G clientId=c1 msgId="$delayed" |
	field code)" 1

# a subscription that differs
hold b3 -B "$(heartbeat c3 TagB)" "$b" 34
got=$(grep 'subscribe differently' "$T_DIR/b.log")
t_has "members that want different things" "$got" "group=G topic=T"
t_has "one of them" "$got" 'wants "TagA"'
t_has "the other" "$got" 'c3 (127.0.0.1:'
t_has "is counted" "$(rawcall "$b" 28 | field body)" '"subscriptionConflicts":"1"'

# leaving
kill9 b3
t_ok "who dies is out" t_wait 30 sh -c "[ \"\$($RAWCALL $b 38 consumerGroup=G | sed -n 's/^body=//p')\" = '{\"consumerIdList\":[\"c1\",\"c2\"]}' ]"
t_is "unregistered" "$(rawcall "$b" 35 clientID=c2 producerGroup=PG consumerGroup=G | field code)" 0
t_is "one is left" "$(members)" '{"consumerIdList":["c1"]}'
kill9 b1
t_ok "none is left" t_wait 30 sh -c "$RAWCALL $b 38 consumerGroup=G | grep -q 'no consumer'"

# bad heartbeats
t_is "no body" "$(rawcall "$b" 34 | field code)" 1
t_is "no JSON" "$(rawcall -B '{{{' "$b" 34 | field code)" 1
t_is "a group with a blank" "$(rawcall -B '{"clientID":"c","producerDataSet":[{"groupName":"a b"}]}' "$b" 34 | field code)" 1

# filters
t_is "a tag filter is checked" "$(rawcall -B '{"clientId":"c","group":"G","subscriptionData":{"expressionType":"TAG"}}' "$b" 46 | field code)" 0
got=$(rawcall -B '{"clientId":"c","group":"G","subscriptionData":{"expressionType":"XPATH","subString":"a > 5"}}' "$b" 46)
t_is "a filter that we do not have" "$(echo "$got" | field code) $(echo "$got" | field remark)" \
	"1 The broker does not support consumer to filter message by XPATH"

# offsets
t_is "a young queue begins at 0" "$(rawcall "$b" 14 consumerGroup=G topic=T queueId=0 | field ext.offset)" 0
t_is "unless the caller says no" "$(rawcall "$b" 14 consumerGroup=G topic=T queueId=0 setZeroIfNotFound=false | field code)" 22
rawcall -B accessMessageInMemoryMaxRatio=0 "$b" 25 >/dev/null
t_is "an old queue: the client decides" "$(rawcall "$b" 14 consumerGroup=G topic=T queueId=0 | field code)" 22
t_is "but 0 where there is no message" "$(rawcall "$b" 14 consumerGroup=G topic=T queueId=1 | field ext.offset)" 0
rawcall -B accessMessageInMemoryMaxRatio=40 "$b" 25 >/dev/null
t_is "told" "$(rawcall "$b" 15 consumerGroup=G topic=T queueId=0 commitOffset=2 | field code)" 0
t_is "and known" "$(rawcall "$b" 14 consumerGroup=G topic=T queueId=0 | field ext.offset)" 2
t_is "of an unknown group and topic: accepted" "$(rawcall "$b" 15 consumerGroup=Who topic=Where queueId=0 commitOffset=2 | field code)" 0
t_is "all of them" "$(rawcall "$b" 43 | field body)" '{"offsetTable":{"T@G":{"0":2}}}'
got=$(rawcall "$b" 208 consumerGroup=G | field body)
t_has "progress" "$got" '{"brokerName":"broker-x","queueId":0,"topic":"T"}:{"brokerOffset":2,"consumerOffset":2,"lastTimestamp":1'
t_has "progress of a queue without messages" "$got" '{"brokerName":"broker-x","queueId":1,"topic":"T"}:{"brokerOffset":0,"consumerOffset":0,"lastTimestamp":0'
t_has "progress of one topic" "$(rawcall "$b" 208 consumerGroup=G topic=T | field body)" '"brokerOffset":2'
got=$(rawcall "$b" 317 isOrder=false | field body)
t_has "progress of all" "$got" '{"brokerAddr":"'"$b"'","consumeStatsList":[{"G":[{"consumeTps":'
t_has "progress of all: how far behind" "$got" '"totalDiff":0'
t_is "who reads it" "$(rawcall "$b" 300 topic=T | field body)" '{"groupList":["G"]}'
got=$(rawcall "$b" 202 topic=T | field body)
t_has "its queues" "$got" '{"brokerName":"broker-x","queueId":0,"topic":"T"}:{"lastUpdateTimestamp":1'
t_has "bounds" "$got" '"maxOffset":2,"minOffset":0'
t_is "queues of an unknown topic" "$(rawcall "$b" 202 topic=None | field code)" 17

# kept across a stop, at most a flush interval old after a kill
stop b
start b mqbroker -o storePathRootDir="$T_DIR/b" -o brokerIP1=127.0.0.1 -o flushConsumerOffsetInterval=50 || exit 1
b=$(address b)
t_is "offsets survive a stop" "$(rawcall "$b" 14 consumerGroup=G topic=T queueId=0 | field ext.offset)" 2
rawcall "$b" 15 consumerGroup=G topic=T queueId=0 commitOffset=1 >/dev/null
sleep 3 # sixty flushes
kill9 b
start b mqbroker -o storePathRootDir="$T_DIR/b" -o brokerIP1=127.0.0.1 || exit 1
b=$(address b)
t_is "and a kill, once flushed" "$(rawcall "$b" 14 consumerGroup=G topic=T queueId=0 | field ext.offset)" 1
t_is "a deleted group's offsets go when asked" "$(rawcall "$b" 207 groupName=G removeOffset=true | field code) $(rawcall "$b" 43 | field body)" \
	'0 {"offsetTable":{}}'
rawcall "$b" 15 consumerGroup=G topic=T queueId=0 commitOffset=1 >/dev/null
rawcall "$b" 215 topic=T >/dev/null
t_is "a deleted topic's offsets go" "$(rawcall "$b" 43 | field body)" '{"offsetTable":{}}'

# counters
t_is "statistics that nobody counted" "$(rawcall "$b" 315 statsName=TOPIC_PUT_NUMS statsKey=None | field code)" 1
stop b
t_done
