#!/bin/sh
# Attributes of topics and the newer settings of groups: changed, refused, kept, shown, obeyed.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

begin() {
	start b mqbroker -o storePathRootDir="$T_DIR/b" -o brokerIP1=127.0.0.1 -o brokerName=broker-x \
		-o namesrvAddr="$n" || exit 1
	b=$(address b)
}

# change TOPIC ATTRIBUTES: the code and the remark
change() {
	rawcall "$b" 17 topic="$1" defaultTopic=TBW102 readQueueNums=1 writeQueueNums=1 perm=6 \
		topicFilterType=SINGLE_TAG attributes="$2" >"$T_DIR/change"
	echo "$(field code <"$T_DIR/change") $(field remark <"$T_DIR/change")"
}

attributes() {
	rawcall "$b" 351 topic="$1" | field body | sed 's/.*"attributes":\({[^}]*}\).*/\1/'
}

# send TOPIC PROPERTIES: the code and the remark; @ stands for 0x01, ; for 0x02
send() {
	rawcall -B hello "$b" 310 a=PG b="$1" c=TBW102 d=4 e=0 f=0 g=1700000000000 h=0 \
		i="$(echo "$2" | tr '@;' '\001\002')" j=0 k=false m=false >"$T_DIR/send"
	echo "$(field code <"$T_DIR/send") $(field remark <"$T_DIR/send")"
}

start n mqnamesrv || exit 1
n=$(address n)
begin

# changes, as RocketMQ 5's tools ask for them
t_is "a new topic" "$(change T +message.type=FIFO,+queue.type=SimpleCQ)" "0 "
t_is "has them" "$(attributes T)" '{"message.type":"FIFO","queue.type":"SimpleCQ"}'
t_has "all topics have them" "$(rawcall "$b" 21 | field body)" \
	'"T":{"attributes":{"message.type":"FIFO","queue.type":"SimpleCQ"},"order":false,'
t_is "changed" "$(change T +message.type=DELAY,+dedup.window=60)" "0 "
t_is "to this" "$(attributes T)" '{"dedup.window":"60","message.type":"DELAY","queue.type":"SimpleCQ"}'
t_is "removed" "$(change T -dedup.window)" "0 "
t_is "a change without attributes" "$(change T '')" "0 "
t_is "keeps them" "$(attributes T)" '{"message.type":"DELAY","queue.type":"SimpleCQ"}'
for bad in "+colour=red|1 unsupported key: colour" \
	"-dedup.window|1 attempt to delete a nonexistent key: dedup.window" \
	"+cleanup.policy=DELETE|1 attempt to update an unchangeable attribute. key: cleanup.policy" \
	"+message.type=BLUE|1 message.type: value is not in set: [UNSPECIFIED, NORMAL, FIFO, DELAY, TRANSACTION, MIXED]" \
	"+dedup.window=604801|1 dedup.window: value is not in range(0, 604800)" \
	"+message.type=MIXED|29 MIXED message type is not supported."; do
	t_is "refused: ${bad%%|*}" "$(change T "${bad%%|*}")" "${bad#*|}"
done
t_is "only + for a new topic" "$(change New -message.type)" \
	"1 only add attribute is supported while creating topic. key: message.type"
t_is "which is not made then" "$(rawcall "$b" 351 topic=New | field code)" 17
t_is "nothing changed by all these" "$(attributes T)" '{"message.type":"DELAY","queue.type":"SimpleCQ"}'
t_is "a long key is cut" "$(change T "+$(printf '%0400d' 7)=1" | wc -c)" 120
list='{"topicConfigList":[{"topicName":"L1","attributes":{"+message.type":"FIFO"}},{"topicName":"L2","attributes":{"+x":"y"}}]}'
t_is "a list with a bad one" "$(rawcall -B "$list" "$b" 18 | field remark)" "unsupported key: x"
t_is "changes nothing" "$(rawcall "$b" 351 topic=L1 | field code)" 17
t_is "a list" "$(rawcall -B "$(echo "$list" | sed 's/+x":"y/+message.type":"DELAY/')" "$b" 18 | field code)" 0
t_is "its second" "$(attributes L2)" '{"message.type":"DELAY"}'
t_is "MIXED where it is allowed" "$(rawcall -B 'enableMixedMessageType=true' "$b" 25 | field code) $(change M +message.type=MIXED)" "0 0 "

# changes at the same time: each begins with what the one before it left
update='defaultTopic=TBW102 readQueueNums=1 writeQueueNums=1 perm=6 topicFilterType=SINGLE_TAG'
# shellcheck disable=SC2086
rawcall -o "$b" 17 topic=Both $update attributes=+queue.type=SimpleCQ -- 17 topic=Both $update attributes=+dedup.window=60 \
	-- 17 topic=Both $update attributes=+message.type=FIFO
both_are() {
	[ "$(attributes Both)" = "$1" ]
}
t_ok "three changes of a topic at once: none is lost" t_wait 30 both_are \
	'{"dedup.window":"60","message.type":"FIFO","queue.type":"SimpleCQ"}'
list='{"topicConfigList":[{"topicName":"L1","attributes":{"-message.type":""}},{"topicName":"Both","attributes":{"-dedup.window":""}}]}'
# shellcheck disable=SC2086
rawcall -o "$b" 17 topic=L1 $update attributes=+dedup.window=7 -- 18 "@$list" -- 17 topic=Both $update \
	attributes=+message.type=DELAY -- 215 topic=L2 -- 17 topic=L2 $update attributes=+dedup.window=8
lists_are() {
	[ "$(attributes Both)$(attributes L1)$(attributes L2)" = "$1" ]
}
t_ok "nor by a list, nor by a deletion" t_wait 30 lists_are \
	'{"message.type":"DELAY","queue.type":"SimpleCQ"}{"dedup.window":"7"}{"dedup.window":"8"}'

