#!/bin/sh
# mqadmin moveIn where there is nothing to move: what it says, and that nothing changes.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1
begin broker-a -o namesrvAddr="$(address ns)"
start slave mqbroker -o brokerName=broker-a -o brokerIP1=127.0.0.1 -o brokerRole=SLAVE -o brokerId=1 \
	-o namesrvAddr="$(address ns)" -o storePathRootDir="$T_DIR/slave" || exit 1

registered() { # NAME ID
	rawcall "$(address ns)" 106 | field body | grep -q "[{,]$2:\"$(address "$1")\""
}

copies() {
	rawcall "$b" 907 | grep -q '"inSyncSlaveNums":1,'
}

# says NAME STATUS PART FLAG...
says() {
	says_name=$1 says_status=$2 says_part=$3
	shift 3
	"$BUILDDIR/mqadmin" moveIn -n "$(address ns)" "$@" >"$T_DIR/out" 2>&1
	t_is "$says_name" $? "$says_status"
	t_has "$says_name: it says" "$(cat "$T_DIR/out")" "$says_part"
}

t_ok "the name server knows the slave" t_wait 30 registered slave 1
t_ok "which copies its master" t_wait 30 copies
says "no slave of that name" 1 'neither host:port nor a broker name with a slave' -b broker-x
says "a slave of TwinMQ" 1 'RocketMQ' -b broker-a
says "the same, to switch" 1 'RocketMQ' -b broker-a -y -f
says "a master" 1 'RocketMQ' -b "$b"
says "a name server" 1 'is no slave of TwinMQ' -b "$(address ns)"
says "nobody" 1 'Connection refused' -b 127.0.0.1:1
says "another role" 2 'ASYNC_MASTER and SYNC_MASTER' -b broker-a -m SLAVE
says "no slave" 2 'brokerAddr' -y
t_ok "the master is the master" registered broker-a 0
t_ok "the slave its slave" registered slave 1
stop slave
stop broker-a
stop ns
t_done
