#!/bin/sh
# A slave: what it serves, what it refuses, and that nothing happens there by itself. Its store is a copy of
# a stopped master's.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

soh=$(printf '\001')
stx=$(printf '\002')

# send BROKER TOPIC BODY [PROPERTIES] [FLAG]
send() {
	rawcall -B "$3" "$1" 310 a=PG b="$2" c=TBW102 d=1 e=0 f="${5:-0}" g=1700000000000 h=0 j=0 k=false m=false i="${4-}"
}

# pull BROKER TOPIC OFFSET
pull() {
	rawcall "$1" 11 consumerGroup="${4:-CG}" topic="$2" queueId=0 queueOffset="$3" maxMsgNums=32 sysFlag=4 commitOffset=0 \
		suspendTimeoutMillis=0 subscription='*' subVersion=0
}

begin a -o 'messageDelayLevel=1s 2s' -o transactionTimeOut=1000 -o transactionCheckInterval=1000
a=$b
send "$a" T one >/dev/null
send "$a" T two "KEYS${soh}k${stx}UNIQ_KEY${soh}U2${stx}" >/dev/null
rawcall "$a" 15 consumerGroup=CG topic=T queueId=0 commitOffset=1 >/dev/null
send "$a" T half "TRAN_MSG${soh}true${stx}PGROUP${soh}PG${stx}UNIQ_KEY${soh}U3${stx}" 4 >"$T_DIR/half"
send "$a" T late "DELAY${soh}2${stx}" >/dev/null
send "$a" T timed "TIMER_DELAY_SEC${soh}2${stx}" >/dev/null
stop a
cp -r "$T_DIR/a" "$T_DIR/s"
start s mqbroker -o brokerRole=SLAVE -o brokerId=1 -o brokerName=a -o brokerIP1=127.0.0.1 \
	-o haMasterAddress=127.0.0.1:1 -o storePathRootDir="$T_DIR/s" -o 'messageDelayLevel=1s 2s' \
	-o transactionTimeOut=1000 -o transactionCheckInterval=1000 || exit 1
s=$(address s)

# What reads is served.
got=$(pull "$s" T 0)
t_is "a pull finds what the master stored" "$(echo "$got" | field code)" 0
t_has "all of it" "$got" two
t_is "the offset of a group" "$(rawcall "$s" 14 consumerGroup=CG topic=T queueId=0 | field ext.offset)" 1
t_is "the end of a queue" "$(rawcall "$s" 30 topic=T queueId=0 | field ext.offset)" 2
t_has "a message by its key" "$(rawcall "$s" 12 topic=T key=k maxNum=8 beginTimestamp=0 endTimestamp=9999999999999)" two
beat='{"clientID":"c","producerDataSet":[{"groupName":"PG"}],"consumerDataSet":[{"groupName":"NEW","consumeType":"CONSUME_PASSIVELY","messageModel":"CLUSTERING","consumeFromWhere":"CONSUME_FROM_FIRST_OFFSET","unitMode":false,"subscriptionDataSet":[{"topic":"T","subString":"*","tagsSet":[],"codeSet":[],"subVersion":7}]}]}'
hold h -B "$beat" "$s" 34
t_has "members of a group" "$(rawcall "$s" 38 consumerGroup=NEW)" '"consumerIdList":["c"]'
t_is "a group that is new pulls" "$(pull "$s" T 0 NEW | field code)" 0
t_has_not "but it is not made here" "$(rawcall "$s" 201)" '"NEW"'
t_has_not "nor its retry topic" "$(rawcall "$s" 21)" '%RETRY%NEW'
t_is "an offset is taken" "$(rawcall "$s" 15 consumerGroup=CG topic=T queueId=0 commitOffset=2 | field code)" 0
t_is "and told" "$(rawcall "$s" 14 consumerGroup=CG topic=T queueId=0 | field ext.offset)" 2
t_is "its own settings can change" "$(rawcall -B 'logLevel=debug' "$s" 25 | field code)" 0

# What would store something is refused. CODE, then the request.
refused() {
	t_is "refused: $1" "$(rawcall "$s" "$@" | field code)" "$t_code"
}
t_code=14
t_is "a send goes elsewhere" "$(send "$s" T three | field code)" 14
t_has "with the reason" "$(send "$s" T three | field remark)" 'this broker is a slave'
t_is "one to a topic that is not there too" "$(send "$s" Other three | field code)" 14
t_has_not "no topic was made" "$(rawcall "$s" 21)" Other
refused 36 offset=0 group=CG delayLevel=0
refused 200050 consumerGroup=CG topic=T queueId=0 maxMsgNums=1 invisibleTime=1000 pollTime=0 bornTime=0 initMode=0
refused 41
refused 200054 consumerGroup=CG topic=T queueId=0 pollTime=0 bornTime=0
t_code=11
refused 37 producerGroup=PG commitLogOffset=0 tranStateTableOffset=0 commitOrRollback=8 fromTransactionCheck=false
refused 370 producerGroup=PG topic=T recallHandle=x
t_code=1
refused 17 topic=X defaultTopic=TBW102 readQueueNums=4 writeQueueNums=4 perm=6 topicFilterType=SINGLE_TAG topicSysFlag=0 order=false
t_has "as RocketMQ says it" "$(rawcall "$s" 215 topic=T | field remark)" "Can't modify topic or subscription group from slave broker"
refused 207 groupName=CG
refused 222 topic=T group=CG timestamp=0 isForce=true
t_is "what is deleted there is there" "$(pull "$s" T 0 | field code)" 0

# Nothing happens by itself: due times have passed, and the log has not grown.
end_of_log() {
	rawcall "$s" 28 | grep -o '"commitLogMaxOffset":"[0-9]*"'
}
ended=$(end_of_log)
sleep 3
t_is "no delivery, no check, nothing is stored" "$(end_of_log)" "$ended"
t_is "nothing came" "$(rawcall "$s" 30 topic=T queueId=0 | field ext.offset)" 2
t_ok "it stops as a master does" stop s

# The same store at a master: all of it comes.
begin a -o 'messageDelayLevel=1s 2s' -o transactionTimeOut=1000 -o transactionCheckInterval=1000
came() {
	[ "$(rawcall "$b" 30 topic=T queueId=0 | field ext.offset)" = 4 ]
}
t_ok "a master delivers what waited" t_wait 30 came

t_done
