#!/bin/sh
# Messages that consumers send back (36), or send to their retry topic themselves: retries, dead letters.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

begin() {
	start b mqbroker -o storePathRootDir="$T_DIR/b" -o brokerIP1=127.0.0.1 -o brokerName=broker-x \
		-o 'messageDelayLevel=1h 1h 1s 1s 1s' || exit 1
	b=$(address b)
}

soh=$(printf '\001')
stx=$(printf '\002')

# send TOPIC PROPERTIES [MORE ...]: sets $id and $position
send() {
	t_topic=$1 t_properties=$2
	shift 2
	rawcall -B hello "$b" 310 a=PG b="$t_topic" c=TBW102 d=1 e=0 f=0 g=1700000000000 h=5 i="$t_properties" \
		k=false m=false "$@" >"$T_DIR/send"
	id=$(field ext.msgId <"$T_DIR/send")
	position=$((0x$(echo "${id:-0000000000000000000}" | cut -c17-32)))
}

# back POSITION LEVEL [MORE ...]: the code and the remark
back() {
	t_position=$1 t_level=$2
	shift 2
	rawcall "$b" 36 offset="$t_position" group=CG delayLevel="$t_level" originMsgId=x originTopic=T unitMode=false \
		"$@" >"$T_DIR/back"
	echo "$(field code <"$T_DIR/back") $(field remark <"$T_DIR/back")"
}

# pull TOPIC OFFSET [QUEUE]: the messages, once there are any
pull() {
	rawcall -R -t 20000 "$b" 11 consumerGroup=CG topic="$1" queueId="${3:-0}" queueOffset="$2" maxMsgNums=32 \
		sysFlag=6 commitOffset=0 suspendTimeoutMillis=10000 subscription='*' subVersion=0
}

# end TOPIC [QUEUE]: how many messages it has had
end() {
	rawcall "$b" 30 topic="$1" queueId="${2:-0}" | field ext.offset
}

begin

# From the first failure to the dead letters, with all that a message keeps.
send T "UNIQ_KEY${soh}U1${stx}KEYS${soh}k${stx}TAGS${soh}red${stx}"
first=$position
t_is "the first failure" "$(back "$position" 0 maxReconsumeTimes=2)" "0 "
t_is "is not there at once" "$(end %RETRY%CG)" 0
got=$(pull %RETRY%CG 0)
t_has "comes again after its delay" "$got" "record=%RETRY%CG/0/0 "
t_has "counted" "$got" " times=1 body=hello "
t_has "knows its topic and its first id" "$got" "RETRY_TOPIC:T;ORIGIN_MESSAGE_ID:$id;WAIT:false;"
t_has "and keeps the rest" "$got" "UNIQ_KEY:U1;KEYS:k;TAGS:red;"
position=$(echo "$got" | sed -n 's/.* position=\([0-9]*\).*/\1/p')
t_is "the second failure" "$(back "$position" 0 maxReconsumeTimes=2 bname=broker-x)" "0 "
got=$(pull %RETRY%CG 1)
t_has "comes again" "$got" " times=2 body=hello "
t_has "with the topic and the id of the first time" "$got" "RETRY_TOPIC:T;ORIGIN_MESSAGE_ID:$id;WAIT:false;"
position=$(echo "$got" | sed -n 's/.* position=\([0-9]*\).*/\1/p')
t_is "the third failure is one too many" "$(back "$position" 0 maxReconsumeTimes=2) $(end %DLQ%CG)" "0  1"
got=$(pull %DLQ%CG 0)
t_has "dead, and counted" "$got" "record=%DLQ%CG/0/0 "
t_has "counted" "$got" " times=3 body=hello "
t_has "with where it came from" "$got" \
	"RETRY_TOPIC:T;ORIGIN_MESSAGE_ID:$id;WAIT:false;REAL_TOPIC:%RETRY%CG;REAL_QID:0;DLQ_ORIGIN_TOPIC:T;DLQ_ORIGIN_MESSAGE_ID:U1;"
t_is "each property once" "$(echo "$got" | grep -o 'REAL_TOPIC\|RETRY_TOPIC:\|ORIGIN_TOPIC\|WAIT\|TRACE_ON\|CLUSTER' | sort | uniq -d)" ""
t_is "and no second time in the retry topic" "$(end %RETRY%CG)" 2

# The forms of 36.
send T ""
t_is "-1: to the dead letters at once" "$(back "$position" -1) $(end %DLQ%CG)" "0  2"
t_has "without a unique key, by the offset id" "$(pull %DLQ%CG 1)" "DLQ_ORIGIN_MESSAGE_ID:$id;"
t_is "a level of its own" "$(back "$position" 3) $(end %RETRY%CG)" "0  2"
t_has "comes" "$(pull %RETRY%CG 2)" " times=1 body=hello "
t_is "a level beyond the last is the last" "$(back "$position" 2147483647)" "0 "
t_has "comes after that" "$(pull %RETRY%CG 3)" " times=1 body=hello "
t_is "no tries allowed" "$(back "$position" 0 maxReconsumeTimes=0) $(end %DLQ%CG)" "0  3"
t_is "as many as the group says" "$(rawcall -B '{"groupName":"CG","retryMaxTimes":0}' "$b" 200 | field code) $(back "$position" 0) $(end %DLQ%CG)" "0 0  4"
t_is "clients before 3.4.9 have no say" \
	"$(rawcall -v 100 "$b" 36 offset="$position" group=CG delayLevel=0 maxReconsumeTimes=9 | field code) $(end %DLQ%CG)" "0 5"
