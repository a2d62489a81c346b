#!/bin/sh
# /readyz and HTTP sends while the broker replays its log after a kill, and when its disk is full (CN8).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/http.sh
. "$SRCDIR/t/lib/http.sh"
# shellcheck source=t/crash/crash.sh
. "$SRCDIR/t/crash/crash.sh"

small_disk 32 || t_skip_all "no tmpfs can be mounted here; a small disk needs root"
run_broker() {
	begin b -o namesrvAddr= -o bindAddress=127.0.0.1 -o storePathRootDir="$T_DIR/disk/b" -o mappedFileSizeCommitLog=268435456
	at=$(url b)
}
run_broker
make_topic T b
token="Authorization: Bearer $(cat "$T_DIR/disk/b/http-token")"
head -c 500000 /dev/zero | tr '\0' x >"$T_DIR/large"

send_large() {
	status -H "$token" -H 'Content-Type: application/octet-stream' --data-binary "@$T_DIR/large" "$at/v1/topics/T/messages"
}
is_full() {
	[ "$(send_large)" = 503 ]
}
is_taken() {
	[ "$(send_large)" = 201 ]
}
is_ready() {
	[ "$(status "$at/readyz")" = "$1" ]
}

t_ok 'with room the broker is ready' t_wait 30 is_ready 200
t_is 'and takes a message' "$(send_large)" 201
t_ok 'a full disk refuses messages of HTTP' t_wait 120 is_full
t_has 'and says why' "$(web -H "$token" -H 'Content-Type: application/octet-stream' --data-binary "@$T_DIR/large" \
	"$at/v1/topics/T/messages")" 'disk'
t_ok 'it is not ready' t_wait 30 is_ready 503
t_has 'which it says' "$(web "$at/readyz")" '{"name":"store","ok":false,"why":"'
t_is 'a restart would not help' "$(status "$at/healthz")" 200
t_is 'reading goes on' "$(status "$at/v1/topics/T/queues/0/messages/0")" 200
t_is 'a token is known' "$(status -H "$token" "$at/v1/broker")" 200
grow_disk 256
t_ok 'with room again it is ready' t_wait 60 is_ready 200
t_ok 'and takes messages' t_wait 60 is_taken

# Health is answered from the first moment on; a client that asks then hears why it has to wait.
kill9 b
: >"$T_DIR/seen"
port=$(http_port b)
(until grep -q ready "$T_DIR/seen" 2>/dev/null; do
	curl -s -m 5 -o /dev/null -w '%{http_code}\n' "http://127.0.0.1:$port/readyz"
done >"$T_DIR/answers" 2>/dev/null) &
t_remember asker $!
run_broker
t_ok 'after a kill it gets ready' t_wait 60 is_ready 200
echo ready >"$T_DIR/seen"
wait "$(pid asker)" 2>/dev/null
t_is 'until then it says no or nothing' "$(grep -cvxE '000|503|200' "$T_DIR/answers")" 0
t_is 'the token outlives a kill' "$(send_large)" 201
t_ok 'the broker stops' stop b
t_done
