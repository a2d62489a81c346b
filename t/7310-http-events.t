#!/bin/sh
# Server-sent events: a topic is followed, resumed without a gap, and a reader that never reads costs nothing (D11).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/http.sh
. "$SRCDIR/t/lib/http.sh"

# run_broker OPTIONS ...
run_broker() {
	begin b -o bindAddress=127.0.0.1 "$@"
	at=$(url b)/v1
	token="Authorization: Bearer $(cat "$T_DIR/b/http-token")"
}

send() { # TOPIC BODY [TAG]
	web -H "$token" -H 'Content-Type: application/json' \
		--data-binary "{\"body\":\"$2\",\"tag\":\"${3-}\",\"properties\":{\"n\":\"${2#m}\"}}" "$at/topics/$1/messages" >/dev/null
}

# follow NAME PATH [FLAGS ...]: events go to $T_DIR/NAME; its process is $follower
follow() {
	f_name=$1
	f_path=$2
	shift 2
	curl -sSN -m 300 -D "$T_DIR/$f_name.fields" "$@" "$at/$f_path" >"$T_DIR/$f_name" 2>"$T_DIR/$f_name.err" &
	follower=$!
}

last_id() { # NAME
	sed -n 's/^id: //p' "$T_DIR/$1" | tail -1
}

metric() {
	web "$(url b)/metrics" | sed -n "s/^$1 //p"
}

streams_are() {
	[ "$(metric twinmq_http_streams)" = "$1" ]
}

# make_one TOPIC: of one queue
make_one() {
	rawcall "$b" 17 topic="$1" defaultTopic=TBW102 readQueueNums=1 writeQueueNums=1 perm=6 \
		topicFilterType=SINGLE_TAG topicSysFlag=0 order=false >/dev/null
}

run_broker -o httpMaxStreams=4 -o httpRequestTimeout=3000
make_topic T b
send T m1 a

# From the oldest, and from now on.
follow old topics/T/events?from=first
old=$follower
t_ok 'a stream from the first message has it' t_wait 30 has old m1
t_has 'as an event stream' "$(cat "$T_DIR/old.fields")" 'Content-Type: text/event-stream'
follow new topics/T/events
new=$follower
t_ok 'a stream from now on begins' t_wait 30 begun new
t_ok 'streams are counted' t_wait 30 streams_are 2
send T m2 b
send T m3 a
t_ok 'a message is an event at once' t_wait 30 has old 'm1 m2 m3'
t_ok 'of both' t_wait 30 has new 'm2 m3'
follow tagged 'topics/T/events?from=first&tags=b'
t_ok 'tags are a filter' t_wait 30 has tagged m2
kill $follower
follow by_sql topics/T/events -G -d from=first --data-urlencode "sql=n = '3'"
t_ok 'SQL as well' t_wait 30 has by_sql m3
kill $follower

# Resume: what came meanwhile, once.
id=$(last_id new)
kill $new
t_ok 'a reader that leaves is forgotten' t_wait 30 streams_are 1
send T m4 a
send T m5 a
send T m6 a
follow again topics/T/events -H "Last-Event-ID: $id"
t_ok 'Last-Event-ID goes on without a gap' t_wait 30 eval 'bodies again | tr " " "\n" | sort | paste -sd" " | grep -qx "m4 m5 m6"'
id=$(last_id again)
kill $follower
kill $old
t_ok 'no stream is left' t_wait 30 streams_are 0
kill9 b
run_broker -o httpMaxStreams=4 -o httpRequestTimeout=3000
send T m7 a
follow third "topics/T/events?lastEventId=$id"
t_ok 'after kill -9, too' t_wait 30 has third m7
kill $follower

# One queue.
web -H "$token" -H 'Content-Type: application/json' -d '{"body":"q2","queueId":2}' "$at/topics/T/messages" >/dev/null
follow queue 'topics/T/events?from=first&queue=2'
t_ok 'one queue has its messages' t_wait 30 eval 'bodies queue | grep -q "q2$"'
t_ok 'and ids of one number' eval 'last_id queue | grep -qx "[0-9][0-9]*"'
kill $follower

