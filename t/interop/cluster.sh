# shellcheck shell=sh
# A two-master cluster for whole-program tests: name servers namesrv-1 and
# namesrv-2, masters broker-a and broker-b, on free ports of the loopback.
# Sourced after t/lib/lib.sh, whose start, pid, port and kill9 take these names.
#
# With MQ_NAMESRV set, a running cluster is used instead: MQ_BROKERS has the
# addresses of its masters, a comma between them, and MQ_CONTROL names a program
# that is called as MQ_CONTROL kill|start broker-a, MQ_CONTROL age.

CLUSTER_IS_OURS=

# cluster_run ROLE: starts a master (again, on the port that it had)
cluster_run() {
	cluster_role=$1
	cluster_port=$(port "$cluster_role" 2>/dev/null)
	start "$cluster_role" mqbroker -c "$T_DIR/cluster.ini" -o brokerClusterName=rocketmq-cluster -o brokerName="$cluster_role" \
		-o brokerIP1=127.0.0.1 -o namesrvAddr="$MQ_NAMESRV" -o storePathRootDir="$T_DIR/$cluster_role" \
		${cluster_port:+-o "listenPort=$cluster_port"}
}

# cluster_start [KEY=VALUE ...]: the pairs are settings of both masters
cluster_start() {
	[ -z "${MQ_NAMESRV-}" ] || return 0
	CLUSTER_IS_OURS=yes
	: >"$T_DIR/cluster.ini"
	[ $# -eq 0 ] || printf '%s\n' "$@" >"$T_DIR/cluster.ini"
	start namesrv-1 mqnamesrv -o storePath="$T_DIR/namesrv-1" || return 1
	start namesrv-2 mqnamesrv -o storePath="$T_DIR/namesrv-2" || return 1
	MQ_NAMESRV="$(address namesrv-1);$(address namesrv-2)"
	cluster_run broker-a && cluster_run broker-b
}

# The addresses of the masters, a comma between them.
cluster_brokers() {
	if [ -n "$CLUSTER_IS_OURS" ]; then
		echo "$(address broker-a),$(address broker-b)"
	else
		echo "$MQ_BROKERS"
	fi
}

# All of it by SIGTERM; fails when one does not end with status 0.
cluster_stop() {
	[ -n "$CLUSTER_IS_OURS" ] || return 0
	cluster_status=0
	for cluster_role in broker-a broker-b namesrv-1 namesrv-2; do
		if ! stop "$cluster_role"; then
			cluster_status=1
			sed 's/^/# /' "$T_DIR/$cluster_role.log"
		fi
	done
	return $cluster_status
}

# set KEY VALUE: of both masters, while they run
cluster_set() {
	for cluster_role in broker-a broker-b; do
		"$BUILDDIR/mqadmin" updateBrokerConfig -n "$MQ_NAMESRV" -b "$(address $cluster_role)" -k "$1" -v "$2" ||
			return 1
	done
}

# What a client program may ask for: kill ROLE, start ROLE, age (what is in closed segments is removed),
# set KEY VALUE, resume TRANSACTION, policy GROUP POLICY, contradictions GROUP N (as many are listed).
cluster_do() {
	if [ -z "$CLUSTER_IS_OURS" ]; then
		"$MQ_CONTROL" "$@"
		return
	fi
	case $1 in
	kill) kill9 "$2" ;;
	mirror) cluster_mirror "$2" ;;
	consumed) t_wait 30 cluster_consumed "$2" "$3" "$4" "$5" ;;
	start) cluster_run "$2" ;;
	age)
		cluster_set fileReservedTime 0 || return 1
		for cluster_role in broker-a broker-b; do
			rawcall "$(address $cluster_role)" 329 || return 1
		done
		;;
	set) cluster_set "$2" "$3" ;;
	resume) "$BUILDDIR/mqadmin" transactionResume -n "$MQ_NAMESRV" "$2" ;;
	dedup)
		"$BUILDDIR/mqadmin" updateTopic -n "$MQ_NAMESRV" -c rocketmq-cluster -t "$2" -r 2 -w 2 \
			-a "+dedup.window=$3"
		;;
	policy) "$BUILDDIR/mqadmin" updateProducerGroup -n "$MQ_NAMESRV" -g "$2" -p "$3" ;;
	contradictions) [ "$(cluster_transactions contradiction -g "$2")" = "$3" ] ;;
	*) return 1 ;;
	esac
}

# cluster_mirror ROLE: a slave that has copied all that the master has
cluster_mirror() {
	start "$1-s" mqbroker -o brokerClusterName=rocketmq-cluster -o brokerName="$1" -o brokerId=1 -o brokerRole=SLAVE \
		-o brokerIP1=127.0.0.1 -o namesrvAddr="$MQ_NAMESRV" -o storePathRootDir="$T_DIR/$1-s" &&
		t_wait 60 cluster_is_copied "$1"
}

cluster_is_copied() {
	cluster_end=$(cluster_log_end "$1")
	[ "${cluster_end:-0}" != 0 ] && [ "$(cluster_log_end "$1-s")" = "$cluster_end" ]
}

cluster_log_end() {
	rawcall "$(address "$1")" 28 | sed -n 's/.*"commitLogMaxOffset":"\([0-9]*\)".*/\1/p'
}

# cluster_consumed ROLE TOPIC GROUP N: the offsets of the group say that it has consumed so many there
cluster_consumed() {
	cluster_n=0
	for cluster_queue in 0 1 2 3; do
		cluster_offset=$(rawcall "$(address "$1")" 14 consumerGroup="$3" topic="$2" queueId=$cluster_queue setZeroIfNotFound=false |
			field ext.offset)
		cluster_n=$((cluster_n + ${cluster_offset:-0}))
	done
	[ $cluster_n -eq "$4" ]
}

# cluster_transactions STATE FLAG...: how many are in this state
cluster_transactions() {
	"$BUILDDIR/mqadmin" transactionList -n "$MQ_NAMESRV" --json -l 100000 -s "$@" | grep -o '"transactionId":' | wc -l
}
