#!/bin/sh
# RocketMQ's own brokers, 4.9.7 and 5.3.3, unmodified, as slaves of our master: their log is ours, byte by
# byte, and they serve it.
# shellcheck source=t/interop/interop.sh
. "${SRCDIR:-.}/t/interop/interop.sh"
[ -z "${SANITIZERS-}" ] || t_skip_all "what a sanitizer finds here it finds in t/8500-ship.t, in less time"
interop_need java mvn

start n mqnamesrv -o storePath="$T_DIR/n" || exit 1
start m mqbroker -o storePathRootDir="$T_DIR/m" -o brokerIP1=127.0.0.1 -o brokerName=broker-a \
	-o namesrvAddr="$(address n)" -o brokerRole=SYNC_MASTER -o 'messageDelayLevel=1s 2s' || exit 1
m=$(address m)

# slave VERSION ID
slave() {
	slave_jars=$(interop_jars org.apache.rocketmq rocketmq-broker "$1") || interop_skip "Maven cannot fetch rocketmq-broker $1"
	slave_home=$T_DIR/$1
	slave_port=$(($(port m) + 10 * $2))
	mkdir -p "$slave_home/conf"
	for slave_log in logback_broker.xml rmq.broker.logback.xml; do
		echo '<configuration><root level="ERROR"/></configuration>' >"$slave_home/conf/$slave_log"
	done
	cat >"$slave_home.conf" <<-CONF
		brokerClusterName=DefaultCluster
		brokerName=broker-a
		brokerId=$2
		brokerRole=SLAVE
		namesrvAddr=$(address n)
		brokerIP1=127.0.0.1
		brokerIP2=127.0.0.1
		listenPort=$slave_port
		haListenPort=$((slave_port + 1))
		storePathRootDir=$slave_home/store
		storePathCommitLog=$slave_home/store/commitlog
		haSendHeartbeatInterval=500
		slaveReadEnable=true
		mappedFileSizeConsumeQueue=6000
		maxIndexNum=1000
		maxHashSlotNum=500
	CONF
	java -Xms64m -Xmx256m -XX:+UseSerialGC --add-exports=java.base/jdk.internal.ref=ALL-UNNAMED \
		--add-opens=java.base/java.nio=ALL-UNNAMED --add-opens=java.base/sun.nio.ch=ALL-UNNAMED \
		-Duser.home="$slave_home" -Drocketmq.home.dir="$slave_home" -Drocketmq.broker.diskSpaceWarningLevelRatio=0.98 \
		-Drmq.logback.configurationFile="$slave_home/conf/rmq.broker.logback.xml" -cp "$slave_jars/*" \
		org.apache.rocketmq.broker.BrokerStartup -c "$slave_home.conf" >"$slave_home.log" 2>&1 </dev/null &
	t_remember "$1" $!
}

n_slaves() { # N: so many have all of the log
	[ "$(rawcall "$m" 907 | field body | grep -o '"diff":0,"inSync":true' | wc -l)" -eq "$1" ]
}

send() { # QUEUE [PROPERTIES]
	rawcall -B hello "$m" 310 a=PG b=T c=TBW102 d=2 e="$1" f=0 g=1700000000000 h=0 i="${2-}" j=0 k=false m=false
}

slave 4.9.7 1
slave 5.3.3 2
"$BUILDDIR/mqbench" send -A "$m" -N 20000 -s 300 -d 60 -t Bench -q 2 >"$T_DIR/bench" 2>&1
send 0 "$(printf 'TAGS\001a\002KEYS\001k\002')" >/dev/null
send 1 "$(printf 'DELAY\0012\002')" >/dev/null
t_ok "both follow from the begin of the log" t_wait 90 n_slaves 2
t_is "and confirm what is sent now" "$(send 0 | field code)" 0
t_ok "to its end" t_wait 30 n_slaves 2

end=$(rawcall "$m" 907 | field body | grep -o 'masterCommitLogMaxOffset":[0-9]*' | cut -d: -f2)
for segment in "$T_DIR"/m/log/0*.db; do
	"$BUILDDIR/t/lib/sql" "$segment" 'SELECT hex(records) FROM log ORDER BY pos'
done | tr -d '\n' | tr A-F a-f | head -c $((2 * end)) >"$T_DIR/stored"
for version in 4.9.7 5.3.3; do
	head -c "$end" "$T_DIR/$version/store/commitlog/00000000000000000000" | od -An -v -tx1 | tr -d ' \n' >"$T_DIR/copied"
	t_ok "$version: its log is ours" cmp "$T_DIR/stored" "$T_DIR/copied"
	a=127.0.0.1:$(grep -o 'listenPort=[0-9]*' "$T_DIR/$version.conf" | head -1 | cut -d= -f2)
	pull() {
		rawcall -R "$a" 11 consumerGroup=CG topic=T queueId=0 queueOffset=0 maxMsgNums=2 sysFlag=4 commitOffset=0 \
			suspendTimeoutMillis=0 subscription='*' subVersion=0 | grep -q hello
	}
	t_ok "$version: a consumer reads from it" t_wait 60 pull
	ends() {
		[ "$(rawcall "$a" 30 topic=Bench-00000 queueId=0 | field ext.offset)" = \
			"$(rawcall "$m" 30 topic=Bench-00000 queueId=0 | field ext.offset)" ]
	}
	t_ok "$version: its queues end where ours do" t_wait 30 ends
done
kill9 4.9.7
kill9 5.3.3
t_ok "both are missed" t_wait 10 n_slaves 0
t_is "a send says so" "$(send 0 | field code)" 11
stop m
stop n
t_done
