#!/bin/sh
# A link between master and slave that nobody closed but that carries nothing: both notice it within
# haHousekeepingInterval, and go on when it carries again. Hosts are network namespaces.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

us=nh$$
net=10.$((224 + $$ % 16)).$((($$ / 16) % 250)) hosts="1 2"
# shellcheck source=t/lib/router.sh
. "$SRCDIR/t/lib/router.sh"
trap 'remove_hosts' EXIT
make_hosts || t_skip_all "no network namespaces can be made here"

cut() {
	block 1 2
	block 2 1
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
unblock
t_ok "it copies again" t_wait 60 whole
t_ok "and is waited for" t_wait 30 answers 0
t_has_not "nothing went wrong" "$(cat "$T_DIR/master.log" "$T_DIR/slave.log")" "error:"
t_done
