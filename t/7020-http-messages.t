#!/bin/sh
# Messages by curl alone: produce, receive with a lease, acknowledge, give back, dead letters (D11).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/http.sh
. "$SRCDIR/t/lib/http.sh"

begin b -o bindAddress=127.0.0.1
at=$(url b)/v1
make_topic T b
file=$T_DIR/b/http-token
t_is 'the token is for the user alone' "$(stat -c %a "$file")" 600
token="Authorization: Bearer $(cat "$file")"

post() { # PATH BODY [FLAGS ...]
	p_path=$1
	p_body=$2
	shift 2
	web -H "$token" -H 'Content-Type: application/json' --data-binary "$p_body" "$@" "$at/$p_path"
}

receive() { # TOPIC GROUP [PARAMETERS]
	web -H "$token" "$at/topics/$1/messages?group=$2${3-}"
}

# part NAME: of the JSON on stdin, each on a line; for flat text
part() {
	grep -o "\"$1\":\"[^\"]*\"" | sed 's/^"[^"]*":"//; s/"$//'
}

# Nobody writes without the token.
t_is 'a send without a token' "$(status -d '{"body":"x"}' -H 'Content-Type: application/json' "$at/topics/T/messages")" 401
t_is 'is told how' "$(field_of WWW-Authenticate)" Bearer
t_is 'a wrong token' "$(status -H 'Authorization: Bearer aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' "$at/topics/T/messages?group=G")" 401
t_is 'receiving is writing, too' "$(status "$at/topics/T/messages?group=G")" 401
t_is 'acknowledging as well' "$(status -d '{}' -H 'Content-Type: application/json' "$at/acks")" 401

# One, many, raw.
got=$(post topics/T/messages '{"body":"h\u00e9llo \"1\"","tag":"a","keys":"k1","properties":{"colour":"blue"}}')
t_is 'a send' "$(cat "$T_DIR/status")" 201
t_has 'names the message' "$got" '"topic":"T"'
id=$(echo "$got" | part id)
got=$(post topics/T/messages '{"messages":[{"body":"two","tag":"b"},{"bodyBase64":"AP8=","queueId":0},{"body":"x","queueId":99}]}')
t_is 'three at once' "$(cat "$T_DIR/status")" 200
t_is 'two are stored' "$(echo "$got" | part id | wc -l | tr -d ' ')" 2
t_has 'one was not, with its reason' "$got" '{"status":400,"detail":"The topic has 4 queues."}'
t_is 'raw bytes' "$(status -H "$token" -H 'Content-Type: text/plain' -H 'X-Mq-Tag: a' -H 'X-Mq-Property-shade: dark' \
	--data-binary 'raw one' "$at/topics/T/messages")" 201

t_is 'no JSON' "$(post topics/T/messages '{' >/dev/null; cat "$T_DIR/status")" 400
t_is 'no body' "$(post topics/T/messages '{}' >/dev/null; cat "$T_DIR/status")" 400
t_is 'two bodies' "$(post topics/T/messages '{"body":"a","bodyBase64":""}' >/dev/null; cat "$T_DIR/status")" 400
t_is 'a property that is reserved' "$(post topics/T/messages '{"body":"a","properties":{"TRAN_MSG":"true"}}' >/dev/null; cat "$T_DIR/status")" 400
t_is 'an injected property' "$(post topics/T/messages '{"body":"a","properties":{"a":"b\u0002TRAN_MSG\u0001true"}}' >/dev/null; cat "$T_DIR/status")" 400
t_is 'another type' "$(status -H "$token" -H 'Content-Type: application/xml' -d '<a/>' "$at/topics/T/messages")" 415
t_is 'a name that is none' "$(post 'topics/a%20b/messages' '{"body":"a"}' >/dev/null; echo "$(($(cat "$T_DIR/status") / 100))")" 4

# Java's clients see the same: what a pull gets.
pulled=$("$RAWCALL" "$b" 33 offset=$((0x$(echo "$id" | cut -c17-32))) 2>&1)
t_has 'the record has the tag' "$pulled" TAGS
t_has 'and the property' "$pulled" colour

# A lease.
got=$(receive T G '&max=32&lease=600&wait=5')
t_is 'a receive' "$(cat "$T_DIR/status")" 200
n=$(echo "$got" | part receipt | wc -l | tr -d ' ')
t_ok 'gets messages' test "$n" -ge 1
while [ "$n" -lt 4 ]; do
	more=$(receive T G '&max=32&lease=600&wait=5')
	got="$got
$more"
	n=$(echo "$got" | part receipt | wc -l | tr -d ' ')
	[ -n "$(echo "$more" | part receipt)" ] || break
