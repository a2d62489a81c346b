#!/bin/sh
# A group whose members are gone is asked by URL, and only where the administrator allowed it (D4).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/check.sh
. "${SRCDIR:-.}/t/lib/check.sh"

"$BUILDDIR/t/lib/url_server" >"$T_DIR/requests" &
t_remember server $!
t_wait 30 grep -q ^port= "$T_DIR/requests"
server=127.0.0.1:$(field port <"$T_DIR/requests")

begin b -o flushDiskType=ASYNC_FLUSH -o transactionTimeOut=100 -o transactionCheckInterval=300 -o transactionCheckMax=3 \
	-o transactionCheckUrlAllow="$server;127.0.0.1:9;localhost:${server#*:}" -o transactionCheckUrlTimeout=2000

# url GROUP PATH
url() {
	rawcall "$b" 7005 group="$1" checkUrl="http://$2" | field code
}

# requests PATH: how often it was asked for
requests() {
	grep -c "^GET /$1[? ]" "$T_DIR/requests"
}

requested() {
	[ "$(requests "$1")" -ge "$2" ]
}

t_is "a URL that is allowed is taken" "$(url Commit "$server/commit?by=us")" 0
t_is "one that is not allowed is refused" "$(url Other 127.0.0.1:1/commit)" 29
url Rollback "$server/rollback" >/dev/null
url Unknown "$server/unknown" >/dev/null
prepare Commit 'a&b c' >/dev/null
t_wait 30 has_messages T 1
t_is "nobody is connected: the URL is asked, and commits" "$(n_messages T)" 1
asked=$(grep '^GET /commit' "$T_DIR/requests")
t_has "its own query is kept" "$asked" '/commit?by=us&group=Commit'
t_has "the topic" "$asked" '&topic=T&'
t_has "the transaction id, encoded" "$asked" 'transactionId=a%26b%20c'
t_has "the keys" "$asked" 'keys=ka%26b%20c'
t_has "the position" "$asked" 'commitLogOffset=0 '
prepare Rollback back >/dev/null
t_wait 30 requested rollback 1
t_wait 30 sh -c "! \"$RAWCALL\" $b 7002 id=back | grep -q '\"state\":\"open\"'"
t_has "rollback rolls back" "$(shows back)" '"rollback"'
t_has "the timeline says that the URL did it" "$(shows back)" "http://$server/rollback"
url Named "localhost:${server#*:}/commit" >/dev/null
prepare Named named >/dev/null
t_wait 30 has_messages T 2
t_is "an address by name is looked up" "$(n_messages T)" 2
prepare Unknown unknown >/dev/null
t_wait 30 has_messages TRANS_CHECK_MAX_TIME_TOPIC 1
t_is "unknown: asked three times, then parked" "$(requests unknown)" 3

# What is no answer: an ask that nobody answered, a line, and a pause; others are not held up.
for path in hang 500 garbage redirect maybe long close drip; do
	url "Bad-$path" "$server/$path" >/dev/null
	prepare "Bad-$path" "bad-$path" >/dev/null
done
prepare Commit meanwhile >/dev/null
t_wait 30 has_messages T 3
t_is "bad answers hold up nobody" "$(n_messages T)" 3
t_wait 30 has_messages TRANS_CHECK_MAX_TIME_TOPIC 9
for path in hang 500 garbage redirect maybe long close drip; do
	t_has "/$path is no answer: parked" "$(shows "bad-$path")" '"state":"parked"'
	t_is "/$path: asked three times" "$(requests "$path")" 3
	t_is "/$path: one line in the log" "$(grep -c "group=Bad-$path .*why=" "$T_DIR/b.log")" 1
done
t_is "a redirect leads nowhere" "$(requests commit)" 3
t_is "nothing was delivered" "$(n_messages T)" 3

url Dead 127.0.0.1:9/ >/dev/null
prepare Dead dead >/dev/null
t_wait 30 grep -q "group=Dead" "$T_DIR/b.log"
t_has "an address where nobody listens" "$(cat "$T_DIR/b.log")" "group=Dead"

# A member that is connected is asked instead.
join member Commit -E $ROLLBACK
prepare Commit member >/dev/null
t_wait 30 asked member 1
sleep 0.5
t_is "a member goes before the URL" "$(requests commit)" 3

# After a restart the URL is still set; without the address in the list it is not asked.
kill9 member
stop b
begin b -o flushDiskType=ASYNC_FLUSH -o transactionTimeOut=100 -o transactionCheckInterval=300 -o transactionCheckUrlAllow=127.0.0.1:9
prepare Commit forbidden >/dev/null
t_wait 30 grep -q "not among those of transactionCheckUrlAllow" "$T_DIR/b.log"
t_has "an address that is allowed no more is not asked" "$(cat "$T_DIR/b.log")" \
	"group=Commit url=http://$server/commit?by=us why=\"not among"
t_is "not at all" "$(requests commit)" 3
t_ok "stops cleanly" stop b
t_done
