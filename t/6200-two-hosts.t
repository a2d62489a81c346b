#!/bin/sh
# Two hosts with one hosts file and the shipped configuration: each runs its own half with the
# same command, a client elsewhere reaches both, and one goes on when the other is cut off.
# Hosts are network namespaces.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

[ "$(id -u)" -eq 0 ] || t_skip_all "network namespaces need root"
command -v ip >/dev/null || t_skip_all "ip(8) is not here"

# Names and addresses of this run alone.
us=mq$$
net=10.$((64 + $$ % 64)).$((($$ / 64) % 250))

remove_hosts() {
	for host in 1 2 3; do
		[ ! -e "$T_DIR/made.$host" ] || in_host $host mq stop >/dev/null 2>&1
	done
	for host in 1 2 3 switch; do
		ip netns del $us-$host 2>/dev/null
		rm -rf /etc/netns/$us-$host
	done
	t_cleanup
}

make_host() {
	ip netns add $us-"$1" || return 1
	mkdir -p /etc/netns/$us-"$1"
	cat >/etc/netns/$us-"$1"/hosts <<-EOF
		127.0.0.1 localhost
		$net.1 rocketmq-nameserver-1
		$net.2 rocketmq-nameserver-2
	EOF
	ip -n $us-"$1" link add eth0 type veth peer name port"$1" netns $us-switch || return 1
	ip -n $us-switch link set port"$1" master bridge up
	ip -n $us-"$1" addr add "$net.$1/24" dev eth0
	ip -n $us-"$1" link set eth0 up
	ip -n $us-"$1" link set lo up
	touch "$T_DIR/made.$1"
}

# in_host N COMMAND ...: mq COMMAND and admin COMMAND are our programs
in_host() {
	t_host=$1
	shift
	case $1 in
	mq)
		shift
		t_command=$1
		shift
		ip netns exec $us-"$t_host" "$BUILDDIR/mqcluster" "$t_command" \
			-c "$SRCDIR/etc/cluster.ini" -d "$T_DIR/host$t_host" "$@"
		;;
	admin)
		shift
		ip netns exec $us-"$t_host" "$BUILDDIR/mqadmin" "$@" \
			-n 'rocketmq-nameserver-1:9876,rocketmq-nameserver-2:9876'
		;;
	esac 2>&1
}

trap remove_hosts EXIT
ip netns add $us-switch 2>/dev/null || t_skip_all "network namespaces cannot be made here"
ip -n $us-switch link add bridge type bridge 2>/dev/null || t_skip_all "there is no bridge in this kernel"
ip -n $us-switch link set bridge up
for host in 1 2 3; do
	make_host $host || t_skip_all "network namespaces cannot be connected here"
done

out=$(in_host 1 mq start)
t_is "the first host starts its half" $? 0
t_has "it has broker-a" "$out" "broker-a   runs"
t_has "broker-b is elsewhere" "$out" "broker-b   elsewhere"
out=$(in_host 2 mq start)
t_is "the second host starts its half" $? 0
t_has "and a message went through the first one's broker" "$out" "broker-a, on rocketmq-nameserver-1, took a message"
out=$(in_host 1 mq start)
t_has "which sees it now too" "$out" "broker-b, on rocketmq-nameserver-2, took a message"
t_fails "a host without a role has nothing to start" in_host 3 mq start

out=$(in_host 3 admin clusterList)
t_has "a client sees broker-a's address" "$out" "$net.1:10911"
t_has "and broker-b's" "$out" "$net.2:10911"
for broker in a b; do
	t_has "it sends to broker-$broker" "$(in_host 3 admin sendMessage -t broker-$broker -p hello -b broker-$broker)" SEND_OK
	t_has "and reads it back" "$(in_host 3 admin consumeMessage -t broker-$broker)" hello
done
in_host 3 admin updateTopic -t both -r 2 -w 2 >/dev/null

ip -n $us-switch link set port1 down
n_sent=0
while [ $n_sent -lt 3 ] && in_host 3 admin sendMessage -t both -p x | grep -q 'broker-b.*SEND_OK'; do
	n_sent=$((n_sent + 1))
done
t_is "with one host cut off, sends go on" $n_sent 3
t_ok "and reads" in_host 3 admin queryMsgByOffset -t broker-b -b broker-b -i 0 -o 0
t_ok "status of the other host" in_host 2 mq status
t_has "it says that the ports belong behind a firewall" "$(in_host 2 mq status)" "behind a firewall"
ip -n $us-switch link set port1 up
seen_again() {
	in_host 3 admin sendMessage -t both -p x -b broker-a | grep -q SEND_OK
}
t_ok "it is there again when it is back" t_wait 30 seen_again

t_ok "the first host stops" in_host 1 mq stop
route() {
	in_host 3 admin topicRoute -t both
}
# At once, or after brokerNotActiveTimeoutMillis when the cut swallowed a good-bye.
took_leave() {
	! route | grep -q broker-a
}
t_ok "as it took its leave, nobody asks for its broker any more" t_wait 40 took_leave
t_has "but for the other one's" "$(route)" "broker-b"
t_ok "the second host stops" in_host 2 mq stop
t_done
