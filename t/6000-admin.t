#!/bin/sh
# mqadmin against a cluster of two masters: each command, and what it says when it cannot.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

start ns mqnamesrv -o bindAddress=127.0.0.1 -o storePath="$T_DIR/ns" || exit 99
for broker in a b; do
	start $broker mqbroker -n "$(address ns)" -o brokerName=broker-$broker \
		-o brokerClusterName=testing -o bindAddress=127.0.0.1 -o brokerIP1=127.0.0.1 \
		-o storePathRootDir="$T_DIR/$broker" || exit 99
done

# The name server that does not answer stands first: the next one is asked.
NAMESRV_ADDR="127.0.0.1:1,$(address ns)"
export NAMESRV_ADDR

admin() {
	"$BUILDDIR/mqadmin" "$@" 2>&1
}

# One name server alone, for commands that change all of them.
change() {
	"$BUILDDIR/mqadmin" "$@" -n "$(address ns)" 2>&1
}

both_registered() {
	admin clusterList | grep -q broker-a && admin clusterList | grep -q broker-b
}

# json MEMBER: the first string or number of that name
json() {
	sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p"
}

# exit_is NAME STATUS COMMAND ...
exit_is() {
	t_exit_name=$1
	t_exit_wanted=$2
	shift 2
	"$@" >"$T_DIR/out" 2>"$T_DIR/err"
	t_is "$t_exit_name" $? "$t_exit_wanted"
}

t_ok "both masters register" t_wait 30 both_registered

# cluster
out=$(admin clusterList)
t_has "clusterList shows the cluster" "$out" "testing"
t_has "clusterList shows an address" "$out" "$(address a)"
t_has "clusterList -m counts messages" "$(admin clusterList -m)" "In today"
t_has "clusterList --json" "$(admin clusterList --json)" '{"brokers":[{"cluster":"testing","brokerName":"broker-a","brokerId":0,'
t_has "brokerStatus of a name" "$(admin brokerStatus -b broker-a)" "putMessageTimesTotal"
t_has "brokerStatus of an address" "$(admin brokerStatus -b "$(address b)" --json)" "{\"$(address b)\":{"
t_has "brokerStatus of the cluster" "$(admin brokerStatus -c testing)" "$(address b)"

# topics
out=$(change updateTopic -t orders -r 4 -w 3 -p 6)
t_has "updateTopic without -c means the only cluster" "$out" "broker-b"
for topic in one two three; do
	change updateTopic -t $topic >/dev/null
	exit_is "topic $topic is routed at once" 0 admin topicRoute -t $topic
done
t_has "updateTopic shows what it made" "$out" "Write queues:        3"
t_has "topicList" "$(admin topicList)" "orders"
t_has "topicList --json" "$(admin topicList --json)" '"orders"'
t_has "topicList -c" "$(admin topicList -c)" "testing  orders"
t_has "topicRoute" "$(admin topicRoute -t orders)" "RW-"
t_has "topicRoute --json" "$(admin topicRoute -t orders --json)" '"writeQueueNums":3'
t_is "topicClusterList" "$(admin topicClusterList -t orders)" testing
t_is "topicStatus has a row for each queue" "$(admin topicStatus -t orders | grep -c '^broker-')" 6

# messages
sent=$(admin sendMessage -t orders -p 'grüße 17' -k 'k17 blue' -c TagA -b broker-b -i 1 --json)
t_has "sendMessage to a queue" "$sent" '"brokerName":"broker-b","queueId":1,"sendResult":"SEND_OK"'
unique=$(echo "$sent" | json msgId)
offset=$(echo "$sent" | json offsetMsgId)
out=$(admin queryMsgById -i "$offset")
t_has "queryMsgById finds the offset id" "$out" "Body:                grüße 17"
t_has "it shows the tag" "$out" "Tags:                TagA"
t_has "it shows the unique id" "$out" "$unique"
t_has "queryMsgById finds the unique id in all topics" "$(admin queryMsgById -i "$unique")" "$offset"
t_has "queryMsgById with a topic" "$(admin queryMsgById -t orders -i "$unique" --json)" '"body":"grüße 17"'
t_has "queryMsgByKey" "$(admin queryMsgByKey -t orders -k blue)" "$unique"
t_has "queryMsgByUniqueKey" "$(admin queryMsgByUniqueKey -t orders -i "$unique")" "$offset"
t_has "queryMsgByOffset" "$(admin queryMsgByOffset -t orders -b broker-b -i 1 -o 0)" "$offset"
admin queryMsgById -i "$offset" -F "$T_DIR/body" >/dev/null
t_is "a body goes to a file as it is" "$(cat "$T_DIR/body")" 'grüße 17'
for i in 1 2 3 4 5 6; do admin sendMessage -t orders -p "message $i" >/dev/null; done
t_is "consumeMessage reads all" "$(admin consumeMessage -t orders | grep -c '^Body: ')" 7
t_is "consumeMessage -c" "$(admin consumeMessage -t orders -c 3 | grep -c '^Body: ')" 3
t_is "consumeMessage of one queue" "$(admin consumeMessage -t orders -b broker-b -i 1 -o 0 -c 1 | grep -c 'grüße')" 1
t_is "consumeMessage of a time that has none" "$(admin consumeMessage -t orders -e 1000 | grep -c '^Body: ')" 0
long=$(printf '%05000d' 7)
id=$(admin sendMessage -t orders -p "$long" --json | json offsetMsgId)
t_has "a large body travels compressed" "$(admin queryMsgById -i "$id" --json)" '"plainBodyLength":5000'
t_has "queryMsgById -s sends once more" "$(admin queryMsgById -i "$offset" -s true)" "SEND_OK"
t_is "which can be found by its key" "$(admin queryMsgByKey -t orders -k k17 | grep -c "$(address b)\|$(address a)")" 2

