#!/bin/sh
# Ordered pops, questions (200054), how many wait (200055), limits, and receipts that nobody gave.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/pops.sh
. "${SRCDIR:-.}/t/lib/pops.sh"

begin -o popInflightMessageThreshold=3 -o popCkMaxBufferSize=5 -o popPollingSize=1
make_topic O 1
for i in 1 2 3; do
	send O 0 "o-$i" >/dev/null
done
order() {
	pop O "$1" "$2" "$3" order=true queueId=0
}
got=$(order 60000 0 2)
t_is "two in order" "$(echo "$got" | field ext.msgOffsetInfo) $(echo "$got" | field ext.reviveQid)" "0 0 0,1 999"
t_is "popped for the first time" "$(echo "$got" | field ext.orderCountInfo)" "0 0 0"
t_is "the queue is blocked" "$(order 60000 0 2 | field code)" 210
t_is "and the group is where it was" "$(progress O 0)" 0
t_is "the second is acknowledged" "$(ack O "$(receipt "$got" 0 0 1)" | field code)" 0
t_is "which moves nothing" "$(progress O 0)" 0
(sleep 0.3 && ack O "$(receipt "$got" 0 0 0)") >/dev/null &
got=$(order 1000 20000 2)
t_is "the acknowledgement of the first wakes the next pop" "$(echo "$got" | field ext.msgOffsetInfo)" "0 0 2"
t_is "the group moved on" "$(progress O 0)" 2
got=$(order 60000 20000 2)
t_is "not acknowledged: it comes again in its place" "$(echo "$got" | field ext.msgOffsetInfo)" "0 0 2"
t_is "for the second time" "$(echo "$got" | field ext.orderCountInfo)" "0 qo0%2 1;0 0 1"
t_is "nothing went to a retry topic" "$(rawcall "$b" 30 topic=%RETRY%G_O queueId=0 | field ext.offset)" 0
got=$(change O "$(receipt "$got")" 500)
t_is "another time, of the same receipt" "$(echo "$got" | field code) $(echo "$got" | field ext.reviveQid)" "0 999"
got=$(order 60000 20000 2)
t_is "then it comes" "$(echo "$got" | field ext.orderCountInfo)" "0 qo0%2 2;0 0 2"
got2=$(pop O 60000 0 2 order=true queueId=0 attemptId=a1)
t_is "another attempt is blocked" "$(echo "$got2" | field code)" 210
t_is "acknowledged" "$(ack O "$(receipt "$got")" | field code) $(progress O 0)" "0 3"
send O 0 o-4 >/dev/null
got=$(pop O 60000 0 2 order=true queueId=0 attemptId=a1)
got2=$(pop O 60000 0 2 order=true queueId=0 attemptId=a1)
t_is "the same attempt gets the same once more" "$(echo "$got2" | field ext.msgOffsetInfo)" "0 0 3"
t_is "which does not count" "$(echo "$got2" | field ext.orderCountInfo)" "0 0 0"
t_is "its receipt counts" "$(ack O "$(receipt "$got")" | field code)$(ack O "$(receipt "$got2")" | field code)" 2080

# Questions.
ask() {
	rawcall -t 30000 "$b" 200054 consumerGroup=G topic="$1" queueId=-1 pollTime="$2" bornTime=0
}
make_topic N 1
t_is "no message" "$(ask N 0 | field code) $(ask N 0 | field ext.hasMsg)" "0 false"
(sleep 0.3 && send N 0 n-1) >/dev/null &
t_is "a question waits for one" "$(ask N 20000 | field ext.hasMsg)" true
t_is "and takes none" "$(pop N 60000 | field ext.msgOffsetInfo)" "0 0 0"
rawcall -t 5000 "$b" 200050 consumerGroup=G topic=N queueId=-1 maxMsgNums=1 invisibleTime=1000 pollTime=4000 bornTime=0 initMode=0 >"$T_DIR/waiting" &
waiter=$!
n_waiting() {
	[ "$(rawcall "$b" 200055 consumerGroup=G topic=N queueId=-1 | field ext.pollingNum)" = "$1" ]
}
t_ok "one pop waits" t_wait 10 n_waiting 1
t_is "a second one may not" "$(pop N 60000 4000 | field code)" 209
kill -9 $waiter
wait $waiter 2>/dev/null
send N 0 n-2 >/dev/null
got=$(pop N 60000 5000)
t_has "a pop of a connection that is gone takes nothing" "$got" n-2

