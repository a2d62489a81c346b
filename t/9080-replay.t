#!/bin/sh
# Recorded requests of real clients and tools, played again: our answers have what RocketMQ's had.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

VECTORS=${VECTORS:-$SRCDIR/t/vectors}
[ -d "$VECTORS" ] || t_skip_all "no recorded traffic: VECTORS names no folder"

# Requests with signatures, transactions and SQL92 filters are of other rows than the spine's.
other_rows='/(acl|binaryAcl|aclConfig|adminApi|tx|sql)[^/]*\.jsonl$'

# replay NAME FOLDER ...: against daemons of its own
replay() {
	name=$1
	shift
	if [ -f "$VECTORS/whole" ] && ! grep -qxF "$1" "$VECTORS/whole"; then
		t_result 0 "$name # SKIP its conversations are in the full recording only: set VECTORS"
		return
	fi
	start "ns-$name" mqnamesrv -o storePath="$T_DIR/ns-$name" || exit 1
	start "b-$name" mqbroker -n "$(address "ns-$name")" -o brokerName=broker-a -o brokerIP1=127.0.0.1 \
		-o brokerClusterName=DefaultCluster -o storePathRootDir="$T_DIR/b-$name" || exit 1
	t_wait 30 registered "$name"
	files=$(cd "$VECTORS" && for folder; do echo "$folder"/*.jsonl; done | tr ' ' '\n' | grep -vE "$other_rows")
	# shellcheck disable=SC2086 # files are words
	(cd "$VECTORS" && "$BUILDDIR/t/replay/replay" "$(address "ns-$name")" "$(address "b-$name")" $files) >"$T_DIR/$name.txt" 2>&1
	t_result $? "$name: $(tail -1 "$T_DIR/$name.txt")" "$(head -40 "$T_DIR/$name.txt")"
	t_ok "$name: the broker stops" stop "b-$name"
	t_ok "$name: the name server stops" stop "ns-$name"
}

registered() {
	[ "$(rawcall "$(address "ns-$1")" 105 topic=TBW102 | field code)" = 0 ]
}

replay java-3.2.6 3.2.6/java
replay java-4.2.0 4.2.0/java
replay java-4.9.8 4.9.8/java
replay java-5.3.3 5.3.3/java
replay go-2.1.2 go-2.1.2
replay mqadmin-4.2.0 4.2.0/mqadmin
replay mqadmin-4.9.7 4.9.7/mqadmin
replay mqadmin-5.3.3 5.3.3/mqadmin
t_done
