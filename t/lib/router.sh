# For tests whose hosts are network namespaces behind a router, which is one more namespace: a link can be cut in
# one direction, and nobody is told of what is dropped. Set us (begins their names), net (three numbers of an
# address) and hosts (their numbers) before; source it behind lib.sh.
# shellcheck shell=sh disable=SC2154 # us, net and hosts are the test's

[ "$(id -u)" -eq 0 ] || t_skip_all "network namespaces need root"
command -v ip >/dev/null || t_skip_all "ip(8) is not here"

remove_hosts() {
	t_kill_all
	for host in $hosts s; do
		ip netns del $us-$host 2>/dev/null
	done
	t_cleanup
}

make_hosts() {
	ip netns add $us-s 2>/dev/null || return 1
	ip netns exec $us-s sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward
		for of in all default; do echo 0 >/proc/sys/net/ipv4/conf/$of/rp_filter; done' || return 1
	for host in $hosts; do
		ip netns add $us-$host &&
			ip link add eth0 netns $us-$host type veth peer name to$host netns $us-s 2>/dev/null || return 1
		ip -n $us-$host addr add "$net.$host/32" dev eth0
		ip -n $us-$host link set lo up
		ip -n $us-$host link set eth0 up
		ip -n $us-$host route add "$net.254" dev eth0
		ip -n $us-$host route add default via "$net.254"
		ip -n $us-s addr add "$net.254/32" dev to$host 2>/dev/null
		ip -n $us-s link set to$host up
		ip -n $us-s route add "$net.$host" dev to$host
	done
}

# block FROM TO, unblock: packets of one host to another
block() {
	ip -n $us-s rule add from "$net.$1" to "$net.$2" blackhole
}
unblock() {
	while ip -n $us-s rule del blackhole 2>/dev/null; do :; done
}
