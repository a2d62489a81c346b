#!/bin/sh
# What requests can create is limited: each limit refuses with a reason and a count, and the broker stays in the
# routes whatever anybody sends. It has time for that: a sanitizer on a busy machine makes 40,000 topics slow.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1
start b mqbroker -n "$(address ns)" -o storePathRootDir="$T_DIR/b" -o brokerIP1=127.0.0.1 -o brokerName=broker-x \
	-o registerNameServerPeriod=1000 -o registerBrokerTimeoutMills=60000 -o brokerNotActiveTimeoutMillis=600000 || exit 1
b=$(address b)

route_is() {
	[ "$(rawcall "$(address ns)" 105 topic="$2" | field code)" = "$1" ]
}

set_option() {
	rawcall -B "$1" "$b" 25 | field code
}

# counter NAME: of brokerStatus
counter() {
	rawcall "$b" 28 | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"
}

send() {
	rawcall -B hello "$b" 310 a=PG b="$1" c=TBW102 d=4 e=0 f=0 g=1700000000000 h=0 i= j=0 k=false m=false
}

create() {
	rawcall "$b" 17 topic="$1" defaultTopic=TBW102 readQueueNums=4 writeQueueNums=4 perm=6 \
		topicFilterType=SINGLE_TAG topicSysFlag=0 order=false
}

# consumers PREFIX N [SUBSCRIPTIONS]: a heartbeat of one client in N groups
consumers() {
	awk -v prefix="$1" -v n="$2" -v subscriptions="${3-}" 'BEGIN {
		printf "{\"clientID\":\"c\",\"producerDataSet\":[],\"consumerDataSet\":["
		for (i = 0; i < n; i++)
			printf "%s{\"groupName\":\"%s%d\",\"subscriptionDataSet\":[%s]}", i ? "," : "", prefix, i, subscriptions
		printf "]}"
	}'
}

# refused NAME ANSWER CODE PART
refused() {
	t_is "$1: refused" "$(echo "$2" | field code)" "$3"
	t_has "$1: with the reason" "$(echo "$2" | field remark)" "$4"
}

t_ok 'the broker is known' t_wait 30 route_is 0 TBW102

# registrations
consumers Invented 250000 >"$T_DIR/beat"
refused "a heartbeat with 250,000 groups" "$(rawcall -b "$T_DIR/beat" "$b" 34)" 1 maxHeartbeatEntries
t_is "it is counted" "$(counter refusedHeartbeatEntries)" 1
t_is "no group came into being" "$(rawcall "$b" 352 group=Invented0 | field code)" 26
awk 'BEGIN {
	printf "{\"topicConfigList\":["
	for (i = 0; i < 40000; i++)
		printf "%s{\"topicName\":\"%0127d\",\"readQueueNums\":1,\"writeQueueNums\":1,\"perm\":6}", i ? "," : "", i
	printf "]}"
}' >"$T_DIR/topics"
t_is "40,000 topics with long names" "$(rawcall -b "$T_DIR/topics" "$b" 18 | field code)" 0
t_ok "the last has a route" t_wait 30 route_is 0 "$(printf %0127d 39999)"
t_is "another topic" "$(create Another | field code)" 0
t_ok "it has, too" t_wait 30 route_is 0 Another
t_is "one goes" "$(rawcall "$b" 215 topic=Another | field code)" 0
t_ok "of which the whole registration tells" t_wait 30 route_is 17 Another
t_is "and the others are there" "$(route_is 0 TBW102 && route_is 0 "$(printf %0127d 0)" && echo yes)" yes
t_is "the log has nothing against it" "$(grep -c 'cannot be reached\|does not fit' "$T_DIR/b.log")" 0

# topics
n=$(counter topics)
t_is "maxTopics is what there is and one" "$(set_option "maxTopics=$((n + 1))")" 0
t_is "one more" "$(send Last | field code)" 0
refused "a send to a new topic" "$(send Beyond)" 17 maxTopics
refused "a topic by a tool" "$(create Beyond)" 1 maxTopics
refused "topics by a tool" "$(rawcall -B '{"topicConfigList":[{"topicName":"Beyond","readQueueNums":1,"writeQueueNums":1,"perm":6}]}' "$b" 18)" \
	1 maxTopics
t_is "what is there can be changed" "$(create Last | field code)" 0
refused "a group whose retry topic is one too many" "$(rawcall -B "$(consumers Retry 1)" "$b" 34)" 1 maxTopics
t_is "refusals are counted" "$(counter refusedTopics)" 4
t_has "and the log has a line" "$(grep maxTopics "$T_DIR/b.log" | tail -1)" "a limit is reached"
set_option maxTopics=100000 >/dev/null

