#!/bin/sh
# A store whose disk runs full under load, and gets room again: sends are refused with code 14 and
# the reason, reads go on, and what was acknowledged is there (I1, I4, I6, C6).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/crash/crash.sh
. "$SRCDIR/t/crash/crash.sh"

small_disk 48 || t_skip_all "no tmpfs can be mounted here; a small disk needs root"
start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1
# One segment that outgrows the disk: nothing that retention could delete to make room.
run_broker() {
	begin b -o namesrvAddr="$(address ns)" -o storePathRootDir="$T_DIR/disk/b" -o mappedFileSizeCommitLog=268435456
}
run_broker

send() {
	rawcall -B "$1" "$b" 310 a=PG b=Full c=TBW102 d=1 e=0 f=0 g=1 h=0 i= j=0 k=false m=false
}

is_refused() {
	[ "$(send x | field code)" = 14 ]
}

is_taken() {
	[ "$(send x | field code)" = 0 ]
}

make_topic load b
send first >/dev/null
t_ok "the topic has a route" t_wait 30 has_route load
crash_load load sends "$(address ns)" load

t_ok "a full disk refuses sends with code 14" t_wait 60 is_refused
got=$(send x)
t_has "and says that the disk is full" "$got" "disk"
t_has "and which" "$got" "$T_DIR/disk"
t_ok "and how full it is by now: $(echo "$got" | grep -o 'is [0-9]* % full.*free)')" \
	test "$(echo "$got" | sed -n 's/.* is \([0-9]*\) % full.*/\1/p')" -ge 80
got=$(rawcall "$b" 11 consumerGroup=CG topic=Full queueId=0 queueOffset=0 maxMsgNums=1 sysFlag=4 commitOffset=0 \
	suspendTimeoutMillis=0 'subscription=*' subVersion=0)
t_has "reads go on" "$got" first
t_ok "the broker lives" kill -0 "$(pid b)"

grow_disk 512
t_ok "with room again sends are taken" t_wait 30 is_taken
sleep 1
crash_judge load "what was acknowledged is there, no gap, nothing else"
stop b
t_is "a clean stop" $? 0
run_broker
t_ok "and starts again" kill -0 "$(pid b)"
t_done
