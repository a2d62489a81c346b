#!/bin/sh
# The address that clients are told: the interface that reaches the name servers, never a container
# bridge when there is another, or brokerIP1; checked by connecting back (C2).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

[ "$(id -u)" -eq 0 ] || t_skip_all "network namespaces need root"
space=twinmq-address-$$
ip netns add "$space" 2>/dev/null || t_skip_all "no network namespace can be made here"
trap 't_cleanup; ip netns del "$space"' EXIT
inside() {
	ip netns exec "$space" "$@"
}
inside ip link set lo up
# link NAME ADDRESS/BITS
link() {
	inside ip link add "$1" type bridge && inside ip address add "$2" dev "$1" && inside ip link set "$1" up
}
link docker0 172.17.0.1/16 && link lan0 10.9.8.7/24 || t_skip_all "no bridge can be made here"

# told NAME FLAGS ...: the address that a broker with these flags tells
told() {
	t_told=$1
	shift
	: >"$T_DIR/$t_told.log"
	ip netns exec "$space" "$BUILDDIR/mqbroker" -o listenPort=10911 -o storePathRootDir="$T_DIR/$t_told" "$@" \
		2>"$T_DIR/$t_told.log" &
	told_pid=$!
	T_PIDS="$T_PIDS $told_pid"
	t_wait 30 grep -q ' ready ' "$T_DIR/$t_told.log"
	[ -z "${told_wants-}" ] || t_wait 30 grep -q "$told_wants" "$T_DIR/$t_told.log"
	kill $told_pid
	wait $told_pid
	sed -n 's/.* ready .*address=\([^ ]*\).*/\1/p' "$T_DIR/$t_told.log" >"$T_DIR/told"
}

told lan -n 10.9.8.1:9876
t_is "the interface that reaches the name server" "$(cat "$T_DIR/told")" 10.9.8.7:10911
told bridge -n 172.17.0.5:9876
t_is "not the bridge, though it would" "$(cat "$T_DIR/told")" 10.9.8.7:10911
told loopback -n 127.0.0.1:9876
t_is "loopback when the name server is there" "$(cat "$T_DIR/told")" 127.0.0.1:10911
told set -n 10.9.8.1:9876 -o brokerIP1=172.17.0.1
t_is "brokerIP1 wins" "$(cat "$T_DIR/told")" 172.17.0.1:10911
told_wants=brokerIP1
told wrong -n 10.9.8.1:9876 -o brokerIP1=10.9.8.99
t_has "an address that does not lead back is named" "$(grep brokerIP1 "$T_DIR/wrong.log")" 10.9.8.99
t_done
