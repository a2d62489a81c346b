#!/bin/sh
# What tools ask of the name server and change in it (NS8, NS10, NS11).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/namesrv.sh
. "${SRCDIR:-.}/t/lib/namesrv.sh"

begin_ns() {
	start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1
	ns=$(address ns)
}

body() {
	rawcall "$@" | field body
}

code() {
	rawcall "$@" | field code
}

begin_ns
# shellcheck disable=SC2046
hold a -B "$(table 1 T1 T2)" "$ns" 103 $(broker_fields a 0 21911 C1)
# shellcheck disable=SC2046
hold b -B "$(table 1 T1 T3)" "$ns" 103 $(broker_fields b 0 22911 C2)

t_is '106: the cluster' "$(body -v 479 "$ns" 106)" '{"brokerAddrTable":{"a":{"brokerAddrs":{0:"127.0.0.1:21911"},"brokerName":"a","cluster":"C1"},"b":{"brokerAddrs":{0:"127.0.0.1:22911"},"brokerName":"b","cluster":"C2"}},"clusterAddrTable":{"C1":["a"],"C2":["b"]}}'
t_is '206: all topics' "$(body "$ns" 206)" '{"topicList":["T1","T2","T3"]}'
t_is '224: those of a cluster' "$(body "$ns" 224 cluster=C2)" '{"topicList":["T1","T3"]}'
t_is '224: of no cluster' "$(body "$ns" 224 cluster=C3)" '{"topicList":[]}'
t_has '304: system topics' "$(body "$ns" 304)" '"topicList":["a","b","C1","C2"]'
t_has '304: and an address to ask on' "$(body "$ns" 304)" '{"brokerAddr":"127.0.0.1:2'
t_is '311: none' "$(body "$ns" 311)" '{"topicList":[]}'
t_is '312: none' "$(body "$ns" 312)" '{"topicList":[]}'
t_is '313: none' "$(body "$ns" 313)" '{"topicList":[]}'

t_is '205: write permission goes' "$(rawcall "$ns" 205 brokerName=a | field ext.wipeTopicCount)" 2
t_has 'producers see it' "$(body "$ns" 105 topic=T1)" '"brokerName":"a","perm":4'
t_has 'of that broker alone' "$(body "$ns" 105 topic=T1)" '"brokerName":"b","perm":6'
t_is '327: and comes' "$(rawcall "$ns" 327 brokerName=a | field ext.addTopicCount)" 2
t_has 'producers see that' "$(body "$ns" 105 topic=T1)" '"brokerName":"a","perm":6'
t_is '205 of nobody' "$(rawcall "$ns" 205 brokerName=x | field ext.wipeTopicCount)" 0

t_is '216: a topic goes from a cluster' "$(code "$ns" 216 topic=T1 clusterName=C1)" 0
t_has_not 'it has left a' "$(body "$ns" 105 topic=T1)" '"brokerName":"a"'
t_is '216: and from all' "$(code "$ns" 216 topic=T1)" 0
t_is 'it is unknown' "$(code "$ns" 105 topic=T1)" 17
t_is '216: again is fine' "$(code "$ns" 216 topic=T1)" 0

t_is '217: a topic of one broker' "$(code -B '{"queueDatas":[{"brokerName":"a","readQueueNums":3,"writeQueueNums":3,"perm":6,"topicSysFlag":0},{"brokerName":"x","perm":6}],"brokerDatas":[],"filterServerTable":{}}' "$ns" 217 topic=T9)" 0
t_has 'has a route' "$(body "$ns" 105 topic=T9)" '"readQueueNums":3'
t_is '217 of 3.2.6: not found' "$(code "$ns" 217 namespace=N key=v)" 22

t_has '319: settings' "$(rawcall "$ns" 319)" 'scanNotActiveBrokerInterval=5000'
t_is '318: a change' "$(code -B 'scanNotActiveBrokerInterval=4000
' "$ns" 318)" 0
t_has 'is seen' "$(rawcall "$ns" 319)" 'scanNotActiveBrokerInterval=4000'
t_is '318: a path is refused' "$(code -B 'storePath=/etc
' "$ns" 318)" 16
t_is '318: kvConfigPath, too' "$(code -B 'kvConfigPath=/etc/passwd
' "$ns" 318)" 16
t_is '318: nonsense is refused' "$(code -B 'scanNotActiveBrokerInterval=often
' "$ns" 318)" 1
t_is '318: lists can be switched off' "$(code -B 'enableAllTopicList=false
' "$ns" 318)" 0
t_has 'then they are refused' "$(rawcall "$ns" 206)" 'remark=disable'
t_ok 'stop' stop ns
begin_ns
t_has 'a change survives a restart' "$(rawcall "$ns" 319)" 'scanNotActiveBrokerInterval=4000'
t_ok 'stop' stop ns
t_done
