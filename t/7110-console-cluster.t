#!/bin/sh
# The console of a cluster with four name servers on one host: ports, events, and changes at all name servers.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/http.sh
. "$SRCDIR/t/lib/http.sh"

etc=$T_DIR/etc
n=$T_PORT # the first of the ports that are this test's own
mkdir "$etc"
{
	printf '[cluster]\nname = testing\ndirectory = ../run\n'
	for i in 1 2 3 4; do
		printf '[namesrv-%d]\nhost = twinmq-test-host.invalid\nconfig = namesrv.ini\n' $i
	done
	printf '[broker-a]\nhost = twinmq-test-host.invalid\nconfig = broker-a.ini\n'
} >"$etc/cluster.ini"
printf '[namesrv]\nlistenPort = %d\nconsolePort = %d\n' "$n" $((n + 20)) >"$etc/namesrv.ini"
printf '[broker]\nbrokerName = broker-a\nbrokerClusterName = testing\nlistenPort = %d\n' $((n + 10)) >"$etc/broker-a.ini"
T_CONSOLE=$((n + 20))

mq() {
	command=$1
	shift
	"$BUILDDIR/mqcluster" "$command" -c "$etc/cluster.ini" -l "$@" 2>&1
}
trap 'mq stop >/dev/null; t_cleanup' EXIT

got=$(mq start)
t_is 'four name servers on one host start' $? 0
t_has 'the console is told' "$got" "http://127.0.0.1:$T_CONSOLE/"
t_has 'and where the password is' "$got" "/run/admin.password"
ok=
for i in 1 2 3 4; do
	ok=$ok$(status "http://127.0.0.1:$((n + 19 + i))/")
done
t_is 'each has a console' "$ok" 200200200200
t_is 'and HTTP' "$(cat "$T_DIR/run/"namesrv-*.log | grep -c 'http serves')" 4
log_in admin "$(cat "$T_DIR/run/admin.password")"

# Changes reach all name servers.
post admin /api/commands/updateKvConfig '{"namespace":"S","key":"k","value":"v"}' >/dev/null
all=
for i in 0 1 2 3; do
	all=$all$(rawcall "127.0.0.1:$((n + i))" 101 namespace=S key=k | field ext.value)
done
t_is 'a key goes to all of them' "$all" vvvv

# Events.
curl -sN -m 60 -b "$T_DIR/jar-admin" "http://127.0.0.1:$T_CONSOLE/api/events" >"$T_DIR/events" 2>/dev/null &
t_remember viewer $!
t_ok 'events come' t_wait 30 grep -q '^data: .*"brokerName":"broker-a"' "$T_DIR/events"
t_has 'with the name servers' "$(cat "$T_DIR/events")" "{\"address\":\"127.0.0.1:$((n + 3))\",\"up\":1}"
kill "$(head -1 "$T_DIR/run/namesrv-4.pid")"
t_ok 'one that is gone shows' t_wait 60 grep -qF "{\"address\":\"127.0.0.1:$((n + 3))\",\"up\":0}" "$T_DIR/events"
post admin /api/logout '{}' >/dev/null
viewer_is_gone() { ! kill -0 "$(pid viewer)" 2>/dev/null; }
t_ok 'who logs out sees no more' t_wait 60 viewer_is_gone

t_ok 'it stops' mq stop
t_done
