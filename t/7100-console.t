#!/bin/sh
# The console: pages, login, sessions, rights, and the commands of mqadmin over HTTP (CN9).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/http.sh
. "$SRCDIR/t/lib/http.sh"

# Without a console: what a name server takes then.
start plain mqnamesrv -o storePath="$T_DIR/plain" -o bindAddress=127.0.0.1 || exit 1
memory() {
	sed -n 's/^RssAnon:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$(pid "$1")/status"
}
plain_kb=$(memory plain)
t_fails 'a name server without a console makes no account' test -e "$T_DIR/plain/admin.password"
stop plain

start ns mqnamesrv -o storePath="$T_DIR/ns" -o bindAddress=127.0.0.1 -o consolePort="$T_CONSOLE" || exit 1
stop ns
start ns mqnamesrv -o storePath="$T_DIR/ns" -o bindAddress=127.0.0.1 -o consolePort="$T_CONSOLE" \
	-o consoleAllowedHosts=queue.example || exit 1
console_kb=$(memory ns)
echo "# kB of memory without a console: $plain_kb, with one that nobody uses: $console_kb"
if [ -n "${SANITIZERS-}" ]; then
	t_skip 'a console that nobody uses costs less than 1 MB' 'a sanitizer has memory of its own'
else
	t_ok 'a console that nobody uses costs less than 1 MB' test $((console_kb - plain_kb)) -lt 1024
fi
begin broker-a -o bindAddress=127.0.0.1 -o namesrvAddr="$(address ns)"
at=http://127.0.0.1:$T_CONSOLE
made=$(cat "$T_DIR/ns/admin.password")

# Pages.
web "$at/" >"$T_DIR/page"
t_ok 'the first page is the file' cmp -s "$T_DIR/page" "$SRCDIR/console/pages/index.html"
t_has 'it may load nothing from elsewhere' "$(field_of Content-Security-Policy)" "default-src 'self'; "
t_has 'nor be part of another page' "$(field_of Content-Security-Policy)" "frame-ancestors 'none'"
t_is 'it is what its type says' "$(field_of X-Content-Type-Options)" nosniff
t_is 'no address of it goes elsewhere' "$(field_of Referrer-Policy)" no-referrer
tag=$(field_of ETag)
t_is 'a browser that has it gets no copy' "$(status -H "If-None-Match: $tag" "$at/index.html")" 304
t_is 'another tag gets one' "$(status -H 'If-None-Match: "x"' "$at/index.html")" 200
t_is 'scripts have their type' "$(status "$at/js/main.js") $(field_of Content-Type)" '200 text/javascript; charset=utf-8'
t_is 'a file that is no page' "$(status "$at/pages.inc")$(status "$at/js/nothing.js")" 404404
t_is 'a path that climbs' "$(status --path-as-is "$at/js/../../console.c")" 400
listed=$(sed -n 's/^PAGE([a-z_]*, "\([^"]*\)".*/\1/p' "$SRCDIR/console/pages.inc" | sort)
t_is 'each page is listed' "$listed" "$(cd "$SRCDIR/console/pages" && find . -type f ! -name Makefile.inc | sed 's!^\./!!' | sort)"

# Strangers.
for path in /api/session /api/commands /api/commands/clusterList /api/accounts /api/events; do
	t_is "nobody sees $path without a login" "$(status "$at$path")" 401
done
for path in commands/updateTopic commands/clusterList password accounts accounts/admin/remove; do
	t_is "nobody may post to $path" "$(status -H 'Content-Type: application/json' -d '{}' "$at/api/$path")" 401
done
t_is 'a made-up session' "$(status -b "twinmq_session_$T_CONSOLE=$(printf %064d 7)" "$at/api/commands")" 401
t_is 'a name of elsewhere' "$(status -H 'Host: evil.example' "$at/")" 421
t_is 'one that is allowed' "$(status -H 'Host: queue.example' "$at/")" 200

# Login.
t_fails 'a wrong password' log_in admin wrong-password
t_is 'is refused' "$(cat "$T_DIR/status")" 401
t_is 'a form of another site is no login' \
	"$(status -d 'user=admin&password=x' "$at/api/login")$(status -H 'Origin: http://evil.example' \
		-H 'Content-Type: application/json' -d '{}' "$at/api/login")" 415403
t_is 'no object' "$(status -H 'Content-Type: application/json' -d '[1' "$at/api/login")" 400
t_ok 'the first password' log_in admin "$made"
t_has 'the cookie is out of reach of scripts and of other sites' "$(field_of Set-Cookie)" \
	'; Path=/; HttpOnly; SameSite=Strict'
