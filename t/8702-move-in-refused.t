#!/bin/sh
# Moves from a RocketMQ master that do not begin, what they say; and a role that counts as long as the file of
# the broker says what it said at the move.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/move_in.sh
. "${SRCDIR:-.}/t/lib/move_in.sh"

cat >"$T_DIR/log" <<'EOF'
record|one|T|0|9000|0|0|one|UNIQ_KEY=one
record|pop|rmq_sys_REVIVE_LOG_DefaultCluster|0|8000|0|0|{"bm":0,"c":"G","it":60000,"n":1,"pt":1700000000000,"q":0,"so":0,"t":"T"}|TAGS=ck
record|late|SCHEDULE_TOPIC_XXXX|1|7000|0|0|late|DELAY=2;REAL_TOPIC=T;REAL_QID=0;UNIQ_KEY=late
record|gone|TRANS_CHECK_MAX_TIME_TOPIC|0|6000|0|0|gone|PGROUP=PG
answer|21|{"dataVersion":{"counter":1,"timestamp":1},"topicConfigTable":{"T":{"attributes":{"message.type":"LITE"},"order":false,"perm":6,"readQueueNums":1,"topicFilterType":"SINGLE_TAG","topicName":"T","topicSysFlag":0,"writeQueueNums":1}}}
answer|43|{"offsetTable":{}}
answer|26|x=y
EOF
printf 'answer|45|{"offsetTable":{}}\n' >>"$T_DIR/log"

begin lonely
t_has "a master that followed nobody" "$(move_in look)" 'no slave of a RocketMQ master'
stop lonely

master "$T_DIR/log"
slave
t_ok "the slave has the log" t_wait 30 state caughtUp
t_is "another action" "$(move_in walk | field code)" 29
t_is "another role" "$(move_in move role=SLAVE | field code)" 29
t_ok "a pop is counted" t_wait 30 looks '"poppedOpen":1'
got=$(move_in look)
t_has "a half message that was given up" "$got" '"what":"half messages that RocketMQ gave up","n":1'
t_has "a topic of another type" "$got" '"what":"topics of an unknown message.type","n":1'

# The master is gone before a new start has heard it.
kill9 master
stop slave
slave
t_has "nobody knows whether all is here" "$(move_in move)" '"state":"refused"'
t_has "which is said" "$(move_in move)" 'has not told its log'
t_has "a look says copying" "$(move_in look)" '"state":"copying"'
t_has "it may be forced" "$(move_in move force=true)" '"state":"moving"'
t_ok "it is the master" t_wait 30 state moved
t_has_not "no pop of RocketMQ is read as ours" "$(cat "$T_DIR/slave.log")" 'unreadable record of the revive topic'

# The file says otherwise now.
stop slave
start slave mqbroker -o brokerRole=SLAVE -o brokerId=1 -o brokerName=a -o brokerIP1=127.0.0.1 \
	-o haMasterAddress="127.0.0.1:$((master_port + 3))" -o storePathRootDir="$T_DIR/slave"
b=$(address slave)
t_ok "a slave of another master again" grep -q 'broker ready .*id=1 role=SLAVE' "$T_DIR/slave.log"
stop slave
start slave mqbroker -o brokerRole=ASYNC_MASTER -o brokerName=a -o brokerIP1=127.0.0.1 -o storePathRootDir="$T_DIR/slave"
b=$(address slave)
t_ok "and the master by its file" grep -q 'broker ready .*id=0 role=ASYNC_MASTER' "$T_DIR/slave.log"
t_ok "it has moved still" state moved
t_ok "it stops" stop slave
t_done
