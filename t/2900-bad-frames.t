#!/bin/sh
# What no client should send, to both daemons: an error answer or a close, bounded memory, and a
# good client is served all the while.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

# Frames that do not arrive are given up after this many seconds.
patience=2
[ -z "${SANITIZERS-}" ] || patience=6 # eight megabytes take their time there
# Anonymous memory may grow by so much, in kB: an arena and a frame or two, not one per peer.
growth=65536
[ -z "${SANITIZERS-}" ] || growth=1048576 # sanitizers keep freed memory

anonymous() {
	sed -n 's/^RssAnon:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$(pid "$1")/status"
}

# bad_frames NAME KIND
bad_frames() {
	before=$(anonymous "$1")
	mkfifo "$T_DIR/$1.lines"
	"$BUILDDIR/t/fuzz/badframes" "$(address "$1")" "$2" >"$T_DIR/$1.lines" &
	sender=$!
	t_remember "$1-sender" $sender
	while IFS= read -r line; do
		case $line in
		"ok "*) t_result 0 "$2: ${line#ok }" ;;
		"not ok "*) t_result 1 "$2: ${line#not ok }" ;;
		held) t_grown "$2, with 60 frames of 16 MB begun" "$before" "$(anonymous "$1")" ;;
		esac
	done <"$T_DIR/$1.lines"
	wait $sender
	t_is "$2: all was sent" $? 0
	t_grown "$2, after all" "$before" "$(anonymous "$1")"
	t_ok "$2: stops" stop "$1"
}

t_grown() { # WHERE BEFORE AFTER
	t_ok "$1: memory is bounded ($2 kB, then $3 kB)" test $(($3 - $2)) -lt $growth
}

start ns mqnamesrv -o storePath="$T_DIR/ns" -o serverChannelMaxIdleTimeSeconds=$patience || exit 1
start broker mqbroker -o storePathRootDir="$T_DIR/broker" -o brokerIP1=127.0.0.1 \
	-o serverChannelMaxIdleTimeSeconds=$patience || exit 1
bad_frames ns namesrv
bad_frames broker broker
t_done
