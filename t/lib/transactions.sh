# Transactions as frames, for tests that sourced lib.sh; the broker is $b.
# shellcheck shell=sh disable=SC2034,SC2154
SOH=$(printf '\001')
STX=$(printf '\002')
# Properties of a half message of the group PG.
HALF="TRAN_MSG${SOH}true${STX}PGROUP${SOH}PG${STX}"
COMMIT=8
ROLLBACK=12
UNKNOWN=0

# send TOPIC PROPERTIES BODY: an ordinary one, or a half message, by its properties
send() {
	rawcall -B "$3" "$b" 310 a=PG b="$1" c=TBW102 d=4 e=0 f=4 g=1700000000000 h=0 i="$2" j=0 k=false m=false
}

# half TOPIC PROPERTIES BODY: stores a half message with these properties too; $half_offset,
# $half_position and $half_id name it
half() {
	half_name "$(send "$1" "$HALF$2" "$3")"
}

# half_name ANSWER: of a send
half_name() {
	half_code=$(echo "$1" | field code)
	half_offset=$(echo "$1" | field ext.queueOffset)
	half_id=$(echo "$1" | field ext.msgId)
	half_position=$((0x0$(echo "$half_id" | cut -c 17-32)))
}

# end OUTCOME [OFFSET [POSITION [GROUP [FLAGS]]]]: END_TRANSACTION; what is not given is that of the last half
end() {
	# shellcheck disable=SC2086 # FLAGS are words
	rawcall ${5-} "$b" 37 producerGroup="${4-PG}" tranStateTableOffset="${2-$half_offset}" \
		commitLogOffset="${3-$half_position}" commitOrRollback="$1" fromTransactionCheck=false \
		msgId="$half_id" transactionId=
}

# n_stored TOPIC: how many messages its four queues hold
n_stored() {
	stored=0
	for queue in 0 1 2 3; do
		stored=$((stored + $(rawcall "$b" 30 topic="$1" queueId=$queue | field ext.offset)))
	done
	echo $stored
}

# pull TOPIC: what its first queue holds from the beginning
pull() {
	rawcall "$b" 11 consumerGroup=CG topic="$1" queueId=0 queueOffset=0 maxMsgNums=32 sysFlag=4 commitOffset=0 \
		suspendTimeoutMillis=0 'subscription=*' subVersion=0
}

# count NAME: one of the broker's counts of transactions (Open, Refused, Contradictions, ...)
count() {
	rawcall "$b" 28 | tr ',' '\n' | sed -n "s/.*\"transaction$1\":\"\([0-9]*\)\".*/\1/p"
}
