#!/bin/sh
# Popping, acknowledging, what is revived and what is not (200050, 200051, 200053, 200151).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/pops.sh
. "${SRCDIR:-.}/t/lib/pops.sh"

begin
make_topic T 1

# One message, popped and acknowledged.
got=$(pop T 60000)
t_is "an empty topic: no message" "$(echo "$got" | field code) $(echo "$got" | field remark)" "210 NO_MESSAGE_IN_QUEUE"
send T 0 first >/dev/null
got=$(pop T 60000)
t_is "found" "$(echo "$got" | field code) $(echo "$got" | field remark)" "0 FOUND"
t_has "the message" "$got" first
t_is "its queue and offsets" "$(echo "$got" | field ext.startOffsetInfo)/$(echo "$got" | field ext.msgOffsetInfo)" "0 0 0/0 0 0"
t_is "the rest of the fields" "$(echo "$got" | field ext.invisibleTime) $(echo "$got" | field ext.restNum) $(echo "$got" | field ext.reviveQid)" "60000 0 0"
t_is "it is invisible now" "$(pop T 60000 | field code)" 210
t_is "the group's progress" "$(progress T 0)" 1
receipt=$(receipt "$got")
t_is "acknowledged" "$(ack T "$receipt" | field code)" 0
t_is "a second time is stale" "$(ack T "$receipt" | field code)" 208

# A pop that waits is woken by a message.
(sleep 0.3 && send T 0 second) >/dev/null &
got=$(pop T 60000 20000)
t_has "a pop that waits gets the message that comes" "$got" second
t_is "and acknowledges it" "$(ack T "$(receipt "$got")" | field code)" 0

# Not acknowledged: it comes again, through the retry topic.
send T 0 third "KEYS$(printf '\001')k3$(printf '\002')" >/dev/null
got=$(pop T 1000)
stale=$(receipt "$got")
got=$(pop T 60000 20000)
t_has "what is not acknowledged comes again" "$got" third
t_has "with its properties" "$got" k3
t_is "from the retry topic" "$(echo "$got" | field ext.startOffsetInfo)" "1 0 0"
t_has "with its receipt" "$got" "POP_CK"
t_has "and the time of the first pop" "$got" "1ST_POP_TIME"
t_is "an acknowledgement after that is stale" "$(ack T "$stale" | field code)" 208
t_has "and says so" "$(ack T "$stale")" "stale"
t_is "the new receipt is not" "$(ack %RETRY%G_T "$(receipt "$got" 1)" | field code)" 0

