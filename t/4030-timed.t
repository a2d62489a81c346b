#!/bin/sh
# Messages with a time of their own: when they come, what is refused, recalling them, what a kill does to
# them (BK14, D10).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

soh=$(printf '\001')
stx=$(printf '\002')

# begin [OPTIONS]
begin() {
	start b mqbroker -o storePathRootDir="$T_DIR/b" -o brokerIP1=127.0.0.1 -o brokerName=b "$@" || exit 1
	b=$(address b)
}

# property NAME VALUE ...: as a properties text
property() {
	while [ $# -gt 0 ]; do
		printf '%s\001%s\002' "$1" "$2"
		shift 2
	done
}

# send TOPIC PROPERTIES BODY
send() {
	rawcall -B "$3" "$b" 310 a=PG b="$1" c=TBW102 d=1 e=0 f=0 g=1700000000000 h=0 i="$2" j=0 k=false m=false
}

# pull TOPIC OFFSET [WAIT-MS]
pull() {
	rawcall -t 20000 "$b" 11 consumerGroup=CG topic="$1" queueId=0 queueOffset="$2" maxMsgNums=32 sysFlag=6 \
		commitOffset=0 suspendTimeoutMillis="${3:-10000}" subscription='*' subVersion=0
}

# recall TOPIC HANDLE
recall() {
	rawcall "$b" 370 producerGroup=PG topic="$1" recallHandle="$2"
}

# count NAME: of brokerStatus
count() {
	rawcall "$b" 28 | tr ',{' '\n\n' | sed -n "s/.*\"$1\":\"\([0-9]*\)\".*/\1/p"
}

now_ms() {
	date +%s%3N
}

# The first message of a store lies at log position 0.
begin
since=$(now_ms)
got=$(send D "$(property TIMER_DELAY_MS 700 UNIQ_KEY first KEYS k)" one)
t_is "a timed send is taken" "$(echo "$got" | field code)" 0
t_is "its handle is RocketMQ's" "$(echo "$got" | field ext.recallHandle | base64 -d | sed 's/[0-9]\{13\}/T/')" \
	"v1 D b T first"
t_is "it is not there at once" "$(pull D 0 1 | field code)" 19
got=$(pull D 0)
took=$(($(now_ms) - since))
t_has "it comes" "$got" one
t_ok "not early: after $took ms" [ $took -ge 700 ]
t_has "with its properties" "$got" "KEYS${soh}k${stx}"
t_has_not "without the real topic" "$got" REAL_TOPIC
since=$(now_ms)
due=$((since + 900))
send D "$(property TIMER_DELIVER_MS $due)" two >/dev/null
send D "$(property __STARTDELIVERTIME $((since + 600)))" three >/dev/null
t_has "a time of day, of the commercial clients" "$(pull D 1)" three
t_ok "not early either" [ "$(now_ms)" -ge $((since + 600)) ]
t_has "a time of day" "$(pull D 2)" two
t_ok "and not early" [ "$(now_ms)" -ge $due ]
send D "$(property TIMER_DELAY_SEC 1 TIMER_DELAY_MS 60000 TIMER_DELIVER_MS $((since + 99999)))" four >/dev/null
t_has "seconds count before milliseconds, and these before the time of day" "$(pull D 3)" four

# At once: the past, no wait, one that was timed before.
n=4
for wish in TIMER_DELIVER_MS:1000 TIMER_DELIVER_MS:-5 TIMER_DELAY_SEC:0 TIMER_DELAY_MS:-100 \
	TIMER_DELAY_SEC:-9223372036854775; do
	t_is "$wish" "$(send D "$(property "${wish%:*}" "${wish#*:}")" past | field code)" 0
	t_is "$wish: at once" "$(pull D $n 1 | field code)" 0
	n=$((n + 1))
done
send D "$(property TIMER_DELAY_SEC 60 TIMER_OUT_MS 12345)" forwarded >/dev/null
t_has "one that a consumer forwards comes at once" "$(pull D $n 1)" forwarded
n=$((n + 1))

# Refused, and nothing is stored.
pending=$(count timersPending)
for wish in TIMER_DELAY_SEC:soon TIMER_DELAY_SEC:1.5 TIMER_DELAY_MS:9223372036854775808 \
	TIMER_DELAY_SEC:9223372036854775807 TIMER_DELIVER_MS:253402300799000 TIMER_DELIVER_MS:9223372036854775807 \
	TIMER_DELAY_MS:9223372036854775807 __STARTDELIVERTIME:tomorrow TIMER_DELAY_SEC:31536001; do
	got=$(send D "$(property "${wish%:*}" "${wish#*:}")" never)
	t_is "$wish" "$(echo "$got" | field code)" 13
	t_has "$wish: the remark says why" "$got" "timer message illegal"
done
t_is "a year is taken" "$(send D "$(property TIMER_DELAY_SEC 31536000)" never | field code)" 0
t_is "that one waits, and no other" "$(count timersPending)" $((pending + 1))
printf '\000\000\000\065\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\002hi\000\033TIMER_DELAY_SEC\001%s\002\063' \
	3600000000 >"$T_DIR/batch"
got=$(rawcall -b "$T_DIR/batch" "$b" 320 a=PG b=D c=TBW102 d=1 e=0 f=0 g=1 h=0 i="$(property TIMER_DELAY_SEC 5)" \
	j=0 k=false m=true)
t_is "a batch is not timed" "$(echo "$got" | field code)" 13
printf '\000\000\000\063\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\002hi\000\033TIMER_DELAY_SEC\001%s\002' \
	3600000000 >"$T_DIR/batch"
got=$(rawcall -b "$T_DIR/batch" "$b" 320 a=PG b=D c=TBW102 d=1 e=0 f=0 g=1 h=0 j=0 k=false m=true)
t_is "nor is a member of one" "$(echo "$got" | field code)" 13
t_has "which is said" "$got" 'message 1 of it wants a time of its own'
t_is "a delay level counts more" \
	"$(send D "$(property TIMER_DELAY_SEC 3600 DELAY 1)" level | field code)" 0
t_has "so it comes after a second" "$(pull D $n)" level
n=$((n + 1))

# Recalled, or delivered.
handle=$(send D "$(property TIMER_DELAY_MS 1500 UNIQ_KEY gone)" recalled | field ext.recallHandle)
other=$(send D "$(property TIMER_DELAY_MS 1501 UNIQ_KEY stays)" stays | field ext.recallHandle)
got=$(recall D "$handle")
t_is "it is recalled" "$(echo "$got" | field code) $(echo "$got" | field ext.msgId)" "0 gone"
t_is "and once more, as RocketMQ" "$(recall D "$handle" | field code)" 0
t_is "its handle is of its topic" "$(recall Other "$handle" | field code)" 17
got=$(pull D $n)
t_has "the other one comes" "$got" stays
t_has_not "and it alone" "$got" recalled
n=$((n + 1))
got=$(recall D "$other")
t_is "what was delivered is not recalled" "$(echo "$got" | field code)" 604
soon=$(($(now_ms) + 60000))
forged() {
	recall D "$(printf '%s' "$1" | base64 -w0 | tr '+/' '-_')"
}
for text in "v1 D b $soon nobody" "v1 D c $soon first" "v1 E b $soon first" "v2 D b $soon first" "v1 D b soon first" \
	"v1 D b 5 first" "v1 D b 99999999999999 first" "v1 D b" "" "v1 D b $soon "; do
	got=$(forged "$text")
	t_is "forged: '$(echo "$text" | sed "s/$soon/T/")'" "$(echo "$got" | field code)" 604
done
t_is "no base64" "$(recall D '!!!' | field code)" 604
t_has "the remark says so" "$(recall D '!!!')" "recall handle is invalid"

# By a message, as 5.x has it.
due=$(($(now_ms) + 2000))
send D "$(property TIMER_DELIVER_MS $due UNIQ_KEY gone2)" recalled >/dev/null
t_is "TIMER_DEL_UNIQKEY recalls" \
	"$(send D "$(property TIMER_DELIVER_MS $due TIMER_DEL_UNIQKEY D+gone2)" delete | field code)" 0
got=$(send D "$(property TIMER_DELIVER_MS $due TIMER_DEL_UNIQKEY D+nobody)" delete)
t_is "nobody has this key" "$(echo "$got" | field code)" 13
t_has "the remark says so" "$got" "no message with this key"
t_is "for a time that is past" \
	"$(send D "$(property TIMER_DELIVER_MS 5 TIMER_DEL_UNIQKEY D+gone2)" delete | field code)" 13
t_is "all but one are done" "$(count timersPending)" 1
t_is "two were recalled" "$(count timersRecalled)" 2

# Its topic is deleted meanwhile: it goes nowhere, and the topic is not made again.
send Gone "$(property TIMER_DELAY_MS 400)" dropped >/dev/null
rawcall "$b" 215 topic=Gone >/dev/null
dropped() {
	[ "$(count timersDropped)" = 1 ]
}
t_ok "a message of a deleted topic is dropped" t_wait 5 dropped
t_has "there is a line for it" "$(cat "$T_DIR/b.log")" 'timed messages dropped n=1 topic=Gone why="its topic was deleted"'
t_is "its topic is not made again" "$(pull Gone 0 1 | field code)" 17

# Killed before, between and behind: each comes once.
send D "$(property TIMER_DELAY_MS 2500 UNIQ_KEY s1)" survivor >/dev/null
handle=$(send D "$(property TIMER_DELAY_MS 3000 UNIQ_KEY s2)" recalled | field ext.recallHandle)
recall D "$handle" >/dev/null
kill9 b
begin
got=$(pull D $n)
t_has "after kill -9 it comes" "$got" survivor
t_is "once" "$(echo "$got" | field ext.maxOffset)" $((n + 1))
kill9 b
begin
t_is "and not once more, nor the recalled one" "$(pull D $((n + 1)) 1500 | field code)" 19
t_is "the one for next year still waits" "$(count timersPending)" 1
n=$((n + 1))

# A transaction's message waits for its end first.
got=$(send D "$(property TRAN_MSG true PGROUP PG TIMER_DELAY_MS 300 UNIQ_KEY tx)" half)
position=$((0x0$(echo "$got" | field ext.msgId | cut -c 17-32)))
offset=$(echo "$got" | field ext.queueOffset)
t_is "committed" "$(rawcall "$b" 37 producerGroup=PG tranStateTableOffset="$offset" commitLogOffset=$position \
	commitOrRollback=8 fromTransactionCheck=false msgId=tx transactionId= | field code)" 0
t_is "it waits" "$(pull D $n 1 | field code)" 19
t_has "and comes" "$(pull D $n)" half
stop b

begin -o maxTimers=1 -o timerMaxDelaySec=10
got=$(send D "$(property TIMER_DELAY_SEC 5)" never)
t_is "more than maxTimers" "$(echo "$got" | field code)" 1
t_has "the remark says so" "$got" "flow control"
t_is "it is counted" "$(count refusedTimers)" 1
got=$(send D "$(property TIMER_DELIVER_MS $(($(now_ms) + 5000)) TIMER_DEL_UNIQKEY D+nobody)" delete)
t_has "a recall is not counted" "$got" "no message with this key"
t_is "later than timerMaxDelaySec" "$(send D "$(property TIMER_DELAY_SEC 11)" never | field code)" 13
stop b
begin -o timerWheelEnable=false -o recallMessageEnable=false
t_is "switched off" "$(send D "$(property TIMER_DELAY_SEC 5)" never | field code)" 1
t_is "recall too" "$(recall D "$other" | field code)" 16

# Without timer.db, which is made anew from the log.
kill9 b
rm -f "$T_DIR/b/timer.db"*
begin
t_is "made anew" "$(count timersPending)" 1
t_ok "stops cleanly" stop b
t_done
