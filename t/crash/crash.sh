# The crash laboratory for shell: loads whose proof follows, and deaths. Source it after lib.sh.
# shellcheck shell=sh

# crash_load NAME PROGRAM ARGUMENTS ...: a program of t/crash in the background
crash_load() {
	crash_name=$1 crash_program=$2
	shift 2
	"$BUILDDIR/t/crash/$crash_program" "$@" >"$T_DIR/$crash_name.count" 2>"$T_DIR/$crash_name.breaches" &
	t_remember "$crash_name" $!
}

# crash_judge NAME WHAT: ends the load; what was promised is there, and nothing else
crash_judge() {
	kill "$(pid "$1")"
	wait "$(pid "$1")"
	t_is "$2" "$? $(cat "$T_DIR/$1.breaches")" "0 "
	sed 's/^/# /' "$T_DIR/$1.count"
}

# crash_count NAME WHAT: a number that the load has counted
crash_count() {
	field "$2" <"$T_DIR/$1.count"
}

# crash_pause N: before the kill number N, from nothing to a second, spread as if at random
crash_pause() {
	sleep "$(awk -v n="$1" 'BEGIN { x = n * 0.6180339887; printf "%.3f", x - int(x) }')"
}

# die_starting NAME SECONDS FLAGS ...: a broker that is killed before it is through its start
die_starting() {
	die_name=$1 die_after=$2
	shift 2
	"$BUILDDIR/mqbroker" -o brokerName="$die_name" -o brokerIP1=127.0.0.1 -o storePathRootDir="$T_DIR/$die_name" \
		-o listenPort="$(port "$die_name")" "$@" >>"$T_DIR/starting.log" 2>&1 &
	starting=$!
	sleep "$die_after"
	kill -9 $starting
	wait $starting 2>/dev/null
	return 0
}

# set_fault PLAN: of the file $FAULT, from the next write or sync on (see vfs_fault.h)
set_fault() {
	echo "$1" >"$T_DIR/fault.new"
	mv "$T_DIR/fault.new" "$FAULT"
}

# small_disk MB: mounts $T_DIR/disk; it goes with the test. Fails without the right to.
small_disk() {
	[ "$(id -u)" -eq 0 ] && mkdir "$T_DIR/disk" &&
		mount -t tmpfs -o size="$1m" twinmq-test "$T_DIR/disk" 2>/dev/null || return 1
	trap 'small_disk_gone; t_cleanup' EXIT
}

small_disk_gone() {
	t_kill_all
	umount -l "$T_DIR/disk" 2>/dev/null
}

# grow_disk MB
grow_disk() {
	mount -o remount,size="$1m" "$T_DIR/disk"
}

# power_disk NAME MB: a disk of its own for the store of the broker NAME, whose power can be cut. It
# goes with the test. Fails without the right to.
power_disk() {
	[ "$(id -u)" -eq 0 ] && mkdir "$T_DIR/$1" && truncate -s "$2M" "$T_DIR/$1.image" &&
		mkfs.ext4 -q -F "$T_DIR/$1.image" && power_on "$1" || return 1
	power_disks="${power_disks-} $1"
	trap 'power_disks_gone; t_cleanup' EXIT
}

power_on() {
	mount -t ext4 -o loop "$T_DIR/$1.image" "$T_DIR/$1"
}

# power_cut NAME: what was not synced is gone, and the broker with it; the disk is back afterwards. The
# broker is stopped first: nobody hears of syncs that fail as the power goes.
power_cut() {
	[ -z "$(pid "$1" 2>/dev/null)" ] || kill -STOP "$(pid "$1")"
	"$BUILDDIR/t/lib/cut_power" "$T_DIR/$1" || return 1
	kill9 "$1"
	umount "$T_DIR/$1" && power_on "$1"
}

power_disks_gone() {
	t_kill_all
	for power_name in ${power_disks-}; do
		umount -l "$T_DIR/$power_name" 2>/dev/null
	done
}
