#!/bin/sh
# A store whose disk runs full under load, and gets room again: sends are refused with code 14 and
# the reason, reads go on, and what was acknowledged is there (I1, I4, I6, C6).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

[ "$(id -u)" -eq 0 ] || t_skip_all "a small disk needs root to mount it"
mkdir "$T_DIR/disk"
mount -t tmpfs -o size=48m twinmq-test "$T_DIR/disk" 2>/dev/null || t_skip_all "no tmpfs can be mounted here"
trap 't_unmount; t_cleanup' EXIT
t_unmount() {
	t_kill_all
	umount -l "$T_DIR/disk"
}

start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1
# One segment that outgrows the disk: nothing that retention could delete to make room.
run_broker() {
	start b mqbroker -o brokerName=b -o brokerIP1=127.0.0.1 -o namesrvAddr="$(address ns)" \
		-o storePathRootDir="$T_DIR/disk/b" -o mappedFileSizeCommitLog=268435456
}
run_broker || exit 1
b=$(address b)

send() {
	rawcall -B "$1" "$b" 310 a=PG b=Full c=TBW102 d=1 e=0 f=0 g=1 h=0 i= j=0 k=false m=false
}

is_refused() {
	[ "$(send x | field code)" = 14 ]
}

is_taken() {
	[ "$(send x | field code)" = 0 ]
}

rawcall "$b" 17 topic=load defaultTopic=TBW102 readQueueNums=4 writeQueueNums=4 perm=6 \
	topicFilterType=SINGLE_TAG topicSysFlag=0 order=false >/dev/null
send first >/dev/null
has_route() {
	[ "$(rawcall "$(address ns)" 105 topic=load | field code)" = 0 ]
}
t_ok "the topic has a route" t_wait 30 has_route
"$BUILDDIR/t/crash/killer" "$(address ns)" load >"$T_DIR/count" 2>"$T_DIR/breaches" &
t_remember load $!

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

# Room again, as an operator makes it.
mount -o remount,size=512m "$T_DIR/disk"
t_ok "with room again sends are taken" t_wait 30 is_taken
sleep 1
kill "$(pid load)"
wait "$(pid load)"
t_is "what was acknowledged is there, no gap, nothing else" "$? $(cat "$T_DIR/breaches")" "0 "
sed 's/^/# /' "$T_DIR/count"
stop b
t_is "a clean stop" $? 0
run_broker
t_result $? "and starts again"
t_done
