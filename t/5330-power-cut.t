#!/bin/sh
# A broker whose disk loses its power again and again under load, in both flush modes. With
# SYNC_FLUSH what it acknowledged is there (I1); with ASYNC_FLUSH its end may be lost. In both modes
# nothing else is there, no queue has a gap, and the broker starts again by itself (I4, I5, I6).
#
#   5330-power-cut.t [CUTS]     cuts in each mode; else $CUTS, else 10
# The mounts are in a namespace of their own: a test that makes one meanwhile would get a copy of a mount, and
# the disk would stay off for as long as that lives.
[ -n "${OWN_MOUNTS-}" ] || ! unshare -m true 2>/dev/null || OWN_MOUNTS=1 exec unshare -m sh "$0" "$@"
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/crash/crash.sh
. "$SRCDIR/t/crash/crash.sh"

cuts=${1:-${CUTS:-10}}
command -v mkfs.ext4 >/dev/null || t_skip_all "no mkfs.ext4 here"
power_disk trial 16 || t_skip_all "no file system can be mounted here"
power_cut trial 2>/dev/null || t_skip_all "no file system can be cut off here"
start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1

# cut_under_load NAME MODE FLAGS: with small segments, so that cuts meet their changes
cut_under_load() {
	name=$1 mode=$2 flags=$3 cut=0
	power_disk "$name" 8192 || return 1 # so large that nothing expires, however fast the machine is
	set -- -o namesrvAddr="$(address ns)" -o flushDiskType="$mode" -o flushIntervalCommitLog=50 \
		-o mappedFileSizeCommitLog=4194304
	broker "$name" "$@" || return 1
	make_topic "cut-$name" "$name"
	t_wait 30 has_route "cut-$name" || return 1
	# shellcheck disable=SC2086 # flags or none
	crash_load load sends $flags "$(address ns)" "cut-$name"
	while [ $cut -lt "$cuts" ]; do
		cut=$((cut + 1))
		crash_pause $cut
		power_cut "$name" && broker "$name" "$@" || return 1
	done
	# At least one more send goes through before the end.
	sleep 0.5
}

for mode in SYNC_FLUSH ASYNC_FLUSH; do
	[ "$mode" = SYNC_FLUSH ] && flags='' || flags=-l
	name=$(echo "$mode" | tr 'A-Z_' 'a-z-')
	cut_under_load "$name" $mode "$flags"
	t_result $? "$mode: starts again after each of $cuts power cuts"
	[ "$mode" = SYNC_FLUSH ] && what="what was acknowledged is there, " || what=
	crash_judge load "$mode: ${what}no gap, nothing else"
	stored=$(crash_count load stored)
	t_ok "$mode: messages were stored meanwhile" test "${stored:-0}" -gt $((cuts * 10))
	t_ok "$mode: stops" stop "$name"
done
t_done
