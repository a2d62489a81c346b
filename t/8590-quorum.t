#!/bin/sh
# Two name servers and a witness agree on the masters of broker names: the requests of RocketMQ's
# controller, leases, a new leader, a lost minority, strangers on the port of the quorum.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/quorum.sh
. "${SRCDIR:-.}/t/lib/quorum.sh"

quorum || exit 1
t_ok 'a leader is elected' t_wait 30 has_leader
l=$(leader)
for one in $Q1 $Q2 $Q3; do
	t_is "$one knows the leader" "$(leader "$one")" "$l"
	[ "$one" = "$l" ] || follower=$one
done
got=$(rawcall "$follower" 1005)
t_has 'and all servers' "$got" "ext.peers=$Q_PEERS"
t_is 'a follower leads not' "$(echo "$got" | field ext.isLeader)" false
got=$(rawcall "$follower" 1004 brokerName=a)
t_is 'and answers nothing else: 2007' "$(echo "$got" | field code)" 2007
t_has 'but names the leader' "$got" "ask $l"
t_is 'a witness has no routes' "$(rawcall "$Q3" 105 topic=T | field code)" 3

# ids
names='clusterName=C brokerName=a'
code() {
	# shellcheck disable=SC2086 # fields are words
	rawcall "$@" | field code
}
# shellcheck disable=SC2086 # fields are words
{
	t_is 'the first id is 1' "$(rawcall "$l" 1012 $names | field ext.nextBrokerId)" 1
	t_is 'it is taken' "$(code "$l" 1013 $names appliedBrokerId=1 'registerCheckCode=127.0.0.1:1111;x')" 0
	t_is 'by one broker' "$(code "$l" 1013 $names appliedBrokerId=1 'registerCheckCode=127.0.0.1:2222;y')" 2014
	t_is 'that may repeat it' "$(code "$l" 1013 $names appliedBrokerId=1 'registerCheckCode=127.0.0.1:1111;x')" 0
	t_is 'the second id' "$(code "$l" 1013 $names appliedBrokerId=2 'registerCheckCode=127.0.0.1:2222;y')" 0
	t_is 'a check code of 300 bytes is refused' \
		"$(code "$l" 1013 $names appliedBrokerId=3 "registerCheckCode=$(printf '%0300d' 1)")" 2005
	t_is 'who has no id is no replica' \
		"$(code "$l" 1003 $names brokerId=7 brokerAddress=127.0.0.1:7777)" 2010
	got=$(rawcall "$l" 1003 $names brokerId=2 brokerAddress=127.0.0.1:2223)
}
t_is 'a replica registers with another address' "$(echo "$got" | field code)" 0
t_is 'there is no master yet' "$(echo "$got" | field ext.masterBrokerId)" ''

# renew ID EPOCH POSITION FLAGS ...: a lease
renew() {
	r_id=$1 r_epoch=$2 r_position=$3
	shift 3
	# shellcheck disable=SC2086 # fields are words
	rawcall "$l" 7022 $names brokerId="$r_id" brokerAddress=127.0.0.1:1111 masterEpoch="$r_epoch" \
		knownEpoch="$r_epoch" maxOffset="$r_position" "$@"
}
t_is 'who does not ask for it is no master' "$(renew 2 0 0 | field ext.masterEpoch)" 0
got=$(renew 1 0 100 wantsMaster=true)
t_has 'who does is the first one' "$got" 'ext.masterBrokerId=1'
t_has 'and may write' "$got" 'ext.granted=true'
t_has 'in the first epoch' "$got" 'ext.masterEpoch=1'
t_has 'it alone is in sync' "$got" '"syncStateSet":[1]'
t_has 'a slave hears who that is' "$(renew 2 0 50)" 'ext.masterAddress=127.0.0.1:1111'
t_has 'and may not write' "$(renew 2 0 50)" 'ext.granted=false'
t_is 'a set of a former epoch is refused: 2000' \
	"$(code -B '{"syncStateSet":[1,2],"syncStateSetEpoch":1}' "$l" 1001 brokerName=a masterBrokerId=1 masterEpoch=0)" 2000
t_is 'a set of another master: 2002' \
	"$(code -B '{"syncStateSet":[1,2],"syncStateSetEpoch":1}' "$l" 1001 brokerName=a masterBrokerId=2 masterEpoch=1)" 2002
t_is 'a set with a replica that is none: 2003' \
	"$(code -B '{"syncStateSet":[1,9],"syncStateSetEpoch":1}' "$l" 1001 brokerName=a masterBrokerId=1 masterEpoch=1)" 2003
