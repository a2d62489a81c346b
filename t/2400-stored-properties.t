#!/bin/sh
# What the broker adds to the properties of a message: its cluster, its region, and whether clients trace it.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

soh=$(printf '\001')
stx=$(printf '\002')
start b mqbroker -o storePathRootDir="$T_DIR/b" -o brokerIP1=127.0.0.1 -o brokerClusterName=Bank \
	-o regionId=north-1 -o messageDelayLevel='1s 5s' || exit 1
b=$(address b)
added="MSG_REGION:north-1;TRACE_ON:true;CLUSTER:Bank;"

# send TOPIC PROPERTIES [V1]: its log position
send() {
	if [ $# -eq 2 ]; then
		rawcall -B body "$b" 310 a=PG b="$1" c=TBW102 d=1 e=0 f=0 g=1 h=0 i="$2" j=0 k=false m=false
	else
		rawcall -B body "$b" 10 producerGroup=PG topic="$1" defaultTopic=TBW102 defaultTopicQueueNums=1 queueId=0 \
			sysFlag=0 bornTimestamp=1 flag=0 properties="$2" reconsumeTimes=0 unitMode=false
	fi | field ext.msgId | cut -c 17- | sed 's/^0*//;s/^$/0/;s/^/0x/' | xargs printf '%d\n'
}

# stored POSITION: the properties of the record, with : and ; for the separators
stored() {
	rawcall -R "$b" 33 offset="$1" | sed -n 's/^record=.* properties=//p'
}

# pull TOPIC SUBSCRIPTION: the first message
pull() {
	rawcall -R "$b" 11 consumerGroup=CG topic="$1" queueId=0 queueOffset=0 maxMsgNums=1 sysFlag=6 commitOffset=0 \
		suspendTimeoutMillis=1000 subscription="$2" subVersion=0
}

t_is "none of the client's own" "$(stored "$(send T '')")" "$added"
t_is "by the long names" "$(stored "$(send T '' V1)")" "$added"
t_is "behind the client's" "$(stored "$(send T "KEYS${soh}k${stx}")")" "KEYS:k;$added"
t_is "behind the client's without an end" "$(stored "$(send T "KEYS${soh}k")")" "KEYS:k;$added"
t_is "a message that another broker stored has none of its properties" \
	"$(stored "$(send T "MSG_REGION${soh}x${stx}KEYS${soh}k${stx}CLUSTER${soh}Old${stx}TRACE_ON${soh}false")")" "KEYS:k;$added"
send Tag "CLUSTER${soh}Old${stx}TAGS${soh}A${stx}" >/dev/null
t_is "the tag still counts" "$(pull Tag A | field code)" 0

# A batch: behind each of its messages.
item() { # BODY PROPERTIES, both of less than 200 bytes
	len=$((24 + ${#1} - 2 + ${#2}))
	printf '\000\000\000%b\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000%b%s\000%b%s' \
		"\\0$(printf %o $len)" "\\0$(printf %o ${#1})" "$1" "\\0$(printf %o ${#2})" "$2"
}
{
	item body "KEYS${soh}1"
	item body "KEYS${soh}2${stx}"
} >"$T_DIR/batch"
got=$(rawcall -b "$T_DIR/batch" "$b" 320 a=PG b=T c=TBW102 d=1 e=0 f=0 g=1 h=0 i= j=0 k=false m=true)
t_is "a batch" "$(echo "$got" | field code)" 0
for id in $(echo "$got" | field ext.msgId | tr , ' '); do
	stored "$(printf '%d' "0x$(echo "$id" | cut -c 17-)")"
done >"$T_DIR/got"
t_is "behind each of a batch" "$(tr '\n' ' ' <"$T_DIR/got")" "KEYS:1;$added KEYS:2;$added "

# A message that is sent back, a delayed one and a transaction keep them.
at=$(send T "KEYS${soh}back${stx}")
t_is "sent back" "$(rawcall "$b" 36 offset="$at" group=CG delayLevel=-1 originTopic=T | field code)" 0
t_has "a dead letter keeps them" "$(pull %DLQ%CG '*')" "KEYS:back;$added"
send D "DELAY${soh}1${stx}KEYS${soh}late${stx}" >/dev/null
delivered() {
	pull D '*' >"$T_DIR/late"
	grep -q '^code=0' "$T_DIR/late"
}
t_ok "the delayed message comes" t_wait 10 delivered
t_is "once each" "$(grep -o 'CLUSTER:Bank\|MSG_REGION:north-1\|TRACE_ON:true' "$T_DIR/late" | wc -l)" 3

# traceOn is live: in messages as in replies.
t_is "traceOn is live" "$(rawcall -B traceOn=false "$b" 25 | field code)" 0
t_is "messages say so" "$(stored "$(send T '')")" "MSG_REGION:north-1;TRACE_ON:false;CLUSTER:Bank;"
t_is "replies say so" "$(rawcall -B body "$b" 310 a=PG b=T c=TBW102 d=1 e=0 f=0 g=1 h=0 i= j=0 k=false m=false |
	field ext.TRACE_ON)" false

t_fails "a region that is no name" "$BUILDDIR/mqbroker" -t -o regionId="a${soh}b"
t_done
