#!/bin/sh
# Transactions and dead letters by curl alone (D11).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/http.sh
. "$SRCDIR/t/lib/http.sh"

begin b -o bindAddress=127.0.0.1
at=$(url b)/v1
make_topic T b
token="Authorization: Bearer $(cat "$T_DIR/b/http-token")"

post() { # PATH BODY
	web -H "$token" -H 'Content-Type: application/json' --data-binary "$2" "$at/$1"
}

posted() { # PATH BODY: the status
	post "$@" >/dev/null
	cat "$T_DIR/status"
}

receive() { # TOPIC GROUP [PARAMETERS]
	web -H "$token" "$at/topics/$1/messages?group=$2&lease=600${3-}"
}

# part NAME: of the JSON on stdin, each on a line; for flat text
part() {
	grep -o "\"$1\":\"[^\"]*\"" | sed 's/^"[^"]*":"//; s/"$//'
}

half() { # BODY: the id
	post topics/T/transactions "{\"group\":\"PG\",\"body\":\"$1\",\"tag\":\"a\",\"keys\":\"k-$1\"}" | part id
}

# A transaction that is committed.
t_is 'nobody without a token sends a half message' \
	"$(status -d '{"group":"PG","body":"x"}' -H 'Content-Type: application/json' "$at/topics/T/transactions")" 401
got=$(post topics/T/transactions '{"group":"PG","body":"paid","checkAfterSeconds":3600,"properties":{"colour":"blue"}}')
t_is 'a half message' "$(cat "$T_DIR/status")" 201
id=$(echo "$got" | part id)
t_has 'is open' "$got" '"topic":"T","group":"PG","state":"open"'
t_is 'and has an address' "$(field_of Location)" "/v1/transactions/$id"
got=$(web "$at/transactions/$id")
t_has 'which shows it' "$got" '"group":"PG","topic":"T"'
t_has 'open' "$got" '"state":"open"'
t_is 'it is not delivered' "$(receive T G | part body)" ''
t_has 'its group finds it' "$(web "$at/transactions?state=open&group=PG")" "\"msgId\":\"$id\""
t_has_not 'another does not' "$(web "$at/transactions?state=open&group=Q")" "$id"
t_is 'another group cannot end it' "$(posted "transactions/$id/commit" '{"group":"Q"}')" 404
t_is 'nor nobody' "$(status -H 'Content-Type: application/json' -d '{"group":"PG"}' "$at/transactions/$id/commit")" 401
t_is 'a group is wanted' "$(posted "transactions/$id/commit" '{}')" 400
t_has 'committed' "$(post "transactions/$id/commit" '{"group":"PG"}')" '{"state":"committed","repeated":false}'
t_has 'once' "$(post "transactions/$id/commit" '{"group":"PG"}')" '{"state":"committed","repeated":true}'
got=$(receive T G '&wait=10')
t_has 'it is delivered' "$got" '"body":"paid"'
t_has 'with its properties' "$got" '"colour":"blue"'
t_has_not 'and is no half message any more' "$got" TRAN_MSG
t_is 'a rollback comes too late' "$(posted "transactions/$id/rollback" '{"group":"PG"}')" 409
got=$(web "$at/transactions/$id")
t_has 'the history tells it' "$got" '"state":"committed"'
t_has 'the contradiction as well' "$got" '"event":"contradict"'
t_has 'lists have it' "$(web "$at/transactions?state=contradiction")" "$id"
t_has 'where it was delivered' "$got" '"delivered":{"topic":"T"'

# One that is rolled back, and one that outlives the broker.
id=$(half refunded)
t_has 'rolled back' "$(post "transactions/$id/rollback" '{"group":"PG"}')" '{"state":"rolledBack","repeated":false}'
t_is 'a commit comes too late' "$(posted "transactions/$id/commit" '{"group":"PG"}')" 409
id=$(half late)
kill9 b
begin b -o bindAddress=127.0.0.1
at=$(url b)/v1
t_has 'a half message outlives kill -9' "$(web "$at/transactions?state=open&group=PG")" "\"msgId\":\"$id\""
t_has 'and is ended then' "$(post "transactions/$id/commit" '{"group":"PG"}')" '"repeated":false'
t_has 'to be delivered' "$(receive T G '&wait=10')" '"body":"late"'

# A half message of a remoting client (with a unique key), ended by HTTP.
rawcall -B java "$b" 310 a=PG b=T c=TBW102 d=4 e=0 f=4 g=1700000000000 h=0 \
	"i=$(printf 'TRAN_MSG\001true\002PGROUP\001PG\002UNIQ_KEY\0017F00000100002A139A55000000000000\002')" j=0 k=false m=false >/dev/null
by_key() { [ "$(status "$at/transactions/7F00000100002A139A55000000000000")" = 200 ]; }
t_ok 'a transaction id of a remoting client' t_wait 30 by_key
t_has 'names it, too' "$(post transactions/7F00000100002A139A55000000000000/commit '{"group":"PG"}')" '"state":"committed"'
t_has 'for HTTP consumers' "$(receive T G '&wait=10')" '"body":"java"'

