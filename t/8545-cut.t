#!/bin/sh
# A slave whose log has an end that its master's does not have: the end is kept in a file and cut off, and only
# what differs is copied. A master that lost its disk takes nothing from its slave.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

soh=$(printf '\001')
stx=$(printf '\002')

start_slave() {
	slave_port=$(port slave 2>/dev/null)
	start slave mqbroker -o brokerRole=SLAVE -o brokerId=1 -o brokerName=a -o brokerIP1=127.0.0.1 \
		-o haMasterAddress="127.0.0.1:$((master_port + 1))" -o storePathRootDir="$T_DIR/slave" \
		-o mappedFileSizeCommitLog=65536 ${slave_port:+-o "listenPort=$slave_port"}
}

start_master() {
	begin a -o mappedFileSizeCommitLog=65536 -o flushDiskType=ASYNC_FLUSH
	m=$b
	master_port=$(port a)
}

# send KEY [PROPERTIES] [FLAG]: to the master
send() {
	rawcall -B "this is $1" "$m" 310 a=PG b=T c=TBW102 d=1 e=0 f="${3:-0}" g=1700000000000 h=0 j=0 k=false m=false \
		i="KEYS${soh}$1${stx}${2-}" >/dev/null
}

load() {
	"$BUILDDIR/mqbench" send -A "$m" -t Load -N "$1" -d 60 -Q >/dev/null 2>&1
}

# offset [VALUE]: of a consumer, at the master
commit() {
	rawcall "$m" 15 consumerGroup=CG topic=T queueId=0 commitOffset="$1" >/dev/null
}

slave_offset() {
	[ "$(rawcall "$(address slave)" 14 consumerGroup=CG topic=T queueId=0 | field ext.offset)" = "$1" ]
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

# first_segments POSITION: of the slave those that end before it, as they lie on the disk
first_segments() {
	first_one=
	for first_next in "$T_DIR"/slave/log/0*.db; do
		[ "$(basename "$first_next" .db | sed 's/^0*//;s/^$/0/')" -lt "$1" ] || break
		[ -z "$first_one" ] || stat -c '%n %i %Y %s' "$first_one"
		first_one=$first_next
	done
}

# first_sealed POSITION: they are some, and will not be written any more
first_sealed() {
	[ "$(first_segments "$1" | wc -l)" -gt 1 ] || return 1
	for sealed in $(first_segments "$1" | cut -d' ' -f1); do
		[ ! -s "$sealed-wal" ] || return 1
	done
}

# older_master: keeps the store as it is, for lose_end: the master comes back without what came later
older_master() {
	stop a
	rm -rf "$T_DIR/older"
	cp -r "$T_DIR/a" "$T_DIR/older"
	start_master
}

lose_end() {
	kill9 a
	cp "$T_DIR/a/replica.json" "$T_DIR/older"
	rm -rf "$T_DIR/a"
	mv "$T_DIR/older" "$T_DIR/a"
}

start_master
start_slave || exit 1
send one
commit 1
for n in 1 2 3 4; do
	load 300
	t_ok "the slave has load $n" t_wait 30 slave_is_whole
done
older_master
common=$(end_of "$m")
send lost
send half "TRAN_MSG${soh}true${stx}PGROUP${soh}PG${stx}UNIQ_KEY${soh}U3${stx}" 4
send timed "TIMER_DELAY_SEC${soh}3600${stx}"
load 400
commit 2
longer=$(end_of "$m")
t_ok "the slave has all of it" t_wait 30 slave_is_whole
t_ok "offsets too" t_wait 30 slave_offset 2

# The master comes back without what it stored last, as after a power cut.
lose_end
mkdir "$T_DIR/slave/cut-2-$common.log"
t_ok "some segments are closed" t_wait 30 first_sealed "$common"
first_segments "$common" >"$T_DIR/before"
start_master
send two
t_ok "an end that cannot be kept is not cut off" t_wait 30 grep -q 'cannot be kept: Is a directory' "$T_DIR/slave.log"
t_is "the slave has all of it still" "$(slave_has lost)" 0
sleep 1.2 # it tries each second
t_is "one line says so" "$(grep -c 'cannot be kept' "$T_DIR/slave.log")" 1
rmdir "$T_DIR/slave/cut-2-$common.log"
t_ok "a slave that is ahead cuts its end off" t_wait 30 grep -q "the broker starts again without it from=$common to=$longer" "$T_DIR/slave.log"
t_ok "and has what the master has" t_wait 30 slave_is_whole
t_is "the message that both had" "$(slave_has one)" 0
t_is "and the new one" "$(slave_has two)" 0
t_is "but not the other end" "$(slave_has lost)" 22
t_ok "the offset is the master's" t_wait 30 slave_offset 1
t_has "the master was asked for what differs" "$(grep 'slave follows' "$T_DIR/a.log" | tail -1)" "from=$common "
t_is "what both had was not written again" "$(first_segments "$common")" "$(cat "$T_DIR/before")"
t_is "that end is kept" "$(stat -c %s "$T_DIR/slave/cut-2-$common.log")" $((longer - common))
t_ok "with its messages" grep -q "this is lost" "$T_DIR/slave/cut-2-$common.log"
t_is "half messages of it are gone" "$("$BUILDDIR/t/lib/sql" "$T_DIR/slave/meta.db" 'SELECT count(*) FROM half')" 0
kill9 slave
start_slave || exit 1
send three
t_ok "it goes on after kill -9" t_wait 30 slave_is_whole
t_has_not "and cuts no more" "$(cat "$T_DIR/slave.log")" 'the log was cut'

# kill -9 while it cuts.
older_master
common=$(end_of "$m")
send gone
load 500
t_ok "another end" t_wait 30 slave_is_whole
t_ok "some segments are closed" t_wait 30 first_sealed "$common"
first_segments "$common" >"$T_DIR/before"
lose_end
start_master
send four
t_ok "which the master does not have" t_wait 30 grep -q "starts again without it from=$common " "$T_DIR/slave.log"
kill9 slave
start_slave || exit 1
t_ok "the next start cuts it, or did not need to" t_wait 30 slave_is_whole
t_is "the message that both had" "$(slave_has one)" 0
t_is "and the new one" "$(slave_has four)" 0
t_is "but not the other end" "$(slave_has gone)" 22
t_is "what both had was not written again" "$(first_segments "$common")" "$(cat "$T_DIR/before")"

# A disk that was lost.
kill9 a
rm -rf "$T_DIR/a"
start_master
t_ok "an empty master takes nothing from its slave" t_wait 30 grep -q 'its log is empty and ours is not' "$T_DIR/slave.log"
t_is "which has its messages still" "$(slave_has three)" 0
t_ok "stops" stop slave
t_has_not "nothing else went wrong" "$(grep -v 'its log is empty' "$T_DIR/slave.log")" "error:"
t_done
