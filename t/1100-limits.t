#!/bin/sh
# What strangers can make a name server hold has limits: brokers, topics, KV pairs.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/namesrv.sh
. "${SRCDIR:-.}/t/lib/namesrv.sh"

start ns mqnamesrv -o storePath="$T_DIR/ns" -o maxRegisteredBrokers=2 -o maxRegisteredTopics=100 \
	-o maxKvPairs=2 -o maxKvBytes=2000 || exit 1
ns=$(address ns)

code() {
	rawcall "$@" | field code
}

# shellcheck disable=SC2046
register() { # NAME PORT TOPIC ...
	r_name=$1 r_port=$2
	shift 2
	rawcall -B "$(table 1 "$@")" "$ns" 103 $(broker_fields "$r_name" 0 "$r_port")
}

# shellcheck disable=SC2046
hold a -B "$(table 1 T1 T2)" "$ns" 103 $(broker_fields a 0 21911)
# shellcheck disable=SC2046
hold b -B "$(table 1 T1)" "$ns" 103 $(broker_fields b 0 22911)
got=$(register c 23911 T1)
t_is 'a broker too many: 2' "$(echo "$got" | field code)" 2
t_has 'and which option' "$got" 'maxRegisteredBrokers'
# shellcheck disable=SC2046
hold a2 -B "$(table 1 T1 T2)" "$ns" 103 $(broker_fields a 0 21911)
t_is 'known ones go on' "$(field code <"$T_DIR/a2.held")" 0
kill9 b
t_gone() {
	rawcall "$ns" 28 | grep -q '"registeredBrokers":"1"'
}
t_wait 10 t_gone
t_is 'one that left makes room' "$(register c 23911 T1 | field code)" 0
t_wait 10 t_gone
# shellcheck disable=SC2046
hold c -B "$(table 2 $(seq 100 | sed 's/^/U/'))" "$ns" 103 $(broker_fields c 0 23911)
got=$(cat "$T_DIR/c.held")
t_is 'topics too many: 2' "$(echo "$got" | field code)" 2
t_has 'and which option' "$got" 'maxRegisteredTopics'
t_is 'the broker keeps those that it had' "$(code "$ns" 105 topic=T2)" 0
t_is 'and has none of the new ones' "$(code "$ns" 105 topic=U1)" 17

t_is 'a pair' "$(code "$ns" 100 namespace=N key=k1 value=v)" 0
t_is 'another' "$(code "$ns" 100 namespace=M key=k1 value=v)" 0
got=$(rawcall "$ns" 100 namespace=N key=k2 value=v)
t_is 'a pair too many: 2' "$(echo "$got" | field code)" 2
t_has 'and which option' "$got" 'maxKvPairs'
t_is 'a pair that is there may change' "$(code "$ns" 100 namespace=N key=k1 value=w)" 0
t_is 'but not grow beyond all' "$(code "$ns" 100 namespace=N key=k1 value="$(printf %2000s '' | tr ' ' x)")" 2
t_is 'it is as it was' "$(rawcall "$ns" 101 namespace=N key=k1 | field ext.value)" w
t_is 'a pair that is deleted makes room' "$(code "$ns" 102 namespace=M key=k1)" 0
t_is 'for another' "$(code "$ns" 100 namespace=N key=k2 value=v)" 0

servers=$(seq 65 | sed 's/.*/"h:&",/')
body="{\"filterServerList\":[$(echo "$servers" | tr -d '\n')\"h:0\"],\"topicConfigSerializeWrapper\":{\"topicConfigTable\":{}}}"
# shellcheck disable=SC2046
got=$(rawcall -B "$body" "$ns" 103 $(broker_fields d 0 24911))
t_is 'filter servers too many: 1' "$(echo "$got" | field code)" 1
t_has 'and how many are taken' "$got" 'at most 64'

# 2,000 lines of the log that a stranger causes; a second has 200 of a kind, and they take a few seconds.
requests=$(seq 2000 | sed 's/.*/-- 216 topic=X&/' | tr '\n' ' ')
# shellcheck disable=SC2086
t_ok 'topics are deleted in large numbers' rawcall "$ns" ${requests#-- }
suppressed() {
	rawcall "$ns" 28 | sed -n 's/.*"logLinesSuppressed":"\([0-9]*\)".*/\1/p'
}
written=$(grep -c 'topic deleted name=' "$T_DIR/ns.log")
t_is 'each line is written or counted' $((written + $(suppressed))) 2000
t_ok 'most are only counted' test "$written" -lt 1500

got=$(rawcall "$ns" 28 | field body)
t_has 'tools see pairs' "$got" '"kvPairs":"2"'
t_has 'those refused' "$got" '"kvPairsRefused":"2"'
t_has 'brokers' "$got" '"registeredBrokers":"1"'
t_has 'topics' "$got" '"registeredTopics":"2"'
t_has 'and refusals' "$got" '"registrationsRefused":"2"'
t_ok 'stops' stop ns
t_ok 'the log says how many' grep -q 'lines of one kind were suppressed count=[0-9]* .*event="topic deleted"' "$T_DIR/ns.log"
t_done
