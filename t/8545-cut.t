#!/bin/sh
# A slave whose log has an end that its master's does not have: the end is kept in a file, the slave begins
# anew and gets all of the master's log. A master that lost its disk takes nothing from its slave.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

soh=$(printf '\001')
stx=$(printf '\002')

start_slave() {
	start slave mqbroker -o brokerRole=SLAVE -o brokerId=1 -o brokerName=a -o brokerIP1=127.0.0.1 \
		-o haMasterAddress="127.0.0.1:$((master_port + 1))" -o storePathRootDir="$T_DIR/slave"
}

# send KEY [PROPERTIES] [FLAG]: to the master
send() {
	rawcall -B "this is $1" "$m" 310 a=PG b=T c=TBW102 d=1 e=0 f="${3:-0}" g=1700000000000 h=0 j=0 k=false m=false \
		i="KEYS${soh}$1${stx}${2-}" >/dev/null
}

end_of() {
	rawcall "$1" 28 | sed -n 's/.*"commitLogMaxOffset":"\([0-9]*\)".*/\1/p'
}

slave_is_whole() {
	whole_end=$(end_of "$m")
	[ -n "$whole_end" ] && [ "$(end_of "$(address slave)")" = "$whole_end" ]
}

# slave_has KEY: 0 when it has a message with that key, else 22
slave_has() {
	rawcall "$(address slave)" 12 topic=T key="$1" maxNum=8 beginTimestamp=0 endTimestamp=9999999999999 | field code
}

begin a
m=$b
master_port=$(port a)
send one
stop a
cp -r "$T_DIR/a" "$T_DIR/older"
begin a
m=$b
common=$(end_of "$m")
send lost
send half "TRAN_MSG${soh}true${stx}PGROUP${soh}PG${stx}UNIQ_KEY${soh}U3${stx}" 4
send timed "TIMER_DELAY_SEC${soh}3600${stx}"
longer=$(end_of "$m")
start_slave || exit 1
t_ok "the slave has all of it" t_wait 30 slave_is_whole

# The master comes back without what it stored last, as after a power cut.
kill9 a
cp "$T_DIR/a/replica.json" "$T_DIR/older"
rm -rf "$T_DIR/a"
mv "$T_DIR/older" "$T_DIR/a"
mkdir "$T_DIR/slave/cut-2-$common.log"
begin a
m=$b
send two
t_ok "an end that cannot be kept is not cut off" t_wait 30 grep -q 'cannot be kept: Is a directory' "$T_DIR/slave.log"
t_is "the slave has all of it still" "$(slave_has lost)" 0
sleep 1.2 # it tries each second
t_is "one line says so" "$(grep -c 'cannot be kept' "$T_DIR/slave.log")" 1
rmdir "$T_DIR/slave/cut-2-$common.log"
t_ok "a slave that is ahead begins anew" t_wait 30 grep -q 'starts again with an empty log' "$T_DIR/slave.log"
t_ok "and has what the master has" t_wait 30 slave_is_whole
t_is "the message that both had" "$(slave_has one)" 0
t_is "and the new one" "$(slave_has two)" 0
t_is "but not the other end" "$(slave_has lost)" 22
t_is "that end is kept" "$(stat -c %s "$T_DIR/slave/cut-2-$common.log")" $((longer - common))
t_ok "with its messages" grep -q "this is lost" "$T_DIR/slave/cut-2-$common.log"
t_is "half messages of it are gone" "$("$BUILDDIR/t/lib/sql" "$T_DIR/slave/meta.db" 'SELECT count(*) FROM half')" 0
kill9 slave
start_slave || exit 1
send three
t_ok "it goes on after kill -9" t_wait 30 slave_is_whole
t_has_not "and does not begin anew again" "$(cat "$T_DIR/slave.log")" 'empty log'

# A disk that was lost.
kill9 a
rm -rf "$T_DIR/a"
begin a
m=$b
t_ok "an empty master takes nothing from its slave" t_wait 30 grep -q 'its log is empty and ours is not' "$T_DIR/slave.log"
t_is "which has its messages still" "$(slave_has three)" 0
t_ok "stops" stop slave
t_done
