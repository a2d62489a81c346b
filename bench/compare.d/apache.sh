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
	echo "listenPort=$(side_port "$1" ns)" >"$T_DIR/$1.ns.conf"
	apache_run "$1.ns" "rocketmq-namesrv-$1" org.apache.rocketmq.namesrv.NamesrvStartup -Xms256m -Xmx256m
}

# apache_topics DIR: topics of session "topics", as a broker that has made them one by one would keep
# them; that takes minutes.
apache_topics() {
	mkdir -p "$1/config"
	awk 'BEGIN {
		printf "{\"dataVersion\":{\"counter\":1,\"timestamp\":0},\"topicConfigTable\":{"
		for (i = 0; i < 1000; i++)
			printf "%s\"topics-%05d\":{\"order\":false,\"perm\":6,\"readQueueNums\":4," \
				"\"topicFilterType\":\"SINGLE_TAG\",\"topicName\":\"topics-%05d\"," \
				"\"topicSysFlag\":0,\"writeQueueNums\":4}", i ? "," : "", i, i
		printf "}}\n"
	}' >"$1/config/topics.json"
}

# apache_start_broker RELEASE FLUSH; RELEASE.slave is the slave of that broker, which needs less memory
apache_start_broker() {
	apache_release=$(master_of "$1")
	apache_heap=2g
	[ "$apache_release" = "$1" ] || apache_heap=1g
	cat >"$T_DIR/$1.conf" <<-END
		brokerName=broker-a
		brokerIP1=127.0.0.1
		namesrvAddr=127.0.0.1:$(side_port "$apache_release" ns)
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
		enablePropertyFilter=true
		$(copies_conf "$1")
	END
	apache_run "$1" "rocketmq-broker-$apache_release" org.apache.rocketmq.broker.BrokerStartup \
		-Xms$apache_heap -Xmx$apache_heap -XX:MaxDirectMemorySize=2g
}
