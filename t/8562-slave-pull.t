#!/bin/sh
# Pulls at a slave and where clients are sent next; offsets that were committed at a slave go back to the
# master. The slave's store is a copy of the master's.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

send() { # BROKER BODY
	rawcall -B "$2" "$1" 310 a=PG b=T c=TBW102 d=1 e=0 f=0 g=1700000000000 h=0 j=0 k=false m=false i= >/dev/null
}

# pull BROKER OFFSET [WAIT-MS [FLAGS [QUEUE]]]: "code suggested next"
pull() {
	got=$(rawcall -t 20000 "$1" 11 consumerGroup=CG topic=T queueId="${5:-0}" queueOffset="$2" maxMsgNums=32 \
		sysFlag="${4:-6}" commitOffset=7 suspendTimeoutMillis="${3:-0}" subscription='*' subVersion=0)
	echo "$(echo "$got" | field code) $(echo "$got" | field ext.suggestWhichBrokerId) $(echo "$got" | field ext.nextBeginOffset)"
}

offset() { # BROKER
	rawcall "$1" 14 consumerGroup=CG topic=T queueId=0 | field ext.offset
}

commit() { # BROKER OFFSET
	rawcall "$1" 15 consumerGroup=CG topic=T queueId=0 commitOffset="$2" | field code
}

master() {
	begin a "$@"
	a=$b
}

slave() {
	start s mqbroker -o brokerRole=SLAVE -o brokerId=1 -o brokerName=a -o brokerIP1=127.0.0.1 \
		-o haMasterAddress=localhost:$((${a#*:} + 1)) -o storePathRootDir="$T_DIR/s" "$@" || exit 1
	s=$(address s)
}

has_offset() {
	[ "$(offset "$1")" = "$2" ]
}

# nothing waits at the slave any more
is_told() {
	rawcall "$s" 28 | grep -q '"offsetsForMaster":"0"'
}

master
send "$a" one
send "$a" two
send "$a" three
commit "$a" 1 >/dev/null
stop a
cp -r "$T_DIR/a" "$T_DIR/s"
slave

# The master is not there.
t_is "what is there is found, and the master is to be asked next" "$(pull "$s" 0)" "0 0 3"
t_is "at the end, nothing new" "$(pull "$s" 3)" "19 0 3"
t_is "beyond its end nobody is moved: it may lag" "$(pull "$s" 9)" "20 0 9"
t_is "nor in a queue that it does not have" "$(pull "$s" 9 0 6 5)" "1  "
t_is "nor in an empty one" "$(rawcall "$s" 11 consumerGroup=CG topic=BenchmarkTest queueId=3 queueOffset=9 maxMsgNums=1 sysFlag=4 \
	commitOffset=0 suspendTimeoutMillis=0 subscription='*' subVersion=0 | field code)" 20
from=$(date +%s%N)
t_is "it waits for what it may get" "$(pull "$s" 9 1200)" "20 0 9"
t_ok "as long as the pull allows" test $((($(date +%s%N) - from) / 1000000)) -ge 1100
pull "$s" 0 0 5 >/dev/null
t_is "a pull commits nothing here" "$(offset "$s")" 1
t_is "a consumer commits" "$(commit "$s" 2)" 0
t_is "its offset counts here" "$(offset "$s")" 2
t_is "and waits for the master" "$(rawcall "$s" 28 | grep -o '"offsetsForMaster":"[0-9]*"')" '"offsetsForMaster":"1"'

# The master comes back.
master
t_ok "the master has the offset" t_wait 15 has_offset "$a" 2
t_ok "it is not sent twice" t_wait 5 is_told
commit "$a" 3 >/dev/null
commit "$s" 1 >/dev/null
t_ok "one that is behind the master's ends too" t_wait 5 is_told
t_is "and changes nothing" "$(offset "$a")" 3
t_is "a master moves a consumer" "$(pull "$a" 9)" "21 0 3"
stop s
stop a

# Sending consumers to the slave: where the log is long, here at once.
master -o slaveReadEnable=true -o accessMessageInMemoryMaxRatio=0
slave -o slaveReadEnable=true -o accessMessageInMemoryMaxRatio=10
t_is "far behind: to the slave" "$(pull "$a" 0)" "0 1 3"
t_is "and on there" "$(pull "$s" 0)" "0 1 3"
t_is "at the end: to the master" "$(pull "$s" 3)" "19 0 3"
got=$(rawcall -B '{"groupName":"CG","consumeEnable":true,"consumeFromMinEnable":true,"consumeBroadcastEnable":true,"retryQueueNums":1,"retryMaxTimes":16,"brokerId":2,"whichBrokerWhenConsumeSlowly":3,"notifyConsumerIdsChangedEnable":true}' "$a" 200 | field code)
t_is "a group says which slave" "$got $(pull "$a" 0)" "0 0 3 3"
t_is "and who else" "$(pull "$a" 3)" "19 2 3"
stop a
master -o slaveReadEnable=true
t_is "what is near is read at the master" "$(pull "$a" 0)" "0 2 3"

t_done
