#!/bin/sh
# Half messages that no client should send: what cannot be kept is refused, what is kept can be
# decided, and nothing is shown to anybody before (I8).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/transactions.sh
. "$SRCDIR/t/lib/transactions.sh"

start b mqbroker -o storePathRootDir="$T_DIR/b" -o brokerIP1=127.0.0.1 -o messageDelayLevel=5s \
	-o transactionTimeOut=1000 || exit 1
b=$(address b)

# commits NAME TOPIC: the last half message is not shown, and is once it is committed
commits() {
	t_is "$1: stored" "$half_code" 0
	t_is "$1: not shown" "$(n_stored "$2")" 0
	t_is "$1: committed" "$(end $COMMIT | field code)" 0
	t_is "$1: shown once" "$(n_stored "$2")" 1
}

# long N: so many bytes
long() {
	head -c "$1" /dev/zero | tr '\0' p
}

half Plain '' plain
commits "without an id of its own" Plain
half Planted "REAL_TOPIC${SOH}Evil${STX}REAL_QID${SOH}9${STX}" planted
commits "with a real topic planted" Planted
t_is "and the planted topic has nothing" "$(n_stored Evil)" 0
t_has_not "nor is it told where it was" "$(pull Planted)" REAL_TOPIC
half Twice "TRAN_MSG${SOH}false${STX}TRAN_MSG${SOH}true${STX}" twice
commits "TRAN_MSG said three times" Twice

half_name "$(send Loud "TRAN_MSG${SOH}TRUE${STX}PGROUP${SOH}PG${STX}" loud)"
commits "TRAN_MSG=TRUE" Loud
for value in yes 1 false t; do
	half_name "$(send "Not-$value" "TRAN_MSG${SOH}$value${STX}PGROUP${SOH}PG${STX}" ordinary)"
	t_is "TRAN_MSG=$value: an ordinary message" "$half_code $(n_stored "Not-$value")" "0 1"
	t_is "TRAN_MSG=$value: cannot be decided" "$(end $COMMIT | field code) $(n_stored "Not-$value")" "1 1"
done

half Delayed "DELAY${SOH}1${STX}" delayed
t_is "with a delay level: stored as any" "$half_code $(n_stored SCHEDULE_TOPIC_XXXX)" "0 0"
t_is "with a delay level: committed" "$(end $COMMIT | field code) $(end $COMMIT | field code)" "0 0"
delay_is_over() {
	[ "$(n_stored Delayed)" = 1 ]
}
t_is "with a delay level: not shown at once" "$(n_stored Delayed)" 0
t_ok "with a delay level: shown once it is over" t_wait 30 delay_is_over
half %RETRY%CG '' retry
commits "of a retry topic" %RETRY%CG

# Properties: as many bytes as there may be, and what is added fits no more.
half Fits "k${SOH}$(long 32600)${STX}" fits
commits "with 32,630 bytes of properties" Fits
half Full "k${SOH}$(long 32680)${STX}" full
t_is "with 32,767 bytes: refused" "$half_code" 13
half Over "k${SOH}$(long 33000)${STX}" over
t_is "with more: refused" "$half_code" 13
t_is "and nothing of these is stored" "$(n_stored Full) $(n_stored Over)" "0 0"

# Queues.
for queue in -1 3; do
	half_name "$(rawcall -B x "$b" 310 a=PG b="Queue$queue" c=TBW102 d=4 e=$queue f=4 g=1 h=0 i="$HALF" j=0 k=false m=false)"
	commits "queue $queue" "Queue$queue"
done
for queue in 4 999 2147483647; do
	t_is "queue $queue: refused" "$(rawcall -B x "$b" 310 a=PG b=Plain c=TBW102 d=4 e=$queue f=4 g=1 h=0 i="$HALF" \
		j=0 k=false m=false | field code)" 1
done

# The flag of the frame alone makes no half message, nor does its absence keep it from being one.
half_name "$(rawcall -B x "$b" 310 a=PG b=FlagOnly c=TBW102 d=4 e=0 f=4 g=1 h=0 i= j=0 k=false m=false)"
t_is "the flag without the property: an ordinary message" "$half_code $(n_stored FlagOnly)" "0 1"
half_name "$(rawcall -B x "$b" 310 a=PG b=NoFlag c=TBW102 d=4 e=0 f=0 g=1 h=0 i="$HALF" j=0 k=false m=false)"
commits "the property without the flag" NoFlag

# Topics that are the broker's own.
for topic in RMQ_SYS_TRANS_HALF_TOPIC RMQ_SYS_TRANS_OP_HALF_TOPIC TRANS_CHECK_MAX_TIME_TOPIC; do
	was=$(n_stored $topic)
	t_is "a send to $topic: refused" "$(send $topic '' x | field code)" 16
	half $topic '' x
	t_is "a half message to $topic: refused" "$half_code" 16
	t_is "$topic: nothing is stored" "$(n_stored $topic)" "$was"
done
rawcall "$b" 17 topic=ReadOnly defaultTopic=TBW102 readQueueNums=4 writeQueueNums=4 perm=4 topicFilterType=SINGLE_TAG \
	order=false >/dev/null
