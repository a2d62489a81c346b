#!/bin/sh
# Retention takes the record of a half message: its parked copy still tells what it is, and it can be decided. What
# is gone altogether is not listed.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/segments.sh
. "$SRCDIR/t/lib/segments.sh"
# shellcheck source=t/lib/half_messages.sh
. "${SRCDIR:-.}/t/lib/half_messages.sh"

other_hour=$(date -d '+12 hours' +%H)
start b mqbroker -o storePathRootDir="$T_DIR/b" -o brokerIP1=127.0.0.1 -o mappedFileSizeCommitLog=65536 \
	-o deleteWhen="$other_hour" -o diskMaxUsedSpaceRatio=95 -o transactionTimeOut=600000 || exit 1
b=$(address b)

expire() {
	rawcall "$b" 329 >/dev/null
}

shown() {
	admin transactionShow "$1" -b "$b" --json
}

is_parked() {
	shown waiting | grep -q '"state":"parked"'
}

# The first segment goes once nothing in it is needed.
is_gone() {
	expire
	rawcall "$b" 33 offset="$position" | grep -q 'code=1'
}

half b bank money decided k
end b bank $COMMIT "$position" "$offset" >/dev/null
half b bank money waiting k
was=$(shown waiting | sed 's/.*"transactionId":"waiting","msgId":"\([^"]*\)".*/\1/')
fill T
rawcall -B fileReservedTime=0 "$b" 25 >/dev/null
expire
t_ok "what nobody decided is parked before its record goes" t_wait 30 is_parked
rawcall -O "$T_DIR/parked" "$b" 11 consumerGroup=G topic=TRANS_CHECK_MAX_TIME_TOPIC queueId=0 queueOffset=0 maxMsgNums=1 \
	sysFlag=4 commitOffset=0 suspendTimeoutMillis=0 subscription='*' subVersion=0 >/dev/null
copy=$((0x$(od -An -v -tx1 -j28 -N8 "$T_DIR/parked" | tr -d ' \n')))
t_is "nobody has it sent to himself" "$(rawcall "$b" 36 offset=$copy group=CG delayLevel=-1 originMsgId=x \
	originTopic=money unitMode=false maxReconsumeTimes=16 | field code)" 1
t_is "and it is on no topic of the group" "$(rawcall "$b" 30 topic=%DLQ%CG queueId=0 | field ext.offset)" 0
t_ok "and then it goes" t_wait 30 is_gone
t_has "the timeline says why" "$(shown waiting)" 'its record was about to be removed by retention'
t_has "its facts are those of the copy" "$(shown waiting)" '"group":"bank","topic":"money","keys":"k","state":"parked"'
for id in "$was" "$position"; do
	t_has "$id names it" "$(shown "$id")" '"transactionId":"waiting"'
done
t_is "it is listed" "$(ids -b "$b" -g bank)" waiting
t_is "what was decided long ago is not" "$(ids -b "$b" -s committed)" ''
t_has "nor known" "$(shown decided)" 'no broker knows'
t_is "it is committed by hand" "$(admin transactionResolve waiting -b "$b" -C -r 'found at last' | grep -c decided)" 1
t_has "and that is shown" "$(shown waiting)" '"state":"committed"'
t_has "so by its position" "$(shown "$position")" '"state":"committed"'
t_has "and its old id" "$(shown "$was")" '"state":"committed"'
t_has "with what was delivered" "$(shown waiting)" '"delivered":{"topic":"money","queueId":0,"queueOffset":1,'

stop b
t_done
