#!/bin/sh
# Two name servers and real brokers: what each learns, and when (NS2, NS3, NS4, NS9, NS12).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

start ns1 mqnamesrv -o storePath="$T_DIR/ns1" || exit 1
start ns2 mqnamesrv -o storePath="$T_DIR/ns2" || exit 1
ns1=$(address ns1)
ns2=$(address ns2)

# broker NAME STORE
broker() {
	start "$2" mqbroker -n "$ns1;$ns2" -o autoCreateTopicOnAllBrokers=false -o brokerName="$1" -o brokerIP1=127.0.0.1 \
		-o bindAddress=127.0.0.1 -o storePathRootDir="$T_DIR/$2"
}

# route_is NAME-SERVER CODE TOPIC
route_is() {
	[ "$(rawcall "$1" 105 topic="$3" | field code)" = "$2" ]
}

# names NAME-SERVER TOPIC: the brokers of its route
names() {
	rawcall "$1" 105 topic="$2" | field body | grep -o '"brokerName":"[^"]*","cluster"' | cut -d'"' -f4 | tr '\n' ' '
}

names_are() {
	[ "$(names "$1" "$2")" = "$3" ]
}

t_ok 'broker-a starts' broker broker-a a
t_ok 'broker-b starts' broker broker-b b
t_ok 'the first name server knows both' t_wait 30 names_are "$ns1" TBW102 'broker-a broker-b '
t_ok 'the second knows both' t_wait 30 names_are "$ns2" TBW102 'broker-a broker-b '
t_is 'they answer the same bytes' "$(rawcall "$ns1" 105 topic=TBW102)" "$(rawcall "$ns2" 105 topic=TBW102)"

# a new topic
t_is 'a topic is created on broker-a' "$(rawcall "$(address a)" 17 topic=New defaultTopic=TBW102 readQueueNums=4 \
	writeQueueNums=4 perm=6 topicFilterType=SINGLE_TAG topicSysFlag=0 order=false | field code)" 0
t_ok 'its route is there within a second' t_wait "$T_SECOND" route_is "$ns1" 0 New
t_ok 'at both' t_wait "$T_SECOND" route_is "$ns2" 0 New
t_is 'it is deleted there' "$(rawcall "$(address a)" 215 topic=New | field code)" 0
t_ok 'and has no route within a second' t_wait "$T_SECOND" route_is "$ns1" 17 New

# a second broker-a
t_ok 'a second broker-a comes up' broker broker-a c
t_ok 'and is told that there is one' t_wait 30 grep -q "registered and alive at $(address a)" "$T_DIR/c.log"
t_has_not 'clients are not sent to it' "$(rawcall "$ns1" 105 topic=TBW102)" ":$(port c)\""
kill9 c

# a name server dies
kill9 ns1
t_ok 'the other name server goes on' names_are "$ns2" TBW102 'broker-a broker-b '
start ns1 mqnamesrv -o storePath="$T_DIR/ns1" -o listenPort="${ns1#*:}" || exit 1
t_ok 'the first one is back and knows all again' t_wait 35 names_are "$ns1" TBW102 'broker-a broker-b '

# brokers go
kill9 b
t_ok 'kill -9 of broker-b: out of the route within a second' t_wait "$T_SECOND" names_are "$ns1" TBW102 'broker-a '
t_ok 'SIGTERM stops broker-a' stop a
t_ok 'its route was gone before it was' route_is "$ns1" 17 TBW102
t_has 'because it said so' "$(rawcall "$ns2" 105 topic=TBW102)" '(it was shut down)'
stop ns1
stop ns2
t_done
