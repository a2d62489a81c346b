#!/bin/sh
# Writes and syncs that fail or stall never yield an OK for what is not there (I1, I6, BK3).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/crash/crash.sh
. "$SRCDIR/t/crash/crash.sh"

start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1

# run_broker NAME PROGRAM [FLAGS ...]
run_broker() {
	b_name=$1 T_BROKER=$2
	shift 2
	broker "$b_name" -o namesrvAddr="$(address ns)" -o mappedFileSizeCommitLog=4194304 "$@"
}

# create NAME: a topic of its own
create() {
	make_topic "on-$1" "$1"
	t_wait 30 has_route "on-$1"
}

send() {
	rawcall -B x "$(address "$1")" 310 a=PG b="on-$1" c=TBW102 d=4 e=0 f=0 g=1 h=0 i= j=0 k=false m=false
}

# fails_under_load NAME FAULT FLAGS ...: a load meets the fault; afterwards what was acknowledged is there
fails_under_load() {
	name=$1 FAULT=$2
	shift 2
	export FAULT
	run_broker "$name" t/lib/faulty_broker "$@" || return
	unset FAULT
	t_ok "$name: has a topic" create "$name"
	crash_load load sends "$(address ns)" "on-$name"
	t_ok "$name: the fault is met" t_wait 120 grep -q 'error: store' "$T_DIR/$name.log"
	sleep 0.5
	crash_judge load "$name: what was acknowledged is there, nothing else"
}

fails_under_load sync-once sync:300:ioerr:often
t_is "after a failed sync nothing is acknowledged" "$(send sync-once | field code)" 14
t_has "and the remark says what to do" "$(send sync-once)" restart
stop sync-once
run_broker sync-once mqbroker
t_is "until a restart" "$(send sync-once | field code)" 0

fails_under_load sync-always sync:300:ioerr:always
fails_under_load write-once wal:200:ioerr:twice
t_is "after failed writes the next send is taken" "$(send write-once | field code)" 0
fails_under_load write-full wal:200:full:twice
taken_again() {
	[ "$(send write-full | field code)" = 0 ]
}
t_ok "after a full disk sends are taken once a probe succeeds" t_wait 30 taken_again
fails_under_load async-write wal:1000:ioerr:twice -o flushDiskType=ASYNC_FLUSH

# A sync that takes longer than syncFlushTimeout is told as such, with the message's place.
FAULT=sync:40:stall:always
export FAULT
run_broker stalled t/lib/faulty_broker -o syncFlushTimeout=300 -o sendThreadPoolQueueCapacity=2
unset FAULT
t_ok "stalled: has a topic" create stalled
slow_send() {
	got=$(send stalled)
	[ "$(echo "$got" | field code)" = 10 ]
}
t_ok "a sync that stalls: code 10" t_wait 30 slow_send
t_is "with a place" "$(echo "$got" | field ext.msgId | wc -c | tr -d ' ')" 33

# More sends than may wait are refused at once, not kept (BK21).
for one in 1 2 3 4 5 6 7 8; do
	send stalled >"$T_DIR/busy.$one" &
	sends="${sends-} $!"
done
# shellcheck disable=SC2086 # numbers
wait $sends
t_ok "of eight sends at once at least two are refused as busy" test "$(cat "$T_DIR"/busy.? | grep -c "^code=2$")" -ge 2
t_has "and hear what is behind" "$(cat "$T_DIR"/busy.?)" "system busy, the disk is behind"
t_done
