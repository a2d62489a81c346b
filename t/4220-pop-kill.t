#!/bin/sh
# kill -9 between pop, acknowledgement and revival: nothing is lost, what is settled stays settled.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/pops.sh
. "${SRCDIR:-.}/t/lib/pops.sh"

# Offsets reach meta.db late, so that the replay has to move them.
again() {
	begin -o flushConsumerOffsetInterval=600000
	t_wait 30 test "$(pop None 1000 | field code)" != 2
}
again
make_topic K 2
for i in 1 2 3 4; do
	send K 0 "a-$i" >/dev/null
done
send K 1 b-1 >/dev/null
short=$(pop K 2500 0 2 queueId=0)
long=$(pop K 600000 0 2 queueId=0)
gone=$(pop K 600000 0 1 queueId=1)
t_is "one of the short ones is acknowledged" "$(ack K "$(receipt "$short" 0 0 0)" | field code)" 0
t_is "and one of the long ones" "$(ack K "$(receipt "$long" 0 0 3)" | field code)" 0
moved=$(change K "$(receipt "$gone" 0 1 0)" 600000 1)
t_is "and one has another time" "$(echo "$moved" | field code)" 0
kill9 b
again
t_has "the start knows what is out" "$(cat "$T_DIR/b.log")" "checkpoints=3 messages=3"
t_is "what was popped is not popped again" "$(progress K 0) $(progress K 1)" "4 1"
t_is "a receipt of before the kill acknowledges" "$(ack K "$(receipt "$long" 0 0 2)" | field code)" 0
t_is "one that was acknowledged is stale" "$(ack K "$(receipt "$long" 0 0 3)" | field code)" 208
t_is "the receipt from before the change is stale" "$(ack K "$(receipt "$gone" 0 1 0)" 1 | field code)" 208
t_is "the one from after it is not" \
	"$(ack K "0 $(echo "$moved" | field ext.popTime) 600000 0 0 broker-p 1 0" 1 | field code)" 0
got=$(pop K 60000 20000)
t_has "what was not acknowledged comes again" "$got" a-2
t_has_not "what was acknowledged does not" "$got" a-1
t_is "it is one message" "$(echo "$got" | field ext.msgOffsetInfo)" "1 0 0"
kill9 b
again
t_is "after one more kill it is out still" "$(pop K 60000 | field code)" 210
t_is "and is acknowledged" "$(ack %RETRY%G_K "$(receipt "$got" 1)" | field code)" 0
stop b
again
t_is "nothing is out after a stop" "$(counter popMessages)" 0
t_is "nothing comes any more" "$(pop K 60000 1500 | field code)" 210

# An ordered pop blocks its queue across a kill.
send K 1 o-1 >/dev/null
got=$(pop K 600000 0 1 queueId=1 order=true)
t_has "an ordered pop" "$got" o-1
kill9 b
again
t_is "its queue is blocked after a kill" "$(pop K 600000 0 1 queueId=1 order=true | field code)" 210
t_is "until it is acknowledged" "$(ack K "$(receipt "$got" 0 1)" 1 | field code) $(progress K 1)" "0 2"

# Producers, consumers and kills: every message is acknowledged in the end.
make_topic R 1
n_left=15
for round in 1 2 3; do
	for i in 1 2 3 4 5; do
		send R 0 "r-$round-$i" >/dev/null
	done
	got=$(pop R 300 0 3)
	# Refused when a slow machine took longer than the message was invisible: then it comes again.
	[ "$(ack R "$(receipt "$got")" | field code)" = 0 ] && n_left=$((n_left - 1))
	kill9 b
	again
done
while got=$(pop R 60000 3000 1) && [ "$(echo "$got" | field code)" = 0 ]; do
	case $(echo "$got" | field ext.startOffsetInfo) in
	1*) t_code=$(ack %RETRY%G_R "$(receipt "$got" 1)" | field code) ;;
	*) t_code=$(ack R "$(receipt "$got")" | field code) ;;
	esac
	[ "$t_code" = 0 ] && n_left=$((n_left - 1))
done
t_is "every other message came once" $n_left 0
t_done
