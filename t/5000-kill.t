#!/bin/sh
# A broker killed again and again under load, in both flush modes: what it acknowledged is there,
# queues have no gap, and it starts again by itself (I1, I4, I5, I6).
#
#   5000-kill.t [CYCLES]     kills in each mode; else $KILLS, else 25
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

cycles=${1:-${KILLS:-25}}
start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1

# run_broker NAME MODE: on the port that it had, with small segments, so that kills meet their changes
run_broker() {
	had=$(port "$1" 2>/dev/null)
	start "$1" mqbroker -o brokerName="$1" -o brokerIP1=127.0.0.1 -o namesrvAddr="$(address ns)" \
		-o storePathRootDir="$T_DIR/$1" -o flushDiskType="$2" -o mappedFileSizeCommitLog=8388608 \
		${had:+-o "listenPort=$had"}
}

# Seconds to wait before the kill number $1: from nothing to a second, spread as if at random.
pause() {
	awk -v n="$1" 'BEGIN { x = n * 0.6180339887; printf "%.3f", x - int(x) }'
}

# half_start NAME: a start that is killed before it is through
half_start() {
	"$BUILDDIR/mqbroker" -o brokerName="$1" -o brokerIP1=127.0.0.1 -o namesrvAddr="$(address ns)" \
		-o storePathRootDir="$T_DIR/$1" -o mappedFileSizeCommitLog=8388608 \
		-o listenPort="$(port "$1")" >>"$T_DIR/half.log" 2>&1 &
	half=$!
	sleep "0.0$2"
	kill -9 $half
	wait $half 2>/dev/null
}

# kill_under_load NAME MODE
kill_under_load() {
	name=$1 mode=$2 cycle=0
	run_broker "$name" "$mode" || return 1
	rawcall "$(address "$name")" 17 topic="kill-$name" defaultTopic=TBW102 readQueueNums=4 writeQueueNums=4 \
		perm=6 topicFilterType=SINGLE_TAG topicSysFlag=0 order=false >/dev/null
	t_wait 30 has_route "kill-$name" || return 1
	"$BUILDDIR/t/crash/killer" "$(address ns)" "kill-$name" >"$T_DIR/$name.count" 2>"$T_DIR/$name.breaches" &
	t_remember load $!
	while [ $cycle -lt "$cycles" ]; do
		cycle=$((cycle + 1))
		sleep "$(pause $cycle)"
		kill9 "$name"
		[ $((cycle % 5)) -ne 0 ] || half_start "$name" $((cycle % 10 + 1))
		run_broker "$name" "$mode" || return 1
	done
	# At least one more send goes through before the end.
	sleep 0.5
}

has_route() {
	[ "$(rawcall "$(address ns)" 105 topic="$1" | field code)" = 0 ]
}

for mode in SYNC_FLUSH ASYNC_FLUSH; do
	name=$(echo "$mode" | tr 'A-Z_' 'a-z-')
	kill_under_load "$name" "$mode"
	t_result $? "$mode: starts again after each of $cycles kills"
	kill "$(pid load)"
	wait "$(pid load)"
	t_is "$mode: what was acknowledged is there, no gap, nothing else" "$? $(cat "$T_DIR/$name.breaches")" "0 "
	sed 's/^/# /' "$T_DIR/$name.count"
	stored=$(sed -n 's/^stored=//p' "$T_DIR/$name.count")
	t_ok "$mode: messages were stored meanwhile" test "${stored:-0}" -gt $((cycles * 10))
	t_ok "$mode: stops" stop "$name"
done
t_done
