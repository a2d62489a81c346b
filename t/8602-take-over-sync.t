#!/bin/sh
# SYNC_MASTER with a quorum: a slave that is in sync is promoted, with all that was acknowledged.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/quorum.sh
. "${SRCDIR:-.}/t/lib/quorum.sh"

quorum || exit 1
t_ok 'a quorum' t_wait 30 has_leader
l=$(leader)

replica() { # NAME ROLE
	broker "$1" -o brokerName=pair -o brokerClusterName=C -o enableControllerMode=true \
		-o namesrvAddr="$Q1;$Q2" -o controllerAddr="$Q1;$Q2;$Q3" -o brokerRole="$2" -o brokerId=1 \
		-o flushDiskType=ASYNC_FLUSH -o httpPort=0
}
replica one SYNC_MASTER && replica two SLAVE || exit 1
one=$(address one)
two=$(address two)

send() {
	rawcall -t 3000 -B "$2" "$1" 310 a=PG b=T c=TBW102 d=1 e=0 f=0 g=1 h=0 j=0 k=false m=false
}
sends() {
	[ "$(send "$1" "${2:-x}" | field code)" = 0 ]
}
both() {
	rawcall -B '["pair"]' "$l" 1006 | field body | sed 's/"notInSyncReplicas.*//' | grep -q '"brokerId":2'
}
has() { # ADDRESS BODY
	rawcall -R "$1" 11 consumerGroup=G topic=T queueId=0 queueOffset=0 maxMsgNums=32 sysFlag=4 commitOffset=0 \
		suspendTimeoutMillis=0 subscription='*' subVersion=0 | grep -q "$2"
}
t_ok 'the slave comes into the set' t_wait 30 both
t_ok 'a message is acknowledged' t_wait 10 sends "$one" first-message
for n in 1 2 3 4 5; do
	send "$one" "acknowledged-$n" | grep -q '^code=0' && echo "acknowledged-$n"
done >"$T_DIR/acknowledged"
t_is 'all are' "$(grep -c . "$T_DIR/acknowledged")" 5
kill9 one
stored() {
	send "$two" again | grep -qE '^code=(0|11)$'
}
t_ok 'the slave takes over' t_wait 30 stored
missing=
while read -r body; do
	has "$two" "$body" || missing="$missing $body"
done <"$T_DIR/acknowledged"
t_is 'nothing acknowledged is missing' "$missing" ''
t_done
