#!/bin/sh
# A broker that moved to another address: mqadmin finds its messages by the ids of before.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

soh=$(printf '\001')
stx=$(printf '\002')
start ns mqnamesrv -o bindAddress=127.0.0.1 -o storePath="$T_DIR/ns" || exit 99
# again: a broker on the store of the last one, at another port
again() {
	rm -f "$T_DIR/b.log"
	begin b -n "$(address ns)" -o brokerName=mover -o bindAddress=127.0.0.1
}

admin() {
	"$BUILDDIR/mqadmin" "$@" -n "$(address ns)" 2>&1
}

# exit_is NAME STATUS COMMAND ...; its output in $T_DIR/out
exit_is() {
	t_label=$1
	t_status=$2
	shift 2
	"$@" >"$T_DIR/out"
	t_is "$t_label" $? "$t_status"
}

again
id=$(rawcall -B moved "$(address b)" 310 a=PG b=T c=TBW102 d=1 e=0 f=0 g=1 h=0 i="UNIQ_KEY${soh}0123456789ABCDEF0123456789ABCDEF${stx}" \
	j=0 k=false m=false | field ext.msgId)
old=$(address b)
hold consumer -A '{"consumeResult":"CR_SUCCESS","spentTimeMills":1}' -B '{"clientID":"c1","producerDataSet":[],"consumerDataSet":[
	{"groupName":"G","consumeType":"CONSUME_PASSIVELY","messageModel":"CLUSTERING","consumeFromWhere":"CONSUME_FROM_LAST_OFFSET",
	"subscriptionDataSet":[{"topic":"T","subString":"*","subVersion":1}]}]}' "$old" 34
exit_is "before: queryMsgById" 0 admin queryMsgById -i "$id"
kill9 consumer
stop b
again
t_ok "it has another address" test "$(address b)" != "$old"
is_routed() {
	admin topicRoute -t T | grep -q "$(address b)"
}
t_ok "which the name server knows" t_wait 30 is_routed

exit_is "queryMsgById with the offset id of before" 0 admin queryMsgById -i "$id"
t_has "it is the message" "$(cat "$T_DIR/out")" "moved"
exit_is "queryMsgByUniqueKey" 0 admin queryMsgByUniqueKey -t T -i 0123456789ABCDEF0123456789ABCDEF
t_has "it is the message too" "$(cat "$T_DIR/out")" "moved"
exit_is "queryMsgByOffset" 0 admin queryMsgByOffset -t T -b mover -i 0 -o 0
hold consumer -A '{"consumeResult":"CR_SUCCESS","spentTimeMills":1}' -B '{"clientID":"c1","producerDataSet":[],"consumerDataSet":[
	{"groupName":"G","consumeType":"CONSUME_PASSIVELY","messageModel":"CLUSTERING","consumeFromWhere":"CONSUME_FROM_LAST_OFFSET",
	"subscriptionDataSet":[{"topic":"T","subString":"*","subVersion":1}]}]}' "$(address b)" 34
exit_is "a client consumes it directly" 0 admin queryMsgByUniqueKey -t T -i 0123456789ABCDEF0123456789ABCDEF -g G -d c1
t_has "and says what came of it" "$(cat "$T_DIR/out")" CR_SUCCESS
t_has "it has got the record" "$(cat "$T_DIR/consumer.held")" "push=309"
exit_is "an id that nobody has" 1 admin queryMsgById -i "$(echo "$id" | cut -c1-16)00000000000F4240"
stop b
stop ns
t_done
