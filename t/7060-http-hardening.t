#!/bin/sh
# HTTP clients that do not behave, while messages go on: none gets memory without bound, none gets past a
# check, and no send fails (CN8).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/http.sh
. "$SRCDIR/t/lib/http.sh"

# As many connections as this machine allows, at most 10,000; the crowd and the broker need each a descriptor.
# shellcheck disable=SC3045 # dash and bash have these flags
ulimit -S -n "$(ulimit -H -n)" 2>/dev/null
crowd_size=10000
# shellcheck disable=SC3045
allowed=$(ulimit -n)
[ "$allowed" = unlimited ] || [ "$allowed" -ge $((crowd_size + 600)) ] || crowd_size=$((allowed - 600))

begin b -o bindAddress=127.0.0.1 -o httpMaxConnections=12000 -o httpIdleTimeout=600000 -o httpRequestTimeout=4000 \
	-o httpMaxBodyBytes=1048576 -o httpMaxHeadBytes=4096 -o httpMaxMemory=4194304
at=$(url b)
host=127.0.0.1:$(http_port b)
token="Authorization: Bearer $(cat "$T_DIR/b/http-token")"
json='Content-Type: application/json'
make_topic T b

rss() {
	sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$(pid b)/status"
}

# metric NAME: its value now
metric() {
	web "$at/metrics" | sed -n "s/^twinmq_http_$1 //p"
}

# at_most NUMBER NAME
at_most() {
	at_most_now=$(metric "$2")
	[ -n "$at_most_now" ] && [ "$at_most_now" -le "$1" ]
}

at_least() {
	at_least_now=$(metric "$2")
	[ -n "$at_least_now" ] && [ "$at_least_now" -ge "$1" ]
}

crowd() { # FLAGS ...
	"$BUILDDIR/t/lib/crowd" "$@" "$host" >"$T_DIR/crowd" 2>&1 &
	t_remember crowd $!
}

is_held() {
	grep -q '^held$' "$T_DIR/crowd"
}

# Sends go on all the time.
(while :; do
	rawcall "$b" 310 a=PG b=T c=TBW102 d=4 e=0 f=0 g=1 h=0 i= j=0 k=false m=false | field code
done >"$T_DIR/sends" 2>&1) &
t_remember sender $!

# ---- many that are silent
before=$(rss)
crowd -n $crowd_size
t_ok "$crowd_size silent connections are held" t_wait 300 is_held
t_ok 'and counted' t_wait 60 at_least $crowd_size connections
t_is 'one more is served' "$(status "$at/healthz")" 200
after=$(rss)
growth=150000
[ -z "${SANITIZERS-}" ] || growth=1500000
t_ok "$crowd_size of them cost memory within a bound ($before kB, then $after kB)" test $((after - before)) -lt $growth
t_is 'the silent ones cost no buffers' "$(metric memory_bytes)" 0
kill9 crowd
t_ok 'they go' t_wait 60 at_most 20 connections

start i mqnamesrv -o storePath="$T_DIR/i" -o httpIdleTimeout=500 -o httpRequestTimeout=60000 || exit 1
"$BUILDDIR/t/lib/crowd" -n 50 "127.0.0.1:$(http_port i)" >"$T_DIR/idle" 2>&1 &
t_remember idle $!
t_ok 'what is silent longer than httpIdleTimeout is closed' t_wait 60 grep -q '^open=0$' "$T_DIR/idle"
got=$(web "$(url i)/metrics")
t_is 'and gone' "$(echo "$got" | sed -n 's/^twinmq_http_connections //p')" 1
t_is 'which is no fault' "$(echo "$got" | sed -n 's/^twinmq_http_connections_late_total //p')" 0
stop i

