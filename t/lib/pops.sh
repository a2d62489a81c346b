# What the tests of popping share. Source it after lib.sh; b is the broker's address.
# shellcheck shell=sh

# begin [FLAGS]: starts the broker, or starts it again
begin() {
	start b mqbroker -o storePathRootDir="$T_DIR/b" -o brokerIP1=127.0.0.1 -o brokerName=broker-p "$@" || exit 1
	b=$(address b)
}

# make_topic NAME QUEUES
make_topic() {
	rawcall "$b" 17 topic="$1" defaultTopic=TBW102 readQueueNums="$2" writeQueueNums="$2" perm=6 \
		topicFilterType=SINGLE_TAG order=false >/dev/null
}

# send TOPIC QUEUE BODY [PROPERTIES]
send() {
	rawcall -B "$3" "$b" 310 a=PG b="$1" c=TBW102 d=1 e="$2" f=0 g=1700000000000 h=5 i="${4:-}" j=0 k=false m=false
}

# pop TOPIC INVISIBLE [WAIT [MAX [FIELD=VALUE ...]]]: of group G
pop() {
	p_topic=$1
	p_invisible=$2
	p_wait=${3:-0}
	p_max=${4:-32}
	[ $# -le 4 ] && set -- || shift 4
	rawcall -t 30000 "$b" 200050 consumerGroup=G topic="$p_topic" queueId=-1 maxMsgNums="$p_max" \
		invisibleTime="$p_invisible" pollTime="$p_wait" bornTime="$(date +%s%3N)" initMode=0 order=false exp='*' expType=TAG "$@"
}

# receipt POPPED [RETRY [QUEUE [OFFSET]]]: of a message in an answer of pop
receipt() {
	r_queue=${3:-0}
	r_start=$(echo "$1" | field ext.startOffsetInfo | tr ';' '\n' | sed -n "s/^${2:-0} $r_queue //p")
	r_offset=${4:-$(echo "$1" | field ext.msgOffsetInfo | tr ';' '\n' | sed -n "s/^${2:-0} $r_queue \([0-9]*\).*/\1/p")}
	echo "$r_start $(echo "$1" | field ext.popTime) $(echo "$1" | field ext.invisibleTime) $(echo "$1" | field ext.reviveQid) ${2:-0} broker-p $r_queue $r_offset"
}

# ack TOPIC RECEIPT [QUEUE]
ack() {
	rawcall "$b" 200051 consumerGroup=G topic="$1" queueId="${3:-0}" extraInfo="$2" offset="${2##* }"
}

# change TOPIC RECEIPT INVISIBLE [QUEUE]
change() {
	rawcall "$b" 200053 consumerGroup=G topic="$1" queueId="${4:-0}" extraInfo="$2" offset="${2##* }" invisibleTime="$3"
}

# counter NAME: of brokerStatus
counter() {
	rawcall "$b" 28 | tr ',{' '\n\n' | sed -n "s/^\"$1\":\"\(.*\)\"\$/\1/p"
}

# progress TOPIC QUEUE: the offset of G
progress() {
	rawcall "$b" 14 consumerGroup=G topic="$1" queueId="$2" | field ext.offset
}
