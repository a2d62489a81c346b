#!/bin/sh
# The reading side of the API, without a token (CN1-CN5).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/http.sh
. "$SRCDIR/t/lib/http.sh"

begin b -o bindAddress=127.0.0.1
at=$(url b)/v1
token="Authorization: Bearer $(cat "$T_DIR/b/http-token")"
make_topic T b
for queue in 0 0 1; do
	web -H "$token" -H 'Content-Type: application/json' "$at/topics/T/messages" \
		-d "{\"body\":\"of $queue\",\"keys\":\"k$queue\",\"queueId\":$queue}" >"$T_DIR/sent"
done
id=$(grep -o '"id":"[^"]*"' "$T_DIR/sent" | cut -d'"' -f4)

got=$(web "$at/broker")
t_has 'the broker' "$got" '"name":"b","cluster":"DefaultCluster"'
t_has 'its store' "$got" '"store":{"writable":true'
got=$(web "$at/settings")
t_has 'a setting with its default' "$got" '{"name":"maxTopics","value":"100000","default":"100000","origin":"default","unit":"topics","live":true,'
t_has 'and one of the command line' "$got" '{"name":"bindAddress","value":"127.0.0.1","default":"0.0.0.0","origin":"argument"'
t_has_not 'no token is told' "$got" "$(cat "$T_DIR/b/http-token")"
rawcall -B 'maxTopics=5000' "$b" 25 >/dev/null
t_has 'a change is seen' "$(web "$at/settings")" '{"name":"maxTopics","value":"5000","default":"100000","origin":"changed"'

got=$(web "$at/topics?kind=normal")
t_has 'topics' "$got" '{"topic":"T","kind":"normal","readQueues":4,"writeQueues":4,"perm":6,"order":false,"messages":3,'
t_has 'system topics apart' "$(web "$at/topics?kind=system")" '"topic":"TBW102"'
first=$(web "$at/topics?max=1")
next=$(echo "$first" | sed -n 's/.*"next":"\([^"]*\)".*/\1/p')
t_ok 'pages' test -n "$next"
t_has_not 'that go on behind a name' "$(web "$at/topics?max=1&after=$next")" "\"topic\":\"$next\""
got=$(web "$at/topics/T")
t_has 'a topic has its queues' "$got" '{"queueId":0,"minOffset":0,"maxOffset":2,'
t_is 'another is not there' "$(status "$at/topics/Nowhere")" 404

hold member -B '{"clientID":"c@1","consumerDataSet":[{"groupName":"G","consumeType":"CONSUME_PASSIVELY","messageModel":"CLUSTERING","consumeFromWhere":"CONSUME_FROM_FIRST_OFFSET","subscriptionDataSet":[{"topic":"T","subString":"*","subVersion":1}]}],"producerDataSet":[{"groupName":"P"}]}' \
	"$b" 34
rawcall "$b" 15 consumerGroup=G topic=T queueId=0 commitOffset=1 >/dev/null
t_has 'groups' "$(web "$at/groups")" '{"group":"G","members":1,'
got=$(web "$at/groups/G")
t_has 'a group has members' "$got" '"members":[{"clientId":"c@1","address":"127.0.0.1:'
t_has 'subscriptions' "$got" '{"topic":"T","expression":"*"}'
t_has 'and lag' "$got" '"topics":[{"topic":"T","lag":2}],"lag":2'
t_has 'the topic tells it, too' "$(web "$at/topics/T")" '"groups":[{"group":"G","lag":2}]'
t_has 'producers' "$(web "$at/producers")" '{"group":"P","members":[{"clientId":"c@1"'
t_is 'a group that is not there' "$(status "$at/groups/H")" 404
kill9 member

t_has 'a message by id' "$(web "$at/messages/$id")" '"topic":"T","queueId":1,"queueOffset":0,"keys":"k1"'
t_has 'by offset' "$(web "$at/topics/T/queues/0/messages/1")" '"queueId":0,"queueOffset":1,'
t_is 'an offset that is not there' "$(status "$at/topics/T/queues/0/messages/7")" 404
t_is 'nor such a queue' "$(status "$at/topics/T/queues/7/messages/0")" 404
t_is 'an offset that is no number' "$(status "$at/topics/T/queues/0/messages/x")" 400
t_is 'an id that is none' "$(status "$at/messages/xyz")" 400
t_is 'an id of nothing' "$(status "$at/messages/$(echo "$id" | cut -c1-16)00000000000FFFFF")" 404
by_key() {
	[ "$(web "$at/topics/T/keys/k0" | grep -o '"offsetId"' | wc -l)" -eq 2 ]
}
t_ok 'by key' t_wait 30 by_key
t_has 'the newest' "$(web "$at/topics/T/keys/k0?max=1")" '"more":true'
t_is 'a method that is not there' "$(status -X DELETE -H "$token" "$at/topics/T")" 405
t_ok 'the broker stops' stop b
t_done
