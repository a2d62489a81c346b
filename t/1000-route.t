#!/bin/sh
# Registration, routes in both dialects, and how brokers go (NS1-NS6, NS9).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/namesrv.sh
. "${SRCDIR:-.}/t/lib/namesrv.sh"

start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1
start ns2 mqnamesrv -o storePath="$T_DIR/ns2" || exit 1
ns=$(address ns)
ns2=$(address ns2)

# register NAME ID PORT COUNTER TOPIC ...: held under NAME-ID by both name servers
# shellcheck disable=SC2046 # fields are words
register() {
	r_name=$1 r_id=$2 r_port=$3 r_counter=$4
	shift 4
	r_body=$(table "$r_counter" "$@")
	hold "$r_name-$r_id" -B "$r_body" "$ns" 103 $(broker_fields "$r_name" "$r_id" "$r_port") &&
		hold "$r_name-$r_id-2" -B "$r_body" "$ns2" 103 $(broker_fields "$r_name" "$r_id" "$r_port")
}

route() {
	rawcall "$@" | field body
}

code_is() {
	[ "$(rawcall "$2" 105 topic="$3" | field code)" = "$1" ]
}

# no broker
got=$(rawcall "$ns" 105 topic=T1)
t_is 'a topic is asked for before any broker is there: 17' "$(echo "$got" | field code)" 17
t_has 'because no broker is registered' "$got" 'no broker is registered with this name server'

# two masters
t_ok 'broker-a registers' register broker-a 0 21911 1 T1 TBW102
t_ok 'broker-b registers' register broker-b 0 22911 1 T1
queue='"perm":6,"readQueueNums":4,"topicSynFlag":0,"topicSysFlag":0,"writeQueueNums":4'
queues="\"queueDatas\":[{\"brokerName\":\"broker-a\",$queue},{\"brokerName\":\"broker-b\",$queue}]"
bare='{"brokerDatas":[{"brokerAddrs":{0:"127.0.0.1:21911"},"brokerName":"broker-a","cluster":"C"},'
bare="$bare"'{"brokerAddrs":{0:"127.0.0.1:22911"},"brokerName":"broker-b","cluster":"C"}],"filterServerTable":{},'
quoted=$(echo "$bare" | sed 's/{0:/{"0":/g')
t_is 'an old client gets bare keys' "$(route -v 252 "$ns" 105 topic=T1)" "$bare$queues}"
t_is 'the last of the old ones, too' "$(route -v 400 "$ns" 105 topic=T1)" "$bare$queues}"
t_is 'a client of 4.9.4 gets quoted keys' "$(route -v 401 "$ns" 105 topic=T1)" "$quoted$queues}"
t_is 'an old one that asks for strict JSON, too' \
	"$(route -v 252 "$ns" 105 topic=T1 acceptStandardJsonOnly=true)" "$quoted$queues}"
t_is 'ROCKETMQ headers' "$(route -x -v 479 "$ns" 105 topic=T1)" "$quoted$queues}"
t_is 'the other name server answers the same bytes' \
	"$(route -v 479 "$ns2" 105 topic=T1)" "$(route -v 479 "$ns" 105 topic=T1)"

# what is not there
got=$(rawcall "$ns" 105 topic=Nobody)
t_is 'a topic that nobody has: 17' "$(echo "$got" | field code)" 17
t_has 'and whether it can be created' "$got" '2 brokers are registered, none has this topic; automatic creation is on'
got=$(rawcall "$ns" 105)
t_is 'no topic in the request: 1' "$(echo "$got" | field code)" 1
t_is 'an unknown code: 3' "$(rawcall "$ns" 9999 | field code)" 3

# a change of the table
# shellcheck disable=SC2046
t_is 'broker-b says that it has T2, and T1 no more' \
	"$(rawcall -B "$(table 2 T2)" "$ns" 103 $(broker_fields broker-b 0 22911) -- 105 topic=T2 | field code | tr '\n' ' ')" '0 0 '
t_wait "$T_SECOND" code_is 17 "$ns" T2 # that connection is closed: the broker is gone
t_ok 'a closed connection takes the broker away within a second' code_is 17 "$ns" T2
t_has 'the remark names the last broker' "$(rawcall "$ns" 105 topic=T2)" 'broker-b, the last broker that had it, left at'
got=$(route "$ns" 105 topic=T1)
t_has 'T1 is still on broker-a' "$got" broker-a
t_has_not 'and no longer on broker-b' "$got" broker-b

# kill -9, as seen from here
kill9 broker-a-0
t_ok 'kill -9 of a broker: its route is empty within a second' t_wait "$T_SECOND" code_is 17 "$ns" T1
t_ok 'only where its connection was closed' code_is 0 "$ns2" T1

# duplicates
t_ok 'broker-a comes back' register broker-a 0 21911 3 T1
# shellcheck disable=SC2046
got=$(rawcall -B "$(table 1 T1)" "$ns" 103 $(broker_fields broker-a 0 23911))
t_is 'a second broker-a 0 is refused' "$(echo "$got" | field code)" 604
t_has 'and told which one is there' "$got" 'registered and alive at 127.0.0.1:21911'
t_ok 'the first one stays' code_is 0 "$ns" T1
# shellcheck disable=SC2046
t_is 'a restart from the same address is fine' \
	"$(rawcall -B "$(table 1 T1)" "$ns" 103 $(broker_fields broker-a 0 21911) | field code)" 0

# leaving in order; the connection of that restart is gone, so the broker comes once more
t_ok 'broker-a registers again' register broker-a 0 21911 4 T1
# shellcheck disable=SC2046
t_is 'and unregisters' "$(rawcall "$ns" 104 $(broker_fields broker-a 0 21911) | field code)" 0
t_ok 'its route is gone at once' code_is 17 "$ns" T1
t_has 'the remark says how' "$(rawcall "$ns" 105 topic=T1)" '(it was shut down)'

# a slave
t_ok 'a master' register broker-c 0 24911 1 T3
# shellcheck disable=SC2046
got=$(rawcall "$ns" 103 $(broker_fields broker-c 1 24921) -- 105 topic=T3)
t_is 'a slave is told its master' "$(echo "$got" | field ext.masterAddr)" 127.0.0.1:24911
t_is 'and where to copy from' "$(echo "$got" | field ext.haServerAddr)" 127.0.0.1:24912
t_has 'both are in the route' "$got" '"brokerAddrs":{"0":"127.0.0.1:24911","1":"127.0.0.1:24921"}'

t_ok 'SIGTERM stops it' stop ns
t_ok 'and the other' stop ns2
t_done
