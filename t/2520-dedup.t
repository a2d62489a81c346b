#!/bin/sh
# Topics with a dedup.window: a message that is sent again is stored once, whatever happens.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

program=mqbroker
soh=$(printf '\001')
stx=$(printf '\002')

begin() {
	start b "$program" -o storePathRootDir="$T_DIR/b" -o brokerIP1=127.0.0.1 -o brokerName=broker-x \
		-o mappedFileSizeCommitLog=8388608 "$@" || exit 1
	b=$(address b)
}

# window TOPIC SECONDS [QUEUES]
window() {
	rawcall "$b" 17 topic="$1" defaultTopic=TBW102 readQueueNums="${3:-1}" writeQueueNums="${3:-1}" perm=6 \
		topicFilterType=SINGLE_TAG attributes="+dedup.window=$2" | field code
}

# send TOPIC KEY [PROPERTIES [MORE ...]]: what the reply says about where it is
send() {
	t_topic=$1 t_key=${2:+UNIQ_KEY$soh$2$stx} t_more=${3-}
	[ $# -lt 3 ] || shift
	shift 2
	rawcall -B hello "$b" 310 a=PG b="$t_topic" c=TBW102 d=1 e=0 f=0 g=1700000000000 h=0 i="$t_key$t_more" j=0 \
		k=false m=false "$@" >"$T_DIR/send"
	echo "$(field code <"$T_DIR/send") $(field ext.queueId <"$T_DIR/send")/$(field ext.queueOffset <"$T_DIR/send") $(
		field ext.msgId <"$T_DIR/send")"
}

# end TOPIC [QUEUE]: how many messages it has had
end() {
	rawcall "$b" 30 topic="$1" queueId="${2:-0}" | field ext.offset
}

counter() {
	rawcall "$b" 28 | field body | grep -o "\"$1\":\"[0-9]*" | grep -o '[0-9]*$'
}

begin

# Without a window nothing changes.
send Plain k1 >/dev/null
send Plain k1 >/dev/null
t_is "without a window each is stored" "$(end Plain)" 2

# With one.
t_is "a window" "$(window T 3600 2)" 0
first=$(send T k1)
t_is "the first" "$(echo "$first" | cut -d' ' -f1,2)" "0 0/0"
t_is "again: the same answer" "$(send T k1)" "$first"
t_is "to another queue: the same answer" "$(send T k1 '' e=1)" "$first"
t_is "stored once" "$(end T) $(end T 1)" "1 0"
t_is "another key" "$(send T k2 | cut -d' ' -f1,2)" "0 0/1"
t_is "another topic" "$(window U 3600; send U k1 | cut -d' ' -f1,2)" "0
0 0/0"
send T '' >/dev/null
send T '' >/dev/null
t_is "no key, no memory" "$(end T)" 4
t_is "what it counts" "$(counter dedupAnswered) $(counter dedupKeys)" "2 3"

# What waits elsewhere first.
first=$(send T d1 "DELAY${soh}18${stx}")
t_is "a delayed one" "$(send T d1 "DELAY${soh}18${stx}")" "$first"
t_is "waits once" "$(end SCHEDULE_TOPIC_XXXX 17)" 1
first=$(send T t1 "TIMER_DELAY_SEC${soh}3600${stx}")
t_is "a timed one" "$(send T t1 "TIMER_DELAY_SEC${soh}3600${stx}")" "$first"
half() {
	send T h1 "TRAN_MSG${soh}true${stx}PGROUP${soh}PG${stx}"
}
first=$(half)
t_is "a half message" "$(half)" "$first"
t_is "is one transaction" "$(end RMQ_SYS_TRANS_HALF_TOPIC)" 1
t_is "a retry of a consumer is none" "$(send %RETRY%CG k1 | cut -d' ' -f1) $(send %RETRY%CG k1 | cut -d' ' -f2)" "0 0/1"

