#!/bin/sh
# Server-sent events with a group: it goes on where it is, commits as its reader goes on, and moves with a reset (D11).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/http.sh
. "$SRCDIR/t/lib/http.sh"

run_broker() {
	begin b -o bindAddress=127.0.0.1
	at=$(url b)/v1
	token="Authorization: Bearer $(cat "$T_DIR/b/http-token")"
}

send() { # BODY
	web -H "$token" -H 'Content-Type: application/json' -d "{\"body\":\"$1\",\"queueId\":0}" "$at/topics/T/messages" >/dev/null
}

# follow NAME PARAMETERS [FLAGS ...]: events go to $T_DIR/NAME; its process is $follower
follow() {
	f_name=$1
	f_parameters=$2
	shift 2
	curl -sSN -m 300 -H "$token" "$@" "$at/topics/T/events?$f_parameters" >"$T_DIR/$f_name" 2>"$T_DIR/$f_name.err" &
	follower=$!
}

is_at() { # OFFSET: where the group is in queue 0
	[ "$(rawcall "$b" 14 consumerGroup=G topic=T queueId=0 setZeroIfNotFound=false | field ext.offset)" = "$1" ]
}

left() {
	[ "$(web "$(url b)/metrics" | sed -n 's/^twinmq_http_streams //p')" = 0 ]
}

run_broker
make_topic T b
send m0
send m1
t_is 'it moves a group: a token is needed' "$(status "$at/topics/T/events?group=G")" 401
t_is 'a name that is none' "$(status -H "$token" "$at/topics/T/events?group=")" 400

follow first 'group=G&from=first'
t_ok 'a group that is new begins where it is told' t_wait 30 has first 'm0 m1'
t_ok 'what its reader has taken is committed' t_wait 30 is_at 2
t_is 'a second reader is refused' "$(status -H "$token" "$at/topics/T/events?group=G")" 409
t_is 'also of one queue' "$(status -H "$token" "$at/topics/T/events?group=G&queue=1")" 409
id=$(sed -n 's/^id: //p' "$T_DIR/first" | head -1)
kill $follower
t_ok 'the reader leaves' t_wait 30 left
send m2
follow second group=G
t_ok 'the group goes on where it was' t_wait 30 has second m2
t_ok 'and commits' t_wait 30 is_at 3
kill $follower
t_ok 'the reader leaves' t_wait 30 left
follow again group=G -H "Last-Event-ID: $id"
t_ok 'an id goes before the group' t_wait 30 has again 'm1 m2'
kill $follower
t_ok 'the reader leaves' t_wait 30 left
t_ok 'which is where it was' t_wait 30 is_at 3
send m3
kill9 b
run_broker
follow third group=G
t_ok 'also after kill -9' t_wait 30 has third m3
t_ok 'and commits' t_wait 30 is_at 4

# The group is moved while its reader looks.
rawcall "$b" 222 topic=T group=G timestamp=0 isForce=true offset=1 queueId=0 >/dev/null
t_ok 'the group is moved' is_at 1
send m4
t_ok 'its stream goes there when it looks for more' t_wait 60 has third 'm3 m4 m1 m2 m3 m4'
t_ok 'and commits again' t_wait 30 is_at 5

# Groups do not see each other, and readers without one see all.
follow other 'group=H&from=first'
h=$follower
follow none from=first
t_ok 'another group gets all' t_wait 30 has other 'm0 m1 m2 m3 m4'
t_ok 'so does a reader without a group' t_wait 30 has none 'm0 m1 m2 m3 m4'
follow queues 'group=I&queue=0&from=first'
t_ok 'a queue for itself' t_wait 30 has queues 'm0 m1 m2 m3 m4'
follow other_queue 'group=I&queue=1'
t_ok 'and another queue of the same group' t_wait 30 begun other_queue
kill "$h"
t_ok 'the broker stops' stop b
t_done
