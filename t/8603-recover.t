#!/bin/sh
# Two name servers and no witness. The host with the master and one of them is lost: nothing is promoted,
# until a person says that the other name server is dead for ever. Later there are two again.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/quorum.sh
. "${SRCDIR:-.}/t/lib/quorum.sh"

Q_PEERS="1-$Q1;2-$Q2" Q3=$Q2
server 1 && server 2 || exit 1
t_ok 'a quorum of two' t_wait 30 has_leader
replica() { # NAME ROLE
	broker "$1" -o brokerName=pair -o brokerClusterName=C -o enableControllerMode=true \
		-o namesrvAddr="$Q1;$Q2" -o controllerAddr="$Q1;$Q2" -o brokerRole="$2" -o brokerId=1 \
		-o flushDiskType=ASYNC_FLUSH -o httpPort=0
}
replica one SYNC_MASTER && replica two SLAVE || exit 1
two=$(address two)
send() {
	rawcall -t 3000 -B "$2" "$1" 310 a=PG b=T c=TBW102 d=1 e=0 f=0 g=1 h=0 j=0 k=false m=false | field code
}
is_sent() {
	[ "$(send "$1" kept)" = 0 ]
}
in_sync() {
	rawcall -B '["pair"]' "$(leader)" 1006 | field body | sed 's/"notInSyncReplicas.*//' | grep -q '"brokerId":2'
}
t_ok 'the slave is in sync' t_wait 60 in_sync
t_ok 'both copies have a message' t_wait 60 is_sent "$(address one)"

# host 1 is lost
kill9 one
kill9 q1
admin() {
	"$BUILDDIR/mqadmin" "$@" -n "$Q2" 2>&1
}
sleep 5
t_is 'nobody is promoted' "$(send "$two" lost)" 14
t_fails 'a person cannot do it either' admin electMaster -b 2 -N pair -c C
kill9 q2
Q_PEERS="2-$Q2"
t_has 'a quorum of one is not made by chance' "$(server 2)" 'the log of the quorum knows other servers than quorumPeers'
t_ok 'but when somebody says so' server 2 -o quorumRecover=true
t_has 'which the log tells' "$(cat "$T_DIR/q2.log")" 'those of the former one must not start again with their logs'
t_ok 'it leads' t_wait 30 has_leader "$Q2"
elect() {
	admin electMaster -b 2 -N pair -c C
}
t_ok 'and a person promotes the slave' t_wait 30 elect
stored() {
	send "$two" new | grep -qE '^(0|11)$'
}
t_ok 'it writes' t_wait 30 stored
t_has 'what was acknowledged is there' "$(rawcall -R "$two" 11 consumerGroup=G topic=T queueId=0 queueOffset=0 \
	maxMsgNums=32 sysFlag=4 commitOffset=0 suspendTimeoutMillis=0 subscription='*' subVersion=0)" kept
kill9 q2
t_ok 'the next start needs nobody' server 2
t_ok 'and leads' t_wait 30 has_leader "$Q2"

# The dead one comes back with its old log: the other one has nothing to do with it.
Q_PEERS="1-$Q1;2-$Q2"
t_ok 'the former server starts' server 1
sleep 3
t_is 'it leads nothing' "$(rawcall -t 2000 "$Q1" 1005 | field ext.isLeader)" false
t_ok 'and the other one leads on' has_leader "$Q2"

# two again: the log of the one that is left is copied
stop q1
stop q2
rm -rf "$T_DIR/q1/quorum"
cp -r "$T_DIR/q2/quorum" "$T_DIR/q1/quorum"
t_ok 'two again' server 1 -o quorumRecover=true && server 2 -o quorumRecover=true
t_ok 'a leader' t_wait 30 has_leader
knows() {
	rawcall "$(leader)" 1004 brokerName=pair | grep -q 'ext.masterEpoch=2'
}
t_ok 'which knows the master' t_wait 30 knows
kill9 q1
kill9 q2
t_ok 'they start again without it' server 1 && server 2
t_ok 'as a quorum' t_wait 30 has_leader
replica one SYNC_MASTER || exit 1
t_ok 'the former master is the slave' t_wait 60 is_sent "$two"
for d in one two q1 q2; do
	t_ok "$d stops as asked" stop $d
done
t_done
