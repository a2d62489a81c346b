#!/bin/sh
# Two masters with two slaves and a witness on one machine: mqcluster starts all of it, a slave takes the
# place of a killed master by itself, and the former master comes back as a slave.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

grep -q 'define WITH_RAFT 1' "$BUILDDIR/config.h" || t_skip_all 'this build has no libraft'
mkdir -p "$T_DIR/etc/2m-2s-sync"
cp "$SRCDIR"/etc/2m-2s-sync/*.ini "$T_DIR/etc/2m-2s-sync"
cluster=$T_DIR/etc/2m-2s-sync/cluster.ini
# The shipped files, with ports that are free here.
sed 's/^listenPort = .*/listenPort = '"$((T_PORT + 32))"'/' "$SRCDIR/etc/namesrv.ini" >"$T_DIR/etc/namesrv.ini"
echo 'consolePort = 0' >>"$T_DIR/etc/namesrv.ini"
at=0
for role in broker-a broker-a-s broker-b broker-b-s; do
	sed -i "s/^listenPort = .*/listenPort = $((T_PORT + at))/" "$T_DIR/etc/2m-2s-sync/$role.ini"
	at=$((at + 8))
done
a=127.0.0.1:$T_PORT
a_s=127.0.0.1:$((T_PORT + 8))
n=127.0.0.1:$((T_PORT + 32))

mq() {
	t_command=$1
	shift
	"$BUILDDIR/mqcluster" "$t_command" --local -c "$cluster" -d "$T_DIR/d" "$@" 2>&1
}
stop_all() {
	mq stop >/dev/null 2>&1
	t_cleanup
}
trap stop_all EXIT

sets() {
	"$BUILDDIR/mqadmin" getSyncStateSet -n "$n" -b broker-a --json 2>/dev/null
}
# is ADDRESS ROLE: by the quorum, in sync
is() {
	sets | grep -q "\"address\":\"$1\",\"role\":\"$2\",\"inSync\":\"yes\",\"alive\":\"yes\""
}

t_has "without a witness nobody is promoted" "$(mq status)" 'by a person'
sed -i 's/^name = .*/&\nwitness = rocketmq-witness/' "$cluster"
out=$(mq start)
t_is "all of it starts" $? 0
t_has "the witness too" "$out" 'witness     runs'
t_has "the status says what it is for" "$(mq status)" 'by itself'
t_ok "the slave is in sync" t_wait 30 is "$a_s" slave
t_ok "with its master" is "$a" master
kill -9 "$(cat "$T_DIR/d/broker-a.pid")"
t_ok "the slave takes over" t_wait 30 is "$a_s" master
sends() {
	"$BUILDDIR/mqadmin" sendMessage -n "$n" -t broker-a -p hello -b broker-a 2>&1 | grep -q 'SEND_OK\|SLAVE_NOT_AVAILABLE'
}
t_ok "messages are taken" t_wait 30 sends
t_has "the status says what happened" "$(mq status)" "epoch 2: took over from $a, which was lost"
out=$(mq start)
t_is "the former master starts again" $? 0
t_has "by itself" "$out" 'ran already'
t_ok "as a slave that is in sync" t_wait 30 is "$a" slave
t_ok "the master is the other one still" is "$a_s" master
t_ok "all stop" mq stop
sed -i 's/^witness = .*/witness =/' "$cluster"
t_has "an empty host" "$(mq status)" 'witness of [cluster] is empty'
t_done
