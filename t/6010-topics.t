#!/bin/sh
# Topics and groups of one broker: made, changed, deleted, found again after a kill.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

again() {
	begin b -o brokerClusterName=C -o brokerName=broker-x "$@"
}

send() {
	rawcall -B hello "$b" 310 a=PG b="$1" c="${2:-TBW102}" d="${3:-4}" e=0 f=0 g=1700000000000 h=0 i= j=0 k=false m=false
}

# create TOPIC QUEUES PERM [MORE ...]
create() {
	t_topic=$1 t_queues=$2 t_perm=$3
	shift 3
	rawcall "$b" 17 topic="$t_topic" defaultTopic=TBW102 readQueueNums="$t_queues" \
		writeQueueNums="$t_queues" perm="$t_perm" topicFilterType=SINGLE_TAG topicSysFlag=0 "$@"
}

again
got=$(rawcall "$b" 21 | field body)
for topic in '"TBW102":{"order":false,"perm":7,"readQueueNums":8' '"BenchmarkTest":{"order":false,"perm":6,"readQueueNums":1024' \
	'"C":{"order":false,"perm":7,"readQueueNums":16' '"broker-x":{"order":false,"perm":7,"readQueueNums":1,' \
	'"SELF_TEST_TOPIC"' '"OFFSET_MOVED_EVENT"' '"SCHEDULE_TOPIC_XXXX"' '"C_REPLY_TOPIC"'; do
	t_has "made at start: $topic" "$got" "$topic"
done
t_has "its version" "$got" '{"dataVersion":{"counter":'
got=$(rawcall "$b" 305 | field body)
t_has "system topics" "$got" '"RMQ_SYS_TRANS_HALF_TOPIC"'
t_has "system topics: the cluster's" "$got" '"C"'

# by a send
t_is "auto-creation" "$(send Auto TBW102 3 | field code)" 0
t_has "with the queues that were wished for" "$(rawcall "$b" 351 topic=Auto | field body)" \
	'"perm":6,"readQueueNums":3,"topicFilterType":"SINGLE_TAG","topicName":"Auto","topicSysFlag":0,"writeQueueNums":3'
send Many TBW102 99 >/dev/null
t_has "but not more than the template has" "$(rawcall "$b" 351 topic=Many | field body)" '"writeQueueNums":8'
t_is "the template of 4.3.0" "$(send New AUTO_CREATE_TOPIC_KEY_TOPIC | field code)" 0
t_is "a template that cannot be inherited" "$(send Other Auto | field code)" 17
t_is "a template that is not there" "$(send Other Nope | field code)" 17
t_is "a system topic is not sent to" "$(send SELF_TEST_TOPIC | field code)" 16

# by tools
t_is "created" "$(create T 4 6 order=false | field code)" 0
t_is "changed" "$(create T 8 4 | field code)" 0
t_has "to this" "$(rawcall "$b" 351 topic=T | field body)" '"perm":4,"readQueueNums":8'
t_is "a send is refused by its perm" "$(send T | field code)" 16
t_is "unknown" "$(rawcall "$b" 351 topic=None | field code)" 17
got=$(create TBW102 4 6)
t_is "a system name" "$(echo "$got" | field code) $(echo "$got" | field remark)" \
	"1 The topic[TBW102] is conflict with system topic."
t_is "an illegal name" "$(create 'a b' 4 6 | field code)" 1
t_is "no name" "$(create '' 4 6 | field code)" 1
t_is "a name of 128 characters" "$(create "$(printf '%0128d' 1)" 4 6 | field code)" 1
t_is "a million queues" "$(create Huge 1000000 6 | field code)" 1
t_is "perm 9" "$(create Perm 4 9 | field code)" 1
t_is "no filter type" "$(rawcall "$b" 17 topic=F defaultTopic=T readQueueNums=1 writeQueueNums=1 perm=6 | field code)" 1
t_is "a list" "$(rawcall -B '{"topicConfigList":[{"topicName":"L1","readQueueNums":1,"writeQueueNums":1,"perm":6},{"topicName":"L2","readQueueNums":2,"writeQueueNums":2,"perm":6}]}' "$b" 18 | field code)" 0
t_is "its second" "$(rawcall "$b" 351 topic=L2 | field code)" 0
t_is "a list that is none" "$(rawcall -B '{"topicConfigList":7}' "$b" 18 | field code)" 1

