#!/bin/sh
# Pairs, ordered topics, and that they survive (NS7).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/namesrv.sh
. "${SRCDIR:-.}/t/lib/namesrv.sh"

begin_ns() {
	start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1
	ns=$(address ns)
}

code() {
	rawcall "$@" | field code
}

begin_ns
t_is 'a 3.2.6 client asks for its namespace: 22' "$(code -v 78 "$ns" 101 namespace=PROJECT_CONFIG key=127.0.0.1)" 22
t_is 'no such namespace: 22' "$(code "$ns" 219 namespace=N)" 22
t_is 'put' "$(code "$ns" 100 namespace=N key=k value=v)" 0
t_is 'put over it' "$(code "$ns" 100 namespace=N key=k value='zwei und 3 é')" 0
t_is 'put another' "$(code "$ns" 100 namespace=N key=a value=b)" 0
t_is 'get' "$(rawcall "$ns" 101 namespace=N key=k | field ext.value)" 'zwei und 3 é'
t_is 'list' "$(rawcall "$ns" 219 namespace=N | field body)" '{"table":{"a":"b","k":"zwei und 3 é"}}'
t_is 'a value is missing: 1' "$(code "$ns" 100 namespace=N key=k)" 1
t_is 'put ordered queues' "$(code "$ns" 100 namespace=ORDER_TOPIC_CONFIG key=T value=a:4)" 0
kill9 ns

begin_ns
t_is 'after kill -9: get' "$(rawcall "$ns" 101 namespace=N key=a | field ext.value)" b
t_is 'delete' "$(code "$ns" 102 namespace=N key=a)" 0
t_is 'delete again' "$(code "$ns" 102 namespace=N key=a)" 0
t_ok 'stop' stop ns

begin_ns
t_is 'after a stop: deleted' "$(code "$ns" 101 namespace=N key=a)" 22
t_is 'after a stop: kept' "$(rawcall "$ns" 219 namespace=N | field body)" '{"table":{"k":"zwei und 3 é"}}'

# ordered topics
# shellcheck disable=SC2046
hold a -B "$(table 1 T)" "$ns" 103 $(broker_fields a 0 21911)
t_has 'a broker is told which topics are ordered' "$(cat "$T_DIR/a.held")" 'body={"table":{"T":"a:4"}}'
t_has_not 'clients are not' "$(rawcall "$ns" 105 topic=T)" orderTopicConf
t_is 'until orderMessageEnable' "$(code -B 'orderMessageEnable=true
' "$ns" 318)" 0
t_has 'then they are' "$(rawcall "$ns" 105 topic=T)" '"orderTopicConf":"a:4"'
t_is 'a change' "$(code "$ns" 100 namespace=ORDER_TOPIC_CONFIG key=T value=a:2)" 0
t_has 'shows at once' "$(rawcall "$ns" 105 topic=T)" '"orderTopicConf":"a:2"'
t_is 'a deletion' "$(code "$ns" 102 namespace=ORDER_TOPIC_CONFIG key=T)" 0
t_has_not 'too' "$(rawcall "$ns" 105 topic=T)" orderTopicConf
t_ok 'stop' stop ns
t_done
