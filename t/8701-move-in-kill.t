#!/bin/sh
# kill -9 in the middle of a move from a RocketMQ master, again and again: the slave goes on with the move by
# itself, and in the end each half message is open once, each delayed and timed message comes once.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/move_in.sh
. "${SRCDIR:-.}/t/lib/move_in.sh"

n=400
awk -v n=$n 'BEGIN {
	for (i = 0; i < n; i++) {
		printf "record|h%d|RMQ_SYS_TRANS_HALF_TOPIC|0|9000|0|0|h%d|", i, i
		printf "TRAN_MSG=true;PGROUP=PG;REAL_TOPIC=T;REAL_QID=0;UNIQ_KEY=h%d\n", i
	}
	for (i = 0; i < n; i++) {
		printf "record|t%d|rmq_sys_wheel_timer|0|8000|0|0|t%d|", i, i
		printf "TIMER_OUT_MS=now%s;REAL_TOPIC=T;REAL_QID=0;UNIQ_KEY=t%d\n", i % 2 ? "-7000" : "+1000", i
	}
	for (i = 0; i < n; i++)
		printf "record|d%d|SCHEDULE_TOPIC_XXXX|0|7000|0|0|d%d|DELAY=1;REAL_TOPIC=T;REAL_QID=0;UNIQ_KEY=d%d\n", i, i, i
	t = "{\"order\":false,\"perm\":6,\"readQueueNums\":1,\"topicFilterType\":\"SINGLE_TAG\",\"topicName\":\"T\",\"topicSysFlag\":0,\"writeQueueNums\":1}"
	printf "answer|21|{\"dataVersion\":{\"counter\":1,\"timestamp\":1},\"topicConfigTable\":{\"T\":%s}}\n", t
	print "answer|43|{\"offsetTable\":{}}"
	print "answer|45|{\"offsetTable\":{1:0}}"
}' >"$T_DIR/log"
master "$T_DIR/log"
slave
t_ok "the slave has the log" t_wait 60 state caughtUp
end=$(end_of "$b")

# Killed at once, and then when a part was adopted.
t_has "the move begins" "$(move_in move role=SYNC_MASTER)" '"state":"moving"'
kill9 slave
grew() {
	now_end=$(end_of "$b")
	[ -n "$now_end" ] && [ "$now_end" -gt $((end + $1)) ] || state moved
}
for part in 1 20000 60000; do
	slave
	t_wait 30 grew $part
	kill9 slave
done
slave
t_ok "in the end it is the master" t_wait 60 state moved
t_ok "a SYNC_MASTER" grep -q 'role=SYNC_MASTER' "$T_DIR/slave.log"
t_ok "what waited for a time comes" t_wait 60 has_stored T $((2 * n))
sleep 1
t_is "once" "$(n_stored T)" $((2 * n))
t_is "each half message is open" "$(count Open)" $n
t_is "a timed message is not left" "$(rawcall "$b" 7009 | grep -c uniqueId)" 0

# The master was killed, and what it had decided is known.
t_is "a commit" "$(end 8 "$(offset h7)" "$(position h7)")" 0
kill9 slave
slave
t_is "one is decided" "$(count Open)" $((n - 1))
t_is "and is delivered once" "$(n_stored T)" $((2 * n + 1))
t_ok "it stops" stop slave
t_done