# ---- those that are slow
drip() { # NAME HEAD
	(
		# shellcheck disable=SC2059 # it is a format
		printf "$2"
		while sleep 0.1; do printf y || exit; done
	) 2>/dev/null | curl -sN -m 300 "telnet://$host" >"$T_DIR/$1.drip" 2>&1 &
	t_remember "$1" $!
}
is_over() {
	! kill -0 "$(pid "$1")" 2>/dev/null
}
late=$(metric connections_late_total)
drip slow-head 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: '
drip slow-body "POST /v1/topics/T/messages HTTP/1.1\r\nHost: localhost\r\n$token\r\n$json\r\nContent-Length: 60000\r\n\r\n{"
t_ok 'a head byte by byte ends after httpRequestTimeout' t_wait 120 is_over slow-head
t_ok 'a body byte by byte, too' t_wait 120 is_over slow-body
t_ok 'both are counted' t_wait 30 at_least $((late + 2)) connections_late_total

# ---- heads that never end: their buffers count
printf 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: %03000d' 0 >"$T_DIR/half-head"
crowd -n 200 -b "$T_DIR/half-head"
t_ok 'heads that never end are counted' t_wait 120 at_least 600000 memory_bytes
kill9 crowd
t_ok 'and their memory is given back' t_wait 60 at_most 0 memory_bytes

# ---- bodies that are announced and never come
printf 'POST /v1/topics/T/messages HTTP/1.1\r\nHost: localhost\r\n%s\r\n%s\r\nContent-Length: 700000\r\n\r\n' "$token" "$json" >"$T_DIR/announced"
refused=$(metric requests_refused_total)
crowd -n 300 -b "$T_DIR/announced"
t_ok 'bodies that are announced' t_wait 120 is_held
t_ok 'are refused when httpMaxMemory is taken' t_wait 60 at_least $((refused + 100)) requests_refused_total
t_ok "which holds: $(metric memory_bytes) bytes" at_most 4194304 memory_bytes
kill9 crowd
t_ok 'and is given back' t_wait 60 at_most 0 memory_bytes
t_is 'a body that is too large' "$(status -H "$token" -H "$json" -H 'Content-Length: 999999999999999999' -d x "$at/v1/topics/T/messages")" 413

# ---- readers that never read
for n in 1 2 3 4 5 6 7 8 9; do
	long=$(printf '%0100d' $n)
	make_topic "topic-$long" b
done
printf 'GET /v1/settings HTTP/1.1\r\nHost: localhost\r\n\r\n' >"$T_DIR/ask"
before=$(rss)
late=$(metric connections_late_total)
crowd -n 20 -r 300 -b "$T_DIR/ask"
t_ok 'readers that ask and never read' t_wait 120 is_held
t_ok 'are closed' t_wait 120 at_least $((late + 20)) connections_late_total
t_ok "within httpMaxMemory: $(metric memory_bytes) bytes" at_most 4194304 memory_bytes
after=$(rss)
t_ok "and a bound of memory ($before kB, then $after kB)" test $((after - before)) -lt $growth
kill9 crowd

# ---- bytes that two programs read in two ways
post='POST /v1/acks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
said 400 'two lengths' "${post}Content-Length: 2\r\nContent-Length: 30\r\n\r\n{}"
said 400 'the same length twice' "${post}Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}"
said 400 'a list of lengths' "${post}Content-Length: 2, 2\r\n\r\n{}"
said 400 'a length with a sign' "${post}Content-Length: +2\r\n\r\n{}"
said 400 'a length in hexadecimal' "${post}Content-Length: 0x2\r\n\r\n{}"
said 413 'a length that overflows' "${post}Content-Length: 18446744073709551618\r\n\r\n{}"
said 411 'Transfer-Encoding' "${post}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
said 400 'both' "${post}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
said 400 'a disguise of it' "${post}Content-Length: 5\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"
said 400 'a blank before the colon' "${post}Content-Length : 2\r\n\r\n{}"
said 400 'a folded line' 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n'
said 400 'a field without a name' 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n: a\r\n\r\n'
said 400 'a NUL' 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: a\000b\r\n\r\n'
said 400 'two hosts' 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n'
printf 'POST /v1/acks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n' | raw b >/dev/null
t_is 'what follows a refused one is no request' "$(grep -ac '^HTTP/1.1' "$T_DIR/raw")" 1

