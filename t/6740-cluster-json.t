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
kill9 p
stop b
t_is "a broker that is gone is listed, and cannot be reached" "$(admin clusterList --json | grep -c '"reachable":"true"')" 0
stop ns
t_done