t_is "a group that wants no retries" "$(rawcall -B '{"groupName":"CG","retryQueueNums":0}' "$b" 200 | field code) $(back "$position" -1) $(end %DLQ%CG)" "0 0  5"
rawcall "$b" 36 offset="$position" group=Unit delayLevel=3 unitMode=true >/dev/null
t_has "a retry topic of a unit" "$(rawcall "$b" 351 topic=%RETRY%Unit | field body)" '"topicSysFlag":2'

# More queues than there were.
rawcall -B '{"groupName":"CG","retryQueueNums":3}' "$b" 200 >/dev/null
for i in 1 2 3; do
	back "$position" 3 >/dev/null
done
t_has "the retry topic has the queues of its group" "$(rawcall "$b" 351 topic=%RETRY%CG | field body)" '"readQueueNums":3'
for i in 1 2; do
	t_has "and messages in queue $i" "$(pull %RETRY%CG 0 $i)" "record=%RETRY%CG/$i/0 "
done

# The client's fallback: it sends to the retry topic itself.
before=$(end %DLQ%CG)
fall() {
	send %RETRY%CG "RETRY_TOPIC${soh}T${stx}ORIGIN_MESSAGE_ID${soh}ID${stx}DELAY${soh}$3${stx}UNIQ_KEY${soh}U2${stx}" j="$1" l="$2"
	echo "$(field code <"$T_DIR/send") $(($(end %DLQ%CG) - before))"
}
t_is "below the limit it is delayed" "$(fall 1 2 3)" "0 0"
t_is "at the limit, too: this try was counted" "$(fall 2 2 4)" "0 0"
t_is "above it is dead" "$(fall 3 2 5)" "0 1"
got=$(pull %DLQ%CG "$before")
t_has "and says where it came from" "$got" "DLQ_ORIGIN_TOPIC:T;DLQ_ORIGIN_MESSAGE_ID:U2;"
t_has_not "without its delay" "$got" "DELAY:"
t_is "an ordered consumer of RocketMQ 4 does not count it" "$(fall 2 2 5)" "0 2"
t_is "a limit of 2147483647" "$(fall 2147483647 2147483647 9)" "0 3"
send %RETRY%CG "" j=-1
t_is "a count below 0" "$(field code <"$T_DIR/send") $(field remark <"$T_DIR/send")" "13 the message is illegal, its reconsumeTimes is -1"
rawcall "$b" 215 topic=%RETRY%CG >/dev/null
rawcall -B autoCreateTopicEnable=false "$b" 25 >/dev/null
t_is "the retry topic needs no template" "$(fall 0 16 3)" "0 3"
send %RETRY%"$(printf '%0121d' 7)" ""
t_is "but a group that can be" "$(field code <"$T_DIR/send")" 1

# Nonsense: a reason, and no change.
before="$(end %DLQ%CG)$(end SCHEDULE_TOPIC_XXXX 2)$(end SCHEDULE_TOPIC_XXXX 4)"
for bad in $((position + 1)) -1 9223372036854775807 -9223372036854775808; do
	t_is "no message at $bad" "$(back "$bad" -1)" "1 look message by offset failed, $bad"
done
t_is "no number" "$(back x 0)" "1 CONSUMER_SEND_MSG_BACK: the field offset is no number of 64 bits"
t_has "a level that is none" "$(back "$position" 99999999999)" "1 CONSUMER_SEND_MSG_BACK: the field delayLevel "
t_is "an illegal group" "$(rawcall "$b" 36 offset="$position" group='a b' delayLevel=-1 | field code)" 26
rawcall "$b" 17 topic=%RETRY%CG defaultTopic=TBW102 readQueueNums=3 writeQueueNums=3 perm=4 topicFilterType=SINGLE_TAG >/dev/null
t_is "a retry topic that may not be written" "$(back "$position" 0)" "16 the topic[%RETRY%CG] sending message is forbidden"
rawcall -B brokerPermission=4 "$b" 25 >/dev/null
t_is "a broker that may not be written" "$(back "$position" -1)" "16 the broker[$b] sending message is forbidden"
rawcall -B brokerPermission=6 "$b" 25 >/dev/null
t_is "changed nothing" "$(end %DLQ%CG)$(end SCHEDULE_TOPIC_XXXX 2)$(end SCHEDULE_TOPIC_XXXX 4)" "$before"
# A sender may write any count into a message of its own topic.
rawcall -B autoCreateTopicEnable=true "$b" 25 >/dev/null
for times in 2147483647 -2147483648; do
	send Counts "" j=$times
	t_is "$times tries before" "$(rawcall "$b" 36 offset="$position" group=H delayLevel=0 maxReconsumeTimes=2147483647 | field code)" 0
done
t_has "the most is dead" "$(pull %DLQ%H 0)" " times=2147483647 "
t_has "the least is the first retry" "$(pull %RETRY%H 0)" " times=1 "

# A retry on its way survives a kill.
t_is "sent back before a kill" "$(rawcall "$b" 36 offset="$first" group=K delayLevel=3 | field code)" 0
kill9 b
begin
t_has "comes after it" "$(pull %RETRY%K 0)" " times=1 body=hello "
t_ok "stops" stop b
t_done
