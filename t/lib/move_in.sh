# A slave of a master that speaks as RocketMQ's (rocketmq_master), and its move: source it after lib.sh.
# shellcheck shell=sh disable=SC2154

# master FILE: starts it with this log; its records are in $T_DIR/master.out
master() {
	T_PORT=$((T_PORT + 4))
	# shellcheck disable=SC2034 # for the tests
	master_port=$T_PORT
	"$BUILDDIR/t/lib/rocketmq_master" $T_PORT "$1" >"$T_DIR/master.out" 2>"$T_DIR/master.log" &
	t_remember master $!
	t_wait 30 grep -q '^ready$' "$T_DIR/master.out" || sed 's/^/# /' "$T_DIR/master.log"
}

# position NAME, offset NAME: of a record of the master
position() {
	sed -n "s/^$1 [0-9]* \([0-9]*\)\$/\1/p" "$T_DIR/master.out"
}

offset() {
	sed -n "s/^$1 \([0-9]*\) [0-9]*\$/\1/p" "$T_DIR/master.out"
}

# slave FLAGS ...: of this master; $b is its address
slave() {
	slave_port=$(port slave 2>/dev/null)
	start slave mqbroker -o brokerRole=SLAVE -o brokerId=1 -o brokerName=a -o brokerIP1=127.0.0.1 \
		-o haMasterAddress="127.0.0.1:$((master_port + 1))" -o storePathRootDir="$T_DIR/slave" \
		-o transactionTimeOut=3600000 -o messageDelayLevel='1s 1h' \
		${slave_port:+-o "listenPort=$slave_port"} "$@" || exit 1
	b=$(address slave)
}

# move_in ACTION WORDS ...: the answer
move_in() {
	move_in_action=$1
	shift
	rawcall "$b" 7023 action="$move_in_action" "$@"
}

# state STATE, looks TEXT: what a look says
state() {
	looks "\"state\":\"$1\""
}

looks() {
	move_in look | grep -q "$1"
}

# n_stored TOPIC: in its queue 0
n_stored() {
	rawcall "$b" 30 topic="$1" queueId=0 | field ext.offset
}

has_stored() {
	[ "$(n_stored "$1")" = "$2" ]
}

# bodies TOPIC: of its queue 0, in the order of the letters
bodies() {
	bodies_at=0
	bodies_end=$(n_stored "$1")
	while [ "$bodies_at" -lt "$bodies_end" ]; do
		bodies_got=$(rawcall -R "$b" 11 consumerGroup=Look topic="$1" queueId=0 queueOffset=$bodies_at maxMsgNums=1000 \
			sysFlag=4 commitOffset=0 suspendTimeoutMillis=0 'subscription=*' subVersion=0)
		echo "$bodies_got" | sed -n 's/^record=.* body=\([^ ]*\) properties=.*/\1/p'
		bodies_at=$(echo "$bodies_got" | field ext.nextBeginOffset)
		[ -n "$bodies_at" ] || break
	done | sort | tr '\n' ' '
}

# end OUTCOME OFFSET POSITION: END_TRANSACTION of PG; the code
end() {
	rawcall "$b" 37 producerGroup=PG tranStateTableOffset="$2" commitLogOffset="$3" commitOrRollback="$1" \
		fromTransactionCheck=false msgId=x transactionId=x | field code
}

# end_of BROKER: of its log
end_of() {
	rawcall "$1" 28 | sed -n 's/.*"commitLogMaxOffset":"\([0-9]*\)".*/\1/p'
}

# count NAME: one of the broker's counts of transactions
count() {
	rawcall "$b" 28 | tr ',' '\n' | sed -n "s/.*\"transaction$1\":\"\([0-9]*\)\".*/\1/p"
}
