#!/bin/sh
# A request between clients: the reply comes back through the broker, or the replier hears why not.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

soh=$(printf '\001')
stx=$(printf '\002')
start b mqbroker -o storePathRootDir="$T_DIR/b" -o brokerIP1=127.0.0.1 || exit 1
b=$(address b)
topic=DefaultCluster_REPLY_TOPIC

# beat CLIENT: the body of a producer's heartbeat
beat() {
	printf '{"clientID":"%s","consumerDataSet":[],"producerDataSet":[{"groupName":"Asker"}]}' "$1" >"$T_DIR/beat"
}

# requester NAME CLIENT FLAGS ...: a client that sent a heartbeat and stays
requester() {
	t_name=$1
	beat "$2"
	shift 2
	hold "$t_name" -b "$T_DIR/beat" "$@" "$b" 34
}

# properties CLIENT: of a reply to it
properties() {
	printf 'MSG_TYPE%sreply%sREPLY_TO_CLIENT%s%s%sCORRELATION_ID%sc-1%sTTL%s5000' \
		"$soh" "$stx" "$soh" "$1" "$stx" "$soh" "$stx" "$soh"
}

# reply PROPERTIES [FLAGS ...]: by the short names; reply_long: by the long ones
reply() {
	t_properties=$1
	shift
	rawcall -B "the answer" "$@" "$b" 325 a=Replier b=$topic c=TBW102 d=4 e=0 f=0 g=1700000000000 h=7 i="$t_properties" \
		j=0 k=false m=false n=broker-a
}
reply_long() {
	rawcall -B "" "$b" 324 producerGroup=Replier topic=$topic defaultTopic=TBW102 defaultTopicQueueNums=4 queueId=0 \
		sysFlag=0 bornTimestamp=1700000000000 flag=0 properties="$1" reconsumeTimes=0 unitMode=false batch=false
}
# stored: how many replies the topic has
stored() {
	rawcall "$b" 30 topic=$topic queueId=0 | field ext.offset
}
counter() {
	rawcall "$b" 28 | grep -o "\"$1\":\"[0-9]*\"" | grep -o '[0-9]*'
}

requester one 10.0.0.1@1 -A ''
got=$(reply "$(properties 10.0.0.1@1)")
t_is "the replier is told" "$(echo "$got" | field code)" 0
t_is "where the reply is stored" "$(echo "$got" | field ext.queueId) $(echo "$got" | field ext.queueOffset)" "0 0"
t_is "its id" "$(echo "$got" | field ext.msgId | wc -c)" 33
t_is "its region" "$(echo "$got" | field ext.MSG_REGION)" DefaultRegion
cp "$T_DIR/one.held" "$T_DIR/pushed"
t_is "the requester gets it" "$(field push <"$T_DIR/pushed")" 326
for pair in producerGroup=Replier topic=$topic defaultTopic=TBW102 defaultTopicQueueNums=4 queueId=0 sysFlag=0 \
	bornTimestamp=1700000000000 flag=7 reconsumeTimes=0 unitMode=false storeHost="$b"; do
	t_is "pushed with $pair" "$(field "push.${pair%%=*}" <"$T_DIR/pushed")" "${pair#*=}"
done
t_has "pushed with bornHost" "$(field push.bornHost <"$T_DIR/pushed")" 127.0.0.1:
t_ok "pushed with storeTimestamp" grep -q '^push.storeTimestamp=1[0-9]\{12\}$' "$T_DIR/pushed"
pushed=$(field push.properties <"$T_DIR/pushed" | tr '\001\002' ':;')
t_has "which request it is the reply to" "$pushed" "CORRELATION_ID:c-1;"
t_has "when it left" "$pushed" "PUSH_REPLY_TIME:1"
t_is "a reply by the long names, without a body" "$(reply_long "$(properties 10.0.0.1@1)" | field code)" 0
t_is "both are pushed" "$(grep -c '^push=326' "$T_DIR/one.held")" 2
t_is "both are stored" "$(stored)" 2
t_has "as they came" "$(rawcall -R "$b" 11 consumerGroup=CG topic=$topic queueId=0 queueOffset=0 maxMsgNums=1 sysFlag=4 \
	commitOffset=0 suspendTimeoutMillis=0 'subscription=*' subVersion=0)" "body=the answer properties=MSG_TYPE:reply;"

# A client has a new connection: the newer heartbeat counts, until that connection is gone.
requester two 10.0.0.1@1 -A ''
reply "$(properties 10.0.0.1@1)" >/dev/null
t_is "the last heartbeat counts" "$(grep -c '^push=326' "$T_DIR/one.held") $(grep -c '^push=326' "$T_DIR/two.held")" "2 1"