half ReadOnly '' x
t_is "a topic that nobody may write: refused" "$half_code" 16

# Without a group nobody could be asked, and no END could be told from a forged one.
halves=$(n_stored RMQ_SYS_TRANS_HALF_TOPIC)
t_is "without a group: refused" "$(send NoGroup "TRAN_MSG${SOH}true${STX}" x | field code)" 13
# A batch of them has one answer and one place, but each is a transaction.
printf '\0\0\0\031\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\005hello\0\0' >"$T_DIR/batch"
t_is "a batch: refused" "$(rawcall -b "$T_DIR/batch" "$b" 320 a=PG b=Batch c=TBW102 d=4 e=0 f=4 g=1 h=0 i="$HALF" j=0 \
	k=false m=true | field code)" 13
t_is "nothing of either is stored" "$(n_stored RMQ_SYS_TRANS_HALF_TOPIC) $(n_stored Batch)" "$halves 0"

# A topic that is deleted before the commit.
half Gone '' gone
rawcall "$b" 215 topic=Gone >/dev/null
got=$(end $COMMIT)
t_is "a topic deleted before the commit: refused" "$(echo "$got" | field code)" 1
t_has "and the remark says so" "$got" "its topic Gone was deleted"
end $COMMIT "$half_offset" "$half_position" PG -o
rawcall "$b" 17 topic=Gone defaultTopic=TBW102 readQueueNums=4 writeQueueNums=4 perm=6 topicFilterType=SINGLE_TAG \
	order=false >/dev/null
commits "once it is there again" Gone
half Gone2 '' gone
rawcall "$b" 215 topic=Gone2 >/dev/null
t_is "a rollback needs no topic" "$(end $ROLLBACK | field code)" 0
# A topic that has fewer queues by the time of the commit: nobody reads the others any more.
shrink() {
	rawcall "$b" 17 topic="$1" defaultTopic=TBW102 readQueueNums=2 writeQueueNums=2 perm=6 \
		topicFilterType=SINGLE_TAG order=false >/dev/null
}
half Shrunk '' first
half_name "$(rawcall -B last "$b" 310 a=PG b=Shrunk c=TBW102 d=4 e=3 f=4 g=1 h=0 i="$HALF" j=0 k=false m=false)"
rawcall -B later "$b" 310 a=PG b=Shrunk c=TBW102 d=4 e=2 f=0 g=1 h=0 i="DELAY${SOH}1${STX}" j=0 k=false m=false >/dev/null
shrink Shrunk
t_is "a queue that has gone: committed" "$(end $COMMIT | field code)" 0
t_is "and to be read in another" "$(rawcall "$b" 30 topic=Shrunk queueId=1 | field ext.offset)" 1
delayed_is_there() {
	[ "$(rawcall "$b" 30 topic=Shrunk queueId=0 | field ext.offset)" = 1 ]
}
t_ok "as is one that was delayed" t_wait 30 delayed_is_there

# A half message is none that a consumer could send back, to see it before it is committed.
send_back() {
	rawcall "$b" 36 offset="$1" group=CG delayLevel=0 originMsgId=x originTopic=T unitMode=false maxReconsumeTimes=16
}
half Back '' back
t_is "sent back by a consumer: refused" "$(send_back "$half_position" | field code)" 1
t_is "found by no key" "$(rawcall "$b" 12 topic=Back key=U maxNum=32 beginTimestamp=0 endTimestamp=9999999999999 |
	field code)" 22
commits "and then" Back
half_name "$(send Back "k${SOH}$(long 32690)${STX}" long)"
t_is "sent back with too long properties: refused" "$(send_back "$half_position" | field code)" 13

# What is written about them has room for what strangers say.
printf '{"clientID":"%s","consumerDataSet":[],"producerDataSet":[{"groupName":"PG"}]}' "$(long 1024)" >"$T_DIR/beat"
t_ok "a client id of 1,024 bytes, the longest" hold member -b "$T_DIR/beat" "$b" 34
half Asked "k${SOH}$(long 32600)${STX}" asked
t_ok "such a member is asked" t_wait 30 grep -q '^push=39' "$T_DIR/member.held"
commits "and answers" Asked
half Resolved '' resolved
resolve() {
	rawcall "$b" 7004 id="$half_id" decision=rollback by="$1" reason="$2"
}
t_is "a person's reason of 100,000 bytes: refused" "$(resolve me "$(long 100000)" | field code)" 29
t_is "a person's name of 50,000 bytes: refused" "$(resolve "$(long 50000)" because | field code)" 29
t_is "no more than there is room for: taken" "$(resolve "$(long 255)" "$(long 1024)" | field code)" 0
t_is "and it decides" "$(end $COMMIT | field code)" 201
# 7010 is for masters among themselves.
for header in '' commitLogOffset=-1 "commitLogOffset=$half_position tranStateTableOffset=x"; do
	# shellcheck disable=SC2086 # words
	t_ok "7010 with '$header': no success" test "$(rawcall -B nonsense "$b" 7010 $header | field code)" != 0
done
half After '' after
commits "and goes on" After
t_ok "stops" stop b
t_done
