#!/bin/sh
# mqadmin doctor: nothing about a cluster that is well and busy; of each fault that is planted in consumer
# groups and messages its diagnosis and no other.
# shellcheck disable=SC2031,SC2154 # half sets position and offset in this shell

# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/half_messages.sh
. "${SRCDIR:-.}/t/lib/half_messages.sh"
# shellcheck source=t/lib/doctor.sh
. "${SRCDIR:-.}/t/lib/doctor.sh"

# ---- well and busy ----

topic T
"$BUILDDIR/t/lib/consume" "$both" G T >"$T_DIR/G.out" 2>&1 &
t_remember G $!
has_all_queues() {
	tail -n 100 "$T_DIR/G.out" | grep -Eq '^queues=(8|9|10)$' # with those of its retry topic
}
t_ok "a consumer has all queues" t_wait 60 has_all_queues
while :; do
	send broker-a T 0
	send broker-b T 1
	send broker-a T 2
done &
t_remember sender $!
t_ok "messages come" t_wait 60 grep -q '^message T' "$T_DIR/G.out"
doc "$both" -i 10
t_is "a cluster that is well and busy" "$found$doc_status" 0
t_has "the last line counts" "$(cat "$T_DIR/doc")" "2 name servers, 2 brokers and 1 consumer groups: 0 errors, 0 warnings"
kill9 sender
"$BUILDDIR/mqadmin" doctor -n "$both" -J >"$T_DIR/json"
t_is "the manual has all checks" "$(grep -o '"id":"[a-z-]*"' "$T_DIR/json" | cut -d'"' -f4 | sort)" \
	"$(sed -n '/^.Ss The doctor/,/^.Sh/s/^.It Sy \([a-z-]*\) Pq.*/\1/p' "$SRCDIR/man/mqadmin.1" | sort)"

# ---- consumer groups ----

topic W
member c1 GW W TagA "$(owns W 4 broker-a broker-b)"
member c2 GW W TagB "$(owns W 4 broker-a broker-b)"
doc "$both"
says "subscriptions that differ" subscriptions-differ TagA TagB "c1 (127.0.0.1:" "c2 (127.0.0.1:"
kill9 c1
kill9 c2
t_ok "they are gone" t_wait 30 offline GW
drop_group GW
member c1 GW W '*' "$(owns W 4 broker-a broker-b)"
member c2 GW W '*' "$(owns W 4 broker-a broker-b)" -v 317
doc "$both"
says "versions that differ" client-versions V4_9_7 V4_5_2
kill9 c2
member c2 GW W '*' "$(owns W 4 broker-a broker-b)" -v 100
kill9 c1
alone() {
	[ "$(rawcall "$(address broker-a)" 38 consumerGroup=GW | field body)" = '{"consumerIdList":["c2"]}' ]
}
t_ok "an old one is alone" t_wait 30 alone
doc "$both"
says "an old client" client-old "V3(100)"
kill9 c2
t_ok "it is gone" t_wait 30 offline GW
member c1 GW W '*' "$(owns W 4 broker-a)"
doc "$both"
says "queues without an owner" queues-unowned "broker-b/0, broker-b/1, broker-b/2, broker-b/3" "c1 (127.0.0.1:"
kill9 c1
t_ok "it is gone, too" t_wait 30 offline GW
drop_group GW
topic One
member c1 GO One '*' "$(owns One 4 broker-a broker-b)"
for i in 2 3 4 5 6 7 8 9; do
	member c$i GO One '*' '{"mqTable":{}}'
done
doc "$both"
says "more members than queues" members-idle "9 members, 8 queues"
for i in 1 2 3 4 5 6 7 8 9; do
	kill9 c$i
done
t_ok "all of them are gone" t_wait 30 offline GO
drop_group GO
member c1 GS W '*' "$(owns W 4 broker-a broker-b)"
rawcall "$(address broker-a)" 15 consumerGroup=GS topic=W queueId=1 commitOffset=0 >/dev/null
while :; do
	send broker-a W 1
done &
t_remember sender $!
has_some() {
	[ "$(rawcall "$(address broker-a)" 30 topic=W queueId=1 | field ext.offset)" -gt 0 ]
}
t_ok "messages wait" t_wait 30 has_some
doc "$both"
says "a stuck consumer" consumer-stuck "queue 1 at broker-a: offset stays 0" "c1 (127.0.0.1:"
kill9 sender
kill9 c1
t_ok "the stuck one is gone" t_wait 30 offline GS
doc "$both"
says "messages for a group without members" group-offline "0 members"
drop_group GS
drop_topic W

# ---- messages ----

id=$(rawcall -B hello "$(address broker-a)" 310 a=PG b=T c=TBW102 d=4 e=0 f=0 g=1 h=0 i= j=0 k=false m=false | field ext.msgId)
rawcall "$(address broker-a)" 36 offset=$((0x$(echo "$id" | cut -c17-32))) group=G delayLevel=-1 originMsgId=x originTopic=T >/dev/null
doc "$both"
says "dead letters" dead-letters "1 in %DLQ%G at broker-a"
drop_topic %DLQ%G
half broker-a PGone T gone-1 k
doc "$both"
says "an open transaction without a producer" producer-gone "1 open at broker-a" "mqadmin transactionList -g PGone"
end broker-a PGone "$COMMIT" "$position" "$offset" >/dev/null
doc "$both"
t_is "decided, it is none" "$found" ""
gone_position=$position gone_offset=$offset

# setting KEY=VALUE: at both
setting() {
	rawcall -B "$1" "$(address broker-a)" 25 >/dev/null
	rawcall -B "$1" "$(address broker-b)" 25 >/dev/null
}
counter_is() {
	rawcall "$(address broker-a)" 28 | grep -q "\"$1\":\"$2\""
}
hold silent -B '{"clientID":"silent","producerDataSet":[{"groupName":"PSilent"}],"consumerDataSet":[]}' "$(address broker-a)" 34
setting transactionTimeOut=1
setting transactionCheckInterval=600000
half broker-a PSilent T silent-1 k
t_ok "a producer is asked" t_wait 60 counter_is transactionAsked 1
doc "$both"
says "a producer that does not say" transactions-unanswered "1 of 1 open ones at broker-a"
end broker-a PSilent "$COMMIT" "$position" "$offset" >/dev/null
setting transactionCheckInterval=1
setting transactionCheckMax=1
half broker-a PSilent T silent-2 k
t_ok "a transaction is parked" t_wait 60 counter_is transactionParked 1
doc "$both"
says "a parked transaction" transactions-parked transactionParked=1 "mqadmin transactionList -s parked"
end broker-a PSilent "$COMMIT" "$position" "$offset" >/dev/null
doc "$both"
t_is "decided, it is none, too" "$found" ""
end broker-a PGone "$ROLLBACK" "$gone_position" "$gone_offset" >/dev/null
doc "$both"
says "a contradiction" transactions-contradict transactionContradictions=1
t_done
