#!/bin/sh
# Transactions that move money over a disk that fails: writes now and then, a sync once, and one that
# runs full and gets room again. No coin is lost, made, or moved twice (I1, I6, I8, I9).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/crash/crash.sh
. "$SRCDIR/t/crash/crash.sh"

start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1

# run_broker NAME PROGRAM STORE [FLAGS ...]: on the port that it had
run_broker() {
	b_name=$1 T_BROKER=$2 b_store=$3
	shift 3
	broker "$b_name" -o namesrvAddr="$(address ns)" -o storePathRootDir="$b_store" -o transactionTimeOut=1000 \
		-o transactionCheckInterval=1000 "$@"
}

# begin_bank NAME: a load on a topic of its own
begin_bank() {
	make_topic "money-$1" "$1"
	t_ok "$1: has a topic" t_wait 30 has_route "money-$1"
	mkdir "$T_DIR/bank-$1"
	crash_load bank transfers "$(address ns)" "money-$1" "$T_DIR/bank-$1"
}

end_bank() {
	crash_judge bank "$1: every coin is where it belongs"
	t_ok "$1: money was moved meanwhile" test "$(crash_count bank credited)" -gt 1000
	t_ok "$1: stops" stop "$1"
}

n_failures() {
	grep -c 'store could not commit' "$T_DIR/$1.log"
}

failed_more_than() {
	[ "$(n_failures errors)" -gt "$1" ]
}

FAULT=$T_DIR/fault
export FAULT
run_broker errors t/lib/faulty_broker "$T_DIR/errors" -o flushDiskType=ASYNC_FLUSH || exit 1
begin_bank errors
round=0
while [ $round -lt 10 ]; do
	round=$((round + 1))
	was=$(n_failures errors)
	set_fault write:$((round * 7)):ioerr:once
	t_wait 30 failed_more_than "$was" || break
	sleep 0.1
done
t_is "errors: ten commits failed" "$round" 10
run_again() {
	kill9 errors
	run_broker errors t/lib/faulty_broker "$T_DIR/errors" -o flushDiskType=SYNC_FLUSH
}
t_ok "errors: a restart with SYNC_FLUSH" run_again
sleep 1
set_fault sync:10:ioerr:often
t_ok "errors: a sync failed" t_wait 30 grep -q 'could not sync' "$T_DIR/errors.log"
sleep 1
t_ok "errors: a restart after it" run_again
sleep 1
end_bank errors
unset FAULT

if ! small_disk 32; then
	echo "# no tmpfs can be mounted here: no disk runs full"
	t_done
	exit 0
fi
run_broker full mqbroker "$T_DIR/disk/full" -o mappedFileSizeCommitLog=268435456 || exit 1
begin_bank full
is_full() {
	grep -q 'disk' "$T_DIR/full.log" && [ "$(rawcall -B x "$(address full)" 310 a=PG b=probe c=TBW102 d=4 e=0 \
		f=0 g=1 h=0 i= j=0 k=false m=false | field code)" = 14 ]
}
t_ok "full: the disk runs full" t_wait 120 is_full
sleep 2
grow_disk 512
sleep 2
end_bank full
t_done