# A backlog comes whole and in order, in batches.
make_one Long
i=0
while [ $i -lt 40 ]; do
	awk -v at=$i 'BEGIN { printf "{\"messages\":["; for (k = 0; k < 100; k++) printf "%s{\"body\":\"m%d\"}", k ? "," : "", at * 100 + k; print "]}" }' |
		web -H "$token" -H 'Content-Type: application/json' --data-binary @- "$at/topics/Long/messages" >/dev/null
	i=$((i + 1))
done
follow long topics/Long/events?from=first
whole() { [ "$(grep -c '^data: ' "$T_DIR/long")" -ge 4000 ]; }
t_ok 'a backlog comes whole' t_wait 60 whole
t_is 'in order' "$(sed -n 's/^data: .*"body":"m\([0-9]*\)".*/\1/p' "$T_DIR/long" | awk '$1 != NR - 1 { print NR; exit }')" ''
kill $follower

# A reader that never reads is dropped; another one gets all.
awk 'BEGIN { printf "{\"body\":\""; for (i = 0; i < 100000; i++) printf "0123456789"; print "\"}" }' >"$T_DIR/big"
t_ok 'no stream is left' t_wait 30 streams_are 0
make_one Big
mkfifo "$T_DIR/closed"
curl -sSN -m 300 "$at/topics/Big/events?from=first" >"$T_DIR/closed" 2>/dev/null &
stuck=$!
exec 4<"$T_DIR/closed" # nobody reads from it
follow reader topics/Big/events?from=first
reader=$follower
t_ok 'two readers' t_wait 30 streams_are 2
i=0
while [ $i -lt 12 ]; do
	web -H "$token" -H 'Content-Type: application/json' --data-binary @"$T_DIR/big" "$at/topics/Big/messages" >/dev/null
	i=$((i + 1))
done
all_big() { [ "$(grep -c '^data: ' "$T_DIR/reader")" -eq 12 ]; }
t_ok 'one gets all' t_wait 60 all_big
t_ok 'the one that never reads is dropped' t_wait 60 streams_are 1
t_ok 'which is counted' test "$(metric twinmq_http_connections_late_total)" -ge 1
kill $reader $stuck
exec 4<&-
is_free() { streams_are 0 && [ "$(metric twinmq_http_memory_bytes)" -lt 1000000 ]; }
t_ok 'their memory is given back' t_wait 30 is_free

# Limits and mistakes.
followers=
for i in 1 2 3 4; do
	follow "s$i" topics/T/events
	followers="$followers $follower"
done
t_ok 'as many streams as may be' t_wait 30 streams_are 4
t_is 'one more is refused' "$(status "$at/topics/T/events")" 503
t_is 'for a while' "$(field_of Retry-After)" 1
t_has 'and counted' "$(rawcall "$b" 28)" '"refusedHttpStreams":"1"'
t_is 'a topic that is not there' "$(status "$at/topics/Nowhere/events")" 404
t_is 'a queue that is not there' "$(status "$at/topics/T/events?queue=9")" 404
# shellcheck disable=SC2086 # a list
kill $followers
t_ok 'they leave' t_wait 30 streams_are 0
for bad in x 1.2.3.4.5 -1 1..2; do
	t_is "an id that is none: $bad" "$(status -H "Last-Event-ID: $bad" "$at/topics/T/events")" 400
done
t_is 'HEAD has no events' "$(status -I "$at/topics/T/events")" 200

# A topic that gets more queues: the reader is told, and comes again with its id.
follow grown topics/T/events
t_ok 'a stream' t_wait 30 begun grown
rawcall "$b" 17 topic=T defaultTopic=TBW102 readQueueNums=8 writeQueueNums=8 perm=6 topicFilterType=SINGLE_TAG topicSysFlag=0 order=false >/dev/null
send T m8 a
t_ok 'ends when its topic has more queues' t_wait 60 grep -q '^event: error' "$T_DIR/grown"
wait $follower

# What is open when the broker ends.
follow end topics/T/events
t_ok 'a stream' t_wait 30 begun end
t_ok 'the broker stops' stop b
wait $follower
t_done
