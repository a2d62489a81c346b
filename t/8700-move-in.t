#!/bin/sh
# A slave follows a RocketMQ master and becomes the master: half messages, delayed and timed messages that
# waited there go on here, each once, also those that RocketMQ ended after it had told its progress; groups go
# on at their offsets; a slave of the new master has the same.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/move_in.sh
. "${SRCDIR:-.}/t/lib/move_in.sh"

HALF='TRAN_MSG=true;PGROUP=PG;REAL_TOPIC=T;REAL_QID=0'
cat >"$T_DIR/log" <<EOF
record|first|T|0|9000|0|0|first|UNIQ_KEY=first
record|second|T|0|9000|0|0|second|UNIQ_KEY=second

# half messages. Told: 0 is done. 1 is open, 2 and 3 were ended, 4 was checked (5 is its copy), 6 was committed
# and the record that says so is not there, 7 was ended under its first number (8 is its copy), 9 is open.
record|h0|RMQ_SYS_TRANS_HALF_TOPIC|0|8900|0|0|h0|$HALF;UNIQ_KEY=h0
record|h1|RMQ_SYS_TRANS_HALF_TOPIC|0|8800|0|0|h1|$HALF;UNIQ_KEY=h1
record|h2|RMQ_SYS_TRANS_HALF_TOPIC|0|8700|0|0|h2|$HALF;UNIQ_KEY=h2
record|h3|RMQ_SYS_TRANS_HALF_TOPIC|0|8700|0|0|h3|$HALF;UNIQ_KEY=h3
record|h4|RMQ_SYS_TRANS_HALF_TOPIC|0|8700|0|0|h4|$HALF;UNIQ_KEY=h4
record|h4copy|RMQ_SYS_TRANS_HALF_TOPIC|0|8600|0|0|h4|TRANSACTION_CHECK_TIMES=1;$HALF;UNIQ_KEY=h4
record|h6|RMQ_SYS_TRANS_HALF_TOPIC|0|8600|0|0|h6|$HALF;UNIQ_KEY=h6
record|h7|RMQ_SYS_TRANS_HALF_TOPIC|0|8600|0|0|h7|$HALF;UNIQ_KEY=h7
record|h7copy|RMQ_SYS_TRANS_HALF_TOPIC|0|8500|0|0|h7|TRANSACTION_CHECK_TIMES=1;$HALF;UNIQ_KEY=h7
record|h9|RMQ_SYS_TRANS_HALF_TOPIC|0|8500|0|0|h9|$HALF;UNIQ_KEY=h9
record|h2done|T|0|8400|8|@h2|h2|PGROUP=PG;UNIQ_KEY=h2
record|ops|RMQ_SYS_TRANS_OP_HALF_TOPIC|0|8300|0|0|0,2,3,|TAGS=d
record|h6done|T|0|8200|8|@h6|h6|PGROUP=PG;UNIQ_KEY=h6
record|op7|RMQ_SYS_TRANS_OP_HALF_TOPIC|0|8100|0|0|7|TAGS=d

# Delayed by level 1. Told: 0 is delivered. 1 was after that, 2 was not and goes to a
# retry topic, where the message was twice before, 3 was not; one waits for an hour.
record|d0|SCHEDULE_TOPIC_XXXX|0|8000|0|0|d0|DELAY=1;REAL_TOPIC=T;REAL_QID=0;UNIQ_KEY=d0
record|d1|SCHEDULE_TOPIC_XXXX|0|7900|0|0|d1|DELAY=1;REAL_TOPIC=T;REAL_QID=0;UNIQ_KEY=d1
record|d0done|T|0|6900|0|0|d0|REAL_TOPIC=T;REAL_QID=0;UNIQ_KEY=d0
record|d1done|T|0|6800|0|0|d1|REAL_TOPIC=T;REAL_QID=0;UNIQ_KEY=d1
record|r0|%RETRY%CG|0|6700|0|0|again|RECONSUME=1;UNIQ_KEY=again
record|r1|%RETRY%CG|0|6700|0|0|again|RECONSUME=2;UNIQ_KEY=again
record|r2|SCHEDULE_TOPIC_XXXX|0|5000|0|0|again|RECONSUME=3;DELAY=1;REAL_TOPIC=%RETRY%CG;REAL_QID=0;UNIQ_KEY=again
record|d2|SCHEDULE_TOPIC_XXXX|0|5000|0|0|d2|DELAY=1;REAL_TOPIC=T;REAL_QID=0;UNIQ_KEY=d2
record|d4|SCHEDULE_TOPIC_XXXX|1|5000|0|0|d4|DELAY=2;REAL_TOPIC=T;REAL_QID=0;UNIQ_KEY=d4

