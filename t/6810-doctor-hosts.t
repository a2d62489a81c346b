#!/bin/sh
# mqcluster doctor on two hosts that are network namespaces: of each fault that is planted in hosts files,
# addresses and roles its diagnosis and no other; of two hosts that are well none.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/findings.sh
. "$SRCDIR/t/lib/findings.sh"

[ "$(id -u)" -eq 0 ] || t_skip_all "network namespaces need root"
command -v ip >/dev/null || t_skip_all "ip(8) is not here"

# Names and addresses of this run alone.
us=mqd$$
net=10.$((128 + $$ % 64)).$((($$ / 64) % 250))
STORES=$(realpath "$BUILDDIR")/doctor.$$

remove_hosts() {
	for host in 1 2; do
		[ ! -e "$T_DIR/made.$host" ] || mq $host stop >/dev/null 2>&1
	done
	t_cleanup
	for host in 1 2 switch; do
		ip netns del $us-$host 2>/dev/null
		rm -rf /etc/netns/$us-$host
	done
	rm -rf "$STORES"
}

# hosts HOST ADDRESS_OF_MQ_B: its hosts file; mq-b is the host of broker-b, which no daemon looks up
hosts() {
	cat >/etc/netns/$us-"$1"/hosts <<-EOF
		127.0.0.1 localhost
		$net.1 mq-1 mq-a
		$net.2 mq-2
		$2
	EOF
}

make_host() {
	ip netns add $us-"$1" || return 1
	mkdir -p /etc/netns/$us-"$1"
	hosts "$1" "$net.2 mq-b"
	ip -n $us-"$1" link add eth0 type veth peer name port"$1" netns $us-switch || return 1
	ip -n $us-switch link set port"$1" master bridge up
	ip -n $us-"$1" addr add "$net.$1/24" dev eth0
	ip -n $us-"$1" link set eth0 up
	ip -n $us-"$1" link set lo up
	touch "$T_DIR/made.$1"
}

# on HOST COMMAND ..., mq HOST COMMAND ...
on() {
	on_host=$1
	shift
	ip netns exec $us-"$on_host" "$@"
}

mq() {
	mq_host=$1 mq_command=$2
	shift 2
	on "$mq_host" "$BUILDDIR/mqcluster" "$mq_command" -c "$T_DIR/etc/cluster.ini" -d "$STORES/host$mq_host" "$@" 2>&1
}

# doc HOST: what the doctor of this host finds
doc() {
	mq "$1" doctor -i 1 >"$T_DIR/doc"
	doc_status=$?
	findings 'store-in-memory|store-on-network|disk-nearly-full'
}

trap remove_hosts EXIT
ip netns add $us-switch 2>/dev/null || t_skip_all "network namespaces cannot be made here"
ip -n $us-switch link add bridge type bridge 2>/dev/null || t_skip_all "there is no bridge in this kernel"
ip -n $us-switch link set bridge up
for host in 1 2; do
	make_host $host || t_skip_all "network namespaces cannot be connected here"
done

mkdir -p "$T_DIR/etc" "$STORES"
cat >"$T_DIR/etc/cluster.ini" <<EOF
[cluster]
name = testing
[namesrv-1]
host = mq-1
config = n.ini
[namesrv-2]
host = mq-2
config = n.ini
[broker-a]
host = mq-a
config = a.ini
[broker-b]
host = mq-b
config = b.ini
EOF
printf '[namesrv]\nlistenPort = 9876\nmaxConnections = 60\n' >"$T_DIR/etc/n.ini"

# config BROKER LINES
config() {
	printf '[broker]\nbrokerName = broker-%s\nlistenPort = 10911\nmaxConnections = 60\ndiskMaxUsedSpaceRatio = 95\n%s\n' \
		"$1" "$2" >"$T_DIR/etc/$1.ini"
}
config a ''
config b ''

out=$(mq 1 start)
started=$?
t_is "the first host starts" $started 0
[ $started = 0 ] || exit 1
printf '%s\n' "$out" | sed 's/^/# /'
out=$(mq 2 start)
t_is "the second host starts" $? 0
both_know() {
	for server in "$net.1" "$net.2"; do
		on 1 "$RAWCALL" "$server:9876" 106 | tr -d '\n' | grep 'broker-a.*broker-b' >/dev/null || return 1
	done
}
t_ok "the name servers know both brokers" t_wait 60 both_know

doc 1
t_is "two hosts that are well" "$found$doc_status" 0
[ -z "$found" ] || sed 's/^/# /' "$T_DIR/doc"
doc 2
t_is "the other says the same" "$found$doc_status" 0

hosts 1 "$net.77 mq-b"
doc 2
says "hosts files that differ" hosts-differ "$net.77" "$net.2" "mq-b"
hosts 1 ''
doc 2
says "a name that one host does not have" hosts-differ "not there"
hosts 1 "$net.2 mq-b"
hosts 2 "127.0.1.1 mq-b"
doc 1
says "a name that means the host itself" host-loopback "127.0.1.1" "$net.2"
hosts 2 "$net.2 mq-b"
doc 1
t_is "mended" "$found" ""

# Its port and its routes go first; a build with -fsanitize=thread may then live for a second more.
left() {
	! readlink "/proc/$leaving/exe" >/dev/null && ! on 1 "$RAWCALL" "$net.1:9876" 106 | grep broker-b >/dev/null &&
		! on 1 "$RAWCALL" "$net.2:9876" 106 | grep broker-b >/dev/null &&
		! on 2 "$RAWCALL" "127.0.0.1:10911" 28 >/dev/null 2>&1
}
stop_broker_b() {
	leaving=$(cat "$STORES/host2/broker-b.pid")
	kill "$leaving"
	t_ok "broker-b leaves" t_wait 60 left
}
stop_broker_b
doc 2
says "a role that does not run" role-stopped "broker-b.pid" "mqcluster start"
doc 1
says "a broker that is not registered" role-unregistered "broker-b" "on mq-b: mqcluster start"
ip netns exec $us-2 "$BUILDDIR/mqnamesrv" -o listenPort=10911 -o storePath="$STORES/thief" >"$T_DIR/thief.out" 2>"$T_DIR/thief.log" &
t_remember thief $!
t_ok "another program takes the port" t_wait 60 grep -q ' ready ' "$T_DIR/thief.log"
doc 2
says "a port that another program has" port-taken "mq-b:10911 takes connections" "ss -ltnp"
kill "$(pid thief)"
wait "$(pid thief)" 2>/dev/null

config b 'brokerIP1 = 127.0.0.1'
mq 2 start >"$T_DIR/start"
t_ok "broker-b is there again" t_wait 60 both_know
doc 1
says "an address that means the client itself" address-loopback "registered: 127.0.0.1:10911" "set brokerIP1 of broker-b"
stop_broker_b
config b "brokerIP1 = $net.99"
mq 2 start -t 1 >"$T_DIR/start"
t_ok "broker-b registers with a wrong address" t_wait 60 both_know
doc 1
says "an address that nobody has" broker-unreachable "registered: $net.99:10911"
stop_broker_b
config b 'brokerPermission = 6'
mq 2 start >"$T_DIR/start"
t_ok "broker-b is well" t_wait 60 both_know
doc 1
t_is "and so is the cluster" "$found$doc_status" 0
[ -z "$found" ] || sed 's/^/# /' "$T_DIR/doc"
rm "$T_DIR/etc/a.ini"
doc 1
t_is "without a file it cannot look" $doc_status 2
config a ''
t_done
