#!/bin/sh
# Random interleavings of all that may happen to transactions, against a broker that is killed
# meanwhile, in both flush modes: each is delivered once or not at all, and what the broker tells of
# it is true (I8-I10).
#
#   4700-interleave.t [INTERLEAVINGS [SEED]]     else $INTERLEAVINGS, else 500; a kill for each 100
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/interleave/run.sh
. "${SRCDIR:-.}/t/interleave/run.sh"

n=${1:-${INTERLEAVINGS:-500}}
seed=${2:-${SEED:-$(date +%s)}}
interleave_start || exit 1

# value NAME: a number of the table
value() {
	sed -n "s/^$1  *\([0-9]*\)$/\1/p" "$T_DIR/$mode.table"
}

for mode in SYNC_FLUSH ASYNC_FLUSH; do
	INTERLEAVE_FLUSH=$mode
	interleave_twinmq "$mode" -n "$n" -k $((n / 100)) -s "$seed"
	t_is "$mode: $n interleavings with $((n / 100)) kills, seed $seed" \
		"$? $(head -c 20000 "$T_DIR/$mode.breaches")" "0 "
	sed 's/^/# /' "$T_DIR/$mode.table"
	t_is "$mode: all were played" "$(value transactions)" "$n"
	t_is "$mode: the broker was killed" "$(value "kills of the broker")" $((n / 100))
	for what in "transactions asked about" "transactions delivered" "transactions parked"; do
		t_ok "$mode: some $what" test "$(value "$what")" -gt $((n / 100))
	done
done
t_done
