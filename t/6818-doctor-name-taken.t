#!/bin/sh
# mqcluster doctor: while a broker was frozen, another one took its name.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/findings.sh
. "$SRCDIR/t/lib/findings.sh"

STORES=$(realpath "$BUILDDIR")/doctor.$$
ns_port=$((T_PORT + 8))
broker_port=$((T_PORT + 14))
mkdir "$T_DIR/etc" "$STORES"
cat >"$T_DIR/etc/cluster.ini" <<-END
	[cluster]
	name = testing
	[namesrv-1]
	host = 127.0.0.1
	config = n.ini
	[broker-a]
	host = 127.0.0.1
	config = a.ini
END
printf '[namesrv]\nlistenPort = %d\nconsolePort = 0\nmaxConnections = 60\n' $ns_port >"$T_DIR/etc/n.ini"
cat >"$T_DIR/etc/a.ini" <<-END
	[broker]
	brokerName = broker-a
	brokerClusterName = testing
	listenPort = $broker_port
	maxConnections = 60
	diskMaxUsedSpaceRatio = 95
	fileReservedTime = 72
	brokerHeartbeatInterval = 200
	brokerNotActiveTimeoutMillis = 1000
END

mq() {
	mq_command=$1
	shift
	"$BUILDDIR/mqcluster" "$mq_command" -c "$T_DIR/etc/cluster.ini" -d "$STORES" -l "$@" 2>&1
}

doc() {
	mq doctor -i 1 >"$T_DIR/doc"
	findings 'store-in-memory|store-on-network|disk-nearly-full|disk-above-ratio'
}

registered() { # PORT
	rawcall "127.0.0.1:$ns_port" 106 | field body | grep -q "0:\"127.0.0.1:$1\""
}

gone() {
	! rawcall "127.0.0.1:$ns_port" 106 | field body | grep -q broker-a
}

trap 'mq stop >/dev/null; t_cleanup; rm -rf "$STORES"' EXIT
t_ok "the cluster starts" mq start
doc
t_is "all is well" "$found" ""
[ -z "$found" ] || sed 's/^/# /' "$T_DIR/doc"
role=$(head -1 "$STORES/broker-a.pid")
kill -STOP "$role"
t_ok "its broker is frozen, and leaves" t_wait 30 gone
start impostor mqbroker -o brokerName=broker-a -o brokerClusterName=testing -o brokerIP1=127.0.0.1 \
	-o namesrvAddr="127.0.0.1:$ns_port" -o storePathRootDir="$STORES/impostor" -o maxConnections=60 \
	-o diskMaxUsedSpaceRatio=95 -o fileReservedTime=72 || exit 1
t_ok "another one takes its name" t_wait 30 registered "$(port impostor)"
kill -CONT "$role"
doc
says "another broker with the name of a role" role-name-taken "registered: $(address impostor)" "127.0.0.1:$broker_port"
stop impostor
t_ok "the role takes its name back" t_wait 60 registered $broker_port
doc
t_is "all is well again" "$found" ""
t_ok "the cluster stops" mq stop
t_done