# Batches: all of it, or nothing.
# item BODY PROPERTIES: a message of a batch, both of less than 200 bytes
item() {
	len=$((22 + ${#1} + ${#2}))
	printf '\000\000\000%b\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000%b%s\000%b%s' \
		"\\0$(printf %o $len)" "\\0$(printf %o ${#1})" "$1" "\\0$(printf %o ${#2})" "$2"
}
# batch KEY ...: the reply to a batch of messages with these keys; it has one itself, as those of Java clients
batch() {
	for t_key in "$@"; do
		item body "UNIQ_KEY$soh$t_key$stx"
	done >"$T_DIR/batch"
	rawcall -b "$T_DIR/batch" "$b" 320 a=PG b=B c=TBW102 d=1 e=0 f=0 g=1 h=0 i="UNIQ_KEY${soh}own${stx}" j=0 k=false \
		m=true | grep '^code\|^ext.queueOffset\|^ext.msgId\|^remark'
}
window B 3600 >/dev/null
first=$(batch b1 b2 b3)
t_is "a batch" "$(echo "$first" | field code) $(echo "$first" | field ext.msgId | tr , '\n' | grep -c .)" "0 3"
t_is "again: the same answer" "$(batch b1 b2 b3)" "$first"
t_is "one of it alone" "$(send B b2 | cut -d' ' -f3)" "$(echo "$first" | field ext.msgId | cut -d, -f2)"
t_is "stored once" "$(end B)" 3
got=$(batch b3 b4)
t_is "a batch that is half new" "$(echo "$got" | field code)" 13
t_has "says so" "$got" "some of its messages were stored before"
t_is "one key twice" "$(batch b5 b5 | field code)" 13
t_is "nothing of these was stored" "$(end B)" 3

# Over a kill; a topic that was deleted is forgotten, before and after it.
window Gone 3600 >/dev/null
send Gone g1 >/dev/null
rawcall "$b" 215 topic=Gone >/dev/null
window Gone 3600 >/dev/null
t_is "a topic's next life" "$(send Gone g2 | cut -d' ' -f1,2) $(send Gone g1 | cut -d' ' -f2)" "0 0/0 0/1"
one=$(send T k1) batch=$(batch b1 b2 b3) delayed=$(send T d1) timed=$(send T t1) half=$(half)
before="$(end T) $(end SCHEDULE_TOPIC_XXXX 17) $(end RMQ_SYS_TRANS_HALF_TOPIC)"
kill9 b
begin -o listenPort="${b##*:}"
t_is "after a kill" "$(send T k1)" "$one"
t_is "a batch" "$(batch b1 b2 b3)" "$batch"
t_is "a delayed one" "$(send T d1)" "$delayed"
t_is "a timed one" "$(send T t1)" "$timed"
t_is "a half message" "$(half)" "$half"
t_is "nothing was stored" "$(end T) $(end SCHEDULE_TOPIC_XXXX 17) $(end RMQ_SYS_TRANS_HALF_TOPIC)" "$before"
t_is "the old life stays forgotten" "$(counter dedupKeys)" 11

# The window ends; it can be changed.
window Short 1 >/dev/null
send Short k >/dev/null
sleep 1.1
t_is "after the window" "$(send Short k | cut -d' ' -f1,2)" "0 0/1"
window T 0 >/dev/null
t_is "switched off" "$(send T k1 | cut -d' ' -f1)" 0
t_is "stored again" "$(end T)" 5

t_ok "stops" stop b

# The limit: refused, not forgotten.
rm -rf "$T_DIR/b"
begin -o dedupMaxKeys=2
window L 3600 >/dev/null
send L l1 >/dev/null
one=$(send L l2)
t_is "as many keys as there may be" "$(counter dedupKeys)" 2
got=$(rawcall -B x "$b" 310 a=PG b=L c=TBW102 d=1 e=0 f=0 g=1 h=0 i="UNIQ_KEY${soh}l3${stx}" j=0 k=false m=false)
t_is "refused" "$(echo "$got" | field code)" 2
t_has "with a reason" "$(echo "$got" | field remark)" dedupMaxKeys
t_is "and counted" "$(counter refusedDedupKeys)" 1
t_is "the others are known" "$(send L l2)" "$one"
t_is "a topic without a window takes more" "$(send Plain l3 | cut -d' ' -f1)" 0
t_ok "stops" stop b

# A commit that fails is forgotten: what was not stored is no duplicate.
rm -rf "$T_DIR/b"
begin
window F 3600 >/dev/null
stop b
FAULT=wal:40:ioerr:twice
export FAULT
program=t/lib/faulty_broker
begin -o listenPort="${b##*:}"
program=mqbroker
unset FAULT
n=0 failed=
while [ $n -lt 400 ] && [ -z "$failed" ]; do
	n=$((n + 1))
	[ "$(send F "f$n" | cut -d' ' -f1)" = 0 ] || failed=$n
done
t_ok "a send fails" test -n "$failed"
t_is "sent again it is stored" "$(send F "f$failed" | cut -d' ' -f1,2)" "0 0/$((failed - 1))"
t_is "once" "$(send F "f$failed" | cut -d' ' -f1,2) $(end F)" "0 0/$((failed - 1)) $failed"
t_ok "stops" stop b

# Thousands of resends, in one batch and over kills: each message is stored once.
for mode in ASYNC_FLUSH SYNC_FLUSH; do
	rm -rf "$T_DIR/b"
	begin -o flushDiskType=$mode -o ioThreads=2
	window R 3600 >/dev/null
	"$BUILDDIR/t/crash/resends" "$b" R 20000 200 "$T_DIR/b.pid" >"$T_DIR/resends" 2>&1 &
	t_remember resends $!
	for _ in 1 2 3 4; do
		wait "$(pid b)" 2>/dev/null
		begin -o flushDiskType=$mode -o ioThreads=2 -o listenPort="${b##*:}"
	done
	wait "$(pid resends)"
	t_result $? "$mode: each of 20,000 messages is stored once" "$(cat "$T_DIR/resends")"
	t_ok "$mode: the broker died meanwhile" test "$(field deaths <"$T_DIR/resends")" -ge 4
	t_ok "$mode: stops" stop b
done
t_done
