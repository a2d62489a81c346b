# shellcheck shell=sh
# A two-master cluster for whole-program tests: two name servers, broker-a and
# broker-b, on ports of their own on the loopback. Sourced.
#
# cluster_start KEY=VALUE...   starts it; the pairs go into both broker files
# cluster_kill ROLE            kill -9; roles: namesrv-1 namesrv-2 broker-a broker-b
# cluster_run ROLE             starts it (again) and waits for its port
# cluster_stop                 SIGTERM to all; non-zero when one does not end with 0
# cluster_pid ROLE, cluster_port ROLE
#
# With MQ_NAMESRV set, a running cluster is used instead: MQ_BROKERS has the
# addresses of its masters, a comma between them, and MQ_CONTROL names a program
# that is called as MQ_CONTROL kill|start broker-a, MQ_CONTROL config KEY VALUE.

CLUSTER_ROLES='namesrv-1 namesrv-2 broker-a broker-b'

# Whether somebody listens on the TCP port.
port_listens() {
	awk -v port="$(printf ':%04X$' "$1")" \
		'$2 ~ port && $4 == "0A" { found = 1 } END { exit !found }' /proc/net/tcp /proc/net/tcp6 2>/dev/null
}

# A block of 16 ports below the ephemeral ones that nobody listens on.
ports_pick() {
	block=$(($$ % 1300))
	while :; do
		base=$((10240 + block * 16))
		port=$base
		while [ $port -lt $((base + 16)) ] && ! port_listens $port; do
			port=$((port + 1))
		done
		[ $port -lt $((base + 16)) ] || break
		block=$(((block + 1) % 1300))
	done
	echo "$base"
}

cluster_port() {
	case $1 in
	namesrv-1) echo $((CLUSTER_BASE + 0)) ;;
	namesrv-2) echo $((CLUSTER_BASE + 1)) ;;
	broker-a) echo $((CLUSTER_BASE + 5)) ;;
	broker-b) echo $((CLUSTER_BASE + 10)) ;;
	esac
}

# The addresses of the masters, a comma between them.
cluster_brokers() {
	if [ -n "$CLUSTER_DIR" ]; then
		echo "127.0.0.1:$(cluster_port broker-a),127.0.0.1:$(cluster_port broker-b)"
	else
		echo "$MQ_BROKERS"
	fi
}

cluster_pid() {
	cat "$CLUSTER_DIR/$1.pid"
}

cluster_files() {
	for role in $CLUSTER_ROLES; do
		echo "listenPort=$(cluster_port "$role")" >"$CLUSTER_DIR/$role.properties"
	done
	for role in broker-a broker-b; do
		{
			echo "brokerClusterName=rocketmq-cluster"
			echo "brokerName=$role"
			echo "brokerId=0"
			echo "brokerIP1=127.0.0.1"
			echo "namesrvAddr=$MQ_NAMESRV"
			echo "storePathRootDir=$CLUSTER_DIR/$role"
			for pair; do
				echo "$pair"
			done
		} >>"$CLUSTER_DIR/$role.properties"
	done
}

cluster_run() {
	case $1 in
	namesrv-*) cluster_program=nameserver/mqnamesrv ;;
	*) cluster_program=broker/mqbroker ;;
	esac
	"$BUILDDIR/$cluster_program" -c "$CLUSTER_DIR/$1.properties" >>"$CLUSTER_DIR/$1.log" 2>&1 &
	cluster_child=$!
	echo $cluster_child >"$CLUSTER_DIR/$1.pid"
	until port_listens "$(cluster_port "$1")"; do
		if ! kill -0 $cluster_child 2>/dev/null; then
			echo "# $1 does not start:"
			sed 's/^/# /' "$CLUSTER_DIR/$1.log"
			return 1
		fi
		sleep 0.05
	done
}

cluster_kill() {
	kill -9 "$(cluster_pid "$1")"
	wait "$(cluster_pid "$1")" 2>/dev/null
	rm "$CLUSTER_DIR/$1.pid"
}

cluster_start() {
	if [ -n "${MQ_NAMESRV-}" ]; then
		CLUSTER_DIR=
		return 0
	fi
	CLUSTER_DIR=$(mktemp -d) || exit 99
	CLUSTER_BASE=$(ports_pick)
	MQ_NAMESRV="127.0.0.1:$(cluster_port namesrv-1);127.0.0.1:$(cluster_port namesrv-2)"
	cluster_files "$@"
	for role in $CLUSTER_ROLES; do
		cluster_run "$role" || return 1
	done
}

cluster_stop() {
	[ -n "$CLUSTER_DIR" ] || return 0
	cluster_bad=
	for role in broker-a broker-b namesrv-1 namesrv-2; do
		[ -f "$CLUSTER_DIR/$role.pid" ] || continue
		kill -TERM "$(cluster_pid "$role")" 2>/dev/null
		wait "$(cluster_pid "$role")" || cluster_bad="$cluster_bad $role"
		rm "$CLUSTER_DIR/$role.pid"
	done
	[ -z "$cluster_bad" ] || echo "# did not stop with status 0:$cluster_bad"
	[ -z "$cluster_bad" ]
}

# What an exit trap calls: ends what still runs, and removes all.
cluster_clean() {
	[ -n "${CLUSTER_DIR-}" ] || return 0
	for role in $CLUSTER_ROLES; do
		[ -f "$CLUSTER_DIR/$role.pid" ] && kill -9 "$(cluster_pid "$role")" 2>/dev/null
	done
	rm -rf "$CLUSTER_DIR"
}

# What a client program may ask for: kill ROLE, start ROLE, config KEY VALUE.
cluster_do() {
	if [ -z "$CLUSTER_DIR" ]; then
		"$MQ_CONTROL" "$@"
		return
	fi
	case $1 in
	kill) cluster_kill "$2" ;;
	start) cluster_run "$2" ;;
	config)
		for role in broker-a broker-b; do
			"$BUILDDIR/admin/mqadmin" updateBrokerConfig -n "$MQ_NAMESRV" \
				-b "127.0.0.1:$(cluster_port $role)" -k "$2" -v "$3" >/dev/null || return 1
		done
		;;
	*) return 1 ;;
	esac
}
