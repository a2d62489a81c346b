#!/bin/sh
# One broker without a name server: sending, pulling and looking up, as frames.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

start b mqbroker -o storePathRootDir="$T_DIR/b" -o brokerIP1=127.0.0.1 || exit 1
b=$(address b)
fast=127.0.0.1:$(($(port b) - 2))

# send TOPIC QUEUE PROPERTIES BODY
send() {
	rawcall -B "$4" "$b" 310 a=PG b="$1" c=TBW102 d=4 e="$2" f=0 g=1700000000000 h=5 i="$3" j=0 k=false m=false
}

# pull TOPIC QUEUE OFFSET SYSFLAG SUBSCRIPTION
pull() {
	rawcall "$b" 11 consumerGroup=CG topic="$1" queueId="$2" queueOffset="$3" maxMsgNums=32 sysFlag="$4" \
		commitOffset=0 suspendTimeoutMillis=15000 subscription="$5" subVersion=0
}

got=$(send T 0 '' hello)
t_is "a send to a new topic" "$(echo "$got" | field code)" 0
t_is "its queue offset" "$(echo "$got" | field ext.queueOffset)" 0
t_is "its region" "$(echo "$got" | field ext.MSG_REGION)" DefaultRegion
id=$(echo "$got" | field ext.msgId)
t_is "its id has 32 digits" ${#id} 32
t_is "the next offset" "$(send T 0 '' again | field ext.queueOffset)" 1
t_is "another queue" "$(send T 3 '' other | field ext.queueOffset)" 0

got=$(pull T 0 0 4 '*')
t_is "pull: found" "$(echo "$got" | field code)" 0
t_is "pull: remark" "$(echo "$got" | field remark)" FOUND
t_is "pull: goes on at" "$(echo "$got" | field ext.nextBeginOffset)" 2
t_is "pull: max" "$(echo "$got" | field ext.maxOffset)" 2
t_has "pull: the bodies" "$got" hello
t_is "pull at the end, not held" "$(pull T 0 2 4 '*' | field code)" 19
got=$(pull T 0 99 4 '*')
t_is "pull beyond the end" "$(echo "$got" | field code) $(echo "$got" | field ext.nextBeginOffset)" "21 2"
t_is "pull of a queue without messages" "$(pull T 1 0 4 '*' | field code)" 19
t_is "pull of a queue that is not there" "$(pull T 4 0 4 '*' | field code)" 1
t_is "pull of an unknown topic" "$(pull Nope 0 0 4 '*' | field code)" 17

got=$(rawcall "$b" 33 offset=0)
t_is "by position" "$(echo "$got" | field code)" 0
t_is "no such position" "$(rawcall "$b" 33 offset=7 | field code)" 1
soh=$(printf '\001')
stx=$(printf '\002')
send T 2 "KEYS${soh}k1 k2${stx}TAGS${soh}TagA${stx}" keyed >/dev/null
got=$(rawcall "$b" 12 topic=T key=k2 maxNum=32 beginTimestamp=0 endTimestamp=9999999999999)
t_is "by key, right after the send" "$(echo "$got" | field code)" 0
t_has "by key: the body" "$got" keyed
t_is "by a key that nobody has" \
	"$(rawcall "$b" 12 topic=T key=k3 maxNum=32 beginTimestamp=0 endTimestamp=9999999999999 | field code)" 22

t_is "a tag that matches" "$(pull T 2 0 4 'TagB || TagA' | field code)" 0
got=$(pull T 2 0 4 'TagB')
t_is "a tag that does not" "$(echo "$got" | field code) $(echo "$got" | field ext.nextBeginOffset)" "20 1"

# Only || separates tags: red|blue is one tag.
send Tag 0 "TAGS${soh}red|blue${stx}" both >/dev/null
send Tag 0 "TAGS${soh}red${stx}" only >/dev/null
got=$(pull Tag 0 0 4 'red|blue')
t_has "a tag with a bar" "$got" both
t_is "and no other: goes on behind the second" "$(echo "$got" | field ext.nextBeginOffset)" 2
t_has_not "its parts are no tags" "$got" only
got=$(pull Tag 0 0 4 'red|blue||red')
t_has "and one among others" "$got" both
t_has "with those others" "$got" only
t_is "a subscription that names no tag" "$(pull Tag 0 0 4 ' || ' | field code)" 23

t_is "max offset" "$(rawcall "$b" 30 topic=T queueId=0 | field ext.offset)" 2
t_is "min offset" "$(rawcall "$b" 31 topic=T queueId=0 | field ext.offset)" 0
t_is "offset of a time before all" "$(rawcall "$b" 29 topic=T queueId=0 timestamp=1000 | field ext.offset)" 0
t_is "offset of a time after all" "$(rawcall "$b" 29 topic=T queueId=0 timestamp=9999999999999 | field ext.offset)" 2

rawcall "$b" 17 topic=RO defaultTopic=TBW102 readQueueNums=4 writeQueueNums=4 perm=4 \
	topicFilterType=SINGLE_TAG order=false >/dev/null
t_is "no write permission" "$(send RO 0 '' x | field code)" 16
t_is "an illegal name" "$(send 'a b' 0 '' x | field code)" 1
t_is "a closed topic" "$(send SCHEDULE_TOPIC_XXXX 0 '' x | field code)" 16
t_is "a queue that is not there" "$(send T 4 '' x | field code)" 1
head -c 4194305 /dev/zero >"$T_DIR/big"
got=$(rawcall -b "$T_DIR/big" "$b" 310 a=PG b=T c=TBW102 d=4 e=0 f=0 g=1 h=0 i= j=0 k=false m=false)
t_is "one byte too many" "$(echo "$got" | field code)" 13
t_has "and the remark says how many" "$got" "has 4194305 bytes, maxMessageSize is 4194304"

t_is "sends work on the fast port" "$(rawcall -B x "$fast" 310 a=PG b=T c=TBW102 d=4 e=0 f=0 g=1 h=0 i= j=0 k=false m=false |
	field code)" 0
