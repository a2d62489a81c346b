#!/bin/sh
# A tool moves a group to another place while its consumers are at work: clients of RocketMQ 5 learn it from the
# reply to their pull, older ones from a request; absurd times and offsets are refused.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

begin() {
	start b mqbroker -o storePathRootDir="$T_DIR/b" -o brokerIP1=127.0.0.1 -o brokerName=broker-x -o ioThreads=2 \
		-o flushConsumerOffsetInterval=600000 || exit 1
	b=$(address b)
}
begin

# heartbeat CLIENT [MODEL]: a consumer of T in G
heartbeat() {
	printf '{"clientID":"%s","producerDataSet":[],"consumerDataSet":[{"groupName":"G","consumeType":"CONSUME_PASSIVELY","messageModel":"%s","consumeFromWhere":"CONSUME_FROM_FIRST_OFFSET","unitMode":false,"subscriptionDataSet":[{"topic":"T","subString":"*","subVersion":1}]}]}' "$1" "${2-CLUSTERING}"
}

# send QUEUE; offset QUEUE; commit QUEUE OFFSET
send() {
	rawcall -B hello "$b" 310 a=PG b=T c=TBW102 d=4 e="$1" f=0 g=1 h=0 i= j=0 k=false m=false | field code
}

offset() {
	rawcall "$b" 14 consumerGroup=G topic=T queueId="$1" | field ext.offset
}

commit() {
	rawcall "$b" 15 consumerGroup=G topic=T queueId="$1" commitOffset="$2" | field code
}

# pull VERSION QUEUE OFFSET WAIT_MS
pull() {
	rawcall -v "$1" "$b" 11 consumerGroup=G topic=T queueId="$2" queueOffset="$3" maxMsgNums=32 sysFlag=6 commitOffset=0 \
		suspendTimeoutMillis="$4" subVersion=0 subscription='*'
}

# reset FIELD=VALUE ...
reset() {
	rawcall "$b" 222 group=G topic=T "$@"
}

table() {
	printf '{"offsetTable":{{"brokerName":"broker-x","queueId":0,"topic":"T"}:%s,{"brokerName":"broker-x","queueId":1,"topic":"T"}:%s}}' "$1" "$2"
}

rawcall "$b" 17 topic=T defaultTopic=TBW102 readQueueNums=2 writeQueueNums=2 perm=6 topicFilterType=SINGLE_TAG topicSysFlag=0 \
	order=false >/dev/null
rawcall -B "$(heartbeat nobody)" "$b" 34 >/dev/null
t_is "messages" "$(send 0)$(send 0)$(send 0)$(send 1)" 0000
sleep 0.1
middle=$(($(date +%s%N) / 1000000))
sleep 0.1
t_is "and later ones" "$(send 0)$(send 0)" 00
t_is "consumed" "$(commit 0 5)$(commit 1 1)" 00

# nobody is at work
t_is "to a time" "$(reset timestamp="$middle" isForce=true | field body)" "$(table 3 1)"
t_is "the offsets are there" "$(offset 0) $(offset 1)" "3 1"
kill9 b
begin
t_is "and survive a kill at once" "$(offset 0) $(offset 1)" "3 1"
t_is "to the beginning" "$(reset timestamp=0 isForce=true queueId=-1 offset=-1 | field body)" "$(table 0 0)"
t_is "to the end" "$(reset timestamp=-1 isForce=true | field body)" "$(table 5 1)"
t_is "without force only backwards" "$(commit 0 2)$(reset timestamp="$middle" isForce=false | field body)" "0$(table 2 1)"
t_is "with it also forwards" "$(reset timestamp="$middle" isForce=true | field body)" "$(table 3 1)"
t_is "one queue to an offset" "$(reset timestamp=0 isForce=false queueId=0 offset=4 | field body)" \
	'{"offsetTable":{{"brokerName":"broker-x","queueId":0,"topic":"T"}:4}}'
