#!/bin/sh
# A link between master and slave that nobody closed but that carries nothing: both notice it within
# haHousekeepingInterval, and go on when it carries again. Hosts are network namespaces.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

[ "$(id -u)" -eq 0 ] || t_skip_all "network namespaces need root"
command -v ip >/dev/null || t_skip_all "ip(8) is not here"
us=nh$$
net=10.$((224 + $$ % 16)).$((($$ / 16) % 250))

# The switch is a third namespace, which routes: what it drops nobody is told of.
remove_hosts() {
	t_kill_all
	for host in 1 2 s; do
		ip netns del $us-$host 2>/dev/null
	done
	t_cleanup
}
make_hosts() {
	ip netns add $us-s 2>/dev/null || return 1
	ip netns exec $us-s sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward' || return 1
	for host in 1 2; do
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
trap 'remove_hosts' EXIT
make_hosts || t_skip_all "no network namespaces can be made here"

cut() {
	ip -n $us-s rule add from "$net.1" to "$net.2" blackhole
	ip -n $us-s rule add from "$net.2" to "$net.1" blackhole
}
heal() {
	ip -n $us-s rule del blackhole
	ip -n $us-s rule del blackhole
}

# on HOST NAME FLAGS ...
on() {
	on_host=$1 on_name=$2
	shift 2
	T_UNDER="ip netns exec $us-$on_host" start "$on_name" mqbroker -o listenPort=10911 -o brokerIP1="$net.$on_host" \
		-o brokerName=a -o storePathRootDir="$T_DIR/$on_name" -o httpPort=0 -o haHousekeepingInterval=4000 "$@"
}
call() { # HOST ARGUMENTS ...
	call_host=$1
	shift
	ip netns exec $us-"$call_host" "$RAWCALL" "$net.$call_host:10911" "$@" 2>&1
}
send() {
	ip netns exec $us-1 "$RAWCALL" -B hello "$net.1:10911" 310 a=PG b=T c=TBW102 d=1 e=0 f=0 g=1 h=0 j=0 k=false m=false 2>&1 |
		field code
}
answers() {
	[ "$(send)" = "$1" ]
}
end_of() {
	call "$1" 28 | sed -n 's/.*"commitLogMaxOffset":"\([0-9]*\)".*/\1/p'
}
whole() {
	whole_end=$(end_of 1)
	[ -n "$whole_end" ] && [ "$(end_of 2)" = "$whole_end" ]
}

on 1 master -o brokerRole=SYNC_MASTER -o slaveTimeout=500 && on 2 slave -o brokerRole=SLAVE -o brokerId=1 \
	-o haMasterAddress="$net.1:10912" || exit 1
t_ok "both have a message" t_wait 30 answers 0
cut
t_ok "the master does not wait for long" t_wait 30 answers 11
t_ok "the master gives the link up" t_wait 30 grep -q 'slave lost .* reason="nothing was heard of it in haHousekeepingInterval"' \
	"$T_DIR/master.log"
t_ok "so does the slave" t_wait 30 grep -q 'does not copy its master .* why="it is silent"' "$T_DIR/slave.log"
heal
t_ok "it copies again" t_wait 60 whole
t_ok "and is waited for" t_wait 30 answers 0
t_has_not "nothing went wrong" "$(cat "$T_DIR/master.log" "$T_DIR/slave.log")" "error:"
t_done
