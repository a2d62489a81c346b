#!/bin/sh
# What tools ask about queues and groups: entries, times, topics, subscriptions.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

start b mqbroker -o storePathRootDir="$T_DIR/b" -o brokerIP1=127.0.0.1 -o brokerName=broker-x || exit 1
b=$(address b)

send() {
	rawcall -B hello "$b" 310 a=PG b=T c=TBW102 d=2 e="$1" f=0 g=1 h=0 i="${2-}" j=0 k=false m=false | field ext.msgId
}

tags=$(printf 'TAGS\001TagA\002')
id=$(send 0)
send 0 "$tags" >/dev/null
send 0 >/dev/null
position=$(printf %d "0x$(echo "$id" | cut -c17-32)")

# 321
entries() {
	rawcall "$b" 321 topic=T "$@" | field body
}
got=$(entries queueId=0 index=0 count=10)
t_has "bounds" "$got" '{"maxQueueIndex":3,"minQueueIndex":0,"queueData":[{"eval":false,"physicOffset":'"$position"',"physicSize":'
t_has "the tag's hash" "$got" '"tagsCode":2598919}'
t_is "three" "$(echo "$got" | grep -o physicOffset | wc -l)" 3
t_is "from the second on, one" "$(entries queueId=0 index=1 count=1 | grep -o 'tagsCode":[0-9]*')" 'tagsCode":2598919'
t_is "at the end none" "$(entries queueId=0 index=3 count=1)" '{"maxQueueIndex":3,"minQueueIndex":0,"queueData":[]}'
t_has "a group that is not there" "$(entries queueId=0 index=0 count=1 consumerGroup=G)" '{"filterData":"G@T is not online!",'
t_is "a queue that is not there" "$(rawcall "$b" 321 topic=T queueId=9 index=0 count=1 | field remark)" "9@T is not exist!"
for bad in "index=4 count=1" "index=-1 count=1" "index=0 count=0" "index=0 count=-5" "index=9223372036854775807 count=2147483647"; do
	# shellcheck disable=SC2086 # two words
	got=$(rawcall "$b" 321 topic=T queueId=0 $bad)
	t_is "$bad" "$(echo "$got" | field code) $(echo "$got" | field remark | grep -o 'the queue has 0 to 3')" "1 the queue has 0 to 3"
done
t_is "very many" "$(entries queueId=0 index=0 count=2147483647 | grep -o physicOffset | wc -l)" 3

# 303
beat='{"clientID":"c","producerDataSet":[],"consumerDataSet":[{"groupName":"G","consumeType":"CONSUME_PASSIVELY","messageModel":"CLUSTERING","consumeFromWhere":"CONSUME_FROM_FIRST_OFFSET","unitMode":false,"subscriptionDataSet":[{"topic":"T","subString":"TagA","tagsSet":["TagA"],"codeSet":[2598919],"subVersion":7}]}]}'
hold h -B "$beat" "$b" 34
rawcall "$b" 15 consumerGroup=G topic=T queueId=0 commitOffset=2 >/dev/null
got=$(rawcall "$b" 303 topic=T group=G | field body)
t_has "a queue with messages" "$got" '"messageQueue":{"brokerName":"broker-x","queueId":0,"topic":"T"},"minTimeStamp":1'
t_has "one without" "$got" \
	'{"consumeTimeStamp":-1,"delayTime":0,"maxTimeStamp":-1,"messageQueue":{"brokerName":"broker-x","queueId":1,"topic":"T"},"minTimeStamp":-1}'
t_has_not "the last one is not consumed" "$(echo "$got" | grep -o '"delayTime":[0-9]*' | head -1)" ':0'
rawcall "$b" 15 consumerGroup=G topic=T queueId=0 commitOffset=3 >/dev/null
t_is "now it is" "$(rawcall "$b" 303 topic=T group=G | field body | grep -o '"delayTime":[0-9]*' | head -1)" '"delayTime":0'
t_is "no topic" "$(rawcall "$b" 303 topic=None group=G | field code)" 17

# 343, 345, 353, 907
t_is "topics of a group" "$(rawcall "$b" 343 group=G | field body)" '{"brokerAddr":"'"$b"'","topicList":["T"]}'
t_is "of one without" "$(rawcall "$b" 343 group=None | field body)" '{"brokerAddr":"'"$b"'","topicList":[]}'
t_is "a subscription" "$(rawcall "$b" 345 group=G topic=T | field body)" \
	'{"group":"G","subscriptionData":{"classFilterMode":false,"codeSet":[2598919],"expressionType":"TAG","subString":"TagA","subVersion":7,"tagsSet":["TagA"],"topic":"T"},"topic":"T"}'
t_is "none" "$(rawcall "$b" 345 group=G topic=Other | field body)" '{"group":"G","topic":"Other"}'
t_has "entries, with it" "$(entries queueId=0 index=0 count=1 consumerGroup=G)" '"subscriptionData":{"classFilterMode":false,"codeSet":[2598919]'
t_is "may it read" "$(rawcall "$b" 353 group=G topic=T | field body)" '{"group":"G","readable":true,"topic":"T"}'
t_is "it cannot be forbidden" "$(rawcall "$b" 353 group=G topic=T readable=false | field code)" 1
t_has "a master alone" "$(rawcall "$b" 907 | field body)" '"haConnectionInfo":[],"inSyncSlaveNums":0,"master":true,"masterCommitLogMaxOffset":'
kill9 h
stop b
t_done
