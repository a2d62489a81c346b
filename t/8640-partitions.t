#!/bin/sh
# Take-overs under load while brokers and name servers are killed, frozen and cut off, drawn from a seed. Two
# hosts have a copy of the broker "pair" each, the third one is a witness, the fourth one sends. Hosts are
# network namespaces. A SYNC_MASTER loses nothing that it acknowledged, queues have no gap, and after each
# fault messages are stored on both copies again.
#
#   8640-partitions.t [FAULTS [SEED]]     else $FAULTS, else 5; else the seed 7
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/crash/crash.sh
. "$SRCDIR/t/crash/crash.sh"

grep -q 'define WITH_RAFT 1' "$BUILDDIR/config.h" || t_skip_all "this build has no libraft"
[ "$(id -u)" -eq 0 ] || t_skip_all "network namespaces need root"
command -v ip >/dev/null || t_skip_all "ip(8) is not here"

faults=${1:-${FAULTS:-5}} seed=${2:-7}
us=np$$
net=10.$((192 + $$ % 32)).$((($$ / 32) % 250))

# The switch is a fifth namespace, which routes, so that a link can be cut in one direction.
remove_hosts() {
	t_kill_all
	for host in 1 2 3 4 s; do
		ip netns del $us-$host 2>/dev/null
	done
	t_cleanup
}

make_hosts() {
	ip netns add $us-s 2>/dev/null || return 1
	ip netns exec $us-s sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward' || return 1
	for host in 1 2 3 4; do
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

# on HOST COMMAND ...
on() {
	on_host=$1
	shift
	ip netns exec $us-"$on_host" "$@"
}

servers="$net.1:9876;$net.2:9876"
name_server() { # HOST FLAGS ...
	ns_host=$1
	shift
	T_UNDER="ip netns exec $us-$ns_host" start "ns$ns_host" mqnamesrv -o listenPort=9876 -o httpPort=0 \
		-o storePath="$T_DIR/ns$ns_host" -o quorumId="$ns_host" \
		-o quorumPeers="1-$net.1:9876;2-$net.2:9876;3-$net.3:9876" "$@"
}
copy() { # HOST
	T_UNDER="ip netns exec $us-$1" start "copy$1" mqbroker -o listenPort=10911 -o brokerIP1="$net.$1" \
		-o brokerName=pair -o storePathRootDir="$T_DIR/copy$1" -o enableControllerMode=true -o httpPort=0 \
		-o namesrvAddr="$servers" -o controllerAddr="$servers;$net.3:9876" -o flushDiskType=ASYNC_FLUSH \
		-o brokerRole="$([ "$1" = 1 ] && echo SYNC_MASTER || echo SLAVE)" -o brokerId=$(($1 - 1))
}

# The broker that clients get is one of the copies, and what it stores is on both of them.
copied() {
	master=$(on 4 "$RAWCALL" -t 1000 "$net.$1:9876" 105 topic=TBW102 2>/dev/null | field body |
		sed -n 's/.*"brokerAddrs":{[^}]*0["]*:"\([^"]*\)".*/\1/p')
	[ -n "$master" ] && on 4 "$RAWCALL" -t 2000 -B copied "$master" 310 a=PG b=Copied c=TBW102 d=4 e=0 f=0 g=1 h=0 j=0 \
		k=false m=false 2>&1 | grep -q '^code=0$'
}

# A number below N, by the seed
draw() {
	seed=$(((seed * 1103515245 + 12345) % 2147483648))
	drawn=$((seed / 65536 % $1))
}

again() { # a daemon that was killed
	case $1 in
	copy*) copy "${1#copy}" ;;
	*) name_server "${1#ns}" ;;
	esac
}

# One fault, for some seconds
fault() {
	draw 2 && host=$((drawn + 1)) other=$((2 - drawn))
	draw 7 && kind=$drawn
	draw 5 && length=$((drawn + 2))
	case $kind in
	0) what="the broker of host $host is killed" && kill9 copy$host ;;
	1) what="the broker of host $host is frozen" && kill -STOP "$(pid copy$host)" ;;
	2) what="host $host is cut off" && for o in $other 3 4; do block $host $o && block $o $host; done ;;
	3) what="host $host and host $other do not reach each other" && block $host $other && block $other $host ;;
	4) what="host $host does not reach host $other" && block $host $other ;;
	5) what="host $host reaches nobody" && for o in $other 3 4; do block $host $o; done ;;
	6) what="the name server of host $host is killed" && kill9 ns$host ;;
	esac
	echo "# $what for $length s"
	sleep $length
	case $kind in
	0) again copy$host ;;
	1) kill -CONT "$(pid copy$host)" ;;
	6) again ns$host ;;
	*) unblock ;;
	esac
}

trap remove_hosts EXIT
make_hosts || t_skip_all "network namespaces cannot be made here"
echo "# seed $seed"
name_server 1 && name_server 2 && name_server 3 -o witness=true || exit 1
copy 1 && copy 2 || exit 1
t_ok "both copies have what the master stores" t_wait 60 copied 1
on 4 "$RAWCALL" "$master" 17 topic=load defaultTopic=TBW102 readQueueNums=4 writeQueueNums=4 perm=6 \
	topicFilterType=SINGLE_TAG topicSysFlag=0 order=false >/dev/null
has_load() {
	on 4 "$RAWCALL" "$net.$1:9876" 105 topic=load | grep -q '^code=0$'
}
t_ok "a topic" t_wait 30 has_load 1
t_wait 30 has_load 2
ip netns exec $us-4 "$BUILDDIR/t/crash/sends" -c 2 "$servers" load >"$T_DIR/load.count" 2>"$T_DIR/load.breaches" &
t_remember load $!
n=0
while [ $n -lt "$faults" ]; do
	n=$((n + 1))
	fault
	t_ok "messages are stored on both copies again" t_wait 60 copied 1
	t_ok "as the other name server says too" t_wait 60 copied 2
done
crash_judge load "what was acknowledged is there, no gap, nothing else"
stored=$(crash_count load stored)
t_ok "messages were stored meanwhile" test "${stored:-0}" -gt $((faults * 10))
t_done
