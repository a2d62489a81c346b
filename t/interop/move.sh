# shellcheck shell=sh
# shellcheck disable=SC2154 # the test that sources it sets $release, $client, $other and others
# A RocketMQ master, $release, is replaced by our slave with mqadmin moveIn, while Java clients run. $other: not
# empty when the cluster has another master. $again: the consumer is started again after the move. $timed: there are
# timed messages. Sourced by t/872*.t.
# shellcheck source=t/interop/master.sh
. "$SRCDIR/t/interop/master.sh"

interop_client org.apache.rocketmq "$client"

levels='1s 7s 12s'

# start_broker NAME FLAG...: of our brokers
start_broker() {
	broker_role=$1
	shift
	start "$broker_role" mqbroker -o brokerClusterName=DefaultCluster -o brokerIP1=127.0.0.1 \
		-o namesrvAddr="$(address ns)" -o storePathRootDir="$T_DIR/$broker_role" -o flushDiskType=ASYNC_FLUSH \
		-o messageDelayLevel="$levels" -o transactionTimeOut=2000 -o transactionCheckInterval=1000 \
		-o transactionCheckMax=1000 "$@"
}

admin() {
	"$BUILDDIR/mqadmin" "$@" -n "$(address ns)"
}

# What the Java program asks for.
cluster_do() {
	[ "$1" = move ] || return 1
	rm -f "$T_DIR/moving"
	"$BUILDDIR/mqadmin" moveIn -n "$(address ns)" -b broker-a -y -d 2 -t 100 -J >"$T_DIR/moved" 2>"$T_DIR/moving" &
	mover=$!
	T_PIDS="$T_PIDS $mover"
	t_wait 60 told_to_stop && kill -0 $mover || return 1
	kill "$(pid master)"
	wait "$(pid master)"
	wait $mover
}

told_to_stop() {
	grep -q 'now stop the broker' "$T_DIR/moving" || ! kill -0 $mover
}

# send_code BODY: to the master; the code of its answer
send_code() {
	rawcall -B "$1" "127.0.0.1:$master_port" 310 a=PG b=Small c=TBW102 d=1 e=0 f=0 g=1700000000000 h=0 i= j=0 k=false m=false |
		field code
}

offset_of() { # BROKER
	rawcall "$1" 14 consumerGroup=CG topic=Small queueId=0 | field ext.offset
}

slave_has_offset() {
	[ "$(offset_of "$(address slave)")" = 1 ]
}

checks() {
	admin moveIn -b "$(address slave)" "$@" >"$T_DIR/checks" 2>&1
}

start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1
master_port=$((T_PORT + 12))
t_ok "RocketMQ $release is the master" master_start "$release" "$master_port" "messageDelayLevel=$levels" \
	transactionTimeOut=2000 transactionCheckInterval=1000 transactionCheckMax=1000 defaultTopicQueueNums=4
t_ok "its slave starts" start_broker slave -o brokerRole=SLAVE -o brokerId=1 -o brokerName=broker-a
[ -z "$other" ] || t_ok "another master starts" start_broker other -o brokerName=broker-b
t_is "a send" "$(send_code one)" 0
send_code two >/dev/null
rawcall -B '{"groupName":"CG","consumeEnable":true,"retryQueueNums":1}' "127.0.0.1:$master_port" 200 >/dev/null
rawcall "127.0.0.1:$master_port" 15 consumerGroup=CG topic=Small queueId=0 commitOffset=1 >/dev/null
t_ok "the offset of a group has come" t_wait 30 slave_has_offset

# Looking.
t_ok "nothing stands in the way" t_wait 30 checks
got=$(cat "$T_DIR/checks")
t_has "how far it is" "$got" 'caughtUp'
t_has "a setting that differs, and what to do" "$got" 'defaultTopicQueueNums=4 in the slave'
t_has_not "but not those that are alike" "$got" messageDelayLevel

# A move that is broken off.
t_fails "the old master is not stopped in time" admin moveIn -b broker-a -y -d 0 -t 1
t_has "it says so" "$(cat "$T_DIR/t_ok.out")" 'was not stopped in time'
t_is "the old master takes messages again" "$(send_code three)" 0
"$BUILDDIR/mqadmin" moveIn -n "$(address ns)" -b broker-a -y -d 0 >/dev/null 2>"$T_DIR/moving" &
mover=$!
T_PIDS="$T_PIDS $mover"
t_ok "the next try waits for its end" t_wait 60 told_to_stop
t_is "and it refuses sends" "$(send_code four)" 1
kill $mover
t_fails "a signal ends it" wait $mover
t_has "it says so" "$(cat "$T_DIR/moving")" 'interrupted'
t_is "the old master takes messages once more" "$(send_code five)" 0

interop_drive "$release" interop_java "$T_DIR/classes:$jars/*" -Dinterop.timed="$timed" \
	-Dinterop.other="${other:+true}" -Dinterop.again="$again" Interop "$(address ns)" \
	"move$(echo "$release" | tr -d .)_$$" moveIn
sed 's/^/# /' "$T_DIR/moving"
got=$(cat "$T_DIR/moved")
t_has "the new master is told" "$got" '"state":"moved"'
t_has "nothing is missing" "$got" '"behindBytes":0'
[ -n "$other" ] || t_has "what was open" "$got" '"halvesOpen":12,'
t_is "it has the offset of the group" "$(offset_of "$(address slave)")" 1
t_has "the name server knows it" "$(rawcall "$(address ns)" 106)" "0:\"$(address slave)\""
t_ok "a second look" checks
t_has "says that it is done" "$(cat "$T_DIR/checks")" 'master already'
t_ok "the new master stops" stop slave
[ -z "$other" ] || stop other
stop ns
t_done
