#!/bin/sh
# What may happen to a message while it waits for its delay: its segment expires, its topic is deleted.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/segments.sh
. "$SRCDIR/t/lib/segments.sh"

soh=$(printf '\001')
stx=$(printf '\002')
other_hour=$(date -d '+12 hours' +%H) # one that does not come while the test runs

again() {
	begin b -o mappedFileSizeCommitLog=65536 -o deleteWhen="$other_hour" -o diskMaxUsedSpaceRatio=95 \
		-o fileReservedTime=0 -o 'messageDelayLevel=1s 4s 8s'
}

# send TOPIC PROPERTIES BODY
send() {
	rawcall -B "$3" "$b" 310 a=PG b="$1" c=TBW102 d=1 e=0 f=0 g=1700000000000 h=5 i="$2" j=0 k=false m=false
}

pull() {
	rawcall -t 20000 "$b" 11 consumerGroup=CG topic="$1" queueId=0 queueOffset="$2" maxMsgNums=32 sysFlag=6 \
		commitOffset=0 suspendTimeoutMillis="${3:-10000}" subscription='*' subVersion=0
}

# One that expires at once, one whose segment has a delayed message in it, one behind it.
again
send D '' first >/dev/null
fill
expires() {
	expires_above 1
}
t_ok "a segment without delayed messages goes" t_wait 30 expires
low=$(first)
send D "DELAY${soh}2${stx}" due-soon >/dev/null
send D "DELAY${soh}3${stx}" due-later >/dev/null
fill
expires_above 99
expires_above 99
t_has "a delayed message outlives its segment" "$(pull D 1)" due-soon
t_has "it was said that segments stay" "$(cat "$T_DIR/b.log")" "segments stay until the delayed messages"
kill9 b
again
expires_above 99
expires_above 99
t_has "after a restart too" "$(pull D 2)" due-later
expires() {
	expires_above $((low + 6))
}
t_ok "and then the segment goes" t_wait 30 expires
stop b

# Its topic is deleted meanwhile: it goes nowhere, and the topic is not made again.
again
send Gone "DELAY${soh}1${stx}" dropped >/dev/null
send Gone "DELAY${soh}1${stx}" dropped >/dev/null
send D "DELAY${soh}1${stx}" 'the next' >/dev/null
rawcall "$b" 215 topic=Gone >/dev/null
t_has "messages of a topic that was deleted hold up nobody" "$(pull D 3)" 'the next'
t_ok "there is a line for it" t_wait 5 grep -q 'delayed messages dropped' "$T_DIR/b.log"
t_has "they are counted" "$(rawcall "$b" 28)" '"delayedMessagesDropped":"2"'
t_is "their topic is not made again" "$(pull Gone 0 1 | field code)" 17
stop b
again
t_is "nor by a restart" "$(pull Gone 0 1 | field code)" 17
stop b
t_done
