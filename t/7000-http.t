#!/bin/sh
# HTTP of both daemons: health, problems, and peers that do not behave (CN8, CN9).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/http.sh
. "$SRCDIR/t/lib/http.sh"

start ns mqnamesrv -o storePath="$T_DIR/ns" -o bindAddress=127.0.0.1 || exit 1
begin b -o namesrvAddr="$(address ns)" -o bindAddress=127.0.0.1 -o httpRequestTimeout=1500 -o httpMaxConnections=50 \
	-o httpMaxBodyBytes=4096 -o httpMaxHeadBytes=2048 -o 'httpAllowedHosts=queue.example other.example'
at=$(url b)

t_is 'HTTP has the port listenPort + 3' "$(http_port b)" $(($(port b) + 3))
is_ready() { [ "$(status "$1/readyz")" = 200 ]; }
t_ok 'the broker gets ready' t_wait 30 is_ready "$at"
t_has 'with each check' "$(web "$at/readyz")" '{"name":"registration","ok":true}'
t_is 'the process is well' "$(status "$at/healthz")" 200
t_is 'so is the name server' "$(status "$(url ns)/healthz")$(status "$(url ns)/readyz")" 200200

# Problems.
got=$(web "$at/nowhere")
t_is 'an unknown path' "$(cat "$T_DIR/status")" 404
t_is 'is a problem document' "$(field_of Content-Type)" application/problem+json
t_has 'with its status' "$got" '"status":404,"detail":"There is nothing at this path.","requestId":"'
t_has 'and the id of the request' "$got" "\"requestId\":\"$(field_of X-Request-Id)\""
web -H 'X-Request-Id: mine-1' "$at/nowhere" >/dev/null
t_is 'a client may name its request' "$(field_of X-Request-Id)" mine-1
web -H 'X-Request-Id: a b' "$at/healthz" >/dev/null
t_has_not 'but not with other characters' "$(field_of X-Request-Id)" 'a b'
t_is 'another method' "$(status -X DELETE "$at/metrics")" 405
t_is 'is told what there is' "$(field_of Allow)" GET
t_is 'HEAD has no body' "$(web -I "$at/healthz" | tail -n 1 | tr -d '\r')" ''
t_is 'a body where none belongs' "$(status -X GET -d x "$at/healthz")" 400
t_is 'a path that climbs' "$(status --path-as-is "$at/../../etc/passwd")" 400
t_is 'also in disguise' "$(status --path-as-is "$at/%2e%2e/x")" 400
t_is 'a line end in the path' "$(status "$at/%0d%0aX-Evil:1")" 400

# Whose name the request names.
t_is 'a name of elsewhere' "$(status -H 'Host: evil.example' "$at/healthz")" 421
t_is 'a name that is allowed' "$(status -H 'Host: OTHER.example:80' "$at/healthz")" 200
t_is 'localhost' "$(status -H 'Host: localhost' "$at/healthz")" 200
t_is 'an address of IPv6' "$(status -H 'Host: [::1]:80' "$at/healthz")" 200
t_is 'a post from a page of elsewhere' "$(status -X POST -H 'Origin: http://evil.example' "$at/metrics")" 403
t_is 'also when only the browser says so' "$(status -X POST -H 'Sec-Fetch-Site: cross-site' "$at/metrics")" 403

# Bytes that are no request, or one that two programs read in two ways.
said 400 'no request' 'nonsense\r\n\r\n'
said 400 'no Host' 'GET / HTTP/1.1\r\n\r\n'
said 400 'two lengths of a body' \
	'POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n'
said 431 'a head that is too long' 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: %03000d\r\n\r\n' 1
said 505 'another version' 'GET / HTTP/7.1\r\nHost: localhost\r\n\r\n'
# Peers that are slow, and crowds of them.
"$BUILDDIR/t/lib/crowd" -n 3 "127.0.0.1:$(http_port b)" 105 >"$T_DIR/halves" 2>&1 &
t_remember halves $!
t_ok 'what is half a head is closed after httpRequestTimeout' t_wait 30 grep -q '^open=0$' "$T_DIR/halves"
t_ok 'and counted' test "$(web "$at/metrics" | sed -n 's/^twinmq_http_connections_late_total //p')" -ge 3
"$BUILDDIR/t/lib/crowd" -n 500 "127.0.0.1:$(http_port b)" >"$T_DIR/crowd" 2>&1 &
t_remember crowd $!
crowd_is_held() {
	grep -q '^held$' "$T_DIR/crowd" && [ "$(sed -n 's/^open=//p' "$T_DIR/crowd" | tail -1)" -le 50 ]
}
t_ok 'of 500 silent connections httpMaxConnections stay' t_wait 30 crowd_is_held
t_is 'and one that speaks gets room' "$(status "$at/healthz")" 200
kill9 crowd
t_ok 'the daemon counts them' \
	test "$(web "$at/metrics" | sed -n 's/^twinmq_http_connections_over_limit_total //p')" -ge 400

# Not ready, and why.
stop ns
is_unready() { [ "$(status "$at/readyz")" = 503 ]; }
t_ok 'without a name server it is not ready' t_wait 60 is_unready
t_has 'and says why' "$(web "$at/readyz")" '{"name":"registration","ok":false,"why":"No name server of 1'
t_is 'a restart would not help' "$(status "$at/healthz")" 200
t_ok 'it stops while connections are open' stop b

FAULT=sync:30:ioerr:always
export FAULT
T_BROKER=t/lib/faulty_broker
begin sick -o namesrvAddr=
unset FAULT T_BROKER
fails() {
	rawcall -B x "$(address sick)" 310 a=PG b=T c=TBW102 d=4 e=0 f=0 g=1 h=0 i= j=0 k=false m=false >/dev/null
	[ "$(status "$(url sick)/healthz")" = 503 ]
}
t_ok 'after a failed sync a restart would help' t_wait 30 fails
t_has 'which it says' "$(web "$(url sick)/healthz")" 'the disk failed to sync'
t_is 'nor is it ready' "$(status "$(url sick)/readyz")" 503
stop sick

# The port.
start off mqnamesrv -o storePath="$T_DIR/off" -o httpPort=0 || exit 1
t_is 'no HTTP with httpPort=0' "$(http_port off)" ''
start late mqnamesrv -o storePath="$T_DIR/late" || exit 1
t_is 'a port that is taken is no start' "$("$BUILDDIR/mqnamesrv" -o listenPort=0 -o storePath="$T_DIR/x" \
	-o httpPort="$(http_port late)" >/dev/null 2>&1; echo $?)" 1
stop late
stop off
t_done