t_is "deleted" "$(rawcall "$b" 215 topic=Many | field code)" 0
t_is "and gone" "$(rawcall "$b" 351 topic=Many | field code)" 17
t_is "deleted again" "$(rawcall "$b" 215 topic=Many | field code)" 0
t_is "a system topic stays" "$(rawcall "$b" 215 topic=SELF_TEST_TOPIC | field code)" 1
send Many >/dev/null
t_is "made again, its offsets begin at 0" "$(send Many | field ext.queueOffset)" 1

# groups
sgc='{"attributes":{},"brokerId":0,"consumeBroadcastEnable":true,"consumeEnable":true,"consumeFromMinEnable":true,"consumeMessageOrderly":false,"consumeTimeoutMinute":15,"groupName":"G","groupRetryPolicy":{"type":"CUSTOMIZED"},"groupSysFlag":0,"notifyConsumerIdsChangedEnable":true,"retryMaxTimes":3,"retryQueueNums":2,"whichBrokerWhenConsumeSlowly":1}'
t_is "a group" "$(rawcall -B "$sgc" "$b" 200 | field code)" 0
t_is "as it was told" "$(rawcall "$b" 352 group=G | field body)" "$sgc"
got=$(rawcall "$b" 201 | field body)
t_has "all groups" "$got" "\"G\":$sgc"
t_has "and those of the start" "$got" '"TOOLS_CONSUMER"'
t_is "no group" "$(rawcall -B '{}' "$b" 200 | field code)" 1
t_is "an unknown group" "$(rawcall "$b" 352 group=None | field code)" 26
t_is "a list of groups" "$(rawcall -B '{"groupConfigList":[{"groupName":"G1"},{"groupName":"G2"}]}' "$b" 225 | field code)" 0
rawcall "$b" 15 consumerGroup=G1 topic=T queueId=0 commitOffset=0 >/dev/null
t_is "deleted" "$(rawcall "$b" 207 groupName=G1 removeOffset=true | field code)" 0
t_is "and gone" "$(rawcall "$b" 352 group=G1 | field code)" 26

# a kill loses nothing that was answered
kill9 b
again
t_has "after a kill: the topic" "$(rawcall "$b" 351 topic=T | field body)" '"perm":4,"readQueueNums":8'
t_is "after a kill: the topic of a send" "$(rawcall "$b" 351 topic=Auto | field code)" 0
t_is "after a kill: deleted ones stay away" "$(rawcall "$b" 351 topic=L3 | field code)$(rawcall "$b" 352 group=G1 | field code)" 1726
t_is "after a kill: the group" "$(rawcall "$b" 352 group=G | field body)" "$sgc"
stop b

# switched off
again -o autoCreateTopicEnable=false -o autoCreateSubscriptionGroup=false
got=$(send Another)
t_is "no auto-creation" "$(echo "$got" | field code)" 17
t_has "and the remark says why" "$(echo "$got" | field remark)" autoCreateTopicEnable
t_has_not "no template either" "$(rawcall "$b" 21 | field body)" TBW102
t_is "a pull of an unknown group" "$(rawcall "$b" 11 consumerGroup=Unknown topic=T queueId=0 queueOffset=0 \
	maxMsgNums=32 sysFlag=4 commitOffset=0 suspendTimeoutMillis=0 subscription='*' subVersion=0 | field code)" 26
t_ok "stops" stop b
t_done