# groups
t_has "updateSubGroup" "$(change updateSubGroup -c testing -g billing -r 5)" "Retries:             5"
t_has "consumerProgress of nobody" "$(admin consumerProgress -g nobody)" "no consumer of group nobody was ever seen"
t_has "consumerProgress of all" "$(admin consumerProgress)" "Behind"
t_has "deleteSubGroup" "$(change deleteSubGroup -c testing -g billing)" "%DLQ%billing"

# settings
t_has "getBrokerConfig" "$(admin getBrokerConfig -b broker-a -k brokerName)" "broker-a"
t_has "updateBrokerConfig" "$(admin updateBrokerConfig -b broker-a -k fileReservedTime -v 49)" "ok"
t_has "it is changed" "$(admin getBrokerConfig -b broker-a -k fileReservedTime)" "49"
exit_is "a value that is none is refused" 1 admin updateBrokerConfig -b broker-a -k fileReservedTime -v abc
t_has "getNamesrvConfig" "$(change getNamesrvConfig)" "listenPort"
t_has "updateKvConfig" "$(change updateKvConfig -s space -k key -v value)" "ok"
t_has "deleteKvConfig" "$(change deleteKvConfig -s space -k key)" "ok"
t_has "wipeWritePerm" "$(change wipeWritePerm -b broker-a --json)" '"result":"ok"'
t_has "its topics are read-only then" "$(admin topicRoute -t orders)" "R--"
t_has "messages go to the other master" "$(admin sendMessage -t orders -p x)$(admin sendMessage -t orders -p x)" "broker-b"
t_has "addWritePerm" "$(change addWritePerm -b broker-a)" "ok"

# what cannot be
exit_is "a topic that is not there" 1 admin topicRoute -t nothing
t_has "is named" "$(admin topicRoute -t nothing)" "nothing"
exit_is "a wrong flag" 2 admin topicRoute --topik orders
t_has "has a suggestion" "$(admin topicRoute --topik orders)" "did you mean --topic"
exit_is "a missing flag" 2 admin topicRoute
exit_is "a number that is none" 2 admin updateTopic -t x -r many
exit_is "an unknown command" 2 admin topicRout
t_has "has a suggestion" "$(admin topicRout)" "did you mean topicRoute"
exit_is "an unknown cluster" 1 admin updateTopic -t x -c nowhere
t_has "names those that there are" "$(admin updateTopic -t x -c nowhere)" "testing"
exit_is "a topic in an unknown cluster" 1 admin topicStatus -t orders -c nowhere
exit_is "an unknown broker to drain" 1 admin wipeWritePerm -b nobody
exit_is "an id that is none" 1 admin queryMsgById -i 00
exit_is "no name server" 1 "$BUILDDIR/mqadmin" topicList -n '127.0.0.1:1;127.0.0.1:2'
out=$("$BUILDDIR/mqadmin" topicList -n '127.0.0.1:1;127.0.0.1:2' 2>&1)
t_has "names both" "$out" "127.0.0.1:1"
t_has "and the other" "$out" "127.0.0.1:2"
t_is "in one line" "$(echo "$out" | wc -l)" 1
exit_is "an address that is none" 2 "$BUILDDIR/mqadmin" topicList -n localhost
exit_is "a list of names that do not resolve" 1 "$BUILDDIR/mqadmin" topicList -n nowhere.invalid:9876
exit_is "help" 0 admin help updateTopic
t_has "names the flags" "$(admin help updateTopic)" "--readQueueNums"

# one master gone
kill9 a
t_has "updateTopic tells which master failed" "$(change updateTopic -t orders -b "$(address a)")" "not reachable"
t_ok "sends go on" admin sendMessage -t orders -p 'still here'
t_has "deleteTopic" "$(change deleteTopic -t orders -c testing)" "ok"
exit_is "which is gone then" 1 admin topicRoute -t orders
t_done
