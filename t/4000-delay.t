#!/bin/sh
# Delay levels, and messages that a consumer sends back (PR8, BK14, BK15).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

soh=$(printf '\001')
stx=$(printf '\002')

again() {
	begin b -o 'messageDelayLevel=4s 5s 1s 1s' -o flushConsumerOffsetInterval=200
}

# send TOPIC PROPERTIES BODY
send() {
	rawcall -B "$3" "$b" 310 a=PG b="$1" c=TBW102 d=1 e=0 f=0 g=1700000000000 h=5 i="$2" j=0 k=false m=false
}

# pull TOPIC OFFSET [WAIT-MS]
pull() {
	rawcall -t 20000 "$b" 11 consumerGroup=CG topic="$1" queueId=0 queueOffset="$2" maxMsgNums=32 sysFlag=6 \
		commitOffset=0 suspendTimeoutMillis="${3:-10000}" subscription='*' subVersion=0
}

now_ms() {
	date +%s%3N
}

again
send D '' first >/dev/null
sent=$(now_ms)
got=$(send D "KEYS${soh}k${stx}DELAY${soh}1${stx}" later)
t_is "a delayed send is taken" "$(echo "$got" | field code)" 0
t_is "it is not there at once" "$(pull D 1 1 | field code)" 19
got=$(pull D 1)
took=$(($(now_ms) - sent))
t_has "it comes" "$got" later
t_ok "not early: after $took ms" [ $took -ge 4000 ]
t_has "with its keys" "$got" KEYS
t_has_not "without its delay" "$got" DELAY

# A delayed message survives kill -9, and is delivered when it is due.
send D "DELAY${soh}2${stx}" survivor >/dev/null
kill9 b
again
t_has "after kill -9 it comes" "$(pull D 2)" survivor
sleep 3 # so that the progress is on disk, fifteen flushes later
kill9 b
again
t_is "and not once more" "$(pull D 3 2500 | field code)" 19

# A consumer sends a message back: it comes again to its group, then goes to the dead letters.
got=$(send S "KEYS${soh}back${stx}" again)
id=$(echo "$got" | field ext.msgId)
position=$((0x$(echo "$id" | cut -c17-32)))
t_is "sent back" "$(rawcall "$b" 36 offset=$position group=CG delayLevel=0 originMsgId="$id" originTopic=S \
	unitMode=false maxReconsumeTimes=1 | field code)" 0
got=$(pull %RETRY%CG 0)
t_has "it comes again" "$got" again
t_has "and says where it was" "$got" RETRY_TOPIC
t_is "too often: taken" "$(rawcall "$b" 36 offset=$position group=CG delayLevel=-1 originMsgId="$id" originTopic=S \
	unitMode=false maxReconsumeTimes=1 | field code)" 0
t_has "and it is with the dead letters" "$(pull %DLQ%CG 0)" again
# What no consumer has received is not sent back: delayed, undecided, given up.
forbidden=$(rawcall -B '' "$b" 310 a=PG b=S c=TBW102 d=1 e=0 f=0 g=1 h=0 i="DELAY${soh}2${stx}" j=0 k=false m=false)
position=$((0x$(echo "$forbidden" | field ext.msgId | cut -c17-32)))
n=$(rawcall "$b" 30 topic=%RETRY%CG queueId=0 | field ext.offset)
got=$(rawcall "$b" 36 offset=$position group=CG delayLevel=-1 originMsgId=x originTopic=S unitMode=false \
	maxReconsumeTimes=16)
t_is "a delayed message is not sent back" "$(echo "$got" | field code)" 1
t_is "and goes nowhere" "$(rawcall "$b" 30 topic=%DLQ%CG queueId=0 | field ext.offset)" 1

# A client that cannot send back falls back to a send. One that came back too often is dead at once.
retry() {
	rawcall -B fallback "$b" 310 a=PG b=%RETRY%CG c=TBW102 d=1 e=0 f=0 g=1 h=0 \
		i="RETRY_TOPIC${soh}S${stx}DELAY${soh}3${stx}KEYS${soh}k${stx}" j="$1" k=false l=16 m=false
}
t_is "a fallback is taken" "$(retry 16 | field code)" 0
got=$(pull %DLQ%CG 1 100)
t_has "the last of them is with the dead letters at once" "$got" fallback
t_has "with its other properties" "$got" "RETRY_TOPIC${soh}S${stx}KEYS"
t_has_not "without its delay" "$got" DELAY
t_is "one before is delayed" "$(retry 15 | field code) $(rawcall "$b" 30 topic=%RETRY%CG queueId=0 | field ext.offset)" "0 $n"

t_is "beside a delay level it does not count, as with RocketMQ" \
	"$(send S "TIMER_DELAY_SEC${soh}30${stx}DELAY${soh}1${stx}" later | field code)" 0
t_is "no such message" "$(rawcall "$b" 36 offset=999999999 group=CG delayLevel=0 | field code)" 1
stop b
t_is "a clean stop" $? 0
t_done
