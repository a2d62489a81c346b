#!/bin/sh
# The set of replicas in sync, as the quorum knows it: a slave comes in when it has all that was
# answered, and the master answers without it only after the quorum knows that it fell out. Consumers
# get nothing before either.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/quorum.sh
. "${SRCDIR:-.}/t/lib/quorum.sh"

quorum || exit 1
t_ok 'a quorum' t_wait 30 has_leader
l=$(leader)
broker m -o brokerName=pair -o brokerClusterName=C -o enableControllerMode=true -o namesrvAddr="$Q1;$Q2" \
	-o controllerAddr="$Q1;$Q2;$Q3" -o brokerRole=SYNC_MASTER -o slaveTimeout=500 -o httpPort=0 || exit 1
m=$(address m)

send() {
	rawcall -B hello "$m" 310 a=PG b=T c=TBW102 d=2 e=0 f=0 g=1 h=0 j=0 k=false m=false
}
sends() {
	[ "$(send | field code)" = "$1" ]
}
in_sync() {
	rawcall -B '["pair"]' "$l" 1006 | field body | sed 's/"notInSyncReplicas.*//' | grep -o '"brokerId":[0-9]*' | tr -d '\n'
}
t_ok 'a SYNC_MASTER alone' t_wait 30 sends 11
t_is 'is alone in sync' "$(in_sync)" '"brokerId":1'
t_is 'another replica' "$(rawcall "$l" 1013 clusterName=C brokerName=pair appliedBrokerId=2 \
	'registerCheckCode=127.0.0.1:1;x' | field code)" 0

# slave NAME: one that only listens, from the begin of the log on
slave() {
	hello='{"brokerName":"pair","brokerId":2,"clusterName":"C","version":"1","canReadMeta":true,"minPosition":0,"maxPosition":0,"epochs":[]}'
	got=$(rawcall -B "$hello" "$m" 7021 | field body)
	token=$(echo "$got" | grep -o '"token":"[0-9a-f]*' | cut -d'"' -f4)
	"$BUILDDIR/t/lib/ha_slave" -t "$token" "127.0.0.1:$((${m##*:} + 1))" >"$T_DIR/$1" 2>&1 &
	t_remember "$1" $!
}
pull() { # at $at
	rawcall "$m" 11 consumerGroup=G topic=T queueId=0 queueOffset="$at" maxMsgNums=32 sysFlag=4 commitOffset=0 \
		suspendTimeoutMillis=0 subscription='*' subVersion=0
}
both() {
	[ "$(in_sync)" = '"brokerId":1"brokerId":2' ]
}
slave s
t_has 'the hello tells the epochs of the master' "$got" '"epochs":[[1,0]]'
t_ok 'the slave comes into the set' t_wait 30 both
t_ok 'a send waits for it' t_wait 10 sends 0
kill -STOP "$(pid s)"
alone() {
	got=$(send | field code)
	[ "$got" = 11 ] && echo "$got $(in_sync)" >"$T_DIR/alone"
}
got=$(send)
t_is 'a slave that is frozen: sends time out' "$(echo "$got" | field code)" 12
at=$(echo "$got" | field ext.queueOffset)
t_is 'nobody gets what the slave lacks, as it may be promoted' "$(pull | field code)" 19
t_is 'the queue is as long as the slave has it' "$(rawcall "$m" 30 topic=T queueId=0 | field ext.offset)" "$at"
t_ok 'until the master answers without it' t_wait 30 alone
t_is 'which it does after the quorum knows' "$(cat "$T_DIR/alone")" '11 "brokerId":1'
t_is 'then consumers get it' "$(pull | field code)" 0
kill9 s
slave s2
t_ok 'it comes in again' t_wait 30 both
kill9 s2
t_ok 'and out' t_wait 30 sends 11
t_is 'of the set, too' "$(in_sync)" '"brokerId":1'
t_ok 'the master stops as asked' stop m
t_done
