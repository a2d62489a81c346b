#!/bin/sh
# The JSON of rocketmq-console 1.0.0 (CN7): its routes, who may call them, and what they answer.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/http.sh
. "$SRCDIR/t/lib/http.sh"

start ns mqnamesrv -o storePath="$T_DIR/ns" -o bindAddress=127.0.0.1 -o consolePort="$T_CONSOLE" || exit 1
start broker-a mqbroker -o storePathRootDir="$T_DIR/broker-a" -o bindAddress=127.0.0.1 -o brokerIP1=127.0.0.1 \
	-o brokerName=broker-a -o brokerClusterName=C -o namesrvAddr="$(address ns)" || exit 1
at=http://127.0.0.1:$T_CONSOLE
a=$(address broker-a)
NAMESRV_ADDR=$(address ns)
export NAMESRV_ADDR
made=$(cat "$T_DIR/ns/admin.password")
t_ok 'somebody logs in' log_in admin "$made"
token=$(post admin /api/accounts/admin/tokens '{"label":"scripts"}' | sed 's/.*"token":"\([^"]*\)".*/\1/')
post admin /api/accounts '{"name":"ann","role":"reader","password":"ann-ann-ann"}' >/dev/null

# by PATH FLAGS ...: with the token
by() {
	by_path=$1
	shift
	web -H "Authorization: Bearer $token" "$@" "$at$by_path"
}
with() { # PATH JSON
	by "$1" -H 'Content-Type: application/json' -d "$2"
}
true='{"status":0,"data":true,"errMsg":null}'

# Who may.
t_is 'a stranger' "$(status "$at/topic/list.query")" 401
t_is 'is asked for a token, not for a password that a browser would keep' "$(field_of WWW-Authenticate)" Bearer
t_is 'nor may he post' "$(status -d topic=T "$at/topic/deleteTopic.do")" 401
t_is 'another token' "$(status -H 'Authorization: Bearer nothing' "$at/topic/list.query")" 401
t_is 'another password' "$(status -u ann:wrong-wrong "$at/topic/list.query")" 401
t_is 'a field that is no password' "$(status -H 'Authorization: Basic !' "$at/topic/list.query")" 400
t_is 'a password is enough' "$(status -u ann:ann-ann-ann "$at/topic/list.query")" 200
t_is 'a role counts' "$(status -u ann:ann-ann-ann -d 'topic=T' "$at/topic/deleteTopic.do")" 403
t_is 'a password is for these routes only' "$(status -u ann:ann-ann-ann "$at/api/commands")" 401
t_is 'a session looks' "$(status -b "$T_DIR/jar-admin" "$at/topic/list.query")" 200
t_is 'it changes nothing without its second token' \
	"$(status -b "$T_DIR/jar-admin" -d 'topic=T' "$at/topic/deleteTopic.do")" 403
t_is 'nor from another page' "$(status -u "admin:$made" -H 'Origin: http://evil.example' -d 'topic=T' \
	"$at/topic/deleteTopic.do")" 403
t_is 'a GET changes nothing' "$(by '/topic/deleteTopic.do?topic=T' >/dev/null; cat "$T_DIR/status")" 404
t_is 'a body that is neither' "$(with /topic/createOrUpdate.do '{"a' >/dev/null; cat "$T_DIR/status")" 400

# Topics.
has_broker() { by /cluster/list.query | grep -q broker-a; }
t_ok 'the broker is there' t_wait 60 has_broker
t_is 'a topic' "$(with /topic/createOrUpdate.do \
	'{"topicName":"T","clusterNameList":["C"],"brokerNameList":[],"writeQueueNums":2,"readQueueNums":2,"perm":6,"order":false}')" \
	"$true"
t_has 'a topic without a broker' "$(with /topic/createOrUpdate.do '{"topicName":"T","writeQueueNums":2}')" \
	'{"status":-1,"data":null,"errMsg":"clusterNameList and brokerNameList name no registered master"}'
