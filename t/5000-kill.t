#!/bin/sh
# A broker killed again and again under load, in both flush modes: what it acknowledged is there,
# queues have no gap, and it starts again by itself (I1, I4, I5, I6).
#
#   5000-kill.t [CYCLES]     kills in each mode; else $KILLS, else 25
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/crash/crash.sh
. "$SRCDIR/t/crash/crash.sh"

cycles=${1:-${KILLS:-25}}
start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1

# kill_under_load NAME MODE: with small segments, so that kills meet their changes
kill_under_load() {
	name=$1 cycle=0
	set -- -o namesrvAddr="$(address ns)" -o flushDiskType="$2" -o mappedFileSizeCommitLog=8388608
	broker "$name" "$@" || return 1
	make_topic "kill-$name" "$name"
	t_wait 30 has_route "kill-$name" || return 1
	crash_load load sends "$(address ns)" "kill-$name"
	while [ $cycle -lt "$cycles" ]; do
		cycle=$((cycle + 1))
		crash_pause $cycle
		kill9 "$name"
		[ $((cycle % 5)) -ne 0 ] || die_starting "$name" "0.0$((cycle % 10 + 1))" "$@"
		broker "$name" "$@" || return 1
	done
	# At least one more send goes through before the end.
	sleep 0.5
}

for mode in SYNC_FLUSH ASYNC_FLUSH; do
	name=$(echo "$mode" | tr 'A-Z_' 'a-z-')
	kill_under_load "$name" "$mode"
	t_result $? "$mode: starts again after each of $cycles kills"
	crash_judge load "$mode: what was acknowledged is there, no gap, nothing else"
	stored=$(crash_count load stored)
	t_ok "$mode: messages were stored meanwhile" test "${stored:-0}" -gt $((cycles * 10))
	t_ok "$mode: stops" stop "$name"
done
t_done
