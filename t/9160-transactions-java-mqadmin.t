#!/bin/sh
# What RocketMQ's own mqadmin, 4.9.7, unmodified, shows of transactions.
# shellcheck source=t/interop/interop.sh
. "${SRCDIR:-.}/t/interop/interop.sh"
# shellcheck source=t/interop/tools.sh
. "$SRCDIR/t/interop/tools.sh"

tools_start transactionTimeOut=1000 transactionCheckInterval=500 transactionCheckMax=2
topic=Tx_$$
group=TxGroup_$$
half=RMQ_SYS_TRANS_HALF_TOPIC
parked=TRANS_CHECK_MAX_TIME_TOPIC

# ours COMMAND ...: our own mqadmin
ours() {
	ours_command=$1
	shift
	"$BUILDDIR/mqadmin" "$ours_command" -n "$MQ_NAMESRV" "$@" 2>&1
}

# transaction HOW KEY: sends one through broker-a; its transaction id
transaction() {
	ours sendTransaction -t "$topic" -p "body $2" -k "$2" -c TagA -b broker-a -g "$group" "$1" --json |
		sed -n 's/.*"transactionId":"\([0-9A-F]*\)".*/\1/p'
}

t_ok "a topic on both masters" ours updateTopic -c rocketmq-cluster -t "$topic" -r 1 -w 1
committed=$(transaction --commit key1)
rolled_back=$(transaction --rollback key2)
left=$(transaction --leave key3)

tool queryMsgByUniqueKey -t "$topic" -i "$committed"
has "queryMsgByUniqueKey: committed" "Topic:  *$topic" 'Tags:  *\[TagA\]' 'Keys:  *\[key1\]' 'System Flag:  *8'
# The tool's queryMsgByUniqueKey works once in a JVM.
tool queryMsgByKey -t "$topic" -k "$rolled_back"
has_not "queryMsgByKey: rolled back" "^$rolled_back"
eventually "queryMsgByKey: committed, once" "^$committed" queryMsgByKey -t "$topic" -k key1
t_is "queryMsgByKey: not twice" "$(echo "$out" | grep -c "^$committed")" 1
tool queryMsgByKey -t "$topic" -k key3
has_not "queryMsgByKey: one that is open" "^$left"
tool topicStatus -t "$topic"
has "topicStatus: only the committed one is there" 'broker-a  *0  *0  *1  *20'

tool topicList
has "topicList" "^$half" "^$parked"
tool topicStatus -t $half
has "topicStatus: half messages" 'broker-a  *0  *0  *3  *20' 'broker-b  *0  *0  *0'
eventually "queryMsgByKey: half messages" "^$left  *0  *2" queryMsgByKey -t $half -k key3
tool queryMsgByKey -t $half -k key2
has "queryMsgByKey: one that was rolled back" "^$rolled_back  *0  *1"
id=$(ours transactionShow "$left" --json | sed -n 's/.*"msgId":"\([0-9A-F]*\)".*/\1/p')
tool queryMsgById -i "$id"
has "queryMsgById: a half message" "OffsetID:  *$id" "Topic:  *$half" "REAL_TOPIC=$topic" "PGROUP=$group"

# A member of the group that knows nothing: asked twice, then the message is parked.
ours sendTransaction -t "$topic" -p 'body key4' -k key4 -b broker-a -g "$group" --leave -a unknown -w 120 >/dev/null &
member=$!
eventually "producerConnection" '127.0.0.1:' producerConnection -g "$group" -t "$topic"
eventually "topicStatus: parked messages" 'broker-a  *0  *0  *[12]  *20' topicStatus -t $parked
tool consumeMessage -t $parked -b broker-a -i 0 -o 0 -c 1
has "consumeMessage: a parked one" 'BODY: body key[34]'
kill $member 2>/dev/null
wait $member 2>/dev/null

tool resumeCheckHalfMessage "$id"
has "resumeCheckHalfMessage" '^true'
t_is "resumed: it is open again" "$(ours transactionShow "$left" --json | sed -n 's/.*"state":"\([a-zA-Z]*\)".*/\1/p')" open
tool resumeCheckHalfMessage 7F00000100002A9F00000000DEADBEEF
has_not "resumeCheckHalfMessage: one that is not there" '^true'

tool updateBrokerConfig -b "$broker_a" -k transactionCheckMax -v 7
has "updateBrokerConfig" 'success'
tool getBrokerConfig -b "$broker_a"
has "getBrokerConfig" '^transactionCheckMax  *=  *7' '^transactionTimeOut  *=  *1000' '^transactionCheckInterval  *=  *500'
tool brokerStatus -b "$broker_a"
has "brokerStatus" '^brokerVersionDesc' '^msgPutTotalTodayNow'

tools_stop
t_done