# With times of their own. Told: read up to 4 s ago. 0 is older, 1 was delivered since, 2 was not; 3 is due in an
# hour, and was carried; 4 too, and was recalled; 5 is soon.
record|t0|rmq_sys_wheel_timer|0|4800|0|0|t0|TIMER_OUT_MS=now-4500;REAL_TOPIC=T;REAL_QID=0;UNIQ_KEY=t0
record|t0done|T|0|4400|0|0|t0|TIMER_OUT_MS=now-4500;UNIQ_KEY=t0
record|t1|rmq_sys_wheel_timer|0|4300|0|0|t1|TIMER_OUT_MS=now-3500;REAL_TOPIC=T;REAL_QID=0;UNIQ_KEY=t1
record|t2|rmq_sys_wheel_timer|0|4300|0|0|t2|TIMER_OUT_MS=now-3000;REAL_TOPIC=T;REAL_QID=0;UNIQ_KEY=t2
record|t3|rmq_sys_wheel_timer|0|4300|0|0|t3|TIMER_OUT_MS=now+3600000;REAL_TOPIC=T;REAL_QID=0;UNIQ_KEY=t3
record|t4|rmq_sys_wheel_timer|0|4300|0|0|t4|TIMER_OUT_MS=now+3600000;REAL_TOPIC=T;REAL_QID=0;UNIQ_KEY=t4
record|t4del|rmq_sys_wheel_timer|0|4200|0|0|t4|TIMER_DEL_UNIQKEY=T+t4;TIMER_OUT_MS=now+3600000;REAL_TOPIC=T;REAL_QID=0;UNIQ_KEY=x4
record|t3copy|rmq_sys_wheel_timer|0|4200|0|0|t3|TIMER_ROLL_TIMES=1;TIMER_OUT_MS=now+3600000;REAL_TOPIC=T;REAL_QID=0;UNIQ_KEY=t3
record|t5|rmq_sys_wheel_timer|0|4200|0|0|t5|TIMER_OUT_MS=now+3000;REAL_TOPIC=T;REAL_QID=0;UNIQ_KEY=t5
# Popped by PopG: 0 and 1 of T, of which 0 was acknowledged; 2, which was; and 4, invisible for years.
record|ck1|rmq_sys_wheel_timer|0|4200|0|0|{"bm":0,"bn":"a","c":"PopG","d":[0,1],"it":1000,"n":2,"pt":1700000000000,"q":0,"ro":0,"so":0,"t":"T"}|TAGS=ck;TIMER_OUT_MS=now-1000;REAL_TOPIC=rmq_sys_REVIVE_LOG_DefaultCluster;REAL_QID=3;UNIQ_KEY=ck1
record|ack1|rmq_sys_wheel_timer|0|4200|0|0|{"ao":0,"bn":"a","c":"PopG","pt":1700000000000,"q":0,"so":0,"t":"T"}|TAGS=ack;TIMER_OUT_MS=now;REAL_TOPIC=rmq_sys_REVIVE_LOG_DefaultCluster;REAL_QID=3;UNIQ_KEY=ack1
record|ck2|rmq_sys_REVIVE_LOG_DefaultCluster|3|4200|0|0|{"bm":0,"bn":"a","c":"PopG","d":[0],"it":1000,"n":1,"pt":1700000000001,"q":0,"ro":0,"so":2,"t":"T"}|TAGS=ck
record|ack2|rmq_sys_REVIVE_LOG_DefaultCluster|3|4200|0|0|{"aol":[2],"bn":"a","c":"PopG","pt":1700000000001,"q":0,"so":2,"t":"T"}|TAGS=bAck
record|ck3|rmq_sys_REVIVE_LOG_DefaultCluster|5|4200|0|0|{"bm":0,"bn":"a","c":"PopG","d":[0],"it":800000000000,"n":1,"pt":1700000000002,"q":0,"ro":0,"so":4,"t":"T"}|TAGS=ck
record|t1done|T|0|3400|0|0|t1|TIMER_OUT_MS=now-3500;UNIQ_KEY=t1
record|last|T|0|3000|0|0|last|UNIQ_KEY=last

