#!/bin/sh
# Masses that fall due together are asked about at a bounded rate, after a restart too; members that
# never answer cost little.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/check.sh
. "${SRCDIR:-.}/t/lib/check.sh"

MASS=20000
RATE=4000

# halves GROUP N TOPIC WHAT: of the crash laboratory, with a ledger of the group
halves() {
	"$BUILDDIR/t/crash/halves" -l "$T_DIR/$1.ledger" -g "$1" "$(address ns)" "$3" b "$4" "$2" 2>&1
}

# mass GROUP N TOPIC: so many half messages
mass() {
	halves "$@" open | field "done"
}

run_broker() {
	begin b -n "$(address ns)" -o bindAddress=127.0.0.1 -o flushDiskType=ASYNC_FLUSH \
		-o transactionTimeOut=1 -o transactionCheckRate=$RATE
}

# cpu NAME: hundredths of a second of processor time so far
cpu() {
	sed 's/.*) //' "/proc/$(pid "$1")/stat" | awk '{ print $12 + $13 }'
}

start ns mqnamesrv -o bindAddress=127.0.0.1 -o storePath="$T_DIR/ns" || exit 1
run_broker
for topic in T Quiet; do
	"$BUILDDIR/mqadmin" updateTopic -n "$(address ns)" -b "$b" -t $topic -r 1 -w 1 >/dev/null || exit 1
	t_wait 30 has_route $topic
done
t_is "$MASS half messages, and nobody to ask" "$(mass Mass $MASS T)" $MASS
t_is "none is decided" "$(n_messages T)" 0
kill9 b

run_broker
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
t_is "each that was acknowledged is there once, with its body" \
	"$(halves Mass 1 T judge | tr '\n' ' ')" "promised=$MASS found=$MASS breaches=0 "
kill9 member

# A thousand members that never answer.
if ! hold silent -N 1000 -B "$(heartbeat silent Silent)" "$b" 34; then
	tail -n 2 "$T_DIR/silent.held" | sed 's/^/# /'
fi
mass Silent 5000 Quiet >/dev/null
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