# groups
n=$(counter groups)
t_is "maxGroups is what there is and one" "$(set_option "maxGroups=$((n + 1))")" 0
answer=$(rawcall -B "$(consumers New 2)" "$b" 34)
refused "a heartbeat with two new groups" "$answer" 1 "group New1: this broker has as many consumer groups as maxGroups"
t_is "one of them is there" "$(rawcall "$b" 352 group=New0 | field code)$(rawcall "$b" 352 group=New1 | field code)" 026
refused "a pull of a new group" "$(rawcall "$b" 11 consumerGroup=New2 topic=Last queueId=0 queueOffset=0 maxMsgNums=1 \
	sysFlag=0 commitOffset=0 suspendTimeoutMillis=0 subVersion=0)" 26 maxGroups
refused "a group by a tool" "$(rawcall -B '{"groupName":"New3"}' "$b" 200)" 1 maxGroups
t_is "what is there can be changed" "$(rawcall -B '{"groupName":"New0"}' "$b" 200 | field code)" 0
set_option maxGroups=50000 >/dev/null

# one heartbeat, one connection, all clients
set_option maxHeartbeatEntries=4 >/dev/null
subscription='{"topic":"Last","subString":"*"}'
t_is "four entries" "$(rawcall -B "$(consumers New 1 "$subscription,$subscription,$subscription")" "$b" 34 | field code)" 0
refused "five entries" "$(rawcall -B "$(consumers New 1 "$subscription,$subscription,$subscription,$subscription")" "$b" 34)" \
	1 maxHeartbeatEntries
set_option maxHeartbeatEntries=20000 >/dev/null
set_option maxClientMemory=65536 >/dev/null
t_is "much is held" "$(hold much -B "$(consumers Much 1000)" "$b" 34 && field code <"$T_DIR/much.held" | tail -1)" 0
refused "what takes more memory" "$(rawcall -B "$(consumers More 1)" "$b" 34)" 1 maxClientMemory
kill9 much
memory_is_free() {
	[ "$(counter clientMemory)" -lt 65536 ]
}
t_ok "the memory goes with the connection" t_wait 30 memory_is_free
t_is "then there is room" "$(rawcall -B "$(consumers More 1)" "$b" 34 | field code)" 0

# offsets
commit() {
	rawcall "$b" 15 consumerGroup="$1" topic=Last queueId="$2" commitOffset="$3"
}
set_option maxUnknownGroupOffsets=2 >/dev/null
t_is "offsets of a group that does not exist" "$(commit Ghost 0 0 | field code)$(commit Ghost 1 0 | field code)" 00
refused "one more" "$(commit Ghost 2 0)" 1 maxUnknownGroupOffsets
refused "of another such group" "$(commit Ghost2 0 0)" 1 maxUnknownGroupOffsets
t_is "one that is there goes on" "$(commit Ghost 1 0 | field code)" 0
t_is "a group that exists" "$(commit New0 0 0 | field code)" 0
n=$(counter consumerOffsets)
set_option "maxConsumerOffsets=$n" >/dev/null
refused "more offsets than maxConsumerOffsets" "$(commit New0 1 0)" 1 maxConsumerOffsets
t_is "counted" "$(counter refusedUnknownGroupOffsets) $(counter refusedConsumerOffsets)" "2 1"
set_option maxConsumerOffsets=2000000 >/dev/null

# settings of producer groups
set_option maxProducerGroups=1 >/dev/null
t_is "settings of one producer group" "$(rawcall "$b" 7005 group=P1 policy=first-wins | field code)" 0
refused "of another" "$(rawcall "$b" 7005 group=P2 policy=first-wins)" 1 maxProducerGroups

# statistics
set_option maxStatistics=1 >/dev/null
sleep 1.2 # the second's work takes the change over
send Last >/dev/null
t_is "topics that nobody has are not counted" "$(rawcall "$b" 36 offset=0 group=New0 delayLevel=0 originTopic=Nowhere | field code)$(
	rawcall "$b" 315 statsName=SNDBCK_PUT_NUMS statsKey=Nowhere@New0 | field code)" 01

