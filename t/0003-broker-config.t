#!/bin/sh
# The broker's settings: the article's file, live changes, what is in the way of a start (CF1, CF8).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

article=$SRCDIR/t/data/article-broker-a.properties

diagnostics=$("$BUILDDIR/mqbroker" -c "$article" --check 2>"$T_DIR/err")
t_is '--check of the article file says there are diagnostics' $? 1
t_is 'exactly 8' "$(echo "$diagnostics" | wc -l | tr -d ' ')" 8
t_has 'which stop no start' "$(cat "$T_DIR/err")" '8 diagnostics, it would start'
t_fails '--strict refuses it' "$BUILDDIR/mqbroker" -c "$article" --strict

# begin NAME FLAGS ...: a broker on the article's file, but with a store of its own
run_configured() {
	name=$1
	shift
	start "$name" mqbroker -c "$article" -n '127.0.0.1:1;127.0.0.1:2' -o bindAddress=127.0.0.1 \
		-o brokerIP1=127.0.0.1 -o storePathRootDir="$T_DIR/store" -o storePathCommitLog= "$@"
}

setting() {
	rawcall "$(address broker)" 26 | sed -n "s/.*\($1=[^ ]*\).*/\1/p" | head -n 1
}

run_configured broker || exit 1
t_is 'it starts with eight warnings' "$(grep -c ' warn: .*article-broker-a' "$T_DIR/broker.log")" 8
t_is 'what was misspelt counts' "$(setting diskMaxUsedSpaceRatio)" 'diskMaxUsedSpaceRatio=88'
answer=$(rawcall "$(address broker)" 26)
t_has 'getBrokerConfig has a version' "$answer" 'ext.version={"counter":0,'
t_has 'and the name' "$answer" 'brokerName=broker-a'

change() {
	rawcall -B "$1" "$(address broker)" 25
}

t_is 'a live change is taken' "$(change 'fileReservedTime=96' | field code)" 0
t_is 'and counts' "$(setting fileReservedTime)" 'fileReservedTime=96'
t_has 'the version grew' "$(rawcall "$(address broker)" 26)" 'ext.version={"counter":1,'
t_is 'a wrong value is refused' "$(change 'fileReservedTime=abc' | field code)" 1
t_has 'with what would be right' "$(change 'fileReservedTime=4d')" 'give the number alone, 96, the unit is hours'
t_is 'what needs a restart is refused' "$(change 'brokerName=x' | field code)" 1
t_is 'no path over the network' "$(change 'storePathRootDir=/tmp/x' | field code)" 16
stop broker
t_is 'it stops cleanly' $? 0

run_configured broker || exit 1
t_is 'the change outlives a restart' "$(setting fileReservedTime)" 'fileReservedTime=96'
stop broker

# finding FLAGS ...: what --check says of them
finding() {
	"$BUILDDIR/mqbroker" --check "$@" 2>/dev/null
}

for address in 0.0.0.0 239.1.2.3 255.255.255.255 ::; do
	t_has "clients cannot be told $address" "$(finding -o brokerIP1=$address)" "clients cannot connect to $address"
done
for address in 127.0.0.1 localhost ::1; do
	t_has "$address is of no use with a name server elsewhere" \
		"$(finding -o brokerIP1=$address -n '127.0.0.1:9876;10.9.8.1:9876')" 'a name server is on another host'
	t_is "$address is fine with one on this host" "$(finding -o brokerIP1=$address -n 127.0.0.1:9876)" ''
done
t_is 'an address of another host is fine' "$(finding -o brokerIP1=10.9.8.7 -n 10.9.8.1:9876)" ''

# why FLAGS ...: what a broker says that does not start; sets $status
why() {
	"$BUILDDIR/mqbroker" -o listenPort=0 -o bindAddress=127.0.0.1 -o storePathRootDir="$T_DIR/none" "$@" 2>&1
	echo "status $?"
}

said=$(why -c "$SRCDIR/t/data/template-2m-2s-slave.properties" -o brokerId=0)
t_has 'a slave with id 0 is refused' "$said" 'status 1'
t_has 'with the reason' "$said" 'brokerId: a slave has an id of its own above 0'
t_has 'access control is not ignored in silence' "$(why -o aclEnable=true)" 'aclEnable: there is no access control yet'
t_fails 'nothing was made' test -e "$T_DIR/none"

t_done