# Limits.
for i in 1 2 3 4 5; do
	send N 0 "limit-$i" >/dev/null
done
pop N 60000 0 2 >/dev/null
got=$(pop N 60000 0 2)
t_is "as many of a queue as may be out" "$(echo "$got" | field code)" 210
t_has "it says so" "$got" popInflightMessageThreshold
t_ok "and counts" test "$(counter refusedPopInflight)" -ge 1
make_topic P 4
for i in 0 1 2 3; do
	send P $i x >/dev/null
	pop P 60000 0 1 queueId=$i >/dev/null
done
got=$(pop P 60000)
t_is "as many pops as may be out" "$(echo "$got" | field code)" 2
t_has "it says why" "$got" popCkMaxBufferSize

# Receipts that nobody gave.
now=$(date +%s%3N)
for bad in '' ' ' x '1 2 3' "0 $now 60000 0 0 broker-p" "0 $now 60000 7 0 broker-p 0 0" "0 $now 60000 0 0 other 0 0" \
	"0 $now 60000 0 0 broker-p 1 0" "0 $now 60000 0 0 broker-p 0 9" "-1 -1 -1 0 0 broker-p 0 0 0 0" \
	"9999999999999999999 $now 60000 0 0 broker-p 0 0"; do
	got=$(rawcall "$b" 200051 consumerGroup=G topic=O queueId=0 extraInfo="$bad" offset=0 | field code)
	t_ok "receipt '$bad'" test "$got" = 13 -o "$got" = 1
done
t_is "a forged receipt" "$(rawcall "$b" 200051 consumerGroup=G topic=O queueId=0 "extraInfo=0 $now 60000 0 0 broker-p 0 0" offset=0 | field code)" 208
t_is "its time cannot be changed" "$(change O "0 $now 60000 0 0 broker-p 0 0" 1000 | field code)" 208
t_is "of no topic" "$(ack Nowhere "0 $now 60000 0 0 broker-p 0 0" | field code)" 17
t_is "of no queue" "$(ack O "0 $now 60000 0 0 broker-p 9 0" 9 | field code)" 13
t_is "of no group" "$(rawcall "$b" 200051 consumerGroup=Nobody topic=O queueId=0 "extraInfo=0 $now 60000 0 0 broker-p 0 0" offset=0 | field code)" 26
t_is "an absurd time" "$(change O "0 $now 60000 0 0 broker-p 0 0" 99999999999999 | field code)$(pop O 99999999999999 | field code)" 2929
t_is "too many messages" "$(pop O 60000 0 33 | field code) $(pop O 60000 0 0 | field code)" "29 29"
t_is "no such queue" "$(pop O 60000 0 1 queueId=9 | field code)" 29
t_is "a name that leaves no room for a retry topic" \
	"$(rawcall "$b" 200050 consumerGroup="$(printf '%0115d' 0)" topic=Ordered queueId=-1 maxMsgNums=1 invisibleTime=1000 pollTime=0 initMode=0 | field code)" 17
t_is "nobody may send to the revive topic" "$(send rmq_sys_REVIVE_LOG_DefaultCluster 0 forged | field code)" 16
group=CID_RMQ_SYS_REVIVE_GROUP
t_has "nobody may move what is settled" "$(rawcall "$b" 15 consumerGroup=$group \
	topic=rmq_sys_REVIVE_LOG_DefaultCluster queueId=0 commitOffset=1)" "group of the broker itself"
t_is "nor pop for that group" "$(rawcall "$b" 200050 consumerGroup=$group topic=O queueId=-1 maxMsgNums=1 invisibleTime=1000 \
	pollTime=0 initMode=0 | field code)" 16
t_ok "the broker lives" kill -0 "$(pid b)"
t_ok "it stops" stop b
t_done