# names of groups: the retry topic has to fit
long=$(printf '%0120d' 1)
t_is "a group of 120 bytes" "$(rawcall -B "{\"groupName\":\"$long\"}" "$b" 200 | field code)$(
	rawcall -B "$(printf '{"clientID":"c","consumerDataSet":[{"groupName":"%s","subscriptionDataSet":[]}]}' "$long")" "$b" 34 | field code)" 00
t_is "has its retry topic" "$(rawcall "$b" 351 topic=%RETRY%"$long" | field code)" 0
refused "a group of 121 bytes by a tool" "$(rawcall -B "{\"groupName\":\"${long}1\"}" "$b" 200)" 1 'longer than 120 bytes'
refused "in a heartbeat" "$(rawcall -B "$(consumers "$long" 1)" "$b" 34)" 1 'longer than 120 bytes'
refused "in a pull" "$(rawcall "$b" 11 consumerGroup="${long}1" topic=Last queueId=0 queueOffset=0 maxMsgNums=1 \
	sysFlag=0 commitOffset=0 suspendTimeoutMillis=0 subVersion=0)" 26 'longer than 120 bytes'
refused "in a send back" "$(rawcall "$b" 36 offset=0 group="${long}1" delayLevel=0)" 26 'longer than 120 bytes'

# counts of groups are kept as given, or refused
refused "-1 retries" "$(rawcall -B '{"groupName":"New0","retryMaxTimes":-1}' "$b" 200)" 1 'retryMaxTimes is from 0'
refused "5000 retry queues" "$(rawcall -B '{"groupName":"New0","retryQueueNums":5000}' "$b" 200)" 1 'retryQueueNums is from 0'
t_is "3 retries" "$(rawcall -B '{"groupName":"New0","retryMaxTimes":3}' "$b" 200 | field code)" 0
t_has "are kept" "$(rawcall "$b" 352 group=New0 | field body)" '"retryMaxTimes":3'

# the progress of the delay levels is the broker's own
t_is "nobody sets the progress of the delay levels" "$(rawcall "$b" 15 consumerGroup=CID_RMQ_SYS_SCHEDULE \
	topic=SCHEDULE_TOPIC_XXXX queueId=0 commitOffset=0 | field code)" 1
t_is "nobody deletes it" "$(rawcall "$b" 207 groupName=CID_RMQ_SYS_SCHEDULE cleanOffset=true | field code)" 1

# offsets beyond the end
create Ten >/dev/null
for _ in 1 2 3 4 5 6 7 8 9 10; do
	rawcall -B hello "$b" 310 a=PG b=Ten c=TBW102 d=4 e=0 f=0 g=1 h=0 i= j=0 k=false m=false >/dev/null
	rawcall -B hello "$b" 310 a=PG b=Ten c=TBW102 d=4 e=1 f=0 g=1 h=0 i= j=0 k=false m=false >/dev/null
done
commit_ten() {
	rawcall "$b" 15 consumerGroup=Reader0 topic=Ten queueId="$1" commitOffset="$2" | field code
}
rawcall -B "$(consumers Reader 1)" "$b" 34 >/dev/null
t_is "offset 1000 of a queue that ends at 10" "$(commit_ten 0 1000)$(commit_ten 1 0)" 00
t_is "is 10" "$(rawcall "$b" 14 consumerGroup=Reader0 topic=Ten queueId=0 | field ext.offset)" 10
t_is "10 is 10" "$(commit_ten 0 10)$(rawcall "$b" 14 consumerGroup=Reader0 topic=Ten queueId=0 | field ext.offset)" 010
t_has "10 behind in all" "$("$BUILDDIR/mqadmin" consumerProgress -n "$(address ns)" -g Reader0 2>&1 | tr -s " ")" 'Behind in all: 10'
t_is "of the largest number, and of a queue without messages" "$(commit_ten 0 9223372036854775807)$(commit_ten 2 9223372036854775807)" 00
t_has "10 behind, still, and 2 of another group" "$(rawcall "$b" 317 isOrder=false | field body)" '"totalDiff":12,'
pulled=$(rawcall "$b" 11 consumerGroup=Reader0 topic=Ten queueId=1 queueOffset=0 maxMsgNums=1 sysFlag=5 commitOffset=9223372036854775807 \
	suspendTimeoutMillis=0 subVersion=0 subscription='*' | field code)
at_end() {
	[ "$(rawcall "$b" 14 consumerGroup=Reader0 topic=Ten queueId=1 | field ext.offset)" = 10 ]
}
t_is "a pull that commits such an offset is answered" "$pulled" 0
t_ok "and the offset is the end" t_wait 30 at_end

stop b
stop ns
t_done
