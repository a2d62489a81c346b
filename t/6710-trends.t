#!/bin/sh
# Trends of 24 hours that outlive the process, and alarms: mqadmin trend and alarmList, 7012 and 7013.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/clock.sh
. "${SRCDIR:-.}/t/lib/clock.sh"

start ns mqnamesrv || exit 1
NAMESRV_ADDR=$(address ns)
export NAMESRV_ADDR

# later MINUTES: from the middle of a step on, so that no step ends by itself
now=$(date +%s)
base=$((150 - now % 300))
later() {
	echo "$((base + $1 * 60)) s" | sed 's/^[0-9]/+&/; s/ s$//' >"$T_DIR/step"
	[ -z "${b-}" ] || rawcall "$b" 7012 kind=broker >/dev/null # it sees that the step is over
}
again() {
	with_steps begin a -n "$NAMESRV_ADDR" -o registerNameServerPeriod=1000 -o alarmLag=4 "$@"
}
# send TOPIC N
send() {
	left=$2
	while [ $left -gt 0 ]; do
		rawcall -B "hello" "$b" 310 a=PG b="$1" c=TBW102 d=4 e=0 f=0 g=1700000000000 h=0 i= j=0 k=false m=false \
			>/dev/null
		left=$((left - 1))
	done
}
pull() {
	rawcall "$b" 11 consumerGroup=CG topic=T queueId=0 queueOffset="$1" maxMsgNums="$2" sysFlag=4 commitOffset=0 \
		suspendTimeoutMillis=0 subscription='*' subVersion=0 >/dev/null
}
commit() {
	rawcall "$b" 15 consumerGroup=CG topic=T queueId=0 commitOffset="$1" >/dev/null
}
# last KIND NAME MEMBER N: the last N numbers of a series
last() {
	rawcall "$b" 7012 kind="$1" name="$2" |
		sed -n "s/.*{\"name\":\"$2\",[^}]*\"$3\":\\[\\([^]]*\\)\\].*/\\1/p" | tr , '\n' | tail -"$4" | tr '\n' ' '
}
admin() {
	"$BUILDDIR/mqadmin" "$@" 2>&1
}

later 0
again
make_topic T a
t_ok "the name server knows the topic" t_wait 10 has_route T
send T 3
pull 0 2
commit 2
t_is "a topic, in the step that is not over" "$(last topic T in 2)" "null 3 "
t_is "its bytes" "$(last topic T outBytes 1 | tr -d ' ')" "$(rawcall "$b" 7012 kind=group name=CG |
	sed -n 's/.*"outBytes":\[[^]]*,\([0-9]*\)\].*/\1/p')"
t_is "what consumers got" "$(last topic T out 1)" "2 "
t_is "a group" "$(last group CG out 1)" "2 "
t_is "its lag" "$(last group CG lag 1)" "1 "
t_is "the broker" "$(last broker a in 1)" "3 "
t_has "its disk" "$(rawcall "$b" 7012 kind=broker)" '"diskTotal":[null,'

later 5
send T 2
t_is "the next step" "$(last topic T in 3)" "null 3 2 "
t_is "the lag goes on" "$(last group CG lag 2)" "1 3 "
later 10
t_is "a step without anything" "$(last topic T in 3)" "3 2 0 "
t_is "the lag stays" "$(last group CG lag 3)" "1 3 3 "
kill9 a
later 20
again
t_is "kill -9: kept, and null while nothing ran" "$(last topic T in 5)" "3 2 null null 0 "
commit 2 # the broker writes offsets each five seconds
send T 4
t_is "goes on counting" "$(last topic T in 5)" "3 2 null null 4 "
stop a
again
t_is "a clean stop keeps the current step" "$(last topic T in 5)" "3 2 null null 4 "
send T 1
t_is "and its second part is added" "$(last topic T in 5)" "3 2 null null 5 "
t_is "of the group too" "$(last group CG lag 5)" "1 3 null null 8 "

