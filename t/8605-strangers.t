#!/bin/sh
# What no broker or name server would send to a quorum, to a master and to a slave: each gets an answer, nothing is
# changed, and memory stays where it was.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/quorum.sh
. "${SRCDIR:-.}/t/lib/quorum.sh"

quorum || exit 1
t_ok 'a quorum' t_wait 30 has_leader
l=$(leader)
start plain mqnamesrv -o storePath="$T_DIR/plain" -o httpPort=0 || exit 1
broker master -o brokerName=a -o brokerRole=SYNC_MASTER -o namesrvAddr="$(address plain)" -o httpPort=0 || exit 1
broker slave -o brokerName=a -o brokerRole=SLAVE -o brokerId=1 -o namesrvAddr="$(address plain)" -o httpPort=0 || exit 1
names='clusterName=C brokerName=a'
# shellcheck disable=SC2086 # fields are words
{
	rawcall "$l" 1013 $names appliedBrokerId=1 'registerCheckCode=127.0.0.1:1;x'
	rawcall "$l" 7022 $names brokerId=1 brokerAddress=127.0.0.1:1 masterEpoch=0 knownEpoch=0 maxOffset=0 wantsMaster=true
} >"$T_DIR/begin"
t_has 'a master' "$(cat "$T_DIR/begin")" 'ext.granted=true'
group() {
	rawcall -B '["a"]' "$l" 1006 | field body | sed 's/"alive":[a-z]*//g'
}
before=$(group)

bodies=$T_DIR/bodies
mkdir "$bodies"
: >"$bodies/empty"
printf '[]' >"$bodies/list"
printf '{}' >"$bodies/object"
printf '{"a' >"$bodies/torn"
head -c 100000 /dev/zero | tr '\0' '[' >"$bodies/deep"
head -c 1000000 /dev/zero >"$bodies/zeros"
printf '{"syncStateSet":[99999999999999999999,-1,1e999],"syncStateSetEpoch":-1e999}' >"$bodies/numbers"
printf '{"syncStateSet":{"a":1},"syncStateSetEpoch":[]}' >"$bodies/types"
{
	printf '{"syncStateSet":[1'
	head -c 100000 /dev/zero | sed 's/\x00/,1/g'
	printf '],"syncStateSetEpoch":1}'
} >"$bodies/many"
printf '{"brokerName":5,"brokerId":"x","clusterName":null,"maxPosition":-9,"minPosition":99,"epochs":[[1],[2,3,4],"x",[-5,-6]]}' \
	>"$bodies/hello"
printf '{"brokerName":"a","brokerId":1,"clusterName":"DefaultCluster","version":"1","canReadMeta":true,"minPosition":9223372036854775807,"maxPosition":-9223372036854775808,"epochs":[[9223372036854775807,-1]]}' \
	>"$bodies/bounds"

anonymous() {
	sed -n 's/^RssAnon:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$(pid "$1")/status"
}
growth=65536
[ -z "${SANITIZERS-}" ] || growth=1048576 # sanitizers keep freed memory

# strangers NAME ADDRESS: every code with every body, with bad fields and with those of the master's name
strangers() {
	memory=$(anonymous "$1")
	silent=
	for code in 1001 1002 1003 1004 1005 1006 1007 1008 1009 1010 1011 1012 1013 7021 7022 7023; do
		for body in "$bodies"/*; do
			rawcall -t 20000 -b "$body" "$2" $code brokerId=x masterEpoch=99999999999 masterBrokerId=-9 brokerName= \
				-- $code clusterName=C brokerName=a brokerId=-9 masterBrokerId=9223372036854775807 masterEpoch=-1 \
				appliedBrokerId=0 registerCheckCode=';;;' brokerAddress=nowhere knownEpoch=-1 maxOffset=-1 \
				brokerControllerIdsToClean='9;;x;-1' designateElect=maybe >"$T_DIR/answers"
			[ "$(grep -c '^code=' "$T_DIR/answers")" = 2 ] || silent="$silent $code:${body##*/}"
		done
	done
	t_is "$1: each got an answer" "$silent" ''
	t_ok "$1: it lives" kill -0 "$(pid "$1")"
	t_ok "$1: memory is bounded" test $(($(anonymous "$1") - memory)) -lt $growth
}
strangers "$(server_at "$l")" "$l"
strangers plain "$(address plain)"
strangers master "$(address master)"
strangers slave "$(address slave)"
t_ok 'the leader leads on' has_leader "$l"
t_is 'and knows what it knew' "$(group)" "$before"
for one in q1 q2 q3 plain master slave; do
	t_ok "$one stops as asked" stop $one
done
t_done
