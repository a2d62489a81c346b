#!/bin/sh
# Masses that fall due together are asked about at a bounded rate, after a restart too; members that
# never answer cost little.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/check.sh
. "${SRCDIR:-.}/t/lib/check.sh"

MASS=20000
RATE=4000

# mass GROUP N: so many half messages, a hundred on a connection
mass() {
	awk -v n="$2" -v properties="$(half_properties "$1" 0)" 'BEGIN {
		while (n-- > 0)
			print "310 a=PG b=T c=TBW102 d=1 e=0 f=4 g=1 h=0 j=0 k=false m=false i=" properties n " --"
	}' | xargs -n 1400 "$RAWCALL" "$b" | grep -c '^code=0$'
}

# cpu NAME: hundredths of a second of processor time so far
cpu() {
	sed 's/.*) //' "/proc/$(pid "$1")/stat" | awk '{ print $12 + $13 }'
}

begin b -o transactionTimeOut=1 -o transactionCheckRate=$RATE
b=$(address b)
t_is "$MASS half messages, and nobody to ask" "$(mass Mass $MASS)" $MASS
t_is "none is decided" "$(n_messages T)" 0
kill9 b

begin b -o transactionTimeOut=1 -o transactionCheckRate=$RATE
b=$(address b)
join member Mass -E $COMMIT
since=$(now_ms)
most=0
n=0
at=$since
# The time from before one count until after the next, so that a slow count makes no high rate.
while [ "$n" -lt $MASS ] && [ $((at - since)) -lt 300000 ]; do
	sleep 0.5
	before=$n began=$at at=$(now_ms)
	n=$(n_messages T)
	rate=$(((n - before) * 1000 / ($(now_ms) - began)))
	[ $rate -le $most ] || most=$rate
done
took=$(($(now_ms) - since))
t_is "after kill -9, all are asked about and decided" "$n" $MASS
t_ok "not all at once: $most a second at most, $took ms" [ $most -lt $((RATE * 3 / 2)) ]
t_is "each was asked about once" "$(asks member)" $MASS
kill9 member

# A thousand members that never answer.
if ! hold silent -N 1000 -B "$(heartbeat silent Silent)" "$b" 34; then
	tail -n 2 "$T_DIR/silent.held" | sed 's/^/# /'
fi
mass Silent 5000 >/dev/null
sleep 6 # until they are known as silent
join other Other -E $COMMIT
since=$(now_ms)
prepare Other other >/dev/null
t_wait 30 has_messages T $((MASS + 1))
took=$(($(now_ms) - since))
t_ok "another group is served as ever: after $took ms" [ $took -lt $((2000 + T_SECOND * 1000)) ]
before=$(cpu b)
sleep 4
used=$(($(cpu b) - before))
t_ok "a thousand silent members cost little: $used of 400 hundredths of a second" [ $used -lt 100 ]
t_is "and nothing was parked" "$(n_parked)" 0
t_ok "stops cleanly" stop b
t_done