# points, pages, names
t_has "fewer points: sums" "$(rawcall "$b" 7012 kind=topic name=T points=1)" '"in":[10]'
t_has "... and the largest lag" "$(rawcall "$b" 7012 kind=group name=CG points=1)" '"lag":[8]'
make_topic U a
t_wait 10 has_route U
send U 7
t_has "a page" "$(rawcall "$b" 7012 kind=topic points=1 limit=1)" '"next":"T"'
got=$(rawcall "$b" 7012 kind=topic points=1 limit=1 after=T)
t_has "the next one" "$got" '"series":[{"name":"U","in":[7]'
t_has_not "that is the last" "$got" '"next"'
t_has "two by name" "$(rawcall "$b" 7012 kind=topic points=1 name=U,T,Nobody)" '"name":"U"'
t_has "nobody" "$(rawcall "$b" 7012 kind=topic name=Nobody)" '"series":[]'
t_has "no such kind" "$(rawcall "$b" 7012 kind=queue)" 'code=29'
t_has "points that do not divide a day" "$(rawcall "$b" 7012 kind=topic points=7)" 'must divide 288'

# the commands
got=$(admin trend -t 'T,U' -p 1 --json)
t_has "trend --json" "$got" '"kind":"topic","series":[{"name":"T","in":[10]'
t_has "trend of brokers" "$(admin trend -p 2 --json)" '"kind":"broker","series":[{"name":"a","in":['
t_has "trend as text" "$(admin trend -g CG | tr -s ' ')" "CG 0 2 8 |"
t_has "trend -t *, a page" "$(admin trend -t '*' -m 1 -p 1 --json)" '"next":"T"'
t_has "trend: bad points" "$(admin trend -p 5)" "must divide 288"

# alarms: the group is 8 behind
got=$(admin alarmList --json)
t_has "an alarm" "$got" '"kind":"lag","subject":"CG","value":8,"threshold":4,"unit":"messages","since":'
t_has "the log says that it begins" "$(cat "$T_DIR/a.log")" "alarm begins kind=lag group=CG value="
commit 10
t_is "it ends" "$(admin alarmList --json)" '{"alarms":[]}'
t_has "and is remembered" "$(admin alarmList -e --json)" '"subject":"CG","value":8'
t_has "the log says so" "$(cat "$T_DIR/a.log")" "alarm ends kind=lag group=CG"
admin updateBrokerConfig -b "$b" -k alarmDiskUsed -v 1 >/dev/null
t_has "a disk" "$(admin alarmList)" "disk"

# a day
later $((24 * 60 + 25))
send T 1
got=$(last topic T in 288)
t_is "a day later only the newest is left" "$(echo "$got" | tr ' ' '\n' | grep -c '^[1-9]')" 1
t_is "nothing that is older is on disk" "$("$BUILDDIR/t/lib/sql" "$T_DIR/a/trend.db" \
	'SELECT count(*) FROM steps WHERE step <= (SELECT max(step) FROM steps) - 86400000')" 0

# more queues than loop 0 measures in one turn
rawcall "$b" 17 topic=Wide defaultTopic=TBW102 readQueueNums=1000 writeQueueNums=1000 perm=6 topicFilterType=SINGLE_TAG \
	topicSysFlag=0 order=false >/dev/null
for queue in 3 300 999; do
	rawcall -B hello "$b" 310 a=PG b=Wide c=TBW102 d=4 e=$queue f=0 g=1700000000000 h=0 i= j=0 k=false m=false >/dev/null
done
rawcall "$b" 15 consumerGroup=WG topic=Wide queueId=3 commitOffset=1 >/dev/null
t_is "the lag of a topic with a thousand queues" "$(last group WG lag 1)" "2 "

# a file that is none
kill9 a
head -c 20000 /dev/urandom >"$T_DIR/a/trend.db"
again
t_has "a damaged trend.db is made anew" "$(cat "$T_DIR/a.log")" "trend.db is damaged"
send T 2
t_is "and trends begin again" "$(last topic T in 1)" "2 "
stop a

again -o trendEnable=false
t_has "switched off" "$(rawcall "$b" 7012 kind=topic)" "trendEnable=false"
t_has "alarms too" "$(admin alarmList)" "trendEnable=false"
t_ok "stops cleanly" stop a
t_done