t_is "pulls do not" "$(rawcall "$fast" 11 consumerGroup=CG topic=T queueId=0 queueOffset=0 maxMsgNums=1 sysFlag=4 \
	commitOffset=0 suspendTimeoutMillis=0 'subscription=*' subVersion=0 | field code)" 3
t_is "an unknown code" "$(rawcall "$b" 9999 | field code)" 3
t_is "a field that is missing" "$(rawcall "$b" 30 topic=T | field code)" 1
t_is "a binary header" "$(rawcall -x "$b" 30 topic=T queueId=0 | field ext.offset)" 3

# long polling: held until the message comes
pull T 1 0 6 '*' >"$T_DIR/held" &
held=$!
sleep 0.3
t_is "held while there is nothing" "$(cat "$T_DIR/held")" ''
send T 1 '' wake-up >/dev/null
wait $held
t_has "and answered when there is" "$(cat "$T_DIR/held")" wake-up

stop b
t_is "a clean stop" $? 0
start b mqbroker -o storePathRootDir="$T_DIR/b" -o brokerIP1=127.0.0.1 || exit 1
b=$(address b)
t_has "the messages are there after a restart" "$(pull T 0 0 4 '*')" hello
t_is "and offsets go on" "$(send T 0 '' more | field ext.queueOffset)" 3
kill9 b
start b mqbroker -o storePathRootDir="$T_DIR/b" -o brokerIP1=127.0.0.1 || exit 1
b=$(address b)
t_has "and after kill -9" "$(pull T 0 3 4 '*')" more
t_is "as do the keys" \
	"$(rawcall "$b" 12 topic=T key=k1 maxNum=32 beginTimestamp=0 endTimestamp=9999999999999 | field code)" 0
t_done
