# shellcheck shell=sh
# Open loops: what belongs to each of their runs. Sourced by bench/compare.
#
# The disk's own times are taken right before and after it. TwinMQ seals a segment within: its live
# segment is filled beforehand until about two fifths of the run's messages fit.

OPEN_MESSAGE=1250 # bytes of the log, 1 KiB of which is the body
OPEN_FILL=50000   # messages that are sent at once to come to a second segment

# open_before SIDE WORDS ...
open_before() {
	: >"$T_DIR/disk"
	[ -n "$messages" ] || {
		! is_ours "$1" || open_position "$@" || return
		sync
		sleep 1 # the closer's work
	}
	open_probe
	open_segments=$(segments_of "$1")
}

# open_after SIDE: what was seen meanwhile
open_after() {
	! is_ours "$1" || sed -i "s/}\$/,\"seals\":$(($(segments_of "$1") - open_segments))}/" "$T_DIR/json"
	open_probe
	sed "s/^/$load	disk	$block	/" "$T_DIR/disk" >>"$T_DIR/results"
}

open_probe() {
	python3 "$compare/disk.py" "$T_DIR" "$([ -n "$messages" ] && echo 0.1 || echo 2)" >>"$T_DIR/disk"
}

segments_of() {
	find "$T_DIR/$1.store/log" -name '[0-9]*.db' 2>/dev/null | wc -l
}

# open_log SIDE: its first and last positions, and the begin of the live segment and of the one before it
open_log() {
	open_end=$("$BUILDDIR/mqadmin" brokerStatus -b "127.0.0.1:$(side_port "$1")" |
		awk '$1 == "commitLogMaxOffset" { print $2 }')
	# shellcheck disable=SC2046 # numbers
	set -- $(find "$T_DIR/$1.store/log" -name '[0-9]*.db' | sed 's|.*/0*\([0-9]*\)\.db|\1|' | sort -n | tail -n 2)
	open_older=${1:-0} open_live=${2-}
	[ -n "$open_end" ]
}

# open_position SIDE WORDS ...
open_position() {
	open_words=$*
	open_rate=$(echo "$open_words" | sed -n 's/.* -r \([0-9]*\).*/\1/p')
	open_seconds=$(echo "$open_words" | sed -n 's/.* -d \([0-9]*\).*/\1/p')
	open_room=$((open_rate * ${open_seconds:-0} * OPEN_MESSAGE * 2 / 5))
	open_tries=0
	side_thaw "$1"
	while open_log "$1" && [ -z "$open_live" ] && [ $open_tries -lt 20 ]; do
		open_tries=$((open_tries + 1))
		open_fill "$1" $OPEN_FILL || break
	done
	if [ -n "$open_live" ]; then
		open_left=$((open_live - open_older - (open_end - open_live) - open_room))
		[ $open_left -lt $OPEN_MESSAGE ] || open_fill "$1" $((open_left / OPEN_MESSAGE))
	fi
	side_freeze "$1"
}

open_fill() {
	"$BUILDDIR/mqbench" send -N "$2" -A "127.0.0.1:$(side_port "$1")" -t "$session" -Q >/dev/null 2>"$T_DIR/err"
}
