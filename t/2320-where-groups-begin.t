#!/bin/sh
# Where a group begins that has no offset yet, by consumeFromWhere and the age of the queue: each row of the
# table in mq-protocol(7), as a client asks.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

begin b -o ioThreads=1
send() { # TOPIC QUEUES QUEUE
	rawcall -B x "$b" 310 a=PG b="$1" c=TBW102 d="$2" e="$3" f=0 g=1 h=0 i= j=0 k=false m=false >/dev/null
}
ratio() {
	rawcall -B "accessMessageInMemoryMaxRatio=$1" "$b" 25 >/dev/null
}
# where FROM TOPIC QUEUE: what a client with this consumeFromWhere does (RebalancePushImpl)
where() {
	offset=$(rawcall "$b" 14 consumerGroup=G topic="$2" queueId="$3")
	case $(echo "$offset" | field code) in
	0) echo "$offset" | field ext.offset ;;
	22)
		case $1 in
		FIRST) echo 0 ;;
		LAST) rawcall "$b" 30 topic="$2" queueId="$3" | field ext.offset ;;
		*) rawcall "$b" 29 topic="$2" queueId="$3" timestamp="$1" | field ext.offset ;;
		esac
		;;
	*) echo "$offset" | field remark ;;
	esac
}

send T 2 0
send T 2 0
sleep 0.02
between=$(date +%s%3N)
sleep 0.02
send T 2 0

t_is "young: from the first" "$(where FIRST T 0)" 0
t_is "young: 0 even for the last" "$(where LAST T 0)" 0
t_is "young: 0 even for a time" "$(where "$between" T 0)" 0
ratio 0
t_is "old: from the first" "$(where FIRST T 0)" 0
t_is "old: from the last" "$(where LAST T 0)" 3
t_is "old: from a time" "$(where "$between" T 0)" 2
t_is "without a message: 0, first" "$(where FIRST T 1)" 0
t_is "without a message: 0, last" "$(where LAST T 1)" 0
rawcall "$b" 15 consumerGroup=G topic=T queueId=0 commitOffset=1 >/dev/null
t_is "with an offset: that, first" "$(where FIRST T 0)" 1
t_is "with an offset: that, last" "$(where LAST T 0)" 1
t_is "a caller that wants no 0" "$(rawcall "$b" 14 consumerGroup=H topic=T queueId=0 setZeroIfNotFound=false | field code)" 22
ratio 40
t_is "young again: another group" "$(rawcall "$b" 14 consumerGroup=H topic=T queueId=0 | field ext.offset)" 0
stop b
begin b -o ioThreads=1
t_is "the offset outlives a restart" "$(where LAST T 0)" 1

# --- lite pull with assign: no rebalance, offsets where the program wants them
alive=$(printf '{"clientID":"l@STREAM","producerDataSet":[],"consumerDataSet":[{"groupName":"LG","consumeType":"CONSUME_ACTIVELY","messageModel":"CLUSTERING","consumeFromWhere":"CONSUME_FROM_LAST_OFFSET","unitMode":false,"subscriptionDataSet":[]}]}')
hold l -B "$alive" "$b" 34
t_is "a consumer without a subscription" "$(field code <"$T_DIR/l.held")" 0
# lite OFFSET [FLAGS]: 361 brings its own subscription (4) and says so (16)
lite() {
	rawcall -R "$b" 361 consumerGroup=LG topic=T queueId=0 queueOffset="$1" maxMsgNums=10 sysFlag="${2:-20}" commitOffset=0 \
		suspendTimeoutMillis=0 subscription='*' subVersion=0 expressionType=TAG
}
t_is "from where a new group begins" "$(lite "$(rawcall "$b" 14 consumerGroup=LG topic=T queueId=0 | field ext.offset)" | grep -c ^record)" 3
t_is "seek to the end" "$(lite "$(rawcall "$b" 30 topic=T queueId=0 | field ext.offset)" | field code)" 19
t_is "seek to the begin" "$(lite "$(rawcall "$b" 31 topic=T queueId=0 | field ext.offset)" | grep -c ^record)" 3
t_is "seek to a time" "$(lite "$(rawcall "$b" 29 topic=T queueId=0 timestamp="$between" | field ext.offset)" | grep -c ^record)" 1
t_is "seek too far: told where to go on" "$(lite 99 | field code) $(lite 99 | field ext.nextBeginOffset)" "21 3"
t_is "commit" "$(rawcall "$b" 15 consumerGroup=LG topic=T queueId=0 commitOffset=2 | field code)" 0
t_is "and go on from there" "$(lite "$(rawcall "$b" 14 consumerGroup=LG topic=T queueId=0 | field ext.offset)" | grep -c ^record)" 1
stop b
t_done
