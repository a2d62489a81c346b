# For the tests of the quorum: two name servers and a witness on ports of this test's own. Source it
# behind lib.sh.
# shellcheck shell=sh disable=SC2154 # t_slot is of lib.sh
grep -q 'define WITH_RAFT 1' "$BUILDDIR/config.h" || t_skip_all 'this build has no libraft'

Q1=127.0.0.1:$((10000 + t_slot * 40 + 20))
Q2=127.0.0.1:$((10000 + t_slot * 40 + 24))
Q3=127.0.0.1:$((10000 + t_slot * 40 + 28))
Q_PEERS="1-$Q1;2-$Q2;3-$Q3"

# server N FLAGS ...: the Nth server of the quorum, named qN, starts, or starts again
server() {
	q_n=$1
	shift
	eval "q_address=\$Q$q_n"
	# shellcheck disable=SC2154 # set by eval
	start "q$q_n" mqnamesrv -o listenPort="${q_address##*:}" -o httpPort=0 -o storePath="$T_DIR/q$q_n" \
		-o bindAddress=127.0.0.1 -o quorumPeers="$Q_PEERS" -o quorumId="$q_n" "$@"
}

# quorum FLAGS ...: all of them; the third one is a witness
quorum() {
	server 1 "$@" && server 2 "$@" && server 3 -o witness=true "$@"
}

# leader [ADDRESS ...]: the address of the leader as one of these servers knows it
leader() {
	for q_one in "${@:-$Q1}" $Q2 $Q3; do
		q_leader=$(rawcall -t 2000 "$q_one" 1005 | field ext.controllerLeaderAddress)
		[ -z "$q_leader" ] || break
	done
	echo "$q_leader"
}

# The leader says so itself.
has_leader() {
	q_leader=$(leader "$@")
	[ -n "$q_leader" ] && [ "$(rawcall -t 2000 "$q_leader" 1005 | field ext.isLeader)" = true ]
}

# server_at ADDRESS: the name of its daemon
server_at() {
	case $1 in
	"$Q1") echo q1 ;;
	"$Q2") echo q2 ;;
	"$Q3") echo q3 ;;
	esac
}
