#!/bin/sh
# What the pages of a console show of brokers and clients: clusterList --json, producerConnection,
# consumerConnection.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

start ns mqnamesrv || exit 1
NAMESRV_ADDR=$(address ns)
export NAMESRV_ADDR
begin b -n "$NAMESRV_ADDR" -o registerNameServerPeriod=1000
admin() {
	"$BUILDDIR/mqadmin" "$@" 2>&1
}
known() {
	admin clusterList --json | grep -q '"brokerName":"b"'
}
t_ok "the broker is known" t_wait 30 known
got=$(admin clusterList --json)
member() {
	echo "$got" | sed -n "s/.*\"$1\":\"\\{0,1\\}\\([^,\"}]*\\).*/\\1/p"
}
t_is "its role" "$(member role)" master
t_is "it can be reached" "$(member reachable)" true
t_ok "its memory, in bytes" test "$(member memory)" -gt 1000000
t_ok "its disk" test "$(member diskTotal)" -ge "$(member diskFree)"
t_is "nothing is known of its future yet" "$(member diskFullAt)" 0
t_ok "when it started" test "$(member startedAt)" -gt 1700000000000
t_is "what came in today" "$(member inToday)" 0
t_is "what came in yesterday" "$(member inYesterday)" 0

# A producer that only says that it is there, and a consumer
hold p -B '{"clientID":"10.0.0.1@7","producerDataSet":[{"groupName":"PG"}],"consumerDataSet":[{"groupName":"CG","consumeType":"CONSUME_PASSIVELY","messageModel":"CLUSTERING","consumeFromWhere":"CONSUME_FROM_FIRST_OFFSET","subscriptionDataSet":[{"topic":"T","subString":"*","subVersion":1}]}]}' "$b" 34 ||
	exit 1
got=$(admin producerConnection --json)
t_has "a producer before it sends" "$got" '{"group":"PG","clientId":"10.0.0.1@7","clientAddr":"127.0.0.1:'
t_has "its language and version" "$got" '"language":"JAVA","version":"V4_9_7","lastSeen":1'
t_has "where" "$got" '"brokerName":"b"'
t_has "of one group" "$(admin producerConnection -g PG)" "10.0.0.1@7"
t_has_not "of another one" "$(admin producerConnection -g Other)" "10.0.0.1@7"
t_has "consumerConnection" "$(admin consumerConnection -g CG --json)" '"clientId":"10.0.0.1@7"'

# Queues and when they had an owner
rawcall "$b" 17 topic=T defaultTopic=TBW102 readQueueNums=2 writeQueueNums=2 perm=6 topicFilterType=SINGLE_TAG \
	topicSysFlag=0 order=false >/dev/null
before=$(($(date +%s) - 2))
rawcall "$b" 15 consumerGroup=CG topic=T queueId=0 commitOffset=0 >/dev/null
has_retry() {
	admin consumerProgress -g CG --json | grep -q '"queues":\[{"topic":"T"'
}
t_ok "the group is known" t_wait 30 has_retry
got=$(admin consumerProgress -g CG --json)
at=$(echo "$got" | sed -n 's/.*"queueId":0,[^}]*"lastCommit":\([0-9]*\)[0-9]\{3\}}.*/\1/p')
t_ok "a queue that its owner commits" test "${at:-0}" -ge $before
t_has "a queue that nobody has" "$got" '"queueId":1,"brokerOffset":0,"consumerOffset":0,"clientIP":null,"diff":0,"lastTime":0,"lastCommit":0}'
kill9 p
stop b
t_is "a broker that is gone is listed, and cannot be reached" "$(admin clusterList --json | grep -c '"reachable":"true"')" 0
stop ns
t_done
