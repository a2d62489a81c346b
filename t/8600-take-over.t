#!/bin/sh
# The quorum decides who is the master: the first one, another one when it is killed or frozen; the
# former master comes back as a slave, and acknowledges nothing after its lease.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/quorum.sh
. "${SRCDIR:-.}/t/lib/quorum.sh"

# Nobody copies the log here: a slave that is not in sync is promoted because this allows it.
quorum || exit 1
t_ok 'a quorum' t_wait 30 has_leader
for q in $Q1 $Q2 $Q3; do
	t_is 'a setting of a server' "$(rawcall -B 'enableElectUncleanMaster=true' "$q" 1009 | field code)" 0
	t_has 'is told' "$(rawcall "$q" 1010)" 'enableElectUncleanMaster=true'
done

# replica NAME FLAGS ...: a broker of the name pair
replica() {
	r_name=$1
	shift
	broker "$r_name" -o brokerName=pair -o brokerClusterName=C -o enableControllerMode=true \
		-o namesrvAddr="$Q1;$Q2" -o controllerAddr="$Q1;$Q2;$Q3" -o flushDiskType=ASYNC_FLUSH \
		-o httpPort=0 "$@"
}
replica one -o brokerRole=ASYNC_MASTER || exit 1
replica two -o brokerRole=SLAVE -o brokerId=1 || exit 1
one=$(address one)
two=$(address two)

# master: the address that clients get; by both name servers
master() {
	rawcall -t 2000 "${1:-$Q1}" 105 topic=TBW102 | field body | sed -n 's/.*"brokerAddrs":{[^}]*0["]*:"\([^"]*\)".*/\1/p'
}
master_is() {
	[ "$(master $Q1)" = "$1" ] && [ "$(master $Q2)" = "$1" ]
}
write() {
	rawcall -t 2000 -B "${2:-x}" "$1" 10 producerGroup=P topic=TBW102 defaultTopic=TBW102 defaultTopicQueueNums=4 queueId=0 \
		sysFlag=0 bornTimestamp=1 flag=0 reconsumeTimes=0 unitMode=false
}
# 11: stored, and no slave has it
writes() {
	write "$1" | grep -qE '^code=(0|11)$'
}

t_ok 'the first master is the one that is configured as one' t_wait 30 master_is "$one"
t_ok 'it writes' t_wait 10 writes "$one"
t_has 'in the first epoch' "$(cat "$T_DIR/one/replica.json")" '"epochs":[[1,0]]'
slave_is_known() {
	rawcall -t 2000 "$Q1" 105 topic=TBW102 | grep -q "$two"
}
t_ok 'the slave is known, too' t_wait 30 slave_is_known
t_fails 'a slave writes nothing' writes "$two"
t_is 'a slave that is told of another role asks the quorum' "$(rawcall "$two" 1008 masterAddress="$two" masterBrokerId=2 \
	masterEpoch=9 syncStateSetEpoch=9 -- 1008 | field code | tr '\n' ' ')" '0 0 '
t_fails 'and believes it' writes "$two"

# killed: the other one, within 5 seconds
kill9 one
before=$(date +%s%N)
t_ok 'the slave takes over' t_wait 30 writes "$two"
after=$(date +%s%N)
echo "# writes were accepted again after $(((after - before) / 1000000)) ms"
t_ok 'and clients hear of it' t_wait 30 master_is "$two"
t_has 'the process is the same' "$(cat "$T_DIR/two.log")" 'starts again role=master epoch=2'
t_ok 'with its pid' kill -0 "$(pid two)"
list() {
	"$BUILDDIR/mqadmin" clusterList -n "$Q1" --json 2>&1
}
got=$(list)
t_has 'it says what happened' "$got" '"roleCause":"lost","rolePeer":"'"$one"'"'
t_has 'in which epoch' "$got" '"epoch":2,'
t_has 'and when' "$got" '"roleSince":1'

# the former master is back
replica one -o brokerRole=ASYNC_MASTER || exit 1
is_slave() {
	grep -q 'role=slave' "$T_DIR/$1.log" && grep -q '"role":"slave"' "$T_DIR/$1/replica.json"
}
t_ok 'the former master comes back as a slave' t_wait 30 is_slave one
t_fails 'and writes nothing' writes "$one"
t_ok 'the master is still the other one' master_is "$two"
t_ok 'and writes' writes "$two"

# frozen: it acknowledges nothing that it stores after its lease
kill -STOP "$(pid two)"
for n in 1 2 3 4 5; do
	write "$two" "late-$n" >"$T_DIR/late.$n" &
	late="${late-} $!"
done
t_ok 'the other one takes over from a frozen master' t_wait 30 writes "$one"
kill -CONT "$(pid two)"
# shellcheck disable=SC2086 # a list
wait $late
t_is 'the frozen one acknowledges nothing' "$(cat "$T_DIR"/late.* | grep -cE '^code=(0|11)$')" 0
t_ok 'it becomes a slave' t_wait 30 is_slave two
t_ok 'clients know the master' t_wait 30 master_is "$one"
says_replaced() {
	list | grep -q '"roleCause":"replaced","rolePeer":"'"$one"'"'
}
t_ok 'the slave says who replaced it' t_wait 30 says_replaced

# a person elects
admin() {
	"$BUILDDIR/mqadmin" "$@" -n "$Q1;$Q2" 2>&1
}
t_has 'getControllerMetaData' "$(admin getControllerMetaData -a "$Q2")" "$(leader)"
t_has 'getSyncStateSet' "$(admin getSyncStateSet -b pair --json)" '"brokerId":1,"address":"'"$one"'","role":"master","inSync":"yes","alive":"yes"'
t_has 'of all brokers of the cluster' "$(admin getSyncStateSet -c C)" "$two"
t_has 'getBrokerEpoch' "$(admin getBrokerEpoch -b "$one" --json)" '"epoch":1,"startOffset":0'
t_fails 'electMaster of nobody' admin electMaster -b 9 -N pair -c C
got=$(admin electMaster -b 2 -N pair -c C)
t_has 'electMaster' "$got" "$two"
t_ok 'the other one is the master' t_wait 30 master_is "$two"
t_ok 'and writes' t_wait 10 writes "$two"
t_has 'a master that gave way was not lost' "$(list)" '"roleCause":"gaveWay","rolePeer":"'"$one"'"'

# cut off from the quorum: no writes after the lease
for q in q1 q2 q3; do
	kill9 $q
done
refused() {
	write "$two" | grep -q 'no lease of the quorum'
}
t_ok 'without the quorum the master stops writing' t_wait 30 refused
t_ok 'and says so once' grep -q 'writes nothing: no name server' "$T_DIR/two.log"
quorum || exit 1
t_has 'a changed setting is kept' "$(rawcall $Q3 1010)" 'enableElectUncleanMaster=true'
t_ok 'with the quorum it writes again' t_wait 30 writes "$two"
for b in one two; do
	t_ok "$b stops as asked" stop $b
done
t_done