t_has 'who is it' "$(as admin /api/session)" '{"user":"admin","role":"admin","csrf":"'

# Commands.
t_has 'the table' "$(as admin /api/commands)" '{"name":"deleteTopic","help":"'
is_cluster() { as admin /api/commands/clusterList | grep -q broker-a; }
t_ok 'a command' t_wait 60 is_cluster
t_is 'its answer is what mqadmin prints' "$(as admin '/api/commands/topicRoute?topic=TBW102')" \
	"$("$BUILDDIR/mqadmin" topicRoute -n "$(address ns)" -t TBW102 --json)"
t_is 'is not kept' "$(field_of Cache-Control)" no-store
t_has 'a flag that is missing' "$(as admin /api/commands/topicRoute)" '"detail":"-t (--topic) is missing"'
t_is 'is a misuse' "$(cat "$T_DIR/status")" 400
t_is 'an unknown flag' "$(as admin '/api/commands/topicRoute?topik=T' >/dev/null; cat "$T_DIR/status")" 400
as admin /api/commands/topicRoute?topic=Nowhere >"$T_DIR/got"
t_is 'a command that fails' "$(cat "$T_DIR/status")" 422
t_has 'says why' "$(cat "$T_DIR/got")" 'Nowhere'
t_is 'no such command' "$(as admin /api/commands/rm >/dev/null; cat "$T_DIR/status")" 404
t_is 'a file of the server' "$(as admin '/api/commands/queryMsgByKey?topic=T&msgKey=k&bodyFile=/tmp/x' >/dev/null
	cat "$T_DIR/status")" 400
t_is 'output without an end' "$(as admin '/api/commands/clusterList?interval=1' >/dev/null; cat "$T_DIR/status")" 400
t_has 'it connects to brokers only' "$(as admin '/api/commands/brokerStatus?brokerAddr=127.0.0.1:1')" \
	'127.0.0.1:1 is the address of no registered broker'
t_is 'a GET changes nothing' "$(as admin '/api/commands/updateTopic?topic=T&clusterName=DefaultCluster' >/dev/null
	cat "$T_DIR/status")" 405
t_is 'not by its flags either' \
	"$(as admin '/api/commands/queryMsgById?msgId=x&sendMessage=true' >/dev/null; cat "$T_DIR/status")" 405
t_is 'a post without the second token' "$(as admin /api/commands/updateTopic -H 'Content-Type: application/json' \
	-d '{"topic":"T","brokerAddr":"broker-a"}' >/dev/null; cat "$T_DIR/status")" 403
post admin /api/commands/updateTopic '{"topic":"T","brokerAddr":"broker-a","readQueueNums":3,"writeQueueNums":3,"order":false}' \
	>"$T_DIR/got"
t_is 'with it' "$(cat "$T_DIR/status")" 200
t_ok 'the topic is there' has_route T
t_is 'no text but an object' "$(post admin /api/commands/updateTopic '{"topic":{"a":1}}' >/dev/null; cat "$T_DIR/status")" 400
t_is 'a NUL in a text' "$(post admin /api/commands/updateTopic '{"topic":"T\u0000X","brokerAddr":"broker-a"}' >/dev/null
	cat "$T_DIR/status")" 400

# Roles.
post admin /api/accounts '{"name":"ann","role":"reader","password":"ann-reads-1"}' >/dev/null
post admin /api/accounts '{"name":"olaf","role":"operator","password":"olaf-works-1"}' >/dev/null
t_is 'an admin makes accounts' "$(cat "$T_DIR/status")" 200
t_is 'each once' "$(post admin /api/accounts '{"name":"olaf","role":"reader","password":"olaf-works-1"}' >/dev/null
	cat "$T_DIR/status")" 409
t_has 'and sees them' "$(as admin /api/accounts)" '{"name":"ann","role":"reader","hasPassword":true,'
log_in ann ann-reads-1
log_in olaf olaf-works-1
t_is 'a reader looks' "$(as ann /api/commands/clusterList >/dev/null; cat "$T_DIR/status")" 200
new_topic='{"topic":"U","brokerAddr":"broker-a"}'
t_has 'and no more' "$(post ann /api/commands/updateTopic "$new_topic")" 'ann has no right to do this: it needs the right write'
t_is 'not by flags either' \
	"$(post ann /api/commands/queryMsgById '{"msgId":"x","sendMessage":true}' >/dev/null; cat "$T_DIR/status")" 403