t_is "the other one is where it was" "$(offset 0) $(offset 1)" "4 1"
t_is "a commit counts" "$(commit 0 5)$(offset 0)" 05
t_is "one queue to a time" "$(reset timestamp=0 isForce=true queueId=1 | field body)" \
	'{"offsetTable":{{"brokerName":"broker-x","queueId":1,"topic":"T"}:0}}'
commit 1 1 >/dev/null

# refused NAME CODE PART ANSWER
refused() {
	t_is "$1: refused" "$(echo "$4" | field code)" "$2"
	t_has "$1: with the reason" "$(echo "$4" | field remark)" "$3"
}
refused "a time before 1970" 1 "the timestamp -2 is no time" "$(reset timestamp=-2 isForce=true)"
refused "the least time" 1 "is no time" "$(reset timestamp=-9223372036854775808 isForce=true)"
refused "a time in the future" 1 "not in the future" "$(reset timestamp=9223372036854775807 isForce=true)"
refused "tomorrow, in seconds" 1 "not in the future" "$(reset timestamp=$((middle + 90000000)) isForce=true)"
refused "an offset beyond the end" 1 "Target offset 6 not in consume queue range [0-5]" \
	"$(reset timestamp=0 isForce=true queueId=0 offset=6)"
refused "an offset below the beginning" 1 "Target offset -5" "$(reset timestamp=0 isForce=true queueId=0 offset=-5)"
refused "an offset without a queue" 1 "queueId is missing" "$(reset timestamp=0 isForce=true offset=3)"
refused "a queue that is not there" 1 "queueId[2] is illegal" "$(reset timestamp=0 isForce=true queueId=2)"
refused "a queue below 0" 1 "queueId[-7] is illegal" "$(reset timestamp=0 isForce=true queueId=-7 offset=0)"
refused "no time" 1 timestamp "$(reset isForce=true)"
refused "no topic" 17 "Topic None does not exist" "$(rawcall "$b" 222 group=G topic=None timestamp=0 isForce=true)"
refused "no group" 26 "Group None does not exist" "$(rawcall "$b" 222 group=None topic=T timestamp=0 isForce=true)"
refused "the broker's own group" 26 "CID_RMQ" "$(rawcall "$b" 222 group=CID_RMQ_SYS_SCHEDULE topic=SCHEDULE_TOPIC_XXXX timestamp=0 isForce=true)"
t_is "nothing changed" "$(offset 0) $(offset 1)" "5 1"

# a consumer of RocketMQ 5, which waits for messages of two queues
hold h5 -v 479 -B "$(heartbeat c5)" "$b" 34
pull 479 0 5 30000 >"$T_DIR/pull0" &
pull 479 1 1 30000 >"$T_DIR/pull1" &
sleep 0.3
t_is "reset while it waits" "$(reset timestamp="$middle" isForce=true queueId=0 | field code)" 0
told0() {
	[ "$(field code <"$T_DIR/pull0")" = 21 ]
}
t_ok "the waiting pull gets 21 at once" t_wait 10 told0
t_is "with the new offset" "$(field ext.nextBeginOffset <"$T_DIR/pull0") $(field remark <"$T_DIR/pull0")" "3 OFFSET_RESET"
t_is "the other one waits on" "$(cat "$T_DIR/pull1")" ""
t_is "the next pull is a pull" "$(pull 479 0 3 0 | field code)" 0
t_is "and commits count" "$(commit 0 5)$(offset 0)" 05
reset timestamp=0 isForce=true >/dev/null
t_ok "the second queue, too" t_wait 10 grep -q '^code=21' "$T_DIR/pull1"
t_is "a commit of the old offset is forgotten until the consumer knows" "$(commit 0 5)$(offset 0)" 00
t_is "also one that comes with a pull" "$(rawcall -v 479 "$b" 11 consumerGroup=G topic=T queueId=0 queueOffset=5 maxMsgNums=32 sysFlag=5 \
	commitOffset=5 suspendTimeoutMillis=0 subVersion=0 subscription='*' | field code)$(offset 0)" 210
