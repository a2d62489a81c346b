# shellcheck shell=sh
# Apache RocketMQ's processes, tuned for a machine of two cores. Sourced by bench/compare.

# apache_fetch RELEASE: its jars, once
apache_fetch() {
	for artifact in rocketmq-broker rocketmq-namesrv; do
		[ -d "$INTEROP_CACHE/$artifact-$1" ] || command -v mvn >/dev/null ||
			die "Apache RocketMQ is fetched by Maven, which is not installed: apt-get install maven"
		interop_jars org.apache.rocketmq $artifact "$1" >/dev/null ||
			die "Maven cannot fetch $artifact $1 (see above)"
	done
}

# port_is_free PORT: nobody listens on it
port_is_free() {
	! cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
		awk -v port="$(printf %04X "$1")" '$4 == "0A" && $2 ~ ":" port "$" { found = 1 } END { exit !found }'
}

# apache_port PROCESS: the one it had before, else a free one that no outgoing connection gets.
# Brokers take that two below and that above it, too.
apache_port() {
	[ ! -s "$T_DIR/$1.port" ] || return 0
	apache_try=$((20000 + $$ % 1000 * 8))
	until [ ! -e "$T_DIR/taken.$apache_try" ] && port_is_free $apache_try &&
		port_is_free $((apache_try - 2)) && port_is_free $((apache_try + 1)); do
		apache_try=$((apache_try + 8))
		[ $apache_try -lt 32000 ] || die "no port is free"
	done
	: >"$T_DIR/taken.$apache_try"
	echo $apache_try >"$T_DIR/$1.port"
}

# apache_run PROCESS ARTIFACT CLASS FLAGS ...: in the background, its files in $T_DIR/PROCESS.home
apache_run() {
	apache_process=$1
	apache_jars=$INTEROP_CACHE/$2
	apache_class=$3
	apache_home=$T_DIR/$1.home
	shift 3
	mkdir -p "$apache_home/conf"
	for apache_log in logback_broker.xml logback_namesrv.xml rmq.logback.xml; do
		echo '<configuration><root level="ERROR"/></configuration>' >"$apache_home/conf/$apache_log"
	done
	java "$@" -Duser.home="$apache_home" -Drocketmq.home.dir="$apache_home" \
		-Drmq.logback.configurationFile="$apache_home/conf/rmq.logback.xml" \
		--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED --add-opens=java.base/sun.nio.ch=ALL-UNNAMED \
		--add-opens=java.base/java.nio=ALL-UNNAMED -Drocketmq.broker.diskSpaceWarningLevelRatio=0.98 \
		-cp "$apache_jars/*" "$apache_class" -c "$T_DIR/$apache_process.conf" >"$T_DIR/$apache_process.log" 2>&1 &
	t_remember "$apache_process" $!
}

# apache_start_names RELEASE
apache_start_names() {
	apache_port "$1.ns"
	echo "listenPort=$(side_port "$1" ns)" >"$T_DIR/$1.ns.conf"
	apache_run "$1.ns" "rocketmq-namesrv-$1" org.apache.rocketmq.namesrv.NamesrvStartup -Xms256m -Xmx256m
}

# apache_start_broker RELEASE FLUSH
apache_start_broker() {
	apache_port "$1"
	cat >"$T_DIR/$1.conf" <<-END
		brokerName=broker-a
		brokerIP1=127.0.0.1
		namesrvAddr=127.0.0.1:$(side_port "$1" ns)
		listenPort=$(side_port "$1")
		haListenPort=$(($(side_port "$1") + 1))
		storePathRootDir=$T_DIR/$1.store
		storePathCommitLog=$T_DIR/$1.store/commitlog
		flushDiskType=$2
		sendMessageThreadPoolNums=4
		useReentrantLockWhenPutMessage=true
		waitTimeMillsInSendQueue=2000
		osPageCacheBusyTimeOutMills=5000
		maxTransferCountOnMessageInDisk=32
	END
	apache_run "$1" "rocketmq-broker-$1" org.apache.rocketmq.broker.BrokerStartup \
		-Xms2g -Xmx2g -XX:MaxDirectMemorySize=2g
}
