#!/bin/sh
# A SYNC_MASTER: when a send is confirmed, and what it is told when slaves do not have it.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

# run NAME FLAGS ...
run() {
	name=$1
	shift
	start "$name" mqbroker -o storePathRootDir="$T_DIR/$name" -o brokerIP1=127.0.0.1 -o brokerName=broker-a \
		-o brokerRole=SYNC_MASTER "$@" || exit 1
	m=$(address "$name")
	ha=127.0.0.1:$(($(port "$name") + 1))
}

# slave NAME FLAGS ...: in the background, from the end of the log on
slave() {
	slave_name=$1
	shift
	"$BUILDDIR/t/lib/ha_slave" -f "$(end_of_log)" "$@" "$ha" >"$T_DIR/$slave_name" 2>&1 &
	t_remember "$slave_name" $!
	t_wait 10 in_sync "${slave_n:-1}"
}

status() {
	rawcall "$m" 907 | field body
}

end_of_log() {
	status | grep -o 'masterCommitLogMaxOffset":[0-9]*' | cut -d: -f2
}

in_sync() {
	status | grep -q "\"inSyncSlaveNums\":$1,"
}

# send [PROPERTIES]
send() {
	rawcall -B hello "$m" 310 a=PG b=T c=TBW102 d=2 e=0 f=0 g=1 h=0 i="${1-}" j=0 k=false m=false
}

set_to() { # KEY VALUE: while it runs
	rawcall -B "$(printf '%s=%s\n' "$1" "$2")" "$m" 25 >/dev/null
}

soh=$(printf '\001')
stx=$(printf '\002')
for flush in ASYNC_FLUSH SYNC_FLUSH; do
	run "$flush" -o flushDiskType=$flush
	got=$(send)
	t_is "$flush: no slave" "$(echo "$got" | field code) $(echo "$got" | field ext.queueOffset)" "11 0"
	t_has "$flush: it says so" "$(echo "$got" | field remark)" "too few slaves are in sync"
	t_is "$flush: it has its id all the same" "$(echo "$got" | field ext.msgId | wc -c)" 33
	slave good
	t_is "$flush: a slave has it" "$(send | field code)" 0
	t_is "$flush: one for each" "$(rawcall -B x "$m" 310 a=PG b=T c=TBW102 d=2 e=0 f=0 g=1 h=0 j=0 k=false m=false \
		-- 310 a=PG b=T c=TBW102 d=2 e=1 f=0 g=1 h=0 j=0 k=false m=false | field code | tr '\n' ' ')" "0 0 "
	"$BUILDDIR/mqbench" send -A "$m" -N 3000 -d 60 -t T2 >"$T_DIR/bench" 2>&1
	t_has "$flush: thousands" "$(cat "$T_DIR/bench")" "3000 sent, 3000 acknowledged"
	t_ok "$flush: which the slave has" t_wait 10 eval 'status | grep -q "\"diff\":0,"'
	kill9 good
	t_ok "$flush: it is gone" t_wait 10 in_sync 0
	t_is "$flush: so is its confirmation" "$(send | field code)" 11

	# One that takes all and confirms nothing.
	set_to slaveTimeout 200
	slave deaf -n
	got=$(send)
	t_is "$flush: a slave is silent" "$(echo "$got" | field code) $(echo "$got" | field ext.msgId | wc -c)" "12 33"
	t_has "$flush: that, too" "$(echo "$got" | field remark)" "did not confirm it in slaveTimeout"
	t_is "$flush: who does not want to wait" "$(send "WAIT${soh}false${stx}" | field code)" 0
	printf '\0\0\0\033\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\005hello\0\0' >"$T_DIR/batch"
	t_is "$flush: a batch" "$(rawcall -b "$T_DIR/batch" "$m" 320 a=PG b=T c=TBW102 d=2 e=0 f=0 g=1 h=0 j=0 k=false m=true | field code)" 12
	half=$(send "TRAN_MSG${soh}true${stx}PGROUP${soh}PG${stx}UNIQ_KEY${soh}U${stx}")
	t_is "$flush: a half message" "$(echo "$half" | field code)" 12
	position=$(printf %d "0x$(echo "$half" | field ext.msgId | cut -c17-32)")
	t_is "$flush: its end is stored" "$(rawcall "$m" 37 producerGroup=PG tranStateTableOffset=0 commitLogOffset="$position" \
		commitOrRollback=8 msgId=U transactionId=U | field code)" 0
	slave good
	t_is "$flush: one of two is enough" "$(send | field code)" 0
	set_to inSyncReplicas 3
	t_is "$flush: unless both are wanted" "$(send | field code)" 12
	set_to inSyncReplicas 1
	set_to minInSyncReplicas 4
	t_ok "$flush: four cannot be there" t_wait 10 eval '[ "$(send | field code)" = 11 ]'
	kill9 good
	kill9 deaf
	stop "$flush"
	t_has_not "$flush: nothing went wrong" "$(cat "$T_DIR/$flush.log")" "error:"
done
t_done