t_is 'the slave has caught up' \
	"$(rawcall -B '{"syncStateSet":[1,2],"syncStateSetEpoch":1}' "$l" 1001 brokerName=a masterBrokerId=1 masterEpoch=1 |
		field ext.newSyncStateSetEpoch)" 2
got=$(rawcall -B '["a","b"]' "$l" 1006)
t_has 'the data of the set' "$got" '"masterAddress":"127.0.0.1:1111","masterBrokerId":1,"masterEpoch":1,"notInSyncReplicas":[]'
t_is 'no list of names: 2005' "$(code -B '7' "$l" 1006)" 2005
t_is 'a broker that knows a later epoch gets nothing: the quorum lost its memory' "$(renew 2 9 50 | field code)" 2000

# take-over: the master falls silent, the slave does not
promoted() {
	renew 2 0 50 | grep -q 'ext.masterBrokerId=2'
}
renew 1 1 120 >"$T_DIR/last"
before=$(date +%s%N)
t_has 'the master is alive' "$(cat "$T_DIR/last")" 'ext.granted=true'
t_ok 'the slave becomes the master when the lease is over' t_wait 30 promoted
after=$(date +%s%N)
t_ok 'not before' test $(((after - before) / 1000000)) -ge 3400
got=$(renew 2 2 50)
t_has 'the new epoch' "$got" 'ext.masterEpoch=2'
t_has 'it may write' "$got" 'ext.granted=true'
got=$(renew 1 1 120 wantsMaster=true)
t_has 'the former master may not' "$got" 'ext.granted=false'
t_has 'and is not in sync' "$got" '"syncStateSet":[2]'

# a person elects
t_is 'not a replica that lacks messages' \
	"$(code "$l" 1002 clusterName=C brokerName=a brokerId=1 designateElect=true)" 2012
rawcall -B '{"syncStateSet":[1,2],"syncStateSetEpoch":3}' "$l" 1001 brokerName=a masterBrokerId=2 masterEpoch=2 >"$T_DIR/set"
renew 2 2 60 >"$T_DIR/last"
rawcall "$l" 1002 clusterName=C brokerName=a brokerId=1 designateElect=true >"$T_DIR/elect" &
elect=$!
refused_now() {
	renew 2 2 60 | grep -q 'ext.granted=false'
}
t_ok 'the present master gets no further lease' t_wait 10 refused_now
renew 2 2 60 givenUp=true >"$T_DIR/last"
wait $elect
t_has 'it gives up, and the other one is the master at once' "$(cat "$T_DIR/elect")" 'ext.masterBrokerId=1'
t_has 'in the third epoch' "$(cat "$T_DIR/elect")" 'ext.masterEpoch=3'

# a new leader knows the same; without a majority nobody answers
kill9 "$(server_at "$l")"
t_ok 'another leader' t_wait 30 has_leader
l=$(leader)
t_has 'knows the master' "$(rawcall "$l" 1004 brokerName=a)" 'ext.masterEpoch=3'
for one in q1 q2 q3; do
	[ "$one" != "$(server_at "$l")" ] && kill -0 "$(pid $one)" 2>/dev/null && kill9 $one
done
lost() {
	[ "$(code -t 4000 "$l" 1004 brokerName=a)" = 2007 ]
}
t_ok 'a leader alone answers nothing' t_wait 30 lost

# what is on disk comes back
for n in 1 2 3; do
	kill -0 "$(pid q$n)" 2>/dev/null || server $n || exit 1
done
t_ok 'the servers start again' t_wait 30 has_leader
l=$(leader)
t_has 'and know what they agreed on' "$(rawcall "$l" 1004 brokerName=a)" 'ext.masterEpoch=3'

# strangers on the port of the quorum
q=$((${l##*:} + 2))
head -c 4096 /dev/urandom | timeout 5 "$BUILDDIR/t/lib/rawcall" -h 127.0.0.1:$q >/dev/null 2>&1
if command -v python3 >/dev/null; then
	python3 - $q <<-'PYTHON'
	import os, socket, struct, sys
	for i in range(200):
	    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
	    s.sendall([os.urandom(64), struct.pack("<QQQ", 1, 2, 1 << 60), b"TwinMQ-quorum\0\0\1" + bytes(24), b""][i % 4])
	    if i % 3:
	        s.close()
	PYTHON
fi
t_ok 'the leader leads on' has_leader "$l"
t_is 'a broker is forgotten' "$(code "$l" 1011 clusterName=C brokerName=a isCleanLivingBroker=true)" 0
t_is 'and unknown' "$(code "$l" 1004 brokerName=a)" 2008
for one in q1 q2 q3; do
	t_ok "$one stops as asked" stop $one
done
t_done
