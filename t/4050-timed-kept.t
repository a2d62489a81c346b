#!/bin/sh
# What may happen to messages that wait while segments go: timed ones are carried forward, those of levels
# keep their segment, also on a disk so full that sends are refused; levels are taken out of the settings.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/segments.sh
. "$SRCDIR/t/lib/segments.sh"
# shellcheck source=t/crash/crash.sh
. "$SRCDIR/t/crash/crash.sh"

other_hour=$(date -d '+12 hours' +%H) # one that does not come while the test runs

# begin STORE [OPTIONS]
begin() {
	store=$1
	shift
	start b mqbroker -o storePathRootDir="$store" -o brokerIP1=127.0.0.1 -o brokerName=b \
		-o mappedFileSizeCommitLog=65536 -o deleteWhen="$other_hour" -o diskMaxUsedSpaceRatio=95 \
		-o fileReservedTime=0 "$@" || exit 1
	b=$(address b)
}

# property NAME VALUE ...: as a properties text
property() {
	while [ $# -gt 0 ]; do
		printf '%s\001%s\002' "$1" "$2"
		shift 2
	done
}

# send TOPIC PROPERTIES BODY
send() {
	rawcall -B "$3" "$b" 310 a=PG b="$1" c=TBW102 d=1 e=0 f=0 g=1700000000000 h=0 i="$2" j=0 k=false m=false
}

# pull TOPIC OFFSET [WAIT-MS]
pull() {
	rawcall -t 20000 "$b" 11 consumerGroup=CG topic="$1" queueId=0 queueOffset="$2" maxMsgNums=32 sysFlag=6 \
		commitOffset=0 suspendTimeoutMillis="${3:-15000}" subscription='*' subVersion=0
}

# count NAME: of brokerStatus
count() {
	rawcall "$b" 28 | tr ',{' '\n\n' | sed -n "s/.*\"$1\":\"\([0-9]*\)\".*/\1/p"
}

# ---- carried forward

begin "$T_DIR/b"
send D '' first >/dev/null
handle=$(send D "$(property TIMER_DELAY_SEC 3600 UNIQ_KEY later)" in-an-hour | field ext.recallHandle)
send D "$(property TIMER_DELAY_SEC 9000000 UNIQ_KEY much KEYS k)" in-a-season >/dev/null
due=$(($(date +%s%3N) + 6000))
send D "$(property TIMER_DELIVER_MS $due)" in-a-moment >/dev/null
fill
t_ok "the segment of timed messages goes" t_wait 20 expires_above 2
t_is "they were carried" "$(count timersCarried) $(count timersPending)" "3 3"
fill
t_ok "and once more" t_wait 20 expires_above 10
t_ok "carried again" test "$(count timersCarried)" -ge 5
kill9 b
begin "$T_DIR/b"
t_is "after kill -9 they wait" "$(count timersPending)" 3
got=$(pull D 1)
t_has "a carried one comes" "$got" in-a-moment
t_ok "not early" test "$(date +%s%3N)" -ge $due
t_is "once" "$(echo "$got" | field ext.maxOffset)" 2
t_is "a carried one is recalled by its first handle" \
	"$(rawcall "$b" 370 topic=D recallHandle="$handle" | field code) $(count timersPending)" "0 1"
rm -f "$T_DIR/none"
kill9 b
rm -f "$T_DIR/b/timer.db"*
begin "$T_DIR/b"
t_is "without timer.db the log tells the same" "$(count timersPending)" 1
stop b

# ---- levels that are no more

begin "$T_DIR/levels" -o 'messageDelayLevel=1s 2s 4s'
send L '' first >/dev/null
since=$(date +%s%3N)
send L "$(property DELAY 3)" former >/dev/null
stop b
begin "$T_DIR/levels" -o 'messageDelayLevel=1s'
t_has "the log says that a level is no more" "$(cat "$T_DIR/b.log")" "has no level 3 any more"
got=$(pull L 1)
t_has "what waits there comes" "$got" former
t_ok "not early" test "$(date +%s%3N)" -ge $((since + 4000))
stop b
begin "$T_DIR/levels" -o 'messageDelayLevel=1s'
t_has_not "once only" "$(pull L 2 1500)" former
stop b

# ---- a disk that is too full for sends

small_disk 24 || {
	t_skip "no tmpfs can be mounted here; a small disk needs root"
	t_done
}
begin "$T_DIR/disk/b" -o 'messageDelayLevel=6s' -o diskMaxUsedSpaceRatio=50
send D '' first >/dev/null
send D "$(property DELAY 1)" level >/dev/null
send D "$(property TIMER_DELAY_SEC 5)" timed >/dev/null
send D "$(property TIMER_DELAY_SEC 5000)" in-an-hour >/dev/null
fill
free=$(df --output=avail -k "$T_DIR/disk" | tail -1)
head -c $(((free - 1600) * 1024)) /dev/zero >"$T_DIR/disk/ballast"
is_refused() {
	[ "$(send P '' x | field code)" = 14 ]
}
t_ok "sends are refused" t_wait 10 is_refused
got=$(pull D 1)
t_has "a timed message comes all the same" "$got" timed
got=$(pull D 2)
t_has "and one of a level" "$got" level
t_ok "so their segment goes" t_wait 20 expires_above 0
t_is "and what waits longer was carried" "$(count timersPending)" 1
t_ok "stops cleanly" stop b
t_done
