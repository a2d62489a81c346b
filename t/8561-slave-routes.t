#!/bin/sh
# Slaves at the name server: in routes with their ids, there while the master is gone, refused when something
# of their name is wrong.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

start ns mqnamesrv -o listenPort="$((T_PORT + 4))" -o kvConfigPath="$T_DIR/kv" || exit 1
n=$(address ns)

# member NAME BROKER FLAGS ...
member() {
	t_name=$1 t_of=$2
	shift 2
	start "$t_name" mqbroker -o brokerName="$t_of" -o brokerIP1=127.0.0.1 -n "$n" \
		-o storePathRootDir="$T_DIR/$t_name" -o brokerNotActiveTimeoutMillis=3000 "$@"
}

slave() {
	member "$@" -o brokerRole=SLAVE
}

# lists TEXT: the route of T has these addresses
lists() {
	rawcall "$n" 105 topic=T acceptStandardJsonOnly=true | field body | grep -q "\"brokerAddrs\":{$1}"
}

cluster_lists() {
	rawcall "$n" 106 | field body | grep -q "{$1}"
}

# A slave that is there before its master finds it.
slave s a -o brokerId=1 || exit 1
s=$(address s)
t_ok "a slave alone is listed" t_wait 10 cluster_lists "1:\"$s\""
member a a || exit 1
a=$(address a)
make_topic T a
t_ok "both are in the route" t_wait 10 lists "\"0\":\"$a\",\"1\":\"$s\""
found() {
	grep -q "a name server says where the master is address=$a replication=127.0.0.1:$(($(port a) + 1))" "$T_DIR/s.log"
}
t_ok "the slave knows its master" t_wait 10 found
t_is "and says so once" "$(grep -c 'where the master is' "$T_DIR/s.log")" 1

# What must not be there twice.
slave twin a -o brokerId=1 -o storePathRootDir="$T_DIR/twin" >/dev/null
t_has "a second slave with that id" "$(cat "$T_DIR/twin.log")" "a with brokerId 1 is registered and alive at $s: give this broker its own brokerId, or stop the other one"
member second a >/dev/null
t_has "a second master of that name" "$(cat "$T_DIR/second.log")" "a with brokerId 0 is registered and alive at $a: give this broker its own brokerName, or stop the other one"
slave lost a -o brokerId=2 -o brokerClusterName=Other || exit 1
refused() {
	grep -q 'remark="the master of a is in the cluster DefaultCluster: give this slave brokerClusterName=DefaultCluster"' "$T_DIR/lost.log"
}
t_ok "a slave in another cluster is told which" t_wait 10 refused
stop lost
t_ok "nothing changed" lists "\"0\":\"$a\",\"1\":\"$s\""

# The master dies; the slave stays, with the topics.
kill9 a
t_ok "the slave is alone" t_wait 10 lists "\"1\":\"$s\""
stop ns
start ns mqnamesrv -o listenPort="${n#*:}" -o kvConfigPath="$T_DIR/kv" || exit 1
t_ok "a name server that starts meanwhile hears of it" t_wait 20 cluster_lists "1:\"$s\""
member a a -o listenPort="${a#*:}" || exit 1
t_ok "the master is back" t_wait 20 lists "\"0\":\"$a\",\"1\":\"$s\""
t_is "at the same place, so nothing is said" "$(grep -c 'where the master is' "$T_DIR/s.log")" 1

# A slave that stops leaves at once.
t_ok "the slave stops" stop s
t_ok "it is not listed any more" t_wait 2 lists "\"0\":\"$a\""

t_done