# Whoever cannot be told: the replier hears it at once, and the reply is stored all the same.
n=$(stored)
got=$(reply "$(properties nobody@2)")
t_is "a stranger: refused" "$(echo "$got" | field code)" 1
t_has "a stranger: why" "$(echo "$got" | field remark)" "channel of <nobody@2> not found"
got=$(reply "MSG_TYPE${soh}reply")
t_is "no requester: refused" "$(echo "$got" | field code)" 1
t_has "no requester: why" "$(echo "$got" | field remark)" "REPLY_TO_CLIENT"
t_is "no properties: refused" "$(reply '' | field code)" 1
kill9 one
kill9 two
gone() {
	[ "$(counter clientConnections)" = 0 ]
}
t_ok "the requester leaves" t_wait 10 gone
got=$(reply "$(properties 10.0.0.1@1)")
t_is "one that left: refused" "$(echo "$got" | field code)" 1
t_has "one that left: why" "$(echo "$got" | field remark)" "not found"
t_is "all are stored" "$(stored)" $((n + 4))
requester three 10.0.0.3@1
got=$(reply "$(properties 10.0.0.3@1)")
t_is "one that does not answer: refused" "$(echo "$got" | field code)" 1
t_has "one that does not answer: why" "$(echo "$got" | field remark)" "did not answer within 2500 ms"

# Hostile ids and messages.
t_has "an id with control characters" "$(reply "$(properties "$(printf 'a\003b')")" | field remark)" "control character"
t_has "an id of 2,000 bytes" "$(reply "$(properties "$(head -c 2000 /dev/zero | tr '\0' x)")" | field remark)" "REPLY_TO_CLIENT"
t_is "a topic that is closed" "$(rawcall -B x "$b" 325 a=PG b=SCHEDULE_TOPIC_XXXX c=TBW102 d=4 e=0 f=0 g=1 h=0 \
	i="$(properties 10.0.0.3@1)" j=0 k=false m=false | field code)" 16
t_is "a queue that is not there" "$(rawcall -B x "$b" 325 a=PG b=$topic c=TBW102 d=4 e=1 f=0 g=1 h=0 \
	i="$(properties 10.0.0.3@1)" j=0 k=false m=false | field code)" 1
t_is "a batch" "$(rawcall -B x "$b" 325 a=PG b=$topic c=TBW102 d=4 e=0 f=0 g=1 h=0 i="$(properties 10.0.0.3@1)" j=0 k=false \
	m=true | field code)" 13
t_is "nothing of that is pushed" "$(grep -c '^push=326' "$T_DIR/three.held")" 1

# The memory of replies on their way is limited.
rawcall -B maxReplyMemory=65536 "$b" 25 >/dev/null
head -c 70000 /dev/zero | tr '\0' x >"$T_DIR/long"
got=$(reply "$(properties 10.0.0.3@1)" -b "$T_DIR/long")
t_is "too much memory: busy" "$(echo "$got" | field code)" 2
t_has "too much memory: why" "$(echo "$got" | field remark)" maxReplyMemory
t_is "it is counted" "$(counter refusedReplies)" 1
t_is "the memory is free again" "$(counter replyMemory)" 0
t_is "how many were delivered" "$(counter repliesDelivered)" 3

# Without storing.
rawcall -B storeReplyMessageEnable=false "$b" 25 >/dev/null
n=$(stored)
requester four 10.0.0.4@1 -A ''
got=$(reply "$(properties 10.0.0.4@1)")
t_is "not stored: delivered" "$(echo "$got" | field code) $(echo "$got" | field ext.msgId)" "0 0"
t_is "not stored: a stranger" "$(reply "$(properties nobody@2)" | field code)" 1
t_is "not stored: a closed topic" "$(rawcall -B x "$b" 325 a=PG b=SCHEDULE_TOPIC_XXXX c=TBW102 d=4 e=0 f=0 g=1 h=0 \
	i="$(properties 10.0.0.4@1)" j=0 k=false m=false | field code)" 16
t_is "not stored" "$(stored)" "$n"

# The end of the broker while a reply is on its way.
rawcall -B storeReplyMessageEnable=true "$b" 25 >/dev/null
reply "$(properties 10.0.0.3@1)" >"$T_DIR/last" &
asked() {
	[ "$(grep -c '^push=326' "$T_DIR/three.held")" = 2 ]
}
t_ok "a reply is on its way" t_wait 10 asked
t_ok "the broker ends" stop b
t_done