# The time changes: shorter, longer.
send T 0 fourth >/dev/null
receipt=$(receipt "$(pop T 60000)")
got=$(change T "$receipt" 500)
t_is "another time" "$(echo "$got" | field code) $(echo "$got" | field ext.invisibleTime) $(echo "$got" | field ext.reviveQid)" "0 500 0"
t_is "its first receipt is stale" "$(ack T "$receipt" | field code)" 208
got=$(pop T 1000 20000)
t_has "it comes again after the new time" "$got" fourth
receipt=$(receipt "$got" 1)
got=$(change %RETRY%G_T "$receipt" 600000)
offset=${receipt##* }
t_is "longer" "$(echo "$got" | field code)" 0
t_is "it does not come" "$(pop T 60000 2500 | field code)" 210
t_is "its new receipt acknowledges it" \
	"$(ack %RETRY%G_T "$offset $(echo "$got" | field ext.popTime) 600000 0 1 broker-p 0 $offset" | field code)" 0

# Several at once, in several queues.
make_topic M 3
for i in 0 1 2 3 4 5; do
	send M $((i % 3)) "many-$i" >/dev/null
done
got=$(pop M 60000)
t_is "six messages of three queues" "$(echo "$got" | field ext.msgOffsetInfo | tr ';' '\n' | sort | tr '\n' ';')" \
	"0 0 0,1;0 1 0,1;0 2 0,1;"
time=$(echo "$got" | field ext.popTime)
batch() {
	printf '{"acks":[{"b":"%s","c":"G","it":60000,"pt":%s,"q":0,"r":"0","rq":0,"so":0,"t":"M"},' "$1" "$time"
	printf '{"bitSet":[3],"consumerGroup":"G","invisibleTime":60000,"popTime":%s,"queueId":1,"retry":"0","reviveQueueId":0,"startOffset":0,"topic":"M"}],"brokerName":"broker-p"}' "$time"
}
t_is "a batch of acknowledgements" "$(rawcall -B "$(batch Aw==)" "$b" 200151 | field code)" 0
t_is "settles four of six" "$(counter popMessages)" 2
t_is "the fifth and the sixth" "$(ack M "$(receipt "$got" 0 2 0)" 2 | field code)$(ack M "$(receipt "$got" 0 2 1)" 2 | field code)" 00
t_is "nothing is out" "$(counter popMessages)" 0
t_is "an empty batch" "$(rawcall -B '{"acks":[]}' "$b" 200151 | field code)" 208
t_is "a batch that is none" "$(rawcall -B '[1]' "$b" 200151 | field code)" 208

# One queue alone, fewer than there are, a filter.
send M 1 one "TAGS$(printf '\001')A$(printf '\002')" >/dev/null
send M 1 two "TAGS$(printf '\001')B$(printf '\002')" >/dev/null
send M 2 three "TAGS$(printf '\001')A$(printf '\002')" >/dev/null
got=$(pop M 60000 0 1 queueId=1)
t_is "one of one queue" "$(echo "$got" | field ext.msgOffsetInfo) $(echo "$got" | field ext.restNum)" "0 1 2 1"
got=$(pop M 60000 0 32 exp='A||C')
t_is "by tag" "$(echo "$got" | field ext.msgOffsetInfo)" "0 2 2"
t_is "what the tag drops is passed" "$(progress M 1)" 4
t_is "a subscription without a tag" "$(pop M 60000 0 32 exp='||' | field code)" 23

# By an expression.
make_topic Q 1
send Q 0 small "a$(printf '\001')1$(printf '\002')" >/dev/null
send Q 0 large "a$(printf '\001')9$(printf '\002')" >/dev/null
t_is "SQL92" "$(pop Q 60000 0 32 expType=SQL92 exp='a > 5' | field ext.msgOffsetInfo)" "0 0 1"
t_is "a bad expression" "$(pop Q 60000 0 32 expType=SQL92 exp='a >' | field code)" 23

# A group that is set back pops again; one that pops may pull.
make_topic B 1
send B 0 back >/dev/null
ack B "$(receipt "$(pop B 60000)")" >/dev/null
rawcall "$b" 15 consumerGroup=G topic=B queueId=0 commitOffset=0 >/dev/null
t_has "set back, it pops again" "$(pop B 60000)" back
t_is "and its pulls go on behind it" "$(progress B 0)" 1

# To the dead letters.
rawcall -B '{"groupName":"G","retryMaxTimes":1,"retryQueueNums":1,"consumeEnable":true}' "$b" 200 >/dev/null
make_topic D 1
send D 0 deadly "KEYS$(printf '\001')kd$(printf '\002')" >/dev/null
pop D 300 >/dev/null
got=$(pop D 300 20000)
t_has "once more" "$got" deadly
t_ok "then it goes to the dead letters" t_wait 30 sh -c "$RAWCALL $b 30 topic=%DLQ%G queueId=0 | grep -q ext.offset=1"
got=$(rawcall "$b" 11 consumerGroup=D topic=%DLQ%G queueId=0 queueOffset=0 maxMsgNums=1 sysFlag=4 commitOffset=0 \
	suspendTimeoutMillis=0 subscription='*' subVersion=0)
t_has "with its keys" "$got" kd
t_has "and where it came from" "$got" "RETRY_TOPIC"
t_is "counted" "$(counter popDead)" 1
t_ok "it stops" stop b
t_done
