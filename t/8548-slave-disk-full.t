#!/bin/sh
# The disk of a slave gets full: it stops copying, says so once, and goes on when there is space. Its SYNC_MASTER
# does not wait for it, says that too few slaves are in sync, and nothing is lost.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/crash/crash.sh
. "$SRCDIR/t/crash/crash.sh"

small_disk 32 || t_skip_all "no tmpfs can be mounted here; a small disk needs root"
begin a -o brokerRole=SYNC_MASTER -o slaveTimeout=1000
m=$b
# One segment: nothing that retention could delete to make room.
start slave mqbroker -o brokerRole=SLAVE -o brokerId=1 -o brokerName=a -o brokerIP1=127.0.0.1 \
	-o haMasterAddress="127.0.0.1:$(($(port a) + 1))" -o storePathRootDir="$T_DIR/disk/slave" \
	-o mappedFileSizeCommitLog=268435456 || exit 1
s=$(address slave)
head -c 500000 /dev/zero | tr '\0' x >"$T_DIR/large"

send() {
	rawcall -b "$T_DIR/large" "$m" 310 a=PG b=T c=TBW102 d=1 e=0 f=0 g=1 h=0 j=0 k=false m=false | field code
}
answers() { # CODE
	[ "$(send)" = "$1" ]
}
end_of() {
	rawcall "$1" 28 | sed -n 's/.*"commitLogMaxOffset":"\([0-9]*\)".*/\1/p'
}
slave_is_whole() {
	whole_end=$(end_of "$m")
	[ -n "$whole_end" ] && [ "$(end_of "$s")" = "$whole_end" ]
}
stopped_copying() {
	grep -q 'our own store takes nothing' "$T_DIR/slave.log"
}
fill() {
	send >"$T_DIR/code"
	stopped_copying
}
pull() { # ADDRESS
	rawcall "$1" 11 consumerGroup=G topic=T queueId=0 queueOffset=0 maxMsgNums=1 sysFlag=4 commitOffset=0 \
		suspendTimeoutMillis=0 'subscription=*' subVersion=0 | field code
}
n_stored() {
	rawcall "$1" 30 topic=T queueId=0 | field ext.offset
}

t_ok "with room both have a message" t_wait 30 answers 0
t_ok "the slave's disk gets full" t_wait 120 fill
t_ok "its master answers that no slave is in sync" t_wait 30 answers 11
n=$(n_stored "$m")
send >/dev/null
t_is "and stores what it takes" "$(n_stored "$m")" $((n + 1))
sleep 2.2 # it looks each second
t_is "the slave says once that it does not copy" "$(grep -c 'does not copy its master' "$T_DIR/slave.log")" 1
t_ok "and why its store takes nothing" grep -qE 'store refuses messages.*(full|space)' "$T_DIR/slave.log"
t_is "the master has lost it once" "$(grep -c 'slave lost' "$T_DIR/a.log")" 1
t_is "the slave's messages can be read" "$(pull "$s")" 0
t_has "it says that it does not copy" "$(rawcall "$s" 907)" '"activated":false'
grow_disk 256
t_ok "with room again it goes on" t_wait 60 slave_is_whole
t_ok "and both have a message again" t_wait 30 answers 0
t_is "nothing is lost" "$(n_stored "$s")" "$(n_stored "$m")"
t_ok "the slave stops" stop slave
t_done
