#!/bin/sh
# Timed messages and a disk that runs full, so that commits fail and timer.db cannot be written, and gets room
# again: each message comes once and not before its time, or it was recalled or refused (I1, I5, I6).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/crash/crash.sh
. "$SRCDIR/t/crash/crash.sh"

small_disk 32 || t_skip_all "no tmpfs can be mounted here; a small disk needs root"
start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1

run_broker() {
	broker b -o namesrvAddr="$(address ns)" -o storePathRootDir="$T_DIR/disk/b" -o mappedFileSizeCommitLog=268435456 \
		-o diskMaxUsedSpaceRatio=95 || exit 1
	b=$(address b)
}

is_refused() {
	[ "$(rawcall -B x "$b" 310 a=PG b=Full c=TBW102 d=1 e=0 f=0 g=1 h=0 i= j=0 k=false m=false | field code)" = 14 ]
}

run_broker
make_topic timed b
t_ok "the topic has a route" t_wait 30 has_route timed
crash_load load timers -l 200 -d 2500 -r 3 -w 16 -s 1000 "$(address ns)" timed
t_ok "sends are refused on the full disk" t_wait 60 is_refused
# Deliveries pass the limit for sends: they fill what is left.
sleep 3
grow_disk 512
sleep 1
kill9 b
run_broker
sleep 1
crash_judge load "each came once and not early, or was recalled or refused"
t_ok "messages came" test "$(crash_count load found)" -gt 100
t_ok "stops" stop b
t_done
