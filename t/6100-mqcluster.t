#!/bin/sh
# mqcluster on one machine: start, status, stop, run, and what it says when it cannot.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

dir=$T_DIR/run
etc=$T_DIR/etc
n=$((30100 + $$ % 800)) # no other test takes these
ns_port=$n
broker_port=$((n + 10))
second_port=$((n + 1010))

mkdir "$etc"
cat >"$etc/cluster.ini" <<EOF
[cluster]
name = testing
directory = ../run

[namesrv-1]
host = twinmq-test-host-1.invalid
config = namesrv.ini

[namesrv-2]
host = twinmq-test-host-2.invalid
config = namesrv.ini

[broker-a]
host = twinmq-test-host-1.invalid
config = broker-a.ini

[broker-b]
host = twinmq-test-host-2.invalid
config = broker-b.ini
EOF
printf '[namesrv]\nlistenPort = %d\n' "$ns_port" >"$etc/namesrv.ini"
for broker in a b; do
	printf '[broker]\nbrokerName = broker-%s\nbrokerClusterName = testing\nlistenPort = %d\n' \
		$broker "$broker_port" >"$etc/broker-$broker.ini"
done

mq() {
	command=$1
	shift
	"$BUILDDIR/mqcluster" "$command" -c "$etc/cluster.ini" -l "$@" 2>&1
}

# What is left when a test ends early is stopped as it was started.
trap 'mq stop >/dev/null; t_cleanup' EXIT

exit_of() {
	"$@" >"$T_DIR/out" 2>&1
	echo $?
}

role_pid() {
	head -1 "$dir/$1.pid" 2>/dev/null
}

one_dies() {
	[ "$(role_pid broker-b)" != "$old" ] && [ -n "$(role_pid broker-b)" ]
}

t_is "status of what was never started" "$(exit_of mq status)" 1
t_is "start" "$(exit_of mq start)" 0
out=$(cat "$T_DIR/out")
for address in $ns_port $((ns_port + 1)) $broker_port $second_port; do
	t_has "it listens on the loopback" "$out" "127.0.0.1:$address"
done
t_has "the second name server has the next port" "$(mq status)" "namesrv-2  runs"
NAMESRV_ADDR="127.0.0.1:$ns_port,127.0.0.1:$((ns_port + 1))"
export NAMESRV_ADDR
t_has "both masters are known" "$("$BUILDDIR/mqadmin" clusterList)" "127.0.0.1:$second_port"
t_has "a message went through each" "$("$BUILDDIR/mqadmin" topicStatus -t broker-b --json)" '"maxOffset":1'
t_is "status" "$(exit_of mq status)" 0

old=$(role_pid broker-a)
t_is "start again" "$(exit_of mq start)" 0
t_has "says that it ran" "$(cat "$T_DIR/out")" "ran already"
t_is "changes nothing" "$(role_pid broker-a)" "$old"

kill -9 "$old"
t_is "status when one is dead" "$(exit_of mq status)" 1
t_has "names it" "$(cat "$T_DIR/out")" "broker-a   stopped"
t_is "start brings it back" "$(exit_of mq start --json)" 0
t_has "as JSON" "$(cat "$T_DIR/out")" '{"roles":[{"role":"namesrv-1","state":"runs"'

# Those who answer are not always ours.
t_is "a second cluster on the same ports" "$(exit_of mq start -d "$T_DIR/second")" 1
t_has "says who cannot be started" "$(cat "$T_DIR/out")" "namesrv-1 cannot be started: 127.0.0.1:$ns_port is in use"

# The lock on a pid file tells who runs, not the text: a pid may be somebody else's by now.
cp "$dir/broker-a.pid" "$T_DIR/saved"
mv "$dir/broker-a.pid" "$T_DIR/locked"
echo "$$" >"$dir/broker-a.pid"
t_has "another process is not taken for the broker" "$(mq status)" "broker-a   stopped"
mv "$T_DIR/locked" "$dir/broker-a.pid"
echo "$$" >"$dir/broker-a.pid"
t_has "a broker is known by its lock" "$(mq status | tr -s ' ')" "broker-a runs $(cat "$T_DIR/saved") "
cp "$T_DIR/saved" "$dir/broker-a.pid"
t_has_not "on loopback, nothing needs a firewall" "$(mq status)" WARNING