answer|21|{"dataVersion":{"counter":1,"timestamp":1},"topicConfigTable":{"T":{"order":false,"perm":6,"readQueueNums":2,"topicFilterType":"SINGLE_TAG","topicName":"T","topicSysFlag":0,"writeQueueNums":2},"%RETRY%CG":{"order":false,"perm":6,"readQueueNums":1,"topicFilterType":"SINGLE_TAG","topicName":"%RETRY%CG","topicSysFlag":0,"writeQueueNums":1},"Read":{"order":false,"perm":4,"readQueueNums":3,"topicFilterType":"SINGLE_TAG","topicName":"Read","topicSysFlag":0,"writeQueueNums":3},"Small":{"attributes":{"cleanup.policy":"COMPACTION"},"order":false,"perm":6,"readQueueNums":1,"topicFilterType":"SINGLE_TAG","topicName":"Small","topicSysFlag":0,"writeQueueNums":1}}}
answer|201|{"dataVersion":{"counter":1,"timestamp":1},"subscriptionGroupTable":{"PopG":{"groupName":"PopG","consumeEnable":true,"retryMaxTimes":7,"retryQueueNums":1},"CG":{"groupName":"CG","consumeEnable":true,"retryMaxTimes":7,"retryQueueNums":1}}}
answer|43|{"offsetTable":{"T@CG":{0:2},"T@PopG":{0:5},"%RETRY%CG@CG":{0:1},"RMQ_SYS_TRANS_HALF_TOPIC@CID_RMQ_SYS_TRANS":{0:1},"RMQ_SYS_TRANS_OP_HALF_TOPIC@CID_RMQ_SYS_TRANS":{0:0}}}
answer|45|{"offsetTable":{1:1,2:0}}
answer|26|brokerName=a
wheel|4000
EOF
there=9 # messages of T that RocketMQ had stored

master "$T_DIR/log"
slave
t_ok "the slave has the log" t_wait 30 state caughtUp
t_ok "half messages without an end" t_wait 30 looks '"halvesOpen":4'
t_ok "what waits behind the progress of the levels" t_wait 30 looks '"delayed":4'
t_ok "timed ones" t_wait 30 looks '"timed":4'
got=$(move_in look)
t_has "popped ones" "$got" '"poppedOpen":2'
t_has "the master answers" "$got" '"masterAnswers":true'
t_has "a topic that is not compacted here" "$got" 'COMPACTION","n":1'

t_is "no half message is open at the slave" "$("$BUILDDIR/t/lib/sql" "$T_DIR/slave/meta.db" 'SELECT count(*) FROM half')" 0
t_is "it refuses an end" "$(end 8 1 "$(position h1)")" 11

# The move.
t_has "the move begins" "$(move_in move)" '"state":"moving"'
t_ok "it is the master" t_wait 30 state moved
t_has "the log says so" "$(cat "$T_DIR/slave.log")" 'has moved from its RocketMQ master'
t_ok "which answers as brokerId 0" grep -q 'broker ready .*id=0 role=ASYNC_MASTER' "$T_DIR/slave.log"
t_is "a move again changes nothing" "$(move_in move | grep -c '"state":"moved"')" 1

# What was late comes at once, what is soon in time, once each.
t_ok "late and due messages come" t_wait 60 has_stored T $((there + 3))
t_ok "so does the retry" t_wait 30 has_stored %RETRY%CG 3
t_is "each once" "$(bodies T)" "d0 d1 d2 first h2 h6 last second t0 t1 t2 t5 "
t_has "the retry is the third" "$(rawcall -R "$b" 11 consumerGroup=CG topic=%RETRY%CG queueId=0 queueOffset=2 \
	maxMsgNums=1 sysFlag=4 commitOffset=0 suspendTimeoutMillis=0 'subscription=*' subVersion=0)" 'times=3 body=again'
