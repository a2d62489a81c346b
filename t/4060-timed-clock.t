#!/bin/sh
# Timed messages and steps of the machine's clock: a wait stays as long as it is, a time of day follows the
# clock.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/clock.sh
. "${SRCDIR:-.}/t/lib/clock.sh"

soh=$(printf '\001')
stx=$(printf '\002')

# begin: a broker whose wall clock is that of the steps
begin() {
	with_steps start b mqbroker -o storePathRootDir="$T_DIR/b" -o brokerIP1=127.0.0.1 -o fileReservedTime=10000
	b=$(address b)
}

# send NAME VALUE BODY
send() {
	rawcall -B "$3" "$b" 310 a=PG b=T c=TBW102 d=1 e=0 f=0 g=1 h=0 i="$1$soh$2$stx" j=0 k=false m=false >/dev/null
}

now_ms() {
	date +%s%3N
}

# comes OFFSET BODY MS WHAT: so long after $since, or a little later
comes() {
	got=$(rawcall -t 20000 "$b" 11 consumerGroup=CG topic=T queueId=0 queueOffset="$1" maxMsgNums=1 sysFlag=6 \
		commitOffset=0 suspendTimeoutMillis=10000 subscription='*' subVersion=0)
	took=$(($(now_ms) - since))
	t_has "$4: it comes" "$got" "$2"
	t_ok "$4: not early: after $took ms" test $took -ge "$3"
	t_ok "$4: not late" test $took -lt $(($3 + 1500 * T_SECOND))
}

day=86400000
step +0
begin || exit 1
n=0
for days in +3 -3; do
	step +0
	since=$(now_ms)
	send TIMER_DELAY_MS 2000 "wait$days"
	step $days
	comes $n "wait$days" 2000 "a wait, and a step of $days days"
	n=$((n + 1))
done
step +0
send TIMER_DELIVER_MS $(($(now_ms) + 2 * day)) "date"
sleep 0.2
since=$(now_ms)
step +3
comes $n "date" 0 "a time of day, and a step behind it"
n=$((n + 1))

# Set back after its record was read: it waits until the clock is there again.
step +0
send TIMER_DELIVER_MS $(($(now_ms) + 800)) back
step -3
t_is "a time of day, and a step back: it waits" \
	"$(rawcall -t 20000 "$b" 11 consumerGroup=CG topic=T queueId=0 queueOffset=$n maxMsgNums=1 sysFlag=6 \
		commitOffset=0 suspendTimeoutMillis=2000 subscription='*' subVersion=0 | field code)" 19
since=$(now_ms)
step +0
comes $n back 0 "and comes when the clock is there"
n=$((n + 1))

# A restart with the clock ahead: all that is due by then comes at once.
send TIMER_DELAY_SEC 86400 'a day'
kill9 b
step +3
begin || exit 1
since=$(now_ms)
comes $n 'a day' 0 "restarted three days later"
t_ok "stops cleanly" stop b
t_done