t_is "then it knows" "$(pull 479 0 5 0 | field code)$(commit 0 2)$(offset 0)" 1902
t_is "it was not asked on its connection" "$(grep -c '^push=220' "$T_DIR/h5.held")" 0
kill9 h5

# consumers of RocketMQ 4, in Java and in C++
t_wait 10 sh -c "$RAWCALL $b 38 consumerGroup=G | grep -q 'no consumer'"
hold h4 -P -v 409 -B "$(heartbeat c4)" "$b" 34
hold hc -P -v 333 -l CPP -B "$(heartbeat cc)" "$b" 34
t_is "reset" "$(reset timestamp="$middle" isForce=true | field code)" 0
t_ok "the Java client is asked to" t_wait 10 grep -q '^push=220' "$T_DIR/h4.held"
t_ok "with the offsets" t_wait 10 grep -qF "push.body=$(table 3 1)" "$T_DIR/h4.held"
t_has "and the fields" "$(cat "$T_DIR/h4.held")" "push.isForce=true"
t_ok "the C++ client in its own form" t_wait 10 grep -qF \
	'push.body={"offsetTable":[{"brokerName":"broker-x","queueId":0,"topic":"T","offset":3},{"brokerName":"broker-x","queueId":1,"topic":"T","offset":1}]}' \
	"$T_DIR/hc.held"
t_is "what it commits in between is forgotten" "$(commit 0 5)$(offset 0)" 03
t_is "what it pulls in between is a pull" "$(pull 409 0 4 0 | field code)$(offset 0)" 03
t_is "it pulls from the new offset, and commits count" "$(pull 409 0 3 0 | field code)$(commit 0 4)$(offset 0)" 004
kill9 h4
kill9 hc

# broadcasting: each member has its own offsets
t_wait 10 sh -c "$RAWCALL $b 38 consumerGroup=G | grep -q 'no consumer'"
hold hb -P -v 479 -B "$(heartbeat cb BROADCASTING)" "$b" 34
t_is "reset" "$(reset timestamp=0 isForce=true | field code)" 0
t_ok "each member is asked to" t_wait 10 grep -q '^push=220' "$T_DIR/hb.held"
t_is "its pulls are pulls" "$(pull 479 0 5 0 | field code)" 19
kill9 hb

# what consumers say of themselves
t_wait 10 sh -c "$RAWCALL $b 38 consumerGroup=G | grep -q 'no consumer'"
refused "nobody is there" 1 "No Any Consumer online" "$(rawcall "$b" 223 group=G topic=T)"
hold s1 -A '{"messageQueueTable":{{"brokerName":"broker-x","queueId":0,"topic":"T"}:7}}' -B "$(heartbeat 10.0.0.1@s1)" "$b" 34
hold s2 -A '{"messageQueueTable":{{"brokerName":"broker-x","queueId":1,"topic":"T"}:8}}' -B "$(heartbeat 10.0.0.1@s2)" "$b" 34
hold s3 -A 'no table' -B "$(heartbeat 10.0.0.1@s3)" "$b" 34
t_is "all of them" "$(rawcall "$b" 223 group=G topic=T | field body)" \
	'{"consumerTable":{"10.0.0.1@s1":{{"brokerName":"broker-x","queueId":0,"topic":"T"}:7},"10.0.0.1@s2":{{"brokerName":"broker-x","queueId":1,"topic":"T"}:8}}}'
t_is "one of them" "$(rawcall "$b" 223 group=G topic=T clientAddr=10.0.0.1@s2 | field body)" \
	'{"consumerTable":{"10.0.0.1@s2":{{"brokerName":"broker-x","queueId":1,"topic":"T"}:8}}}'
t_is "nobody" "$(rawcall "$b" 223 group=G topic=T clientAddr=x | field body)" '{"consumerTable":{}}'
t_has "they were asked" "$(cat "$T_DIR/s1.held")" "push=221"
kill9 s1
kill9 s2
kill9 s3
stop b
t_done
