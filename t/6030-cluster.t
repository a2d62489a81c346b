#!/bin/sh
# Two masters and two name servers: registration, topics on both, names that are taken, bad addresses.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

start n1 mqnamesrv -o storePath="$T_DIR/n1" || exit 1
start n2 mqnamesrv -o storePath="$T_DIR/n2" || exit 1
n1=$(address n1)
n2=$(address n2)

broker() {
	t_broker=$1
	shift
	start "$t_broker" mqbroker -n "$n1;$n2" -o storePathRootDir="$T_DIR/$t_broker" -o brokerName="broker-$t_broker" "$@"
}

# route TOPIC: the brokers that have it
route() {
	rawcall "${2:-$n1}" 105 topic="$1" | field body | grep -o '"queueDatas".*' | grep -o '"brokerName":"[^"]*"' |
		sort | sed 's/.*:"\(.*\)"/\1/' | tr '\n' ' '
}

route_is() {
	[ "$(route "$1" "${3-}")" = "$2" ]
}

send() {
	rawcall -B hello "$1" 310 a=PG b="$2" c=TBW102 d=4 e=0 f=0 g=1 h=0 i= j=0 k=false m=false | field code
}

broker a || exit 1
t_ok "known to the first name server" t_wait 30 route_is TBW102 'broker-a ' "$n1"
t_ok "and to the second" t_wait 30 route_is TBW102 'broker-a ' "$n2"
t_has "under the address that reaches the name servers" "$(rawcall "$n1" 106)" '{0:"'"$(address a)"'"}'
broker b || exit 1
t_ok "two masters" t_wait 30 route_is TBW102 'broker-a broker-b '

# a topic that one of them makes is on both
t_is "a send makes a topic" "$(send "$(address a)" Auto)" 0
t_ok "on both masters" t_wait 30 route_is Auto 'broker-a broker-b '
t_ok "and the other name server knows" t_wait 30 route_is Auto 'broker-a broker-b ' "$n2"
t_has "with the same queues" "$(rawcall "$(address b)" 351 topic=Auto | field body)" '"writeQueueNums":4'
rawcall "$(address b)" 17 topic=Made defaultTopic=TBW102 readQueueNums=3 writeQueueNums=3 perm=6 \
	topicFilterType=SINGLE_TAG order=false >/dev/null
t_ok "so is one that a tool makes" t_wait 30 route_is Made 'broker-a broker-b '
rawcall "$(address b)" 17 topic=Made defaultTopic=TBW102 readQueueNums=9 writeQueueNums=9 perm=6 \
	topicFilterType=SINGLE_TAG order=false >/dev/null
t_has "a change stays where it was made" "$(rawcall "$(address a)" 351 topic=Made | field body)" '"writeQueueNums":3'
rawcall "$(address a)" 215 topic=Made >/dev/null
sleep 0.5
t_is "a deletion too" "$(rawcall "$(address a)" 351 topic=Made | field code)$(rawcall "$(address b)" 351 topic=Made | field code)" 170

# one is away while a topic is made
kill9 b
t_ok "who dies is gone at once, and not when it was silent for ten seconds" t_wait 8 route_is Auto 'broker-a '
send "$(address a)" Later >/dev/null
broker b -o registerNameServerPeriod=1000 || exit 1
t_ok "it comes back" t_wait 30 route_is Auto 'broker-a broker-b '
rawcall -B "registerNameServerPeriod=1000" "$(address a)" 25 >/dev/null
t_ok "and hears of what was made meanwhile" t_wait 30 route_is Later 'broker-a broker-b '

# ordered topics
rawcall "$n1" 100 namespace=ORDER_TOPIC_CONFIG key=Auto value='broker-b:4' >/dev/null
rawcall "$n2" 100 namespace=ORDER_TOPIC_CONFIG key=Auto value='broker-b:4' >/dev/null
is_ordered() {
	rawcall "$(address b)" 351 topic=Auto | grep -q '"order":true'
}
t_ok "the name server says which topics are ordered" t_wait 30 is_ordered

# a name server that restarts hears of everybody again
kill9 n1
start n1 mqnamesrv -o storePath="$T_DIR/n1" -o listenPort="${n1##*:}" || exit 1
t_ok "a new name server knows all" t_wait 30 route_is Auto 'broker-a broker-b '

# a name that is taken
start twin mqbroker -n "$n1;$n2" -o storePathRootDir="$T_DIR/twin" -o brokerName=broker-a >/dev/null
t_ok "the twin of a live broker ends" t_wait 30 sh -c "! kill -0 $(pid twin) 2>/dev/null"
wait "$(pid twin)"
t_is "with status 1" $? 1
t_has "and says why" "$(cat "$T_DIR/twin.log")" "broker-a with brokerId 0 is registered and alive at $(address a)"
t_is "the first goes on" "$(send "$(address a)" Auto)" 0

# addresses that are wrong
start bad mqbroker -n "127.0.0.1:1;$n1" -o storePathRootDir="$T_DIR/bad" -o brokerName=broker-bad \
	-o brokerIP1=192.0.2.1 || exit 1
t_ok "the good name server of a list is used" t_wait 30 sh -c "$RAWCALL $n1 106 | grep -q broker-bad"
t_ok "the bad one is named" t_wait 30 grep -q 'address=127.0.0.1:1 ' "$T_DIR/bad.log"
t_ok "an address that is not ours is noticed" t_wait 30 grep -q 'set brokerIP1' "$T_DIR/bad.log"
stop bad
start name mqbroker -o storePathRootDir="$T_DIR/name" -o brokerIP1=no-such-host.invalid >/dev/null
t_has "a name that does not resolve" "$(cat "$T_DIR/name.log")" 'brokerIP1=no-such-host.invalid does not resolve'

# good-bye
t_ok "a broker that stops" stop b
t_is "is gone before it ends" "$(route Auto)" 'broker-a '
stop a
t_done
