#!/bin/sh
# Each limit of a send and a pull from both sides: the last value that is taken, and the first that is not.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

soh=$(printf '\001')
stx=$(printf '\002')
start b mqbroker -o storePathRootDir="$T_DIR/b" -o brokerIP1=127.0.0.1 || exit 1
b=$(address b)

# long N [CHARACTER]: so many bytes
long() {
	head -c "$1" /dev/zero | tr '\0' "${2:-p}"
}

# send TOPIC QUEUE PROPERTIES: the file $T_DIR/body with each of the two forms of the request
send() {
	v2=$(rawcall -b "$T_DIR/body" "$b" 310 a=PG b="$1" c=TBW102 d=4 e="$2" f=0 g=1 h=0 i="$3" j=0 k=false m=false | field code)
	v1=$(rawcall -b "$T_DIR/body" "$b" 10 producerGroup=PG topic="$1" defaultTopic=TBW102 defaultTopicQueueNums=4 \
		queueId="$2" sysFlag=0 bornTimestamp=1 flag=0 properties="$3" reconsumeTimes=0 unitMode=false | field code)
	echo "$v2 $v1"
}

# both WHAT LAST FIRST: what the last value that fits and the first that does not were answered
both() {
	t_is "$1: the last that fits" "$2" "0 0"
	t_is "$1: one more" "$3" "13 13"
}

# The body: maxMessageSize, by default and when it is changed.
long 4194304 x >"$T_DIR/body"
fits=$(send T 0 '')
long 4194305 x >"$T_DIR/body"
both "a body of 4 MiB" "$fits" "$(send T 0 '')"
t_is "maxMessageSize is live" "$(rawcall -B maxMessageSize=1024 "$b" 25 | field code)" 0
long 1024 x >"$T_DIR/body"
fits=$(send T 0 '')
long 1025 x >"$T_DIR/body"
both "a body of 1024 bytes" "$fits" "$(send T 0 '')"
: >"$T_DIR/body"
t_is "a body of no bytes" "$(send T 0 '')" "0 0"

# Properties: the record has two bytes for their length, of which one bit is a sign.
echo x >"$T_DIR/body"
added=62 # bytes that the broker stores behind them: MSG_REGION, TRACE_ON and CLUSTER
both "properties" "$(send T 0 "k${soh}$(long $((32764 - added)))${stx}")" "$(send T 0 "k${soh}$(long $((32765 - added)))${stx}")"

# The name of a topic: the record has one byte for its length.
t_is "a topic of 127 bytes" "$(send "$(long 127 t)" 0 '')" "0 0"
t_is "a topic of 128 bytes" "$(send "$(long 128 t)" 0 '')" "1 1"
t_is "a topic of no bytes" "$(send '' 0 '')" "1 1"

# Queues.
t_is "the last queue" "$(send T 3 '')" "0 0"
t_is "the one behind it" "$(send T 4 '')" "1 1"
t_is "any queue" "$(send T -1 '')" "0 0"

# A batch: its body counts as one, the properties of a member and those of the batch together.
# item N: the batch's message with a body of two bytes and N bytes of properties
item() {
	printf "\\$(printf '%03o' $((($1 + 24) / 16777216)))\\$(printf '%03o' $((($1 + 24) / 65536 % 256)))"
	printf "\\$(printf '%03o' $((($1 + 24) / 256 % 256)))\\$(printf '%03o' $((($1 + 24) % 256)))"
	printf '\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\002xy'
	printf "\\$(printf '%03o' $(($1 / 256)))\\$(printf '%03o' $(($1 % 256)))"
	[ "$1" -eq 0 ] || printf 'k\001%s\002' "$(long $(($1 - 3)))"
}
batch() {
	rawcall -b "$T_DIR/batch" "$b" 320 a=PG b=T c=TBW102 d=4 e=0 f=0 g=1 h=0 i="$1" j=0 k=false m=true | field code
}
rawcall -B maxMessageSize=1024 "$b" 25 >/dev/null
{ item 488 && item 488; } >"$T_DIR/batch"
t_is "a batch that is as large as a body may be" "$(wc -c <"$T_DIR/batch") $(batch '')" "1024 0"
{ item 488 && item 489; } >"$T_DIR/batch"
t_is "one byte more" "$(wc -c <"$T_DIR/batch") $(batch '')" "1025 13"
rawcall -B maxMessageSize=4194304 "$b" 25 >/dev/null
item $((32760 - added)) >"$T_DIR/batch"
t_is "a member's properties with those of the batch" "$(batch "a${soh}1234${stx}")" 0
t_is "one byte too many" "$(batch "a${soh}12345${stx}")" 13
item 0 >"$T_DIR/batch"
t_is "a batch of one message" "$(batch '')" 0
: >"$T_DIR/batch"
t_is "a batch of none" "$(batch '')" 13

# A pull: no more messages than asked for, and than maxTransferCountOnMessageInMemory; at least one.
for _ in 1 2 3 4 5; do
	rawcall -B x "$b" 310 a=PG b=P c=TBW102 d=1 e=0 f=0 g=1 h=0 i= j=0 k=false m=false >/dev/null
done
# pull MAX OFFSET [MAX-BYTES]: "code next"
pull() {
	rawcall "$b" 11 consumerGroup=CG topic=P queueId=0 queueOffset="$2" maxMsgNums="$1" sysFlag=4 commitOffset=0 \
		suspendTimeoutMillis=0 subscription='*' subVersion=0 ${3:+maxMsgBytes=$3} >"$T_DIR/pulled"
	echo "$(field code <"$T_DIR/pulled") $(field ext.nextBeginOffset <"$T_DIR/pulled")"
}
t_is "a pull of 4" "$(pull 4 0)" "0 4"
t_is "a pull of none gets one" "$(pull 0 0)" "0 1"
rawcall -B maxTransferCountOnMessageInMemory=3 "$b" 25 >/dev/null
t_is "a pull of 4 where 3 are the most" "$(pull 4 0)" "0 3"
t_is "a pull of 3" "$(pull 3 0)" "0 3"
t_is "the last offset" "$(pull 1 4)" "0 5"
t_is "the one behind it" "$(pull 1 5)" "19 5"
t_is "one further" "$(pull 1 6)" "21 5"
stop b
t_done