# groups
group='{"groupName":"G","consumeMessageOrderly":true,"consumeTimeoutMinute":7,"groupRetryPolicy":{"type":"EXPONENTIAL","exponentialRetryPolicy":{"initial":100,"max":900,"multiplier":3}}}'
t_is "a group" "$(rawcall -B "$group" "$b" 200 | field code)" 0
got=$(rawcall "$b" 352 group=G | field body)
t_has "its retry policy" "$got" '"groupRetryPolicy":{"exponentialRetryPolicy":{"initial":100,"max":900,"multiplier":3},"type":"EXPONENTIAL"}'
t_has "in order" "$got" '"consumeMessageOrderly":true,"consumeTimeoutMinute":7'
t_is "a policy of nothing" "$(rawcall -B '{"groupName":"G","groupRetryPolicy":{"customizedRetryPolicy":{"next":[]}}}' "$b" 200 | field remark)" \
	"the body is no subscription group: next of customizedRetryPolicy has 1 to 32 delays"
t_is "an attribute" "$(rawcall -B '{"groupName":"G","attributes":{"+a":"b"}}' "$b" 200 | field remark)" \
	"the body is no subscription group: unsupported key: a"
t_is "in a list" "$(rawcall -B '{"groupConfigList":[{"groupName":"H"},{"groupName":"G","attributes":{"+a":"b"}}]}' "$b" 225 | field code)" 1
t_is "nothing changed by these" "$(rawcall "$b" 352 group=G | field body)" "$got"

# our tools
admin() {
	"$BUILDDIR/mqadmin" "$@" -n "$n" 2>&1
}
t_has "mqadmin updateTopic" "$(admin updateTopic -t A -b "$b" -a +message.type=FIFO,+dedup.window=5)" \
	'{"dedup.window":"5","message.type":"FIFO"}'
t_has "and what it may not" "$(admin updateTopic -t A -b "$b" -a +queue.type=BatchCQ)" \
	"attempt to update an unchangeable attribute. key: queue.type"
t_has "mqadmin getTopicConfig" "$(admin getTopicConfig -t A)" '{"dedup.window":"5","message.type":"FIFO"}'
t_ok "mqadmin updateSubGroup" admin updateSubGroup -g H -b "$b" -o true -p '{"customizedRetryPolicy":{"next":[1,2]}}'
t_has "made it" "$(rawcall "$b" 352 group=H | field body)" '"groupRetryPolicy":{"customizedRetryPolicy":{"next":[1,2]},"type":"CUSTOMIZED"}'

t_has "mqadmin getConsumerConfig" "$(admin getConsumerConfig -g H -b "$b")" '"next":[1,2]'
t_has "of none" "$(admin getConsumerConfig -g None)" "subscription group not exist"

# kept; rows of an older broker
kill9 b
begin
t_is "after a kill: of a topic" "$(attributes A)" '{"dedup.window":"5","message.type":"FIFO"}'
t_is "of a group" "$(rawcall "$b" 352 group=G | field body)" "$got"
stop b
"$BUILDDIR/t/lib/sql" "$T_DIR/b/meta.db" "
	UPDATE topic SET value = '{\"order\":false,\"perm\":6,\"readQueueNums\":3,\"topicFilterType\":\"SINGLE_TAG\",\"topicName\":\"A\",\"topicSysFlag\":0,\"writeQueueNums\":3}' WHERE name = 'A';
	UPDATE topic SET value = '{\"attributes\":{\"priority\":\"9\",\"message.type\":\"FIFO\"},\"topicName\":\"T\",\"perm\":6}' WHERE name = 'T';
	UPDATE consumer_group SET value = '{\"brokerId\":0,\"groupName\":\"G\",\"retryMaxTimes\":3,\"retryQueueNums\":2}' WHERE name = 'G'" || exit 1
begin
t_is "an old row of a topic" "$(attributes A)" '{}'
t_is "a newer one" "$(attributes T)" '{"message.type":"FIFO"}'
t_has "an old row of a group" "$(rawcall "$b" 352 group=G | field body)" '"groupRetryPolicy":{"type":"CUSTOMIZED"},"groupSysFlag":0,"notifyConsumerIdsChangedEnable":true,"retryMaxTimes":3'

# obeyed
for type in NORMAL FIFO DELAY TRANSACTION; do
	change "K$type" "+message.type=$type" >/dev/null
done
t_is "brokers of RocketMQ do not check" "$(send KFIFO '')" "0 "
t_is "this one can" "$(rawcall -B 'enableTopicMessageTypeCheck=true' "$b" 25 | field code)" 0
for kind in NORMAL/ FIFO/__SHARDINGKEY@a DELAY/DELAY@1 TRANSACTION/TRAN_MSG@true\;PGROUP@PG; do
	for type in NORMAL FIFO DELAY TRANSACTION; do
		if [ "${kind%%/*}" = $type ]; then wanted="0 "; else
			wanted="13 TopicMessageType validate failed, the expected type is $type, but actual type is ${kind%%/*}"
		fi
		t_is "a message ${kind%%/*} to a topic $type" "$(send K$type "${kind#*/}")" "$wanted"
	done
	t_is "to one of all kinds" "$(send M "${kind#*/}")" "0 "
done
t_is "a topic without the attribute is NORMAL" "$(send Fresh __SHARDINGKEY@a)" \
	"13 TopicMessageType validate failed, the expected type is NORMAL, but actual type is FIFO"
t_is "a retry has no kind" "$(send %RETRY%G DELAY@1)" "0 "
t_ok "stops" stop b
t_done