t_is "stop" "$(exit_of mq stop)" 0
t_is "leaves nothing" "$(ls "$dir"/*.pid 2>/dev/null)" ""
t_is "stop again" "$(exit_of mq stop)" 0
t_is "status then" "$(exit_of mq status)" 1
t_is "stop where nothing was started" "$(exit_of mq stop -d "$T_DIR/nowhere/run")" 1
t_is "says so" "$(cat "$T_DIR/out")" "mqcluster: there is no cluster in $T_DIR/nowhere/run; name the directory it was started with, with -d"
t_fails "and leaves no trace" ls "$T_DIR/nowhere"
mkdir "$T_DIR/empty"
t_is "stop in an empty directory" "$(exit_of mq stop -d "$T_DIR/empty")" 1
t_is "leaves it empty" "$(ls "$T_DIR/empty")" ""

# what cannot be
"$BUILDDIR/mqnamesrv" -o listenPort="$broker_port" -o bindAddress=127.0.0.1 -o storePath="$T_DIR/other" 2>"$T_DIR/other.log" &
t_remember other $!
t_wait 30 t_ready_or_dead other
t_is "a port that is taken" "$(exit_of mq start)" 1
t_has "is said" "$(cat "$T_DIR/out")" "127.0.0.1:$broker_port is in use"
t_has "and who wants it" "$(cat "$T_DIR/out")" "broker-a cannot be started"
t_is "in one line" "$(wc -l <"$T_DIR/out")" 1
kill9 other
mq stop >/dev/null
t_fails "names that do not resolve" "$BUILDDIR/mqcluster" start -c "$etc/cluster.ini" -d "$dir"
t_has "are named" "$("$BUILDDIR/mqcluster" start -c "$etc/cluster.ini" 2>&1)" "twinmq-test-host-1.invalid"
sed 's/^config/confg/' "$etc/cluster.ini" >"$etc/misspelt.ini"
t_has "a misspelt key" "$("$BUILDDIR/mqcluster" start -l -c "$etc/misspelt.ini" 2>&1)" "did you mean config"
sed 's/^listenPort = .*/colour = red\nlistenPort = many/' "$etc/broker-a.ini" >"$etc/broken.ini"
sed 's/broker-a.ini/broken.ini/' "$etc/cluster.ini" >"$etc/with-broken.ini"
t_has "a value that is none" "$("$BUILDDIR/mqcluster" start -l -c "$etc/with-broken.ini" 2>&1)" 'broken.ini:5: error: listenPort: read "many"'
t_is "a directory that cannot be made" "$(exit_of mq start -d /proc/no)" 1
t_is "a wrong flag" "$(exit_of mq start --lokal)" 2
t_is "no cluster.ini" "$(exit_of "$BUILDDIR/mqcluster" start -c "$T_DIR/nothing")" 1

# run: the same roles as children
"$BUILDDIR/mqcluster" run -c "$etc/cluster.ini" -l 2>"$T_DIR/run.log" &
t_remember run $!
runs() {
	mq status >/dev/null && "$BUILDDIR/mqadmin" clusterList 2>&1 | grep -q broker-b
}
t_ok "run starts all" t_wait 30 runs
t_fails "start leaves it alone" mq start
old=$(role_pid broker-b)
kill -9 "$old"
t_ok "what dies is started again" t_wait 30 one_dies
t_ok "and is there again" t_wait 30 runs
t_has "its lines name the role" "$(cat "$T_DIR/run.log")" "broker-b: "
stop run
t_is "a signal ends it cleanly" $? 0
t_is "with all of them" "$(exit_of mq status)" 1

# the manual knows the commands and flags
for command in start stop status run; do
	t_ok "the manual has $command" grep -q "^.It Cm $command" "$SRCDIR/man/mqcluster.8"
	for flag in $("$BUILDDIR/mqcluster" $command -h | sed -n 's/^  -., --\([A-Za-z]*\).*/\1/p'); do
		t_ok "the manual has --$flag" grep -q "^.It Fl . , Fl -$flag" "$SRCDIR/man/mqcluster.8"
	done
done
t_done
