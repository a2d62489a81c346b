#!/bin/sh
# mqadmin moveIn with a master that does not let itself be told, that is gone, and a move that is forced.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/move_in.sh
. "${SRCDIR:-.}/t/lib/move_in.sh"

cat >"$T_DIR/log" <<'END'
record|one|T|0|9000|0|0|one|UNIQ_KEY=one
record|late|SCHEDULE_TOPIC_XXXX|1|7000|0|0|late|DELAY=2;REAL_TOPIC=T;REAL_QID=0;UNIQ_KEY=late
record|half|RMQ_SYS_TRANS_HALF_TOPIC|0|6000|0|0|half|TRAN_MSG=true;PGROUP=PG;REAL_TOPIC=T;REAL_QID=0;UNIQ_KEY=half
answer|21|{"dataVersion":{"counter":1,"timestamp":1},"topicConfigTable":{"T":{"order":false,"perm":6,"readQueueNums":1,"topicFilterType":"SINGLE_TAG","topicName":"T","topicSysFlag":0,"writeQueueNums":1}}}
answer|43|{"offsetTable":{}}
answer|45|{"offsetTable":{}}
answer|26|messageDelayLevel=1s 1h
answer|28|{"table":{"commitLogMinOffset":"0","commitLogMaxOffset":"1"}}
END

# move STATUS NAME FLAG ...
move() {
	move_status=$1 move_name=$2
	shift 2
	"$BUILDDIR/mqadmin" moveIn -n "$(address ns)" -b "$b" "$@" >"$T_DIR/out" 2>&1
	t_is "$move_name" $? "$move_status"
}

says() {
	t_has "it says $1" "$(cat "$T_DIR/out")" "$1"
}

start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1
master "$T_DIR/log"
slave -o namesrvAddr="$(address ns)"
t_ok "the slave has the log" t_wait 30 state caughtUp
t_ok "and has counted" t_wait 30 looks '"halvesOpen":1,"delayed":1'
move 0 "nothing stands in the way"
says 'Half messages without a decision: 1'
says 'Delayed messages:    1'
move 1 "but the master cannot be told" -y
says 'does not let itself be told to take no more messages (it does not tell its settings)'
t_ok "the slave is a slave" state caughtUp

kill9 master
t_ok "the master is gone" t_wait 30 looks '"masterAnswers":false'
move 1 "nobody knows whether all of its log is here"
says 'STOPS    master-silent'
move 1 "so it does not switch" -y
says '1 findings stand in the way; nothing was changed'
t_ok "the slave is a slave still" state caughtUp
move 0 "unless somebody says so" -y -f -m SYNC_MASTER
says 'State:               moved'
says 'Half messages without a decision: 1'
says 'brokerRole=SYNC_MASTER, brokerId=0'
t_has "the name server knows the new master" "$(rawcall "$(address ns)" 106)" "0:\"$b\""
t_ok "which is a SYNC_MASTER" grep -q 'broker ready .*id=0 role=SYNC_MASTER' "$T_DIR/slave.log"
move 0 "again" -y
says 'It is the master already.'
stop slave
stop ns
t_done