done
t_is 'all four' "$n" 4
t_has 'as text' "$got" '"body":"h'
t_has 'or as bytes' "$got" '"bodyBase64":"AP8="'
t_has 'with properties' "$got" '"colour":"blue"'
t_has 'those of fields, too' "$got" '"shade":"dark"'
t_is 'they are leased' "$(receive T G '&max=32' | part receipt)" ''
receipts=$(echo "$got" | part receipt | sed 's/.*/"&"/' | paste -sd,)
got=$(post acks "{\"receipts\":[$receipts]}")
t_has 'acknowledged' "$got" '"settled":4'
got=$(post acks "{\"receipts\":[$receipts]}")
t_has 'once' "$got" '"settled":0'
t_has 'a stale receipt is told' "$got" '"status":409'
got=$(post acks '{"receipts":["nonsense",7]}')
t_has 'nonsense as well' "$got" '{"status":400,"detail":"This is no receipt."}'
t_is 'receipts must be there' "$(post acks '{}' >/dev/null; cat "$T_DIR/status")" 400

# Given back: it comes again, and counts.
post topics/T/messages '{"body":"again"}' >/dev/null
receipt=$(receive T G '&wait=10&lease=600' | part receipt)
t_has 'a message is given back' "$(post nacks "{\"receipts\":[\"$receipt\"],\"delayMs\":0}")" '"settled":1'
comes_again() {
	got=$(receive T G '&lease=600')
	case $got in *'"body":"again"'*) ;; *) return 1 ;; esac
}
t_ok 'and comes again' t_wait 30 comes_again
t_has 'as a retry' "$got" '"retry":true'
t_has 'acknowledged then' "$(post acks "{\"receipts\":[\"$(echo "$got" | part receipt)\"]}")" '"settled":1'

# A lease that ends, and a wait that a message ends.
post topics/T/messages '{"body":"lost"}' >/dev/null
t_has 'a client that dies' "$(receive T G '&wait=10&lease=1')" '"body":"lost"'
is_back() {
	case $(receive T G '&lease=600') in *'"body":"lost"'*) ;; *) return 1 ;; esac
}
t_ok 'loses its lease and nothing else' t_wait 30 is_back
t_is 'a new topic is made by its first message' "$(post topics/Waits/messages '{"body":"first"}' >/dev/null; cat "$T_DIR/status")" 201
t_has 'which is received' "$(receive Waits W '&wait=10&lease=600')" '"body":"first"'
curl -sS -m 60 -H "$token" "$at/topics/Waits/messages?group=W&wait=30" >"$T_DIR/waited" 2>&1 &
waiting=$!
connected() { [ "$(web "$(url b)/metrics" | sed -n 's/^twinmq_http_connections //p')" -ge 2 ]; }
t_ok 'a receive waits' t_wait 30 connected
post topics/Waits/messages '{"body":"second"}' >/dev/null
wait $waiting
t_has 'and ends with a message' "$(cat "$T_DIR/waited")" '"body":"second"'

t_is 'numbers are checked' "$(receive T G '&max=33' >/dev/null; cat "$T_DIR/status")" 400
t_is 'a group is wanted' "$(status -H "$token" "$at/topics/T/messages")" 400
t_is 'a topic that is not there' "$(receive Nowhere G >/dev/null; cat "$T_DIR/status")" 404

# What waits when the broker ends.
curl -sS -m 60 -H "$token" "$at/topics/T/messages?group=G&wait=30" >"$T_DIR/last" 2>&1 &
curl=$!
waits_now() { [ "$(web "$(url b)/metrics" | sed -n 's/^twinmq_http_connections //p')" -ge 2 ]; }
t_ok 'a receive waits' t_wait 30 waits_now
t_ok 'the broker stops' stop b
wait $curl

# The same token after a start; a file that others may read is no secret.
chmod 644 "$file"
begin b -o bindAddress=127.0.0.1
t_is 'a token that others may read is refused' \
	"$(web -H "$token" -H 'Content-Type: application/json' -d '{"body":"x"}' "$(url b)/v1/topics/T/messages" >/dev/null; cat "$T_DIR/status")" 401
t_ok 'the log says so' grep -q 'others may read it' "$T_DIR/b.log"
stop b
chmod 600 "$file"
begin b -o bindAddress=127.0.0.1
t_is 'the token outlives a restart' \
	"$(web -H "$token" -H 'Content-Type: application/json' -d '{"body":"x"}' "$(url b)/v1/topics/T/messages" >/dev/null; cat "$T_DIR/status")" 201
stop b
t_done