t_ok "a popped message that was not acknowledged comes again" t_wait 30 has_stored %RETRY%PopG_T 1
t_is "it is that one" "$(bodies %RETRY%PopG_T)" "second "
ack() {
	rawcall "$b" 200051 consumerGroup=PopG topic=T queueId=0 offset=4 \
		extraInfo='4 1700000000002 800000000000 5 0 a 0 4' | field code
}
popped() {
	rawcall "$b" 28 | sed -n 's/.*"popMessages":"\([0-9]*\)".*/\1/p'
}
t_is "another is invisible still" "$(popped)" 1
t_is "it can be acknowledged with RocketMQ's receipt" "$(ack) $(popped)" "0 0"
timers() {
	rawcall "$b" 7009 topic=T | grep -o '"keys":"[^"]*"\|"uniqueId":"[^"]*"' | cut -d '"' -f 4 | tr '\n' ' '
}
one_timer() {
	case $(timers) in *t3*) [ "$(rawcall "$b" 7009 | grep -o '"uniqueId"' | wc -l)" = 1 ] ;; *) false ;; esac
}
t_ok "one timed message waits, not its copy, and not the recalled one" t_wait 30 one_timer

# Half messages.
t_is "three are open" "$(count Open)" 3
t_is "a commit with RocketMQ's numbers" "$(end 8 "$(offset h1)" "$(position h1)")" 0
t_is "is delivered" "$(n_stored T)" $((there + 4))
t_is "once" "$(end 8 "$(offset h1)" "$(position h1)") $(n_stored T)" "0 $((there + 4))"
t_is "one that was checked: its first number counts" "$(end 8 "$(offset h4)" "$(position h4)") $(n_stored T)" "0 $((there + 5))"
end 8 "$(offset h4copy)" "$(position h4copy)" >/dev/null
end 8 "$(offset h2)" "$(position h2)" >/dev/null
end 8 "$(offset h6)" "$(position h6)" >/dev/null
end 8 "$(offset h7copy)" "$(position h7copy)" >/dev/null
end 8 "$(offset h3)" "$(position h3)" >/dev/null
t_is "what was ended is not delivered again" "$(n_stored T)" $((there + 5))
t_is "one is open still" "$(count Open)" 1

# Groups and topics.
t_is "a group goes on at its offset" "$(rawcall "$b" 14 consumerGroup=CG topic=T queueId=0 | field ext.offset)" 2
t_is "and at that of its retries" "$(rawcall "$b" 14 consumerGroup=CG topic=%RETRY%CG queueId=0 | field ext.offset)" 1
t_has "queues and permissions" "$(rawcall "$b" 21)" '"perm":4,"readQueueNums":3,"topicFilterType":"SINGLE_TAG","topicName":"Read"'
t_has "the group's settings" "$(rawcall "$b" 201)" '"retryMaxTimes":7'

# Another start, and another copy.
end=$(end_of "$b")
start other mqbroker -o brokerRole=SLAVE -o brokerId=2 -o brokerName=a -o brokerIP1=127.0.0.1 \
	-o haMasterAddress="127.0.0.1:$(($(port slave) + 1))" -o storePathRootDir="$T_DIR/other" || exit 1
other_is_whole() {
	[ "$(end_of "$(address other)")" = "$end" ]
}
t_ok "a slave of it copies all" t_wait 30 other_is_whole
stop other
kill9 slave
slave
t_ok "a start after kill -9 is the master's" state moved
t_is "with one open half message" "$(count Open)" 1
t_ok "and one timed message" t_wait 30 one_timer
t_is "nothing comes twice" "$(n_stored T) $(n_stored %RETRY%PopG_T)" "$((there + 5)) 1"
t_is "a rollback" "$(end 12 "$(offset h9)" "$(position h9)") $(count Open)" "0 0"
stop slave
start other mqbroker -o brokerName=a -o brokerIP1=127.0.0.1 -o storePathRootDir="$T_DIR/other" \
	-o transactionTimeOut=3600000 -o messageDelayLevel='1s 1h' || exit 1
b=$(address other)
t_is "the other copy as a master: one half message was open when it was copied" "$(count Open)" 1
t_is "and it has all messages" "$(n_stored T)" $((there + 5))
t_ok "the one timed message too" t_wait 30 one_timer
t_ok "it stops" stop other
t_done