t_is 'is no error of HTTP' "$(cat "$T_DIR/status")" 200
t_has 'all topics' "$(by /topic/list.query)" '"T",'
t_has 'as Jackson writes them' "$(by /topic/list.query)" '],"brokerAddr":null},"errMsg":null}'
queue='{"brokerName":"broker-a","readQueueNums":2,"writeQueueNums":2,"perm":6,"topicSynFlag":0}'
broker="{\"cluster\":\"C\",\"brokerName\":\"broker-a\",\"brokerAddrs\":{\"0\":\"$a\"}}"
t_is 'a route' "$(by '/topic/route.query?topic=T')" \
	"{\"status\":0,\"data\":{\"orderTopicConf\":null,\"filterServerTable\":{},\"queueDatas\":[$queue],\"brokerDatas\":[$broker]},\"errMsg\":null}"
t_is 'its settings' "$(by '/topic/examineTopicConfig.query?topic=T')" \
	'{"status":0,"data":[{"clusterNameList":null,"brokerNameList":["broker-a"],"topicName":"T","writeQueueNums":2,"readQueueNums":2,"perm":6,"order":false}],"errMsg":null}'
t_has 'a missing parameter' "$(by /topic/route.query)" '{"status":-1,"data":null,"errMsg":"parameter topic is missing"}'
t_has 'an unknown topic' "$(by '/topic/stats.query?topic=Nope')" '{"status":-1,"data":null,"errMsg":"'
sent=$(with /topic/sendTopicMessage.do '{"topic":"T","key":"K","tag":"A","messageBody":"one"}')
t_has 'a message' "$sent" '{"status":0,"data":{"sendStatus":"SEND_OK","msgId":"'
t_has 'with its queue' "$sent" '"messageQueue":{"topic":"T","brokerName":"broker-a","queueId":'
id=$(printf %s "$sent" | sed 's/.*"msgId":"\([^"]*\)".*/\1/')
offset_id=$(printf %s "$sent" | sed 's/.*"offsetMsgId":"\([^"]*\)".*/\1/')
q=$(printf %s "$sent" | sed 's/.*"queueId":\([0-9]*\).*/\1/')
t_has 'its offsets' "$(by '/topic/stats.query?topic=T')" \
	"\"MessageQueue [topic=T, brokerName=broker-a, queueId=$q]\":{\"minOffset\":0,\"maxOffset\":1,\"lastUpdateTimestamp\":1"

# Messages.
found=$(by "/message/viewMessage.query?topic=T&msgId=$id")
t_has 'by its id' "$found" "\"messageView\":{\"queueId\":$q,\"storeSize\":"
t_has 'with its body' "$found" '"messageBody":"one"}},"errMsg":null}'
t_is 'by its other id' "$(by "/message/viewMessage.query?msgId=$offset_id")" "$found"
t_is 'by its key' "$(by '/message/queryMessageByTopicAndKey.query?topic=T&key=K')" \
	"{\"status\":0,\"data\":[$(printf %s "$found" | sed 's/.*"messageView":\(.*\)},"errMsg":null}/\1/')],\"errMsg\":null}"
t_has 'an unknown key' "$(by '/message/queryMessageByTopicAndKey.query?topic=T&key=L')" '{"status":-1,"data":null,'
t_is 'by time, without the body' "$(by '/message/queryMessageByTopic.query?topic=T&begin=0&end=9000000000000' |
	grep -c "\"msgId\":\"$id\".*\"messageBody\":null}\]")" 1
t_is 'not at another time' "$(by '/message/queryMessageByTopic.query?topic=T&begin=0&end=1000')" \
	'{"status":0,"data":[],"errMsg":null}'
printf '\377\303\251' >"$T_DIR/bytes"
rawcall -B "$(cat "$T_DIR/bytes")" "$a" 310 a=P b=T c=TBW102 d=2 e=$((1 - q)) f=0 g=1700000000000 h=0 "i=KEYS$(printf '\001')BYTES" \
	j=0 k=false m=false >/dev/null
t_has 'bytes become text as in Java' "$(by '/message/queryMessageByTopicAndKey.query?topic=T&key=BYTES')" \
	"\"messageBody\":\"$(printf '\357\277\275\303\251')\""

# Groups.
t_is 'a group' "$(with /consumer/createOrUpdate.do \
	'{"brokerNameList":["broker-a"],"subscriptionGroupConfig":{"groupName":"G","retryMaxTimes":3}}')" "$true"
