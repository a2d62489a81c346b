# shellcheck shell=sh
# A RocketMQ broker as the master of one of our slaves. Sourced after t/interop/interop.sh.

# master_start RELEASE PORT [LINE ...]: broker-a, of name server ns; its store is $T_DIR/master. Small files, so that
# their ends (blanks) are there too. Fails when it does not come up.
master_start() {
	master_jars=$(interop_jars org.apache.rocketmq rocketmq-broker "$1") || interop_skip "Maven cannot fetch RocketMQ's broker"
	master_port=$2
	shift 2
	mkdir -p "$T_DIR/master.home/conf"
	for master_log in logback_broker.xml rmq.logback.xml rmq.broker.logback.xml; do
		echo '<configuration><root level="ERROR"/></configuration>' >"$T_DIR/master.home/conf/$master_log"
	done
	cat >"$T_DIR/master.conf" <<-END
		brokerName=broker-a
		brokerClusterName=DefaultCluster
		brokerIP1=127.0.0.1
		brokerIP2=127.0.0.1
		namesrvAddr=$(address ns)
		listenPort=$master_port
		haListenPort=$((master_port + 1))
		storePathRootDir=$T_DIR/master
		storePathCommitLog=$T_DIR/master/commitlog
		mappedFileSizeCommitLog=1048576
		maxMessageSize=65536
		autoCreateTopicEnable=true
		brokerFastFailureEnable=false
		osPageCacheBusyTimeOutMills=5000
	END
	[ $# -eq 0 ] || printf '%s\n' "$@" >>"$T_DIR/master.conf"
	java -Xms256m -Xmx256m -XX:MaxDirectMemorySize=256m -XX:+UseSerialGC \
		-Duser.home="$T_DIR/master.home" -Drocketmq.home.dir="$T_DIR/master.home" \
		-Drmq.logback.configurationFile="$T_DIR/master.home/conf/rmq.logback.xml" \
		--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED --add-opens=java.base/sun.nio.ch=ALL-UNNAMED \
		--add-opens=java.base/java.nio=ALL-UNNAMED -Drocketmq.broker.diskSpaceWarningLevelRatio=0.99 \
		-cp "$master_jars/*" org.apache.rocketmq.broker.BrokerStartup -c "$T_DIR/master.conf" >"$T_DIR/master.log" 2>&1 &
	t_remember master $!
	t_wait 120 master_answers
}

# The name server knows it, too.
master_answers() {
	kill -0 "$(pid master)" || return 1
	rawcall "$(address ns)" 106 | grep -q '"brokerName":"broker-a"' && master_end | grep -q '^[0-9]'
}

# Where its log ends.
master_end() {
	rawcall "127.0.0.1:$master_port" 28 | sed -n 's/.*"commitLogMaxOffset":"\([0-9]*\)".*/\1/p'
}

# slave_end: where ours does
slave_end() {
	rawcall "$(address slave)" 28 | sed -n 's/.*"commitLogMaxOffset":"\([0-9]*\)".*/\1/p'
}

# Our slave has all that the master has.
slave_is_whole() {
	slave_wanted=$(master_end)
	[ -n "$slave_wanted" ] && [ "$(slave_end)" = "$slave_wanted" ]
}

# same_bytes: the log of our store in $T_DIR/slave, which is stopped, has the bytes of the master's files
same_bytes() {
	python3 - "$T_DIR/slave/log" "$T_DIR/master/commitlog" <<-'END'
		import glob, os, shutil, sqlite3, struct, sys, tempfile

		copy = tempfile.mkdtemp()
		shutil.copytree(sys.argv[1], copy, dirs_exist_ok=True)
		files = {int(os.path.basename(path)): open(path, "rb").read() for path in glob.glob(sys.argv[2] + "/[0-9]*")}
		size = len(next(iter(files.values())))
		n_bytes = n_blanks = 0
		expected = 0
		for path in sorted(glob.glob(copy + "/[0-9]*.db")):
		    for position, records in sqlite3.connect(path).execute("SELECT pos, records FROM log ORDER BY pos"):
		        file = position // size * size
		        at = position - file
		        assert position == expected, (position, expected)
		        assert files[file][at:at + len(records)] == records, position
		        if len(records) == 8:
		            n_blanks += 1
		            expected = position + struct.unpack(">i", records[:4])[0]
		        else:
		            n_bytes += len(records)
		            expected = position + len(records)
		shutil.rmtree(copy)
		print("bytes=%d blanks=%d end=%d" % (n_bytes, n_blanks, expected))
	END
}
