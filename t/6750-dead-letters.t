#!/bin/sh
# Dead letters by mqadmin: deadLetterList, deadLetterReplay, and REPLAY_DEAD_LETTER (7016).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

soh=$(printf '\001')
stx=$(printf '\002')
start ns mqnamesrv || exit 1
NAMESRV_ADDR=$(address ns)
export NAMESRV_ADDR
begin b -n "$NAMESRV_ADDR" -o registerNameServerPeriod=1000
make_topic T b
admin() {
	"$BUILDDIR/mqadmin" "$@" 2>&1
}
rawcall -B '{"groupName":"G","consumeEnable":true,"retryQueueNums":1,"retryMaxTimes":0}' "$b" 200 >/dev/null

# Three that the group gave up at once, as no try is left
for n in 1 2 3; do
	id=$(rawcall -B "body$n" "$b" 310 a=PG b=T c=TBW102 d=4 e=0 f=0 g=1700000000000 h=0 \
		i="KEYS${soh}k$n${stx}TAGS${soh}A${stx}UNIQ_KEY${soh}U$n${stx}" j=0 k=false m=false | field ext.msgId)
	at=$(echo "$id" | cut -c17-32)
	rawcall "$b" 36 offset=$((0x$at)) group=G delayLevel=-1 originMsgId="$id" originTopic=T unitMode=false \
		maxReconsumeTimes=0 >/dev/null
done
listed() {
	admin deadLetterList --json | grep -q '"group":"G","brokerName":"b","count":3,"minOffset":0,"maxOffset":3,'
}
t_ok "a group with dead letters" t_wait 30 listed
t_is "no other one" "$(admin deadLetterList -g Other --json)" '{"deadLetters":[]}'

# body OFFSET: of the message there in the group's retry topic
body() {
	rawcall -R "$b" 11 consumerGroup=G topic=%RETRY%G queueId=0 queueOffset="$1" maxMsgNums=1 sysFlag=4 commitOffset=0 \
		suspendTimeoutMillis=0 subscription='*' subVersion=0
}
got=$(admin deadLetterReplay -g G -k k2 --json)
t_has "one by its key" "$got" '"brokerName":"b","offset":1,"msgId":"U2","result":"replayed","topic":"%RETRY%G","replayedId":"'
t_has "in all" "$got" '"replayed":1,"failed":0'
t_has "the group has it again" "$(body 0)" "U2"
t_has "by tag, at a rate, one of them" "$(admin deadLetterReplay -g G -c A -m 1 -r 1000 --json)" '"offset":0,"msgId":"U1"'
t_has "from an offset on" "$(admin deadLetterReplay -g G -b b -o 2 --json)" '"offset":2,"msgId":"U3"'
t_has "of a time without any" "$(admin deadLetterReplay -g G -e 1000 --json)" '"deadLetters":[]'
t_ok "the dead letters stay" listed
t_has "an offset without a broker" "$(admin deadLetterReplay -g G -o 1)" "-b BROKER"
t_has "no such letter" "$(rawcall "$b" 7016 group=G offset=9)" "no such dead letter"
t_has "no such group" "$(rawcall "$b" 7016 group=Nobody offset=0)" "does not exist"
t_ok "stops cleanly" stop b
stop ns
t_done
