#!/bin/sh
# Transactions across a link: half messages that the old master stored are decided at the new one, by the position
# that the old one told; settings of producer groups are there too. A decision that only an old master has goes with
# the end of its log.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/transactions.sh
. "$SRCDIR/t/lib/transactions.sh"

# master NAME, slave NAME MASTER: of the same brokerName, each with its own store and port
run() {
	run_name=$1
	run_port=$(port "$1" 2>/dev/null)
	shift
	start "$run_name" mqbroker -o brokerName=pair -o brokerIP1=127.0.0.1 -o storePathRootDir="$T_DIR/$run_name" \
		-o transactionCheckUrlAllow=127.0.0.1:1 -o transactionCheckInterval=1000000 -o transactionTimeOut=1000000 \
		${run_port:+-o "listenPort=$run_port"} "$@" || exit 1
}
master() {
	run "$1"
	b=$(address "$1")
}
slave() {
	run "$1" -o brokerRole=SLAVE -o brokerId=1 -o haMasterAddress="127.0.0.1:$(($(port "$2") + 1))"
}
end_of() {
	rawcall "$1" 28 | sed -n 's/.*"commitLogMaxOffset":"\([0-9]*\)".*/\1/p'
}
same() { # NAME NAME: both logs end alike
	same_end=$(end_of "$(address "$1")")
	[ -n "$same_end" ] && [ "$(end_of "$(address "$2")")" = "$same_end" ]
}
same_groups() {
	[ "$(rawcall "$(address "$1")" 7007 | field body)" = "$(rawcall "$(address "$2")" 7007 | field body)" ]
}

# delivered TEXT: a message of the topic has it
delivered() {
	for delivered_at in 0 1 2; do
		rawcall -R "$b" 11 consumerGroup=CG topic=T queueId=0 queueOffset=$delivered_at maxMsgNums=32 sysFlag=4 commitOffset=0 \
			suspendTimeoutMillis=0 'subscription=*' subVersion=0
	done | grep -aq "$1"
}

master one
for n in 1 2 3 4; do
	half T '' "body $n"
	eval "offset$n=$half_offset position$n=$half_position id$n=$half_id"
done
# end_half OUTCOME N: at the broker of $b
end_half() {
	eval "half_id=\$id$2"
	eval "end $1 \$offset$2 \$position$2"
}
"$BUILDDIR/mqadmin" updateProducerGroup -b "$b" -g PG -p commit-wins-once -u http://127.0.0.1:1/check >/dev/null
"$BUILDDIR/mqadmin" updateProducerGroup -b "$b" -g Gone -p commit-wins-once >/dev/null
slave two one
t_ok "a slave has all" t_wait 30 same one two
t_ok "the settings of producer groups too" t_wait 30 same_groups one two
t_has "which are there" "$(rawcall "$(address two)" 7007 | field body)" 'commit-wins-once'
"$BUILDDIR/mqadmin" deleteProducerGroup -b "$b" -g Gone >/dev/null
"$BUILDDIR/mqadmin" updateProducerGroup -b "$b" -g Later -p first-wins >/dev/null
t_ok "and their changes" t_wait 30 same_groups one two
t_has_not "one that went" "$(rawcall "$(address two)" 7007 | field body)" 'Gone'
t_has "and one that came" "$(rawcall "$(address two)" 7007 | field body)" 'Later'

# A decision that the slave has, and one that only the old master has.
t_is "one is decided while it follows" "$(end_half $COMMIT 1 | field code)" 0
t_ok "which the slave has" t_wait 30 same one two
kill9 two
t_is "one is decided without the slave" "$(end_half $COMMIT 2 | field code)" 0
stored=$(n_stored T)
t_is "both are delivered" "$stored" 2
stop one

# The slave is the master now.
master two
t_is "it has the message that was committed" "$(n_stored T)" 1
t_is "its settings are there" "$(rawcall "$b" 7007 | field body | grep -o 'commit-wins-once\|Later' | sort | tr '\n' ' ')" \
	"Later commit-wins-once "
t_is "three are open" "$(count Open)" 3
t_is "one is committed by the old master's position" "$(end_half $COMMIT 3 | field code)" 0
t_is "and delivered" "$(n_stored T)" 2
t_ok "its body" delivered "body 3"
t_is "one that is decided already is told so" "$(end_half $ROLLBACK 1 | field code)" 200
t_is "which changes nothing" "$(n_stored T)" 2

# The old master comes back as a slave: the end of its log goes, and its decision with it.
slave one two
t_ok "its end is cut off" t_wait 30 grep -q 'starts again without it' "$T_DIR/one.log"
t_ok "and it copies the new master" t_wait 30 same two one
stop one
stop two
master one
t_is "what it committed alone is open again" "$(count Open)" 2
t_is "and not delivered" "$(n_stored T)" 2
t_is "it is committed" "$(end_half $COMMIT 2 | field code)" 0
t_is "once more" "$(n_stored T)" 3
t_is "the last one is rolled back" "$(end_half $ROLLBACK 4 | field code)" 0
t_is "none is open" "$(count Open)" 0
t_ok "with its body" delivered "body 2"
t_ok "it stops" stop one
t_done
