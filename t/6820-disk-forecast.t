#!/bin/sh
# A disk that fills: brokerStatus and clusterList say when it is full, also after a kill -9; and the alarm, which
# ends with room. The clock is moved on step by step.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/clock.sh
. "${SRCDIR:-.}/t/lib/clock.sh"
# shellcheck source=t/crash/crash.sh
. "$SRCDIR/t/crash/crash.sh"

STEP=300 # seconds of a step of the trends
PART=2   # MB that come in each

small_disk 128 || t_skip_all "no tmpfs can be mounted here; a small disk needs root"
start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1
NAMESRV_ADDR=$(address ns)
export NAMESRV_ADDR

# later SECONDS: from the middle of a step on, so that no step ends by itself; the broker sees that it is later
now=$(date +%s)
base=$((STEP / 2 - now % STEP))
later() {
	printf '%+d\n' $((base + $1)) >"$T_DIR/step"
	[ -z "${b-}" ] || rawcall "$b" 7012 kind=broker >/dev/null
}
again() {
	with_steps begin a -o storePathRootDir="$T_DIR/disk/a" -o namesrvAddr="$NAMESRV_ADDR" -o diskMaxUsedSpaceRatio=95 \
		-o alarmDiskUsed=60
}
grow() { # MB
	head -c $(($1 * 1048576)) /dev/zero >>"$T_DIR/disk/ballast"
}
# full_at: ms since 1970; 0: never
full_at() {
	rawcall "$b" 28 | tr ',{' '\n\n' | sed -n 's/.*"storeDiskFullAt":"\([0-9]*\)".*/\1/p'
}
# is_expected MS: the disk is full when it has filled on at that rate, give or take what the store itself wrote
is_expected() {
	free=$(df --output=avail -k "$T_DIR/disk" | tail -1)
	wanted=$((now + base + at + free * STEP / (PART * 1024)))
	off=$(($1 / 1000 - wanted))
	[ ${off#-} -lt $((3 * STEP)) ] || {
		echo "got $1, wanted about ${wanted}000: $off s off"
		return 1
	}
}
alarms() {
	"$BUILDDIR/mqadmin" alarmList --json "$@"
}

at=0
later 0
again
while [ $at -lt 3600 ]; do
	grow $PART
	at=$((at + STEP))
	later $at
done
t_is "less than an hour is known" "$(full_at)" 0
grow $PART
at=$((at + STEP))
later $at
full=$(full_at)
t_ok "a disk that fills is full when it has no room left" is_expected "$full"
t_has "clusterList says it" "$("$BUILDDIR/mqadmin" clusterList --json)" "\"diskFullAt\":$full"
t_has "the disk as the trends have it" "$(rawcall "$b" 7012 kind=broker)" '"diskTotal":[null,'
kill9 a
again
grow $PART
at=$((at + STEP))
later $at
t_ok "a kill -9 makes no difference" is_expected "$(full_at)"
t_is "no alarm yet" "$(alarms)" '{"alarms":[]}'
grow 56
rawcall "$b" 7012 kind=broker >/dev/null
t_has "a disk above alarmDiskUsed is an alarm" "$(alarms)" '"kind":"disk","subject":"","value":'
t_has "the log says so" "$(cat "$T_DIR/a.log")" "alarm begins kind=disk value="
rm "$T_DIR/disk/ballast"
at=$((at + STEP))
later $at
t_is "a disk that does not fill any more is never full" "$(full_at)" 0
t_is "and is no alarm" "$(alarms)" '{"alarms":[]}'
t_has "but is remembered" "$(alarms -e)" '"kind":"disk"'
t_has "the log says that it ended" "$(cat "$T_DIR/a.log")" "alarm ends kind=disk"
t_ok "stops cleanly" stop a
t_done
