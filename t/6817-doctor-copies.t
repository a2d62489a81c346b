#!/bin/sh
# mqadmin doctor: of each fault that is planted in masters and their slaves its diagnosis and no other. The
# faults of hosts need a network of this test's own, where other addresses than 127.0.0.1 are this machine's.
[ "$(id -u)" -eq 0 ] && own_network='unshare -n' || own_network='unshare -rn'
if [ -z "${OWN_NETWORK-}" ] && $own_network ip link set lo up 2>/dev/null; then
	OWN_NETWORK=yes exec $own_network "$0" "$@"
fi
[ -z "${OWN_NETWORK-}" ] || ip link set lo up
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/doctor.sh
. "${SRCDIR:-.}/t/lib/doctor.sh"

name_server n
n=$(address n)

# of NAME STORE FLAGS ...: a broker of that brokerName
of() {
	of_name=$1 of_store=$2
	shift 2
	# shellcheck disable=SC2086 # two words
	broker "$of_store" -o brokerName="$of_name" -o storePathRootDir="$STORES/$of_store" -o namesrvAddr="$n" $few \
		-o diskMaxUsedSpaceRatio=95 -o fileReservedTime=72 -o slaveTimeout=500 "$@" || exit 1
}

# sync NAME FLAGS ..., slave NAME MASTER FLAGS ...
sync() {
	sync_name=$1
	shift
	of "$sync_name" "$sync_name" -o brokerRole=SYNC_MASTER -o haHousekeepingInterval=600000 "$@"
}

slave() {
	slave_master=$1
	shift
	of "$slave_master" "$slave_master-s" -o brokerRole=SLAVE -o brokerId=1 "$@"
}

replication() {
	echo "127.0.0.1:$(($(port "$1") + 1))"
}

# registered NAME ID [HOST]: the name server has it
registered() {
	rawcall "$n" 106 | field body | grep -q "[{,]$2:\"${3:-127.0.0.1}:$(port "$1")\""
}

gone() {
	! rawcall "$n" 106 | field body | grep -q ":$1\""
}

# copied NAME N: so many slaves of the master are in sync
copied() {
	rawcall "$(address "$1")" 907 | grep -q "\"inSyncSlaveNums\":$2,"
}

sync pair
t_ok "a master is there" t_wait 30 registered pair 0
doc "$n"
says "a SYNC_MASTER without a slave" slave-missing "pair ($(address pair)) is a SYNC_MASTER without a slave"
slave pair -o haMasterAddress=127.0.0.1:1
t_ok "a slave is there" t_wait 30 registered pair-s 1
doc "$n"
says "a slave that does not copy" slave-not-copying "$(address pair-s)" "has no replication link from it"
stop pair-s
slave pair -o haMasterAddress="$(replication pair)"
t_ok "it copies" t_wait 30 copied pair 1
t_ok "and is there again" t_wait 30 registered pair-s 1
doc "$n"
t_is "all is well" "$found" ""
[ -z "$found" ] || sed 's/^/# /' "$T_DIR/doc"
kill -STOP "$(pid pair-s)"
t_ok "a slave that is frozen is not in sync" t_wait 30 copied pair 0
doc "$n"
t_is "which is found, and that it does not answer" "$found" "broker-unreachable slave-not-in-sync "
t_has "it says what follows" "$(cat "$T_DIR/doc")" "messages are confirmed without it"
kill -CONT "$(pid pair-s)"
t_ok "it goes on" t_wait 30 copied pair 1
doc "$n"
t_is "all is well again" "$found" ""
[ -z "$found" ] || sed 's/^/# /' "$T_DIR/doc"
master_port=$(port pair)
stop pair
t_ok "the master leaves" t_wait 30 gone "$master_port"
doc "$n"
says "a slave without its master" master-missing "pair has no master" "$(address pair-s) with brokerId 1"
stop pair-s

# ---- hosts ----

here=192.0.2.1 there=192.0.2.2 # nobody's, by RFC 5737
if [ -z "${OWN_NETWORK-}" ] || ! ip addr add $here/32 dev lo || ! ip addr add $there/32 dev lo; then
	t_skip "copies on one host" "a network of its own cannot be made here"
	t_done
	exit 0
fi
sync pair -o brokerIP1=$here
slave pair -o brokerIP1=$here -o haMasterAddress="$(replication pair)"
t_ok "master and slave are on one host" t_wait 30 copied pair 1
t_ok "and both are there" t_wait 30 registered pair-s 1 $here
doc "$n"
says "a slave on its master's host" copies-on-one-host "$here:$(port pair) and $here:$(port pair-s)"
stop pair-s
slave pair -o brokerIP1=$there -o haMasterAddress="$(replication pair)"
sync other -o brokerIP1=$here
slave other -o brokerIP1=$there -o haMasterAddress="$(replication other)"
t_ok "two masters are on one host" t_wait 30 copied pair 1
t_ok "each with a slave" t_wait 30 copied other 1
t_ok "elsewhere" t_wait 30 registered pair-s 1 $there
t_ok "both" t_wait 30 registered other-s 1 $there
doc "$n"
says "masters on one host" masters-on-one-host "other and pair are masters on one host"
stop other
stop other-s

# ---- HTTP ----

stop pair
stop pair-s
of alone alone -o brokerIP1=$here -o httpBindAddress=$there
t_ok "a broker has HTTP elsewhere" t_wait 30 registered alone 0 $here
doc "$n"
says "a closed HTTP port" no-http "The HTTP port of alone is closed" "$here:"
t_done