# What is refused.
t_is 'no group' "$(posted topics/T/transactions '{"body":"x"}')" 400
t_is 'no body' "$(posted topics/T/transactions '{"group":"PG"}')" 400
t_is 'a delay' "$(posted topics/T/transactions '{"group":"PG","body":"x","delayMs":5}')" 400
t_is 'a check that is never' "$(posted topics/T/transactions '{"group":"PG","body":"x","checkAfterSeconds":0}')" 400
t_is 'raw bytes' "$(status -H "$token" -H 'Content-Type: text/plain' -d x "$at/topics/T/transactions")" 415
t_is 'an id that is none' "$(posted transactions/xyz/commit '{"group":"PG"}')" 404
t_is 'an id of nothing' "$(status "$at/transactions/$(echo "$id" | cut -c1-16)00000000000FFFFF")" 404
t_is 'a state that is none' "$(status "$at/transactions?state=lost")" 400
t_is 'a cursor that is none' "$(status "$at/transactions?cursor=X9")" 400
first=$(web "$at/transactions?max=1")
cursor=$(echo "$first" | part cursor)
t_ok 'lists have pages' test -n "$cursor"
t_is 'of one transaction each' "$(web "$at/transactions?max=1&cursor=$cursor" | grep -o '"position":[0-9]*,"queueOffset"' | wc -l | tr -d ' ')" 1

# Dead letters: a group that does not try again.
rawcall -B '{"groupName":"D","retryMaxTimes":0}' "$b" 200 >/dev/null
t_has 'a group without dead letters' "$(web "$at/groups/D/dead-letters")" '{"messages":[],"minOffset":0,"maxOffset":0}'
t_is 'a group that is not there' "$(status "$at/groups/Nobody/dead-letters")" 404
fail() { # TEXT: the group cannot use it
	post topics/Bad/messages "{\"body\":\"$1\",\"tag\":\"t\"}" >/dev/null
	receipt=$(receive Bad D '&wait=10' | part receipt)
	post nacks "{\"receipts\":[\"$receipt\"]}" >/dev/null
}
dead() { [ "$(web "$at/groups/D/dead-letters" | part body | wc -l)" -eq "$1" ]; }
fail one
t_ok 'a message that failed is with the dead letters' t_wait 30 dead 1
fail two
t_ok 'the next as well' t_wait 30 dead 2
got=$(web "$at/groups/D/dead-letters?max=1")
t_has 'they are listed in pages' "$got" '"body":"one"'
t_has 'with the next offset' "$got" '"minOffset":0,"maxOffset":2,"next":1}'
t_has 'the last page has none' "$(web "$at/groups/D/dead-letters?from=1")" '"minOffset":0,"maxOffset":2}'
t_is 'nobody without a token replays' \
	"$(status -d '{"offsets":[0]}' -H 'Content-Type: application/json' "$at/groups/D/dead-letters/replay")" 401
got=$(post groups/D/dead-letters/replay '{"offsets":[1,7,0]}')
t_has 'replayed' "$got" '{"offset":1,"status":200,"id":"'
t_has 'but for one that is not there' "$got" '{"offset":7,"status":404,"detail":"There is no such dead letter."}'
t_has 'with a count' "$got" '"replayed":2}'
got=
for _ in 1 2; do
	one=$(receive Bad D '&wait=10')
	got="$got $(echo "$one" | part body) $(echo "$one" | grep -o '"reconsumeTimes":[0-9]*')"
done
t_is 'the group gets them once more' "$got" ' two "reconsumeTimes":1 one "reconsumeTimes":1'
t_is 'another group does not' "$(receive Bad Other '&max=32' | part body | wc -l | tr -d ' ')" 2
t_ok 'the dead letters stay' dead 2
t_is 'offsets are wanted' "$(posted groups/D/dead-letters/replay '{}')" 400
t_is 'as numbers' "$(posted groups/D/dead-letters/replay '{"offsets":["x"]}')" 400

# A consumer of the remoting protocol: its dead letter goes to %RETRY%group.
rawcall -B '{"groupName":"J","retryMaxTimes":0}' "$b" 200 >/dev/null
rawcall -B java "$b" 310 a=P b=T c=TBW102 d=4 e=0 f=0 g=1700000000000 h=0 i= j=0 k=false m=false >"$T_DIR/sent"
position=$((0x$(sed -n 's/.*msgId=\([0-9A-F]*\).*/\1/p' "$T_DIR/sent" | cut -c17-32)))
rawcall "$b" 36 group=J offset=$position delayLevel=0 >/dev/null
dead_of_j() { web "$at/groups/J/dead-letters" | grep -q '"body":"java"'; }
t_ok 'a message that was sent back' t_wait 30 dead_of_j
t_has 'goes to the retry topic' "$(post groups/J/dead-letters/replay '{"offsets":[0]}')" '"topic":"%RETRY%J"'
t_has 'and names its own topic there' "$(web "$at/topics/%25RETRY%25J/queues/0/messages/0")" '"RETRY_TOPIC":"T"'
t_ok 'the broker stops' stop b
t_done