t_is 'has settings' "$(by '/consumer/examineSubscriptionGroupConfig.query?consumerGroup=G')" \
	'{"status":0,"data":[{"clusterNameList":null,"brokerNameList":["broker-a"],"subscriptionGroupConfig":{"groupName":"G","consumeEnable":true,"consumeFromMinEnable":true,"consumeBroadcastEnable":true,"retryQueueNums":1,"retryMaxTimes":3,"brokerId":0,"whichBrokerWhenConsumeSlowly":1,"notifyConsumerIdsChangedEnable":true}}],"errMsg":null}'
t_is 'and brokers' "$(by '/consumer/fetchBrokerNameList.query?consumerGroup=G')" \
	'{"status":0,"data":["broker-a"],"errMsg":null}'
offline='{"group":"G","version":null,"count":0,"consumeType":null,"messageModel":null,"consumeTps":0,"diffTotal":-1}'
t_is 'that nobody has seen' "$(by '/consumer/group.query?consumerGroup=G')" \
	"{\"status\":0,\"data\":$offline,\"errMsg\":null}"
t_has 'is in the list all the same' "$(by /consumer/groupList.query)" "$offline"

# A member: a connection that stays open, and whose client answers what the broker asks it.
member='{"clientID":"192.0.2.7@77","consumerDataSet":[{"consumeFromWhere":"CONSUME_FROM_FIRST_OFFSET","consumeType":"CONSUME_PASSIVELY","groupName":"G","messageModel":"CLUSTERING","subscriptionDataSet":[{"classFilterMode":false,"codeSet":[65],"subString":"A","subVersion":7,"tagsSet":["A"],"topic":"T"}],"unitMode":false}],"producerDataSet":[{"groupName":"P"}]}'
hold member -B "$member" "$a" 34 || t_result 1 'a member connects'
online() { by '/consumer/consumerConnection.query?consumerGroup=G' | grep -q 192.0.2.7; }
t_ok 'a member' t_wait 60 online
got=$(by '/consumer/consumerConnection.query?consumerGroup=G')
t_has 'is listed' "$got" '{"status":0,"data":{"connectionSet":[{"clientId":"192.0.2.7@77","clientAddr":"127.0.0.1:'
t_has 'with its version' "$got" '"versionDesc":"V'
t_has 'and its subscription' "$got" \
	'"subscriptionTable":{"T":{"classFilterMode":false,"topic":"T","subString":"A","tagsSet":["A"],"codeSet":[65],"subVersion":7,"filterClassSource":null}},"consumeType":"CONSUME_PASSIVELY","messageModel":"CLUSTERING","consumeFromWhere":"CONSUME_FROM_FIRST_OFFSET"},"errMsg":null}'
t_has 'its producer, too' "$(by '/producer/producerConnection.query?producerGroup=P&topic=T')" \
	'{"status":0,"data":{"connectionSet":[{"clientId":"192.0.2.7@77",'
t_has 'an unknown producer' "$(by '/producer/producerConnection.query?producerGroup=Q&topic=T')" '{"status":-1,'
t_has 'the group has a member' "$(by '/consumer/group.query?consumerGroup=G')" \
	'"count":1,"consumeType":"CONSUME_PASSIVELY","messageModel":"CLUSTERING","consumeTps":0,"diffTotal":'
rawcall "$a" 15 consumerGroup=G topic=T queueId="$q" commitOffset=0 >/dev/null
progress="\"queueId\":$q,\"brokerOffset\":1,\"consumerOffset\":0,\"clientInfo\":null,\"lastTimestamp\":0}"
t_has 'how far it is' "$(by '/consumer/queryTopicByConsumer.query?consumerGroup=G')" "$progress"
t_has 'the same by topic' "$(by '/topic/queryConsumerByTopic.query?topic=T')" '{"status":0,"data":{"G":{"topic":"T","diffTotal":'
t_is 'who reads the topic' "$(by '/topic/queryTopicConsumerInfo.query?topic=T')" \
	'{"status":0,"data":{"groupList":["G"]},"errMsg":null}'
got=$(with /consumer/resetOffset.do '{"consumerGroupList":["G","Nope"],"topic":"T","resetTime":0,"force":true}')
t_has 'a rewind' "$got" '"G":{"status":true,"errMsg":null,"rollbackStatsList":[{"brokerName":"broker-a","queueId":'
t_has 'of an unknown group' "$got" '"Nope":{"status":false,"errMsg":"'
t_has 'a message for the member, which does not answer' \
	"$(by "/message/consumeMessageDirectly.do?topic=T&consumerGroup=Nope&msgId=$id" -X POST)" '{"status":-1,"data":null,'

