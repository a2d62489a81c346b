#!/bin/sh
# The replication port of a master: both streams, who is let in, and what strangers cannot do.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

run() { # FLAGS ...: the master, with segments so small that most are closed
	start m mqbroker -o storePathRootDir="$T_DIR/m" -o brokerIP1=127.0.0.1 -o brokerName=broker-a \
		-o mappedFileSizeCommitLog=65536 -o tailCacheSize=65536 -o haHousekeepingInterval=4000 "$@" || exit 1
	m=$(address m)
	ha=127.0.0.1:$(($(port m) + 1))
}

slave() {
	"$BUILDDIR/t/lib/ha_slave" "$@"
}

send() { # BODY
	rawcall -B "$1" "$m" 310 a=PG b=T c=TBW102 d=2 e=0 f=0 g=1 h=0 i="${2-}" j=0 k=false m=false
}

end_of_log() {
	rawcall "$m" 907 | field body | grep -o 'masterCommitLogMaxOffset":[0-9]*' | cut -d: -f2
}

# hello [KEY VALUE]: with another value for the key
hello() {
	hello_body='{"brokerName":"broker-a","brokerId":1,"clusterName":"DefaultCluster","version":"1","canReadMeta":true,"minPosition":0,"maxPosition":0,"epochs":[[1,0]]}'
	[ $# -eq 0 ] || hello_body=$(echo "$hello_body" | sed "s/\"$1\":[^,}]*/\"$1\":$2/")
	rawcall -B "$hello_body" "$m" 7021
}

token() {
	hello "$@" | field body | grep -o '"token":"[0-9a-f]*' | cut -d'"' -f4
}

run
body=$(printf '%01000d' 7)
i=0
while [ $i -lt 40 ]; do
	set --
	j=0
	while [ $j -lt 10 ]; do
		set -- "$@" -- 310 a=PG b=T c=TBW102 d=2 e=$((j % 2)) f=0 g=1 h=0 j=0 k=false m=false "@$i $j $body"
		j=$((j + 1))
	done
	rawcall -B first "$m" 310 a=PG b=T c=TBW102 d=2 e=0 f=0 g=1 h=0 j=0 k=false m=false "$@" >/dev/null
	i=$((i + 1))
done
end=$(end_of_log)
t_ok "several segments are closed" test "$(ls "$T_DIR"/m/log/0*.db | wc -l)" -gt 3

# The log as RocketMQ's slaves get it, and as ours do.
t_ok "RocketMQ's stream" slave -u "$end" -o "$T_DIR/apache" "$ha"
t_is "all of the log" "$(wc -c <"$T_DIR/apache")" "$end"
t_ok "TwinMQ's stream" slave -t "$(token)" -u "$end" -o "$T_DIR/twin" "$ha"
t_ok "both are the same" cmp "$T_DIR/apache" "$T_DIR/twin"
for segment in "$T_DIR"/m/log/0*.db; do
	"$BUILDDIR/t/lib/sql" "$segment" 'SELECT hex(records) FROM log ORDER BY pos'
done | tr -d '\n' | tr A-F a-f >"$T_DIR/stored"
od -An -v -tx1 "$T_DIR/twin" | tr -d ' \n' >"$T_DIR/came"
t_ok "and what the segments have" cmp "$T_DIR/stored" "$T_DIR/came"

# At the end of the log: each commit at once.
slave -f "$end" -t "$(token maxPosition "$end")" "$ha" >"$T_DIR/live" 2>&1 &
t_remember live $!
t_ok "it follows from the end" t_wait 10 grep -q '^end' "$T_DIR/live"
t_has "topics are in the snapshot" "$(cat "$T_DIR/live")" 'row 0 [T] '
t_is "none of the log comes again" "$(grep -c '^block' "$T_DIR/live")" 0
send "one more" >/dev/null
t_ok "a message comes" t_wait 10 grep -q "^block $end " "$T_DIR/live"
send "late" "$(printf 'DELAY\0012\002')" >/dev/null
t_ok "a delayed one with its hash" t_wait 10 grep -q '^block [0-9]* [0-9]* 1$' "$T_DIR/live"
rawcall "$m" 17 topic=New defaultTopic=TBW102 readQueueNums=1 writeQueueNums=1 perm=6 topicFilterType=SINGLE_TAG topicSysFlag=0 order=false >/dev/null
t_ok "a new topic" t_wait 10 grep -q '^change 0 0 \[New\]' "$T_DIR/live"
rawcall "$m" 215 topic=New >/dev/null
t_ok "a topic that goes, with its queues" t_wait 10 grep -q '^change 4 . \[\] \[\] \[New\]' "$T_DIR/live"
rawcall -B "$(printf 'maxTopics=4711\n')" "$m" 25 >/dev/null
rawcall "$m" 17 topic=Newer defaultTopic=TBW102 readQueueNums=1 writeQueueNums=1 perm=6 topicFilterType=SINGLE_TAG topicSysFlag=0 order=false >/dev/null
t_ok "what follows a setting" t_wait 10 grep -q '^change 0 0 \[Newer\]' "$T_DIR/live"
t_is "settings of the master stay there" "$(grep -c maxTopics "$T_DIR/live")" 0
t_ok "a sign of life" t_wait 10 grep -q '^heartbeat' "$T_DIR/live"
in_sync() {
	rawcall "$m" 907 | field body | grep -q '"diff":0,"inSync":true,.*"brokerId":1,'
}
t_ok "the master sees that it has all" t_wait 10 in_sync
got=$("$BUILDDIR/mqadmin" haStatus -b "$m" --json)
t_has "mqadmin shows it" "$got" '"role":"master"'
t_has "with its id" "$got" '"peerId":1,'
t_has "and how far it is" "$got" '"lagBytes":0,'
t_has "another one with its id is the same" "$(hello | field body)" '"token"'

# Who is not let in.
t_is "another cluster" "$(hello clusterName '"X"' | field code) $(hello clusterName '"X"' | field remark)" \
	"1 the slave is of cluster X, this master of DefaultCluster: give both the same brokerClusterName"
t_has "another name" "$(hello brokerName '"X"' | field remark)" "the slave is named X, this master broker-a"
t_has "no id" "$(hello brokerId 0 | field remark)" "a brokerId above 0"
t_has "no hello" "$(rawcall -B '{}' "$m" 7021 | field remark)" "no hello"
t_has "a log that is ahead is to be cut" "$(hello maxPosition 99999999 | field body)" "\"streamFrom\":$(end_of_log)"

# Strangers.
t_fails "a token that nobody gave" slave -t 0123456789abcdef -u 1 "$ha"
t_fails "a position that is none" slave -f 7 -u 99 "$ha"
t_fails "one behind the end" slave -f 99999999 -u 99999999 "$ha"
t_fails "one that is negative" slave -f -5 -u 1 "$ha"
t_fails "frames of the other port" rawcall -t 5000 "$ha" 105 topic=T
one=$(token brokerId 2)
t_ok "a token opens a stream" slave -t "$one" -m "$ha"
t_fails "but one only" slave -t "$one" -m "$ha"
t_fails "who says nothing is sent away" slave -n -f "$(end_of_log)" "$ha"
t_has "with a line" "$(cat "$T_DIR/m.log")" "nothing was heard of it in haHousekeepingInterval"
t_ok "the slave at the end did not mind" kill -0 "$(pid live)"
kill9 live
alone() {
	rawcall "$m" 907 | grep -q '"haConnectionInfo":\[\]'
}
t_wait 10 alone

# Room.
rawcall -B "$(printf 'maxSlaveLinks=1\n')" "$m" 25 >/dev/null
slave -f "$(end_of_log)" "$ha" >"$T_DIR/only" &
t_remember only $!
one_follows() {
	rawcall "$m" 907 | field body | grep -q '"slaveAckOffset"'
}
t_ok "one has the only place" t_wait 10 one_follows
t_fails "there is none for another" slave -f "$(end_of_log)" -u 99999999 "$ha"
t_ok "which is counted" eval 'rawcall "$m" 28 | grep -q "\"refusedSlaveLinks\":\"[1-9]"'
kill9 only
stop m
t_has_not "nothing went wrong" "$(cat "$T_DIR/m.log")" "error:"

# A port that is taken.
run -o listenPort="$(port m)"
start n mqbroker -o storePathRootDir="$T_DIR/n" -o brokerName=n -o listenPort=$(($(port m) + 1)) 2>/dev/null >&2
t_has "one line says which" "$(cat "$T_DIR/n.log")" "cannot listen on"
stop m
t_done
