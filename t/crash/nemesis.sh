# The nemesis for shell: two hosts with a copy of the broker "pair" each, a third one with a witness, a
# fourth one for the loads; each is a network namespace. Faults are drawn from a seed. Source it after
# crash.sh, call nemesis_begin, start loads, then nemesis_play.
# shellcheck shell=sh

grep -q 'define WITH_RAFT 1' "$BUILDDIR/config.h" || t_skip_all "this build has no libraft"
us=np$$
net=10.$((192 + $$ % 32)).$((($$ / 32) % 250))
servers="$net.1:9876;$net.2:9876"

# ---- the network ----

hosts="1 2 3 4"
# shellcheck source=t/lib/router.sh
. "$SRCDIR/t/lib/router.sh"

# slow HOST MS, fast HOST: packets of the host and to it, which a tun device of the switch keeps so long.
# Those that it gives back come from no host, and go the ordinary way.
slow() {
	ip -n $us-s tuntap add dev slow mode tun 2>/dev/null && ip -n $us-s link set slow up || return 1
	on s "$BUILDDIR/t/lib/slow_link" slow "$2" >"$T_DIR/slow" 2>&1 &
	t_remember slow $!
	t_wait 10 grep -q ready "$T_DIR/slow" && ip -n $us-s route add default dev slow table 100 || return 1
	for o in 1 2 3 4; do
		[ $o = "$1" ] && continue
		ip -n $us-s rule add iif to$o to "$net.$1" lookup 100
		ip -n $us-s rule add iif to"$1" to "$net.$o" lookup 100
	done
}
fast() {
	while ip -n $us-s rule del lookup 100 2>/dev/null; do :; done
	kill9 slow
	ip -n $us-s tuntap del dev slow mode tun
}

# on HOST COMMAND ...
on() {
	on_host=$1
	shift
	ip netns exec $us-"$on_host" "$@"
}

# ---- the daemons ----

# launch HOST START ...: with the clock of that host, if a test moves it
launch() {
	launch_host=$1
	shift
	if [ -n "${nemesis_clocks-}" ]; then
		# shellcheck disable=SC2034 # of clock.sh
		T_STEPS=step.$launch_host
		T_UNDER="ip netns exec $us-$launch_host" with_steps "$@"
	else
		T_UNDER="ip netns exec $us-$launch_host" "$@"
	fi
}

name_server() { # HOST FLAGS ...
	ns_host=$1
	shift
	launch "$ns_host" start "ns$ns_host" mqnamesrv -o listenPort=9876 -o httpPort=0 \
		-o storePath="$T_DIR/ns$ns_host" -o quorumId="$ns_host" \
		-o quorumPeers="1-$net.1:9876;2-$net.2:9876;3-$net.3:9876" "$@"
}
copy() { # HOST
	launch "$1" start "copy$1" mqbroker -o listenPort=10911 -o brokerIP1="$net.$1" \
		-o brokerName=pair -o storePathRootDir="$T_DIR/copy$1" -o enableControllerMode=true -o httpPort=0 \
		-o namesrvAddr="$servers" -o controllerAddr="$servers;$net.3:9876" -o flushDiskType=ASYNC_FLUSH \
		-o brokerRole="$([ "$1" = 1 ] && echo SYNC_MASTER || echo SLAVE)" -o brokerId=$(($1 - 1)) \
		-o transactionTimeOut=1000 -o transactionCheckInterval=1000 -o fileReservedTime=10000
}
again() { # a daemon that was killed
	case $1 in
	copy*) copy "${1#copy}" ;;
	*) name_server "${1#ns}" ;;
	esac
}

# master HOST: its address, as the name server of that host says
master() {
	on 4 "$RAWCALL" -t 1000 "$net.$1:9876" 105 topic=TBW102 2>/dev/null | field body |
		sed -n 's/.*"brokerAddrs":{[^}]*0["]*:"\([^"]*\)".*/\1/p'
}

# The broker that clients get is one of the copies, and what it stores is on both of them.
copied() {
	master=$(master "$1")
	[ -n "$master" ] && on 4 "$RAWCALL" -t 2000 -B copied "$master" 310 a=PG b=Copied c=TBW102 d=4 e=0 f=0 g=1 h=0 j=0 \
		k=false m=false 2>&1 | grep -q '^code=0$'
}

# epochs HOST: those of its copy, with the positions where they began
epochs() {
	grep -o '"epochs":.*\]\]' "$T_DIR/copy$1/replica.json"
}
same_epochs() {
	[ -n "$(epochs 1)" ] && [ "$(epochs 1)" = "$(epochs 2)" ]
}

# nemesis_begin: the hosts and their daemons; ends the test when that cannot be
nemesis_begin() {
	trap remove_hosts EXIT
	make_hosts || t_skip_all "network namespaces cannot be made here"
	echo "# seed $seed"
	name_server 1 && name_server 2 && name_server 3 -o witness=true || exit 1
	copy 1 && copy 2 || exit 1
	t_ok "both copies have what the master stores" t_wait 60 copied 1
}

has_topic() { # HOST TOPIC
	on 4 "$RAWCALL" "$net.$1:9876" 105 topic="$2" | grep -q '^code=0$'
}

# nemesis_topic NAME: with four queues
nemesis_topic() {
	on 4 "$RAWCALL" "$master" 17 topic="$1" defaultTopic=TBW102 readQueueNums=4 writeQueueNums=4 perm=6 \
		topicFilterType=SINGLE_TAG topicSysFlag=0 order=false >/dev/null
	t_ok "topic $1" t_wait 30 has_topic 1 "$1"
	t_wait 30 has_topic 2 "$1"
}

# nemesis_load NAME PROGRAM ARGUMENTS ...: a program of t/crash on the fourth host, in the background
nemesis_load() {
	load_name=$1 load_program=$2
	shift 2
	ip netns exec $us-4 "$BUILDDIR/t/crash/$load_program" "$@" >"$T_DIR/$load_name.count" 2>"$T_DIR/$load_name.breaches" &
	t_remember "$load_name" $!
	nemesis_loads="${nemesis_loads-} $load_name"
}

# ---- the faults ----

# A number below N, by the seed
# shellcheck disable=SC2034 # the tests use it
draw() {
	seed=$(((seed * 1103515245 + 12345) % 2147483648))
	drawn=$((seed / 65536 % $1))
}

# nemesis_play FAULTS FUNCTION: so many faults, or for so long (12h, 5m); after each of them messages are
# stored on both copies again
nemesis_play() {
	case $1 in
	*h) until=$(($(date +%s) + ${1%h} * 3600)) left=-1 ;;
	*m) until=$(($(date +%s) + ${1%m} * 60)) left=-1 ;;
	*) until=0 left=$1 ;;
	esac
	played=0
	while [ $left -ne 0 ] && { [ $left -gt 0 ] || [ "$(date +%s)" -lt $until ]; }; do
		left=$((left - 1)) played=$((played + 1))
		$2
		t_ok "messages are stored on both copies again" t_wait 60 copied 1
		t_ok "as the other name server says too" t_wait 60 copied 2
	done
	for load_name in $nemesis_loads; do
		kill "$(pid "$load_name")"
	done
}

# nemesis_judge NAME WHAT COUNTED: that load has come to its end; it holds, and something of it came to pass
nemesis_judge() {
	crash_judge "$1" "$2"
	judged=$(crash_count "$1" "$3")
	t_ok "$1: $3 meanwhile" test "${judged:-0}" -gt $((played * 2))
}