# The cluster.
got=$(by /cluster/list.query)
t_has 'brokers with what they say' "$got" '{"status":0,"data":{"brokerServer":{"broker-a":{"0":{'
t_has 'and where they are' "$got" "\"clusterInfo\":{\"brokerAddrTable\":{\"broker-a\":$broker},\"clusterAddrTable\":{\"C\":[\"broker-a\"]}}}"
t_has 'settings' "$(by "/cluster/brokerConfig.query?brokerAddr=$a")" '"brokerName":"broker-a"'
t_has 'of registered brokers only' "$(by '/cluster/brokerConfig.query?brokerAddr=127.0.0.1:1')" \
	'is the address of no registered broker'
t_is 'name servers' "$(by /ops/homePage.query)" \
	"{\"status\":0,\"data\":{\"useVIPChannel\":false,\"namesvrAddrList\":[\"$NAMESRV_ADDR\"]},\"errMsg\":null}"
t_is 'as text' "$(by /rocketmq/nsaddr)" "$NAMESRV_ADDR"
t_is 'no change of them' "$(by /ops/updateNameSvrAddr.do -d "nameSvrAddrList=$NAMESRV_ADDR")" "$true"
t_has 'a change' "$(by /ops/updateNameSvrAddr.do -d nameSvrAddrList=127.0.0.1:1)" '{"status":-1,'
t_has 'checks' "$(by /ops/rocketMqStatus.query)" '"CLUSTER_HEALTH_CHECK":null'
t_is 'a monitor' "$(by /monitor/createOrUpdateConsumerMonitor.do -d 'consumeGroupName=G&minCount=1&maxDiffTotal=100')" "$true"
t_is 'is kept' "$(by /monitor/consumerMonitorConfig.query)" \
	'{"status":0,"data":{"G":{"minCount":1,"maxDiffTotal":100}},"errMsg":null}'
t_is 'alone' "$(by '/monitor/consumerMonitorConfigByGroupName.query?consumeGroupName=G')" \
	'{"status":0,"data":{"minCount":1,"maxDiffTotal":100},"errMsg":null}'
t_is 'until it is deleted' "$(by '/monitor/deleteConsumerMonitor.do?consumeGroupName=G' -X POST)$(by /monitor/consumerMonitorConfig.query)" \
	"$true"'{"status":0,"data":{},"errMsg":null}'

# Trends.
today=$(date +%F)
t_has 'of a broker' "$(by "/dashboard/broker.query?date=$today")" '{"status":0,"data":{"broker-a:0":["1'
t_has 'of a topic' "$(by "/dashboard/topic.query?date=$today&topicName=T")" '{"status":0,"data":["1'
t_has 'of all' "$(by "/dashboard/topic.query?date=$today")" '{"status":0,"data":{"T":["1'
t_has 'of no day' "$(by '/dashboard/topic.query?date=2001-01-01')" '{"status":1,"data":null,"errMsg":"'
t_has 'of now' "$(by /dashboard/topicCurrent)" '"T,'

# The end.
t_is 'a group is deleted' "$(with /consumer/deleteSubGroup.do '{"groupName":"G","brokerNameList":["broker-a"]}')" "$true"
t_is 'a topic at one broker' "$(by '/topic/deleteTopicByBroker.do?brokerName=broker-a&topic=T' -X POST)" "$true"
t_is 'and everywhere' "$(by /topic/deleteTopic.do -d topic=T)" "$true"
t_is 'nothing is left' "$(by /topic/list.query | grep -c '"T",')" 0

# The manual names each route.
sed -n 's!.*"\(/[a-z]*/[A-Za-z.]*\)".*!\1!p' "$SRCDIR"/console/old_*.c | sort >"$T_DIR/routes"
grep -o '/[a-z]*/[A-Za-z]*\(\.query\|\.do\)\{0,1\}' "$SRCDIR/man/mqconsole.7" | sort -u >"$T_DIR/listed"
t_is 'there are 39 routes' "$(wc -l <"$T_DIR/routes")" 39
t_is 'the manual lists all of them' "$(comm -23 "$T_DIR/routes" "$T_DIR/listed")" ''
t_done
