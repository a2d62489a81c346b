#!/bin/sh
# What is popped, as operators see it: taken is not acknowledged. What the log keeps for it, and what a deleted group
# leaves behind.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/segments.sh
. "$SRCDIR/t/lib/segments.sh"
# shellcheck source=t/lib/pops.sh
. "${SRCDIR:-.}/t/lib/pops.sh"

other_hour=$(date -d '+12 hours' +%H) # one that does not come while the test runs
again() {
	begin -o mappedFileSizeCommitLog=65536 -o deleteWhen="$other_hour" -o diskMaxUsedSpaceRatio=95 -o fileReservedTime=0
}
again
make_topic V 1

# trace POSITION: the state of G, and what happened to it
trace() {
	t_trace=$(rawcall "$b" 7008 offset="$1" | sed -n 's/^body=//p')
	echo "$t_trace" | grep -o '{"group":"G","state":"[A-Z_]*' | sed 's/.*"//' | tr '\n' ' '
	echo "$t_trace" | grep -o '{"what":"[a-zA-Z]*","time":[0-9]*,"until":[0-9]*,"group":"G"' |
		sed 's/{"what":"\([a-zA-Z]*\)".*/\1/' | tr '\n' ' '
}
# number NAME: the numbers of this name in a JSON body
numbers() {
	grep -o "\"$1\":[0-9]*" | sed 's/.*://' | tr '\n' ' '
}
offsets() {
	rawcall "$b" 208 consumerGroup=G topic=V >"$T_DIR/offsets"
	echo "$(numbers consumerOffset <"$T_DIR/offsets")$(numbers pullOffset <"$T_DIR/offsets")"
}
in_flight() {
	rawcall "$b" 317 isOrder=false | numbers totalInflightDiff
}

at=$(send V 0 one | field ext.msgId | cut -c 17- | sed 's/^/0x/' | xargs printf '%d\n')
send V 0 two >/dev/null
got=$(pop V 600000)
t_is "taken" "$(echo "$got" | field ext.msgOffsetInfo)" "0 0 0,1"
t_is "the trace says delivered, and no more" "$(trace "$at")" "DELIVERED delivered "
t_is "the statistics tell what is acknowledged, and what is taken" "$(offsets)" "0 2 "
t_is "how much is in flight" "$(in_flight)" "2 "
t_is "the second is acknowledged" "$(ack V "$(receipt "$got" 0 0 1)" | field code)" 0
t_is "the first is not" "$(trace "$at") $(offsets)" "DELIVERED delivered  0 2 "
t_is "now it is" "$(ack V "$(receipt "$got" 0 0 0)" | field code)" 0
t_is "and the trace says so" "$(trace "$at")" "CONSUMED delivered acknowledged "
t_is "nothing is in flight" "$(offsets)$(in_flight)" "2 0 "

# The segment with the record of a pop stays until its messages are settled.
fill
t_ok "segments without such records go" t_wait 20 expires_above 0
send V 0 kept >/dev/null
got=$(pop V 600000)
limit=$(rawcall "$b" 30 topic=F queueId=0 | field ext.offset)
fill
fill
kill9 b
again
t_ok "the broker knows what is out" t_wait 20 grep -q "checkpoints=1 messages=1" "$T_DIR/b.log"
rawcall "$b" 306 >/dev/null
sleep 1
t_ok "its segment stays" test "$(first)" -le "$limit"
t_is "an acknowledgement counts" "$(ack V "$(receipt "$got")" | field code)" 0
t_ok "then the segment goes" t_wait 20 expires_above "$limit"

# A group that is deleted while its messages are out.
send V 0 left >/dev/null
pop V 1000 >/dev/null
t_is "its group is deleted" "$(rawcall "$b" 207 groupName=G removeOffset=true | field code)" 0
t_is "nothing is out any more" "$(counter popMessages) $(in_flight)" "0 0 "
sleep 1.5
t_is "nothing comes back: no retry topic, no group, no offset" \
	"$(rawcall "$b" 351 topic=%RETRY%G_V | field code) $(rawcall "$b" 352 group=G | field code) $(progress V 0)" "17 26 "
t_ok "stops cleanly" stop b
t_done
