#!/bin/sh
# Delayed messages wait as long as they should, whatever the machine's clock does meanwhile.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/clock.sh
. "${SRCDIR:-.}/t/lib/clock.sh"

soh=$(printf '\001')
stx=$(printf '\002')

# again: a broker whose wall clock is that of the steps
again() {
	with_steps begin b -o messageDelayLevel=3s -o fileReservedTime=10000
}

# send BODY: with the delay
send() {
	rawcall -B "$1" "$b" 310 a=PG b=T c=TBW102 d=1 e=0 f=0 g=1 h=0 i="DELAY${soh}1${stx}" j=0 k=false m=false
}

now_ms() {
	date +%s%3N
}

# comes OFFSET BODY WHAT: 3 s after $since, or a little later
comes() {
	got=$(rawcall -t 20000 "$b" 11 consumerGroup=CG topic=T queueId=0 queueOffset="$1" maxMsgNums=1 sysFlag=6 \
		commitOffset=0 suspendTimeoutMillis=10000 subscription='*' subVersion=0)
	took=$(($(now_ms) - since))
	t_has "$3: it comes" "$got" "$2"
	t_ok "$3: not early: after $took ms" test $took -ge 3000
	t_ok "$3: not late" test $took -lt $((3000 + 1500 * T_SECOND))
}

step +0
again
n=0
for days in +3 -3; do
	step +0
	since=$(now_ms)
	send "step$days" >/dev/null
	step $days
	comes $n "step$days" "a step of $days days"
	since=$(now_ms)
	send "behind$days" >/dev/null
	comes $((n + 1)) "behind$days" "sent behind a step of $days days"
	n=$((n + 2))
done

# A restart with the clock elsewhere: one delay from then at most.
for days in +3 -3; do
	step +0
	send "restart$days" >/dev/null
	kill9 b
	step $days
	again
	since=$(now_ms)
	got=$(rawcall -t 20000 "$b" 11 consumerGroup=CG topic=T queueId=0 queueOffset=$n maxMsgNums=1 sysFlag=6 \
		commitOffset=0 suspendTimeoutMillis=10000 subscription='*' subVersion=0)
	took=$(($(now_ms) - since))
	t_has "restarted $days days away: it comes" "$got" "restart$days"
	t_ok "restarted $days days away: after $took ms" test $took -lt $((3000 + 1500 * T_SECOND))
	n=$((n + 1))
done
t_ok "stops cleanly" stop b
t_done
