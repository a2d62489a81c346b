# shellcheck shell=sh
# shellcheck disable=SC2154 # the test that sources it sets $release
# Our slave of a RocketMQ master, $release, under load: bytes, tables, kill -9 of either, reading when the master
# is gone. Sourced by t/853*.t.
# shellcheck source=t/interop/master.sh
. "$SRCDIR/t/interop/master.sh"

interop_need java python3

start_slave() {
	slave_port=$(port slave 2>/dev/null)
	start slave mqbroker -o brokerRole=SLAVE -o brokerId=1 -o brokerName=broker-a -o brokerClusterName=DefaultCluster \
		-o brokerIP1=127.0.0.1 -o namesrvAddr="$(address ns)" -o storePathRootDir="$T_DIR/slave" \
		-o slaveReadEnable=true -o logLevel=debug ${slave_port:+-o "listenPort=$slave_port"}
}

# load N: so many messages of 1 KiB, in four queues of topic Load; returns when they are acknowledged
load() {
	"$BUILDDIR/mqbench" send -A "127.0.0.1:$master_port" -t Load -q 4 -N "$1" -d 60 -Q >"$T_DIR/load.out" 2>&1 ||
		sed 's/^/# /' "$T_DIR/load.out"
}

soh=$(printf '\001')
stx=$(printf '\002')

# send BODY [PROPERTIES]: to the master
send() {
	rawcall -B "$1" "127.0.0.1:$master_port" 310 a=PG b=Small c=TBW102 d=1 e=0 f=0 g=1700000000000 h=0 j=0 k=false m=false \
		i="${2-}" >/dev/null
}

# pulls BROKER OFFSET
pulls() {
	rawcall "$1" 11 consumerGroup=CG topic=Small queueId=0 queueOffset="$2" maxMsgNums=32 sysFlag=4 commitOffset=0 \
		suspendTimeoutMillis=0 subscription='*' subVersion=0
}

start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1
master_port=$((T_PORT + 12))
t_ok "RocketMQ $release is the master" master_start "$release" "$master_port"
send first "KEYS${soh}k1${stx}TAGS${soh}A${stx}"
t_ok "its slave starts" start_slave
load 1500 # before the slave has the log's begin, and after
t_ok "the slave has the log" t_wait 60 slave_is_whole
send second "KEYS${soh}k2${stx}UNIQ_KEY${soh}U2${stx}"
rawcall -B '{"groupName":"CG","consumeEnable":true,"retryMaxTimes":7,"retryQueueNums":1}' "127.0.0.1:$master_port" 200 >/dev/null

# Killed under load.
load 3000 &
load=$!
sleep 0.5
kill9 slave
t_ok "the slave starts after kill -9" start_slave
wait $load
t_ok "and has all of it" t_wait 60 slave_is_whole

# The master is killed and started.
kill9 master
t_ok "the slave says that the master is gone" t_wait 30 grep -q 'does not copy its master' "$T_DIR/slave.log"
t_ok "the master starts again" master_start "$release" "$master_port"
load 500
send third
# Not before: a master that is killed loses offsets of the last seconds.
rawcall "127.0.0.1:$master_port" 15 consumerGroup=CG topic=Small queueId=0 commitOffset=1 >/dev/null
t_ok "the slave goes on" t_wait 60 slave_is_whole

s=$(address slave)
offset_there() {
	[ "$(rawcall "$s" 14 consumerGroup=CG topic=Small queueId=0 | field ext.offset)" = 1 ]
}
t_ok "the offset of a group came" t_wait 30 offset_there
t_has "the group" "$(rawcall "$s" 201)" '"retryMaxTimes":7'
t_has "the topics" "$(rawcall "$s" 21)" '"topicName":"Small"'
queues() {
	for queue in 0 1 2 3; do
		echo "$(rawcall "$1" 31 topic=Load queueId=$queue | field ext.offset) $(rawcall "$1" 30 topic=Load queueId=$queue | field ext.offset)"
	done
}
t_is "bounds of the queues" "$(queues "$s")" "$(queues "127.0.0.1:$master_port")"

kill9 master
got=$(pulls "$s" 0)
t_is "a pull from the slave, without a master" "$(echo "$got" | field code)" 0
t_has "has the first message" "$got" first
t_has "and the last" "$(pulls "$s" 2)" third
t_has "a message by its key" "$(rawcall "$s" 12 topic=Small key=k2 maxNum=8 beginTimestamp=0 endTimestamp=9999999999999)" second
t_ok "the slave stops" stop slave
got=$(same_bytes 2>&1)
t_has "all bytes are the master's" "$got" 'bytes='
t_has "the ends of its files too" "$got" 'blanks=5'
t_done
