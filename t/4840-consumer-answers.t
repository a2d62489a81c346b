#!/bin/sh
# What tools ask of a consumer of libtwinmq: its offsets (221), what runs (307), to consume a message now (309).
# Its locks of ordered queues: one request for all of a broker.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1
begin b -o namesrvAddr="$(address ns)"

admin() {
	admin_command=$1
	shift
	"$BUILDDIR/mqadmin" "$admin_command" -n "$(address ns)" "$@" 2>&1
}

# consumer NAME FLAGS ...: in the background; its lines are in $T_DIR/NAME.lines
consumer() {
	consumer=$1
	shift
	"$BUILDDIR/t/lib/consume" "$@" >"$T_DIR/$consumer.lines" 2>&1 &
	t_remember "$consumer" $!
}

send() { # QUEUE BODY
	rawcall -B "$2" "$b" 310 a=PG b=T c=TBW102 d=8 e="$1" f=0 g=1 h=0 i= j=0 k=false m=false
}

t_ok "a topic" t_wait 30 admin updateTopic -b "$b" -t T -r 8 -w 8
for kind in shared ordered; do
	[ $kind = ordered ] && flag=-o || flag=
	# shellcheck disable=SC2086 # none or one
	consumer $kind $flag "$(address ns)" $kind T
	t_ok "$kind: it has all queues" t_wait 60 grep -q '^queues=8$' "$T_DIR/$kind.lines"
done
id=$(send 3 first | field ext.msgId)
bad=$(send 4 bad | field ext.msgId)
for kind in shared ordered; do
	t_ok "$kind: a message comes" t_wait 60 grep -q "^message T 3 1 first" "$T_DIR/$kind.lines"
	t_ok "$kind: one that it does not want, too" t_wait 60 grep -q "^message T 4 1 bad" "$T_DIR/$kind.lines"
	client=$(admin consumerStatus -g $kind --json | sed -n 's/.*"clientId":"\([^"]*\)".*/\1/p')
	got=$(rawcall "$b" 307 consumerGroup=$kind clientId="$client" jstackEnable=false | field body)
	t_has "$kind: what runs, as RocketMQ's clients say it" "$got" '"properties":{"PROP_CLIENT_VERSION":"libtwinmq'
	t_has "$kind: in order or not" "$got" "\"PROP_CONSUMEORDERLY\":\"$([ $kind = ordered ] && echo true || echo false)\""
	t_has "$kind: its subscription" "$got" '"topic":"T"}'
	t_has "$kind: a queue, and how far it is consumed" "$(echo "$got" | grep -o '"queueId":3,"topic":"T"}:{[^}]*')" '"commitOffset":1'
	t_has "$kind: whether it is locked" "$(echo "$got" | grep -o '"queueId":7,"topic":"T"}:{[^}]*')" \
		"\"locked\":$([ $kind = ordered ] && echo true || echo false)"
	got=$(rawcall "$b" 223 topic=T group=$kind clientAddr= | field body)
	t_has "$kind: its offsets" "$got" "$client"
	t_has "$kind: of each queue" "$got" '"queueId":3,"topic":"T"}:1'
	t_is "$kind: of all eight" "$(echo "$got" | grep -o '"queueId":' | wc -l)" 8
	t_has "$kind: a message is consumed at once" "$(admin queryMsgById -i "$id" -g $kind -d "$client" --json)" \
		'"consumeResult":"CR_SUCCESS"'
	t_is "$kind: once more" "$(grep -c "^message T 3 1 first" "$T_DIR/$kind.lines")" 2
	t_has "$kind: one is to come later" "$(admin queryMsgById -i "$bad" -g $kind -d "$client" --json)" '"consumeResult":"CR_LATER"'
	t_ok "$kind: it ends" stop $kind
done
t_is "shared: no locks" "$(sed -n 's/^locks=//p' "$T_DIR/shared.lines")" 0
# One for the queues, one for that of the retry topic, one each when a moment separates them or 20 s have passed.
t_ok "ordered: a request for all its locks" test "$(sed -n 's/^locks=//p' "$T_DIR/ordered.lines")" -lt 8
t_done
