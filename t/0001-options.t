#!/bin/sh
# The command line of the daemons, and how they start, reload and stop (CF4, CF6, DP9).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

# status PROGRAM FLAGS ...: the exit status; the output lies in $T_DIR/out, the log in $T_DIR/err
status() {
	program=$1
	shift
	"$BUILDDIR/$program" "$@" >"$T_DIR/out" 2>"$T_DIR/err" </dev/null
	echo $?
}

out() { cat "$T_DIR/out"; }
err() { cat "$T_DIR/err"; }

for program in mqnamesrv mqbroker; do
	t_is "$program -h succeeds" "$(status $program -h)" 0
	t_has "$program -h lists the flags" "$(out)" '--check'
	t_is "$program -V succeeds" "$(status $program -V)" 0
	t_has "$program -V says which" "$(out)" "$program (TwinMQ) "

	t_is "$program refuses an unknown flag" "$(status $program --bogus)" 2
	t_has "$program names it" "$(err)" "$program: unknown flag --bogus; $program -h lists what there is"
	t_is "$program refuses a word" "$(status $program start)" 2
	t_has "$program names that" "$(err)" 'unexpected argument start'
	t_is "$program -c wants a file" "$(status $program -c)" 2
	t_is "$program -o wants a pair" "$(status $program -o listenPort)" 2

	t_is "$program does not start without its file" "$(status $program -c /nowhere/x.ini)" 1
	t_has "$program says so" "$(err)" 'cannot start: /nowhere/x.ini: cannot be read: No such file or directory'
	t_is "one line" "$(err | wc -l | tr -d ' ')" 1
	t_is "$program does not start with a wrong key" "$(status $program -o lstenPort=1)" 1
	t_has "$program knows what was meant" "$(err)" 'unknown key "lstenPort"; did you mean listenPort?'
	t_is "$program does not start with a wrong value" "$(status $program -o listenPort=99999)" 1
	t_is "nothing on stdout" "$(out)" ''

	t_is "$program -p prints" "$(status $program -p -o listenPort=12345)" 0
	t_has "$program -p has all" "$(out)" 'listenPort=12345'
	cp "$T_DIR/out" "$T_DIR/first.properties"
	t_is "$program reads it back" "$(status $program -c "$T_DIR/first.properties" -p)" 0
	t_is "$program prints the same again" "$(out)" "$(cat "$T_DIR/first.properties")"
	status $program -m -o listenPort=12345 >/dev/null
	t_has "$program -m has what differs" "$(out)" 'listenPort=12345'
	t_has_not "$program -m has nothing else" "$(out)" 'maxConnections'
done

# A file with a slip starts, unless --strict; --check says what there is to say.
echo 'listenPort=0
lstenPort=1' >"$T_DIR/slip.properties"
t_is '--check finds the slip' "$(status mqnamesrv -c "$T_DIR/slip.properties" --check)" 1
t_is '--check prints it' "$(out)" \
	"$T_DIR/slip.properties:2: warning: unknown key \"lstenPort\"; did you mean listenPort? The line has no effect"
t_has '--check sums up' "$(err)" '1 diagnostic, it would start'
t_is '--strict refuses it' "$(status mqnamesrv -c "$T_DIR/slip.properties" --strict)" 1
t_has 'and says why' "$(err)" 'cannot start with --strict'
echo 'listenPort=0' >"$T_DIR/fine.properties"
t_is '--check of a good file' "$(status mqnamesrv -c "$T_DIR/fine.properties" --check)" 0
t_is 'has nothing to say' "$(out)" ''

# Start, reload and stop.
cat >"$T_DIR/ns.ini" <<END
[namesrv]
bindAddress = 127.0.0.1
storePath = $T_DIR/ns
orderMessageEnable = false
END
start ns mqnamesrv -c "$T_DIR/ns.ini" || exit 1
ns=$(address ns)
t_has 'the settings are answered' "$(rawcall "$ns" 319)" 'orderMessageEnable=false'

echo 'orderMessageEnable = true' >>"$T_DIR/ns.ini"
echo 'maxConnections = 77' >>"$T_DIR/ns.ini"
kill -HUP "$(pid ns)"
t_ok 'SIGHUP reads the file again' t_wait 30 grep -q reloaded "$T_DIR/ns.log"
t_has 'a live setting changes' "$(rawcall "$ns" 319)" 'orderMessageEnable=true'
t_has_not 'another does not' "$(rawcall "$ns" 319)" 'maxConnections=77'
t_ok 'and the log says so' grep -q 'setting needs a restart key=maxConnections' "$T_DIR/ns.log"

echo 'logLevel = loud' >>"$T_DIR/ns.ini"
kill -HUP "$(pid ns)"
t_ok 'a broken file changes nothing' t_wait 30 grep -q 'reload refused' "$T_DIR/ns.log"
t_has 'it still serves' "$(rawcall "$ns" 319)" 'orderMessageEnable=true'

stop ns
t_is 'SIGTERM stops it with status 0' $? 0
t_has 'which it says last' "$(tail -n 1 "$T_DIR/ns.log")" 'stopped'

t_done
