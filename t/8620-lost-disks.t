#!/bin/sh
# A SYNC_MASTER that is killed under load, and its disk is lost: its slave goes on as the master, a new
# slave joins with an empty folder, and so on. What was acknowledged is there, queues have no gap.
#
#   8620-lost-disks.t [CYCLES]     else $LOST_DISKS, else 3
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/crash/crash.sh
. "$SRCDIR/t/crash/crash.sh"

cycles=${1:-${LOST_DISKS:-3}}
start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1

# copy N ROLE ID: the Nth broker of the name "pair", in a folder of its own
copy() {
	broker "copy$1" -o brokerName=pair -o brokerRole="$2" -o brokerId="$3" -o namesrvAddr="$(address ns)" \
		-o flushDiskType="$flush" -o mappedFileSizeCommitLog=8388608
}

# copied N: the slave of that master has all that it acknowledged so far, as it has this message
copied() {
	[ "$(rawcall -B copied "$(address "copy$1")" 310 a=PG b=Copied c=TBW102 d=4 e=0 f=0 g=1 h=0 j=0 k=false m=false | field code)" = 0 ]
}

lose_disks() {
	n=1 cycle=0
	copy 1 SYNC_MASTER 0 || return 1
	make_topic "lost-$flush" copy1
	copy 2 SLAVE 1 || return 1
	t_wait 30 copied 1 || return 1
	t_wait 30 has_route "lost-$flush" || return 1
	crash_load load sends "$(address ns)" "lost-$flush"
	while [ $cycle -lt "$cycles" ]; do
		cycle=$((cycle + 1))
		crash_pause $cycle
		kill9 "copy$n"
		rm -rf "$T_DIR/copy$n"
		n=$((n + 1))
		# Every other slave is killed too.
		if [ $((cycle % 2)) -eq 0 ]; then kill9 "copy$n"; else stop "copy$n"; fi
		copy $n SYNC_MASTER 0 || return 1
		copy $((n + 1)) SLAVE 1 || return 1
		t_wait 60 copied $n || return 1
	done
	# At least one more send goes through before the end.
	sleep 0.5
}

for flush in ASYNC_FLUSH SYNC_FLUSH; do
	lose_disks
	t_result $? "$flush: a slave takes the place of each of $cycles masters"
	crash_judge load "$flush: what was acknowledged is there, no gap, nothing else"
	stored=$(crash_count load stored)
	t_ok "$flush: messages were stored meanwhile" test "${stored:-0}" -gt $((cycles * 10))
	stop "copy$n"
	stop "copy$((n + 1))"
	rm -rf "$T_DIR"/copy*
done
t_done
