#!/bin/sh
# The configurations with slaves, etc/2m-2s-async and etc/2m-2s-sync, on one machine: mqcluster starts all
# of it, and each slave copies its master.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

# The shipped files, with ports that are free here.
bundle() {
	mkdir -p "$T_DIR/$1"
	cp "$SRCDIR/etc/$1"/*.ini "$T_DIR/$1"
	sed 's/^listenPort = .*/listenPort = '"$((T_PORT + 32))"'/' "$SRCDIR/etc/namesrv.ini" >"$T_DIR/namesrv.ini"
	echo "consolePort = 0" >>"$T_DIR/namesrv.ini"
	sed -i "s/^listenPort = 10911/listenPort = $T_PORT/; s/^listenPort = 10921/listenPort = $((T_PORT + 8))/" \
		"$T_DIR/$1"/broker-*.ini
	sed -i "s/^listenPort = .*/listenPort = $((T_PORT + 16))/" "$T_DIR/$1/broker-b.ini"
	sed -i "s/^listenPort = .*/listenPort = $((T_PORT + 24))/" "$T_DIR/$1/broker-b-s.ini"
	n="127.0.0.1:$((T_PORT + 32))"
}

mq() {
	t_command=$1
	shift
	"$BUILDDIR/mqcluster" "$t_command" --local -c "$T_DIR/$t_bundle/cluster.ini" -d "$T_DIR/$t_bundle-d" "$@" 2>&1
}

admin() {
	"$BUILDDIR/mqadmin" "$@" -n "$n" 2>&1
}

in_sync() {
	[ "$(admin clusterList --json | grep -o '"copy":"1 of 1 slaves in sync"' | wc -l)" -eq 2 ]
}

stop_all() {
	mq stop >/dev/null 2>&1
	t_cleanup
}
trap stop_all EXIT

for t_bundle in 2m-2s-async 2m-2s-sync; do
	bundle $t_bundle
	for file in "$SRCDIR/etc/$t_bundle"/broker-*.ini; do
		t_is "nothing is to be said of $t_bundle/${file##*/}" "$("$BUILDDIR/mqbroker" --check -c "$file" 2>/dev/null)" ''
	done
	out=$(mq start)
	t_is "$t_bundle starts" $? 0
	for role in broker-a broker-a-s broker-b broker-b-s; do
		t_has "$role runs" "$out" "$role "
	done
	t_is "four brokers" "$(admin clusterList --json | grep -o '"brokerId":[01]' | sort | uniq -c | tr -s ' \n' ' ')" \
		' 2 "brokerId":0 2 "brokerId":1 '
	t_ok "each master has its slave in sync" t_wait 30 in_sync
	t_is "the status says so, too" "$(mq status | grep -c 'broker-[ab]  *0 .*1 of 1 slaves in sync')" 2
	t_is "with the slaves" "$(mq status | grep -c 'broker-[ab]  *1 .*in sync')" 2
	t_has "a message is taken" "$(admin sendMessage -t broker-a -p hello -b broker-a)" SEND_OK
	t_ok "all stop" mq stop
done

t_done