t_is 'an operator works' "$(post olaf /api/commands/updateTopic "$new_topic" >/dev/null; cat "$T_DIR/status")" 200
t_is 'and deletes nothing' "$(post olaf /api/commands/deleteTopic '{"topic":"U","clusterName":"DefaultCluster"}' >/dev/null
	cat "$T_DIR/status")" 403
t_is 'nor makes accounts' "$(as olaf /api/accounts >/dev/null; cat "$T_DIR/status")" 403
post admin /api/accounts/ann/role '{"role":"operator"}' >/dev/null
t_is 'another role ends the sessions' "$(as ann /api/session >/dev/null; cat "$T_DIR/status")" 401

# Tokens.
token=$(post admin /api/accounts/olaf/tokens '{"label":"script"}' | sed -n 's/.*"token":"\([^"]*\)".*/\1/p')
t_is 'a token does without a session' "$(status -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
	-d '{"topic":"V","brokerAddr":"broker-a"}' "$at/api/commands/updateTopic")" 200
t_has 'it is listed' "$(as admin /api/accounts)" '"tokens":[{"label":"script",'
post admin /api/accounts/olaf/tokens/script/remove '{}' >/dev/null
t_is 'and gone when it is removed' "$(status -H "Authorization: Bearer $token" "$at/api/commands")" 401

# Passwords.
cp "$T_DIR/jar-olaf" "$T_DIR/jar-old"
cp "$T_DIR/csrf-olaf" "$T_DIR/csrf-old"
t_is 'another password needs the old one' \
	"$(post olaf /api/password '{"old":"no","new":"olaf-works-2"}' >/dev/null; cat "$T_DIR/status")" 401
post olaf /api/password '{"old":"olaf-works-1","new":"olaf-works-2"}' >/dev/null
t_is 'with it' "$(cat "$T_DIR/status")" 200
t_is 'all sessions of the account are over' "$(as old /api/session >/dev/null; cat "$T_DIR/status")" 401
t_fails 'the old password' log_in olaf olaf-works-1
t_ok 'the new one' log_in olaf olaf-works-2
t_is 'the last admin stays' "$(post admin /api/accounts/admin/remove '{}' >/dev/null; cat "$T_DIR/status")" 422
cp "$T_DIR/jar-olaf" "$T_DIR/jar-old"
post olaf /api/logout '{}' >/dev/null
t_is 'after a logout the cookie is worth nothing' "$(as old /api/session >/dev/null; cat "$T_DIR/status")" 401

# Guessing.
cp "$T_DIR/jar-admin" "$T_DIR/jar-boss"
cp "$T_DIR/csrf-admin" "$T_DIR/csrf-boss"
guess() {
	log_in admin "wrong-$1" || :
	[ "$(cat "$T_DIR/status")" = 429 ]
}
i=0
until guess $i || [ $i -gt 100 ]; do i=$((i + 1)); done
t_is 'who guesses is held up' "$(cat "$T_DIR/status")" 429
t_ok 'and told for how long' test "$(field_of Retry-After)" -ge 1
t_is 'who is logged in works on' "$(as boss /api/commands/topicList >/dev/null; cat "$T_DIR/status")" 200
t_fails 'no log has a session or a token' grep -qF -e "$(cat "$T_DIR/csrf-boss")" \
	-e "$(awk 'END { print $7 }' "$T_DIR/jar-boss")" "$T_DIR/ns.log"

# The port.
start other mqnamesrv -o storePath="$T_DIR/other" -o bindAddress=127.0.0.1 -o consolePort="$T_CONSOLE" || exit 1
t_is 'a port that is taken costs one warning' "$(grep -c 'no console: cannot listen' "$T_DIR/other.log")" 1
stop other
t_ok 'it stops while people look' stop ns

# Sessions end.
start ns mqnamesrv -o storePath="$T_DIR/ns" -o bindAddress=127.0.0.1 -o consolePort="$T_CONSOLE" \
	-o consoleSessionIdleTimeout=1000 -o consoleSessionMaxTime=3000 || exit 1
t_is 'a restart logs everybody out' "$(as boss /api/session >/dev/null; cat "$T_DIR/status")" 401
is_over() { as admin /api/session >/dev/null && [ "$(cat "$T_DIR/status")" = 401 ]; }
log_in admin "$made"
sleep 1.1
t_ok 'who does nothing is logged out' is_over
log_in admin "$made"
t_ok 'who works, too, after consoleSessionMaxTime' t_wait 60 is_over
stop ns
t_done
