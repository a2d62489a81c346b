#!/bin/sh
# A name server is told what changed and not all topics again, and knows all the same.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1
start broker mqbroker -n "$(address ns)" -o brokerName=broker-a -o brokerIP1=127.0.0.1 -o bindAddress=127.0.0.1 \
	-o registerNameServerPeriod=60000 -o storePathRootDir="$T_DIR/store" || exit 1

# create TOPIC: the code of the answer
create() {
	rawcall "$(address broker)" 17 topic="$1" defaultTopic=TBW102 readQueueNums=4 writeQueueNums=4 perm=6 \
		topicFilterType=SINGLE_TAG topicSysFlag=0 order=false | field code
}

# route TOPIC: the code of the name server's answer
route() {
	rawcall "$(address ns)" 105 topic="$1" | field code
}

# route_is CODE TOPIC
route_is() {
	[ "$(route "$2")" = "$1" ]
}

t_ok 'the broker is known' t_wait 30 route_is 0 TBW102
t_is 'a topic is created' "$(create First)" 0
t_is 'who has the answer finds its route' "$(route First)" 0

t_ok '500 topics are created, many at a time' "$BUILDDIR/mqbench" connect -n "$(address ns)" -T 500 -t Many -d 1 -Q
t_is 'the first of them has a route' "$(route Many-00000)" 0
t_is 'the last, too' "$(route Many-00499)" 0
t_is 'and what was there before' "$(route First)$(route TBW102)" 00

# Told all, the name server would have it again.
t_is 'a topic is taken from the name server alone' "$(rawcall "$(address ns)" 216 topic=Many-00009 | field code)" 0
t_is 'another one is created' "$(create Other)" 0
t_is 'of this one alone the name server is told' "$(route Other)$(route Many-00009)" 017

t_is 'one is deleted' "$(rawcall "$(address broker)" 215 topic=Many-00007 | field code)" 0
t_ok 'it has no route, for then all are told' t_wait "$T_SECOND" route_is 17 Many-00007
t_is 'the others have' "$(route First)$(route Many-00008)" 00
t_is 'one more is created' "$(create Second)" 0
t_is 'it has a route at once' "$(route Second)" 0
t_is 'the deleted one did not come back' "$(route Many-00007)" 17
t_is 'nor did others go' "$(route First)$(route Many-00499)" 00

ns_port=$(port ns)
kill9 ns
start ns mqnamesrv -o storePath="$T_DIR/ns" -o listenPort="$ns_port" || exit 1
t_ok 'a name server that starts anew is told all' t_wait 35 route_is 0 First
t_is 'also the last' "$(route Second)$(route Many-00499)" 00
stop broker
stop ns
t_done
