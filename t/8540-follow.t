#!/bin/sh
# A slave follows its master, both ours: log, topics, groups, offsets, settings of producer groups; kill -9 of
# either; a topic that is deleted and made again; a delayed and a timed message; half messages.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

soh=$(printf '\001')
stx=$(printf '\002')

start_slave() {
	slave_port=$(port slave 2>/dev/null)
	start slave mqbroker -o brokerRole=SLAVE -o brokerId=1 -o brokerName=a -o brokerIP1=127.0.0.1 \
		-o haMasterAddress="127.0.0.1:$((master_port + 1))" -o storePathRootDir="$T_DIR/slave" \
		${slave_port:+-o "listenPort=$slave_port"} "$@"
}

# send BODY [PROPERTIES] [FLAG] [TOPIC]: to the master
send() {
	rawcall -B "$1" "$m" 310 a=PG b="${4:-T}" c=TBW102 d=1 e=0 f="${3:-0}" g=1700000000000 h=0 j=0 k=false m=false \
		i="${2-}" >/dev/null
}

end_of() {
	rawcall "$1" 28 | sed -n 's/.*"commitLogMaxOffset":"\([0-9]*\)".*/\1/p'
}

slave_is_whole() {
	whole_end=$(end_of "$m")
	[ -n "$whole_end" ] && [ "$(end_of "$(address slave)")" = "$whole_end" ]
}

# tables BROKER: what both have to say alike. The progress of the delay levels a slave knows from the log.
tables() {
	for tables_code in 21 201 43; do
		rawcall "$1" $tables_code | sed -n 's/^body=//p' | sed 's/"dataVersion":{[^}]*}//; s/"[a-zA-Z]*":{}//g; s/,*"SCHEDULE_TOPIC_XXXX@[^}]*}//; s/{,/{/g'
	done
	rawcall "$1" 30 topic=T queueId=0 | field ext.offset
	rawcall "$1" 31 topic=T queueId=0 | field ext.offset
}

same_tables() {
	[ "$(tables "$m")" = "$(tables "$(address slave)")" ]
}

begin a -o messageDelayLevel='1s 2s'
m=$b
master_port=$(port a)
send one "KEYS${soh}k1${stx}TAGS${soh}A${stx}"
send gone '' 0 Gone
rawcall "$m" 15 consumerGroup=CG topic=T queueId=0 commitOffset=1 >/dev/null
rawcall -B '{"groupName":"CG","consumeEnable":true,"retryMaxTimes":7,"retryQueueNums":1}' "$m" 200 >/dev/null
t_ok "a slave starts with an empty store" start_slave
t_ok "it gets the log" t_wait 30 slave_is_whole
t_ok "and the tables" t_wait 30 same_tables
s=$(address slave)

t_has "it says whom it copies" "$(rawcall "$s" 907)" '"activated":true'
t_has "and where" "$(rawcall "$s" 907)" "\"masterAddr\":\"127.0.0.1:$((master_port + 1))\""

# While it follows.
make_topic Later a
rawcall "$m" 15 consumerGroup=CG topic=T queueId=0 commitOffset=2 >/dev/null
send half "TRAN_MSG${soh}true${stx}PGROUP${soh}PG${stx}UNIQ_KEY${soh}U3${stx}" 4
send late "DELAY${soh}1${stx}"
send timed "TIMER_DELAY_SEC${soh}1${stx}"
rawcall "$m" 215 topic=Gone >/dev/null
send again '' 0 Gone
send two
t_ok "the changes of tables come" t_wait 30 same_tables
t_has "a topic" "$(rawcall "$s" 21)" '"topicName":"Later"'
t_ok "the log comes" t_wait 30 slave_is_whole
four() {
	[ "$(rawcall "$s" 30 topic=T queueId=0 | field ext.offset)" = 4 ]
}
t_ok "what was delayed is delivered, once" t_wait 30 four
t_is "a topic that was made again has its new messages" "$(rawcall "$s" 30 topic=Gone queueId=0 | field ext.offset)" 1
t_has "a message by its key" "$(rawcall "$s" 12 topic=T key=k1 maxNum=8 beginTimestamp=0 endTimestamp=9999999999999)" one

# kill -9 under load, of either.
load() {
	"$BUILDDIR/mqbench" send -A "$m" -t Load -q 4 -N "$1" -d 60 -Q >/dev/null 2>&1
}
load 4000 &
load=$!
sleep 0.3
kill9 slave
t_ok "the slave starts after kill -9" start_slave
wait $load
t_ok "and has all of it" t_wait 60 slave_is_whole
kill9 a
t_ok "it says that the master is gone" t_wait 30 grep -q 'does not copy its master' "$T_DIR/slave.log"
begin a -o messageDelayLevel='1s 2s'
m=$b
send three
load 500
t_ok "and goes on with it" t_wait 60 slave_is_whole
t_ok "tables too" t_wait 30 same_tables

# A wrong name, and no master.
stop slave
start_slave -o brokerClusterName=Other
t_ok "another cluster is refused, and said so" t_wait 30 grep -q 'cannot copy its master' "$T_DIR/slave.log"
stop slave

# The slave becomes the master.
stop a
start slave mqbroker -o brokerName=a -o brokerIP1=127.0.0.1 -o storePathRootDir="$T_DIR/slave" \
	-o listenPort="$(port slave)"
s=$(address slave)
t_is "its messages are all there" "$(rawcall "$s" 30 topic=T queueId=0 | field ext.offset)" 5
rawcall -B four "$s" 310 a=PG b=T c=TBW102 d=1 e=0 f=0 g=1700000000000 h=0 j=0 k=false m=false i= >/dev/null
t_is "and it takes new ones" "$(rawcall "$s" 30 topic=T queueId=0 | field ext.offset)" 6
t_ok "it stops" stop slave
t_done
