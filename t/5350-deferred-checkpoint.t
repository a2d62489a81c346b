#!/bin/sh
# A sealed segment whose checkpoint cannot come, because somebody reads it: it is read from its WAL,
# survives kill -9, expires without a copy, and its timed message is carried.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

begin_b() {
	begin b -o mappedFileSizeCommitLog=65536 -o deleteWhen="$(date -d '+12 hours' +%H)" -o diskMaxUsedSpaceRatio=95
}

head -c 30000 /dev/zero | tr '\0' x >"$T_DIR/body"

# property NAME VALUE ...: as a properties text
property() {
	while [ $# -gt 0 ]; do
		printf '%s\001%s\002' "$1" "$2"
		shift 2
	done
}

# send TOPIC PROPERTIES
send() {
	rawcall -b "$T_DIR/body" "$b" 310 a=PG b="$1" c=TBW102 d=1 e=0 f=0 g=1 h=0 i="$2" j=0 k=false m=false >/dev/null
}

# messages: how many come from the queue, from its first one on
messages() {
	first=$(rawcall "$b" 31 topic=T queueId=0 | field ext.offset)
	next=$first
	while
		got=$(rawcall "$b" 11 consumerGroup=G topic=T queueId=0 queueOffset="$next" maxMsgNums=32 sysFlag=4 \
			commitOffset=0 suspendTimeoutMillis=0 subscription='*' subVersion=0)
		[ "$(echo "$got" | field code)" = 0 ]
	do
		next=$(echo "$got" | field ext.nextBeginOffset)
	done
	echo $((next - first))
}

# count NAME: of brokerStatus
count() {
	rawcall "$b" 28 | tr ',{' '\n\n' | sed -n "s/.*\"$1\":\"\([0-9]*\)\".*/\1/p"
}

log=$T_DIR/b/log
oldest=$log/00000000000000000000.db
wals() {
	find "$log" -name '0*.db-wal' -size +0 | wc -l
}

segments() {
	find "$log" -name '0*.db' | wc -l
}

begin_b
send T ''
# A reader of the first segment as it is now; a checkpoint of all of it would change what it reads.
mkfifo "$T_DIR/hold"
exec 9<>"$T_DIR/hold"
"$BUILDDIR/t/lib/sql" -w "$oldest" 'BEGIN; SELECT count(*) FROM info' <"$T_DIR/hold" >"$T_DIR/reads" &
t_remember reader $!
t_ok "somebody reads the first segment" t_wait 20 test -s "$T_DIR/reads"

send D "$(property TIMER_DELAY_SEC 3600 UNIQ_KEY later)"
for _ in 1 2 3 4 5 6 7 8 9; do
	send T ''
done
t_ok "there are several segments" test "$(segments)" -ge 4
t_ok "the first one has its WAL" test -s "$oldest-wal"
t_is "all is read" "$(messages)" 10
kill9 b
begin_b
t_is "after kill -9 too" "$(messages)" 10
t_ok "and the first one still has its WAL" test -s "$oldest-wal"
send T ''
t_is "one more is stored" "$(messages)" 11

rawcall -B fileReservedTime=0 "$b" 25 >/dev/null
# expired: asks until the oldest one has no file any more
expired() {
	rawcall "$b" 329 >/dev/null
	! ls "$oldest"* >/dev/null 2>&1
}
t_ok "the first one expires, and none of its files stay" t_wait 30 expired
t_ok "its timed message was carried" test "$(count timersCarried)" -ge 1
t_is "and waits" "$(count timersPending)" 1
send T ''
messages=$(messages)
t_ok "what is left is read" test "$messages" -ge 1 -a "$messages" -lt 12
only_live() {
	[ "$(wals)" -le 1 ]
}
t_ok "those that did not expire get their checkpoint" t_wait 30 only_live
kill9 b
begin_b
t_is "after kill -9 the same is there" "$(messages)" "$messages"
t_ok "stops" stop b
t_done
