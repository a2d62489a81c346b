# shellcheck shell=sh
# Interleavings against a broker of one's choice. Sourced after t/lib/lib.sh.

INTERLEAVE_TIMEOUT=${INTERLEAVE_TIMEOUT:-400}   # transactionTimeOut
INTERLEAVE_INTERVAL=${INTERLEAVE_INTERVAL:-400} # transactionCheckInterval
INTERLEAVE_CHECKS=3                             # transactionCheckMax
INTERLEAVE_FLUSH=${INTERLEAVE_FLUSH:-SYNC_FLUSH}

# interleave_start: the name server, and $INTERLEAVE_PORT, on which nobody listens. It is not one of
# those that outgoing connections get, as one of them might take it while the broker is down.
interleave_start() {
	start ns mqnamesrv -o storePath="$T_DIR/ns" || return 1
	for try in 1 2 3 4 5 6 7 8 9; do
		INTERLEAVE_PORT=$((20000 + ($$ * 4 + try * 1009) % 10000))
		start probe mqbroker -o namesrvAddr="$(address ns)" -o storePathRootDir="$T_DIR/probe" \
			-o listenPort=$INTERLEAVE_PORT || continue
		stop probe
		return
	done
	return 1
}

# interleave_settings: those that any broker gets, as KEY=VALUE
interleave_settings() {
	cat <<-END
		brokerName=broker-a
		brokerIP1=127.0.0.1
		namesrvAddr=$(address ns)
		listenPort=$INTERLEAVE_PORT
		flushDiskType=$INTERLEAVE_FLUSH
		transactionTimeOut=$INTERLEAVE_TIMEOUT
		transactionCheckInterval=$INTERLEAVE_INTERVAL
		transactionCheckMax=$INTERLEAVE_CHECKS
	END
}

# interleave_play NAME FLAGS -- COMMAND ...: the table in $T_DIR/NAME.table, breaches in
# $T_DIR/NAME.breaches, the broker's log in $T_DIR/NAME.log
interleave_play() {
	play_name=$1 play_flags=
	shift
	while [ "$1" != -- ]; do
		play_flags="$play_flags $1"
		shift
	done
	shift
	# shellcheck disable=SC2086 # flags are words
	"$BUILDDIR/t/interleave/interleave" -t "$INTERLEAVE_TIMEOUT" -i "$INTERLEAVE_INTERVAL" \
		-c "$INTERLEAVE_CHECKS" $play_flags "$(address ns)" "127.0.0.1:$INTERLEAVE_PORT" broker-a \
		"interleave-$$" "$T_DIR/$play_name.log" "$@" \
		>"$T_DIR/$play_name.table" 2>"$T_DIR/$play_name.breaches"
}

# interleave_twinmq NAME FLAGS
interleave_twinmq() {
	twinmq_name=$1
	shift
	interleave_settings >"$T_DIR/$twinmq_name.conf"
	# Small segments, so that kills meet their changes.
	cat >>"$T_DIR/$twinmq_name.conf" <<-END
		storePathRootDir=$T_DIR/$twinmq_name.store
		mappedFileSizeCommitLog=8388608
	END
	interleave_play "$twinmq_name" "$@" -- "$BUILDDIR/mqbroker" -c "$T_DIR/$twinmq_name.conf"
}

# interleave_apache NAME JARS FLAGS
interleave_apache() {
	apache_name=$1 apache_jars=$2 apache_home=$T_DIR/$1.home
	shift 2
	mkdir -p "$apache_home/conf"
	for apache_log in logback_broker.xml rmq.broker.logback.xml; do
		echo '<configuration><root level="ERROR"/></configuration>' >"$apache_home/conf/$apache_log"
	done
	interleave_settings >"$T_DIR/$apache_name.conf"
	cat >>"$T_DIR/$apache_name.conf" <<-END
		storePathRootDir=$apache_home/store
		storePathCommitLog=$apache_home/store/commitlog
		mappedFileSizeCommitLog=67108864
		haListenPort=$((INTERLEAVE_PORT + 1))
	END
	interleave_play "$apache_name" -A "$@" -- java -Xms256m -Xmx1g -XX:MaxDirectMemorySize=1g \
		--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED --add-opens=java.base/sun.nio.ch=ALL-UNNAMED \
		--add-opens=java.base/java.nio=ALL-UNNAMED -Duser.home="$apache_home" \
		-Drocketmq.home.dir="$apache_home" \
		-Drmq.logback.configurationFile="$apache_home/conf/rmq.broker.logback.xml" \
		-Drocketmq.broker.diskSpaceWarningLevelRatio=0.98 \
		-cp "$apache_jars/*" org.apache.rocketmq.broker.BrokerStartup -c "$T_DIR/$apache_name.conf"
}
