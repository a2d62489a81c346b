#!/bin/sh
# RocketMQ's own mqadmin, 4.9.7, unmodified, against both masters.
# shellcheck source=t/interop/interop.sh
. "${SRCDIR:-.}/t/interop/interop.sh"
# shellcheck source=t/interop/tools.sh
. "$SRCDIR/t/interop/tools.sh"

tools_start
topic=Tools_$$
group=ToolsGroup_$$

eventually "clusterList" 'rocketmq-cluster  *broker-b  *0  *127' clusterList
has "clusterList: both masters, and a version that it can read" 'rocketmq-cluster  *broker-a  *0  *127.*V4_' \
	'rocketmq-cluster  *broker-b  *0  *127.*V4_'
tool clusterList -m
has "clusterList -m" 'rocketmq-cluster  *broker-a' '#InTotalYest'

tool updateTopic -c rocketmq-cluster -t "$topic" -r 4 -w 4
has "updateTopic on the cluster" "create topic to $broker_a success" "topicName=$topic, readQueueNums=4"
eventually "topicList" "^$topic\$" topicList
tool topicList -c
has "topicList -c" "rocketmq-cluster  *$topic"
tool topicRoute -t "$topic"
has "topicRoute" '"brokerName":"broker-a"' '"brokerName":"broker-b"' '"readQueueNums":4' '"perm":6'
tool topicClusterList -t "$topic"
has "topicClusterList" '^rocketmq-cluster'

tool sendMessage -t "$topic" -b broker-a -i 1 -p 'body one' -k key1 -c TagA
has "sendMessage" 'broker-a  *1  *SEND_OK'
unique=$(echo "$out" | sed -n 's/.*SEND_OK  *\([0-9A-F]*\).*/\1/p')
# The tool's sendMessage works once in a JVM, and its messages have one key.
soh=$(printf '\001')
stx=$(printf '\002')
rawcall -B 'body two' "$broker_b" 310 a=PG b="$topic" c=TBW102 d=4 e=2 f=0 g=1700000000000 h=0 j=0 \
	i="KEYS${soh}key1 key2${stx}TAGS${soh}TagB${stx}" >/dev/null

tool topicStatus -t "$topic"
has "topicStatus" 'broker-a  *1  *0  *1  *20' 'broker-b  *2  *0  *1  *20' 'broker-b  *3  *0  *0'
eventually "queryMsgByKey" "^$unique  *1  *0" queryMsgByKey -t "$topic" -k key1
tool queryMsgByKey -t "$topic" -k key2
has "queryMsgByKey: a second key" '^[0-9A-F]*  *2  *0'
tool queryMsgByUniqueKey -t "$topic" -i "$unique"
has "queryMsgByUniqueKey" "Topic:  *$topic" 'Tags:  *\[TagA\]' 'Keys:  *\[key1\]' 'Queue ID:  *1'
tool queryMsgByOffset -t "$topic" -b broker-a -i 1 -o 0
has "queryMsgByOffset" 'OffsetID:  *[0-9A-F]\{32\}' 'CommitLog Offset:'
id=$(echo "$out" | sed -n 's/.*OffsetID:  *\([0-9A-F]*\).*/\1/p')
tool queryMsgById -i "$id"
has "queryMsgById" "OffsetID:  *$id" "Topic:  *$topic" 'Keys:  *\[key1\]' 'Message Body Path:'
tool queryMsgById -i 7F00000100002A9F00000000DEADBEEF
has_not "queryMsgById: one that is not there" 'Message Body Path:'

tool queryCq -t "$topic" -q 1 -i 0 -b "$broker_a" -g "$group"
has "queryCq" 'max: 1, min: 0' '^idx: 0'
tool updateOrderConf -t "$topic" -m put -v 'broker-a:4;broker-b:2'
has "updateOrderConf put" 'update orderConf success'
tool updateOrderConf -t "$topic" -m get
has "updateOrderConf get" "topic=\[$topic\], orderConf=\[broker-a:4;broker-b:2\]"
t_has "ours reads what it put" "$("$BUILDDIR/mqadmin" updateOrderConf -n "$MQ_NAMESRV" -t "$topic" -m get)" 'broker-a:4;broker-b:2'
tool updateOrderConf -t "$topic" -m delete
has "updateOrderConf delete" 'delete orderConf success'
tool updateOrderConf -t "$topic" -m get
has_not "updateOrderConf: it is gone" 'broker-a:4'

tool brokerStatus -b "$broker_a"
has "brokerStatus" '^bootTimestamp' '^brokerVersionDesc  *: V4_' '^msgPutTotalTodayNow' '^putTps' '^runtime' \
	'^commitLogMaxOffset' '^getTotalTps'
tool getBrokerConfig -b "$broker_a"
has "getBrokerConfig" '^brokerName  *=  *broker-a' '^brokerClusterName  *=  *rocketmq-cluster' '^flushDiskType'
tool updateBrokerConfig -b "$broker_a" -k fileReservedTime -v 71
has "updateBrokerConfig" 'success'
tool getBrokerConfig -b "$broker_a"
has "updateBrokerConfig: it is so" '^fileReservedTime  *=  *71'

tool updateSubGroup -c rocketmq-cluster -g "$group" -r 3
has "updateSubGroup" 'create subscription group to 127.* success' "groupName=$group" 'retryMaxTimes=3'
tool consumeMessage -t "$topic" -b broker-a -i 1 -o 0 -c 1
has "consumeMessage" 'BODY: body one'
# A consumer of the group, whose heartbeat makes %RETRY%, and what it consumed.
for broker in "$broker_a" "$broker_b"; do
	rawcall -B "{\"clientID\":\"tools@1\",\"producerDataSet\":[],\"consumerDataSet\":[{\"groupName\":\"$group\",
		\"consumeType\":\"CONSUME_PASSIVELY\",\"messageModel\":\"CLUSTERING\",\"unitMode\":false,
		\"consumeFromWhere\":\"CONSUME_FROM_FIRST_OFFSET\",\"subscriptionDataSet\":[{\"topic\":\"$topic\",
		\"subString\":\"*\",\"tagsSet\":[],\"codeSet\":[],\"subVersion\":1,\"classFilterMode\":false}]}]}" \
		"$broker" 34 >/dev/null
done
rawcall "$broker_a" 15 consumerGroup="$group" topic="$topic" queueId=1 commitOffset=1 >/dev/null
rawcall "$broker_b" 15 consumerGroup="$group" topic="$topic" queueId=2 commitOffset=1 >/dev/null
eventually "consumerProgress -g" "^$topic  *broker-a  *1  *1  *1" consumerProgress -g "$group"
has "consumerProgress -g: the other master" "^$topic  *broker-b  *2  *1  *1" 'Diff Total: 0'
tool consumerProgress
has "consumerProgress" "^$group"

tool wipeWritePerm -b broker-b
has "wipeWritePerm" 'wipe write perm of broker\[broker-b\]' '127'
tool topicRoute -t "$topic"
has "wipeWritePerm: the route says so" '"perm":4'

tool deleteTopic -c rocketmq-cluster -t "$topic"
has "deleteTopic" "delete topic \[$topic\] from cluster \[rocketmq-cluster\] success" 'from NameServer success'
tool topicList
has_not "deleteTopic: it is gone" "^$topic\$"
tool deleteSubGroup -c rocketmq-cluster -g "$group"
has "deleteSubGroup" "delete subscription group \[$group\] from broker \[127.* success"

tools_stop
t_done
