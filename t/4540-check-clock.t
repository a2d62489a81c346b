#!/bin/sh
# Who is asked when: steps of the machine's clock, days at a time, change nothing.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/check.sh
. "${SRCDIR:-.}/t/lib/check.sh"
# shellcheck source=t/lib/clock.sh
. "${SRCDIR:-.}/t/lib/clock.sh"

# stepped NAME: a broker whose clock is that of the steps; what waits must not look at it
stepped() {
	with_steps begin "$1" -o flushDiskType=ASYNC_FLUSH -o transactionTimeOut=2000 -o transactionCheckInterval=1000 -o fileReservedTime=10000
}

# asks_in_time ID WHAT: it was stored at $since or a little later, and is asked about after its 2 s
asks_in_time() {
	t_wait 30 asked member 1 "$1"
	took=$(($(now_ms) - since))
	t_ok "$2: asked after $took ms" [ $took -ge 2000 ] && t_ok "and not late" [ $took -lt 4500 ]
}

step +0
stepped b
join member G -E $UNKNOWN
since=$(now_ms)
prepare G plain >/dev/null
asks_in_time plain "the clock is right"
for days in +3 -3; do
	step +0
	since=$(now_ms)
	prepare G "step$days" >/dev/null
	step $days
	asks_in_time "step$days" "a step of $days days"
	n=$(asks member)
	sleep 2
	t_ok "no storm: $(($(asks member) - n)) more asks in 2 s" [ $(($(asks member) - n)) -lt 12 ]
done
t_has "the steps were seen" "$(shows step+3)" '"time'

# A restart with the clock elsewhere: each half message waits no longer than it would have.
for days in +3 -3; do
	step +0
	id=restart$days
	kill9 member
	prepare G "$id" >/dev/null
	kill9 b
	step $days
	stepped b
	join member G -E $UNKNOWN
	since=$(now_ms)
	t_wait 30 asked member 1 "$id"
	took=$(($(now_ms) - since))
	t_ok "restarted $days days away: asked after $took ms" [ $took -lt 4500 ]
done
t_ok "stops cleanly" stop b
t_done
