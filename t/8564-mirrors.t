#!/bin/sh
# Crossed mirrors on two hosts with the shipped files: the same command on each host starts its master and
# the slave of the other's. Hosts are network namespaces.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

[ "$(id -u)" -eq 0 ] || t_skip_all "network namespaces need root"
command -v ip >/dev/null || t_skip_all "ip(8) is not here"

us=mr$$
net=10.$((128 + $$ % 64)).$((($$ / 64) % 250))

remove_hosts() {
	for host in 1 2; do
		[ ! -e "$T_DIR/made.$host" ] || mq $host stop >/dev/null 2>&1
		ip netns del $us-$host 2>/dev/null
		rm -rf /etc/netns/$us-$host
	done
	t_cleanup
}

make_host() { # N
	ip netns add $us-"$1" 2>/dev/null || return 1
	mkdir -p /etc/netns/$us-"$1"
	cat >/etc/netns/$us-"$1"/hosts <<-EOF
		127.0.0.1 localhost
		$net.1 rocketmq-nameserver-1
		$net.2 rocketmq-nameserver-2
	EOF
	touch "$T_DIR/made.$1"
}

join_hosts() {
	ip link add eth0 netns $us-1 type veth peer name eth0 netns $us-2 2>/dev/null || return 1
	for host in 1 2; do
		ip -n $us-$host addr add "$net.$host/24" dev eth0
		ip -n $us-$host link set eth0 up
		ip -n $us-$host link set lo up
	done
}

mq() { # HOST COMMAND
	ip netns exec $us-"$1" "$BUILDDIR/mqcluster" "$2" -c "$SRCDIR/etc/2m-2s-sync/cluster.ini" -d "$T_DIR/host$1" 2>&1
}

admin() { # HOST COMMAND ...
	t_host=$1
	shift
	ip netns exec $us-"$t_host" "$BUILDDIR/mqadmin" "$@" -n 'rocketmq-nameserver-1:9876,rocketmq-nameserver-2:9876' 2>&1
}

# at HOST BROKER ID: it is registered with that address
at() {
	admin 2 clusterList --json | grep -o '"brokerName":"[^,]*,"brokerId":[0-9],"address":"[^"]*' |
		grep -q "$2\",\"brokerId\":$3,\"address\":\"$net.$1:"
}

trap remove_hosts EXIT
for host in 1 2; do
	make_host $host || t_skip_all "network namespaces cannot be made here"
done
join_hosts || t_skip_all "network namespaces cannot be connected here"

out=$(mq 1 start)
t_is "the first host starts its half" $? 0
t_has "its master" "$out" "broker-a    runs"
t_has "and the slave of the other's" "$out" "broker-b-s  runs"
t_has "the rest is elsewhere" "$out" "broker-a-s  elsewhere"
out=$(mq 2 start)
t_is "the second host starts its half" $? 0
t_has "its slave is of the first one's master" "$out" "broker-a-s  runs"
t_has "which works" "$out" "broker-a, on rocketmq-nameserver-1, took a message"
t_has "as the first one's slave is known" "$out" "broker-b-s, on rocketmq-nameserver-1, is registered."
t_ok "broker-a is on the first host" at 1 broker-a 0
t_ok "its slave on the second" at 2 broker-a 1
t_ok "broker-b is on the second host" at 2 broker-b 0
t_ok "its slave on the first" at 1 broker-b 1
t_has_not "no two copies are on one host" "$(ip netns exec $us-2 "$BUILDDIR/mqcluster" doctor -i 1 \
	-c "$SRCDIR/etc/2m-2s-sync/cluster.ini" -d "$T_DIR/host2" 2>&1)" on-one-host

t_ok "the first host stops" mq 1 stop
slave_alone() {
	! at 1 broker-a 0 && at 2 broker-a 1
}
t_ok "of its master the slave is left" t_wait 30 slave_alone
t_ok "the second host stops" mq 2 stop
t_done
