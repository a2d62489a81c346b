#!/bin/sh
# A broker killed again and again while timed messages are sent, recalled and delivered: each comes once
# and not before its time, or it was recalled (I1, I5, I6). So do messages with a delay level.
#
#   4040-timed-kill.t [CYCLES]     kills in each mode; else $KILLS, else 8
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/crash/crash.sh
. "$SRCDIR/t/crash/crash.sh"

cycles=${1:-${KILLS:-8}}
start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1

# kill_under_load NAME MODE FLAGS: with small segments and a small window, so that kills meet their changes
kill_under_load() {
	name=$1 cycle=0 flags=$3
	set -- -o namesrvAddr="$(address ns)" -o flushDiskType="$2" -o mappedFileSizeCommitLog=1048576 \
		-o timerWindow=1000
	broker "$name" "$@" || return 1
	make_topic "timed-$name" "$name"
	t_wait 30 has_route "timed-$name" || return 1
	# shellcheck disable=SC2086 # FLAGS are words
	crash_load load timers $flags -w 16 "$(address ns)" "timed-$name"
	while [ $cycle -lt "$cycles" ]; do
		cycle=$((cycle + 1))
		crash_pause $cycle
		kill9 "$name"
		[ $((cycle % 4)) -ne 0 ] || die_starting "$name" "0.0$((cycle % 10 + 1))" "$@"
		broker "$name" "$@" || return 1
	done
	sleep 0.5
}

for mode in SYNC_FLUSH ASYNC_FLUSH; do
	name=$(echo "$mode" | tr 'A-Z_' 'a-z-')
	kill_under_load "$name" "$mode" "-l 200 -d 2500 -r 3"
	t_result $? "$mode: starts again after each of $cycles kills"
	crash_judge load "$mode: each came once and not early, or was recalled"
	t_ok "$mode: messages came" test "$(crash_count load found)" -gt $((cycles * 10))
	t_ok "$mode: messages were recalled" test "$(crash_count load recalled)" -gt 0
	t_ok "$mode: stops" stop "$name"
done
kill_under_load levels SYNC_FLUSH -L
t_result $? "levels: starts again after each of $cycles kills"
crash_judge load "levels: each came once and not early"
t_ok "levels: messages came" test "$(crash_count load found)" -gt $((cycles * 10))
t_ok "levels: stops" stop levels
t_done
