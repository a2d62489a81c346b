#!/bin/sh
# What was killed has its port until its last thread is gone, which takes as long as a disk or much
# memory takes. Who starts or stops the cluster then waits for that, and does not take the dying one
# for somebody else's.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

mkdir "$T_DIR/etc"
port=$((32000 + $$ % 700)) # no other test takes these
printf '[cluster]\nname = testing\n[namesrv-1]\nhost = here\nconfig = n.ini\n[broker-a]\nhost = here\nconfig = b.ini\n' \
	>"$T_DIR/etc/cluster.ini"
printf '[namesrv]\nlistenPort = %d\n' $port >"$T_DIR/etc/n.ini"
printf '[broker]\nbrokerName = broker-a\nbrokerClusterName = testing\nlistenPort = %d\n' $((port + 10)) >"$T_DIR/etc/b.ini"

mq() {
	"$BUILDDIR/mqcluster" "$@" -l -c "$T_DIR/etc/cluster.ini" -d "$T_DIR/run"
}
trap 'mq stop >/dev/null 2>&1; t_cleanup' EXIT

exit_of() {
	"$@" >"$T_DIR/out" 2>&1
	echo $?
}

broker_pid() {
	head -1 "$T_DIR/run/broker-a.pid"
}

# kill_slowly: the broker is killed, and ends three seconds later
kill_slowly() {
	: >"$T_DIR/hold.log"
	"$BUILDDIR/t/lib/hold_exit" "$(broker_pid)" 3 >"$T_DIR/hold.log" 2>&1 &
	t_remember hold $!
	t_wait 30 held_or_not || return 1
	kill -9 "$(broker_pid)"
}

held_or_not() {
	grep -q held "$T_DIR/hold.log" || ! kill -0 "$(pid hold)"
}

started=$(exit_of mq start)
old=$(broker_pid)
kill_slowly
! grep -q 'not permitted' "$T_DIR/hold.log" || t_skip_all "processes may not be traced here"
t_is "it started" "$started" 0
t_is "it is killed and not gone: no longer than is asked for does start wait" "$(exit_of mq start -t 1)" 1
t_has "and says why" "$(cat "$T_DIR/out")" "broker-a was killed and is not gone yet"
t_is "start, while the killed broker has its port" "$(exit_of mq start)" 0
sed 's/^/# /' "$T_DIR/out"
wait "$(pid hold)"
t_is "the dying one was held" $? 0
t_has "it runs again" "$(mq status)" "broker-a   runs"
t_fails "as another process" test "$old" = "$(broker_pid)"

kill_slowly
t_is "status does not wait" "$(exit_of mq status)" 1
t_is "stop" "$(exit_of mq stop)" 0
wait "$(pid hold)"
t_is "which waited for the one that was held" $? 0
t_is "and a start right behind it" "$(exit_of mq start)" 0
t_is "all stops" "$(exit_of mq stop)" 0
t_done