# ---- paths
for path in /../etc/passwd /v1/../../etc/passwd /v1/%2e%2e/broker /v1/..%2fbroker '/v1/topics/..%2f..%2fx' /v1//broker /v1/topics/%00; do
	got=$(status --path-as-is "$at$path")
	t_ok "no way by $path ($got)" test "$got" = 400 -o "$got" = 404
done

# ---- line ends in what comes back
got=$(web -H "$token" -H "$json" -d '{"body":"x","properties":{"a":"x\r\nSet-Cookie: y"}}' "$at/v1/topics/T/messages")
t_is 'a line end in a property' "$(cat "$T_DIR/status")" 400
t_is 'or in its name' "$(status -H "$token" -H "$json" -d '{"body":"x","properties":{"a\nb":"x"}}' "$at/v1/topics/T/messages")" 400
t_is 'or in a tag' "$(status -H "$token" -H "$json" -d '{"body":"x","tag":"a\r\nb"}' "$at/v1/topics/T/messages")" 400
for where in '/v1/topics/T%0d%0aSet-Cookie:y/messages' '/v1/topics?after=%0d%0aSet-Cookie:y' '/v1/topics/T/keys/%0aSet-Cookie:y'; do
	t_is "a line end in $where" "$(status "$at$where")" 400
	t_is 'does not come back as a field' "$(field_of Set-Cookie)" ''
done

# ---- pages of elsewhere
send_from() { # FIELD ...
	set -- "$@" -H "$token" -H "$json"
	status "$@" -d '{"body":"x"}' "$at/v1/topics/T/messages"
}
t_is 'a page of this origin sends' "$(send_from -H "Origin: $at")" 201
t_is 'one of another port does not' "$(send_from -H 'Origin: http://127.0.0.1:1')" 403
t_is 'nor one without an origin' "$(send_from -H 'Origin: null')" 403
t_is 'nor one of another site' "$(send_from -H "Origin: $at" -H 'Sec-Fetch-Site: cross-site')" 403
t_is 'nor one of the same site' "$(send_from -H 'Sec-Fetch-Site: same-site')" 403
t_is 'nor one with a name that leads here' "$(send_from -H 'Host: rebound.example')" 421
t_is 'no browser is asked to allow it' "$(status -X OPTIONS -H 'Origin: http://evil.example' \
	-H 'Access-Control-Request-Method: POST' "$at/v1/topics/T/messages")" 403
web -H 'Origin: http://evil.example' "$at/v1/broker" >/dev/null
t_is 'nor to show what it reads' "$(field_of Access-Control-Allow-Origin)" ''

# ---- other types
for type in application/x-www-form-urlencoded multipart/form-data text/html application/jsonp ''; do
	t_is "a body of type '$type'" "$(status -H "$token" -H "Content-Type: $type" -d '{"receipts":[]}' "$at/v1/acks")" 415
done
t_is 'a form cannot disguise itself' "$(status -H "$token" -H 'Content-Type: text/plain;application/json' -d '{}' "$at/v1/acks")" 415
t_is 'the type has parameters' "$(status -H "$token" -H 'Content-Type: application/JSON; charset=utf-8' -d '{"body":"x"}' "$at/v1/topics/T/messages")" 201
t_is 'no body' "$(status -X POST -H "$token" -H "$json" "$at/v1/acks")" 411

# ---- and the messages
kill9 sender
t_ok "sends went on: $(wc -l <"$T_DIR/sends")" test "$(wc -l <"$T_DIR/sends")" -gt 10
t_is 'and all of them succeeded' "$(head -n -1 "$T_DIR/sends" | grep -cvx 0)" 0
t_ok 'the broker stops' stop b
t_done
