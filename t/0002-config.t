#!/bin/sh
# Settings that change while a daemon runs (CF8), and one place for the log (CF6).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

# changed NAME BODY CODE: an update of the settings is answered with this code
changed() {
	t_is "$1" "$(rawcall -B "$2" "$ns" 318 | field code)" "$3"
}

setting() {
	rawcall "$ns" 319 | sed -n "s/.*\($1=[^ ]*\).*/\1/p" | head -n 1
}

t_is 'broker-a.ini and broker-b.ini differ in one line' \
	"$(diff "$SRCDIR/etc/broker-a.ini" "$SRCDIR/etc/broker-b.ini" | grep -c '^>')" 1
t_ok "namesrv.ini has no diagnostics" "$BUILDDIR/mqnamesrv" -c "$SRCDIR/etc/namesrv.ini" --check
for file in broker-a.ini broker-b.ini; do
	t_ok "$file has no diagnostics" "$BUILDDIR/mqbroker" -c "$SRCDIR/etc/$file" --check
done

start ns mqnamesrv -o storePath="$T_DIR/ns" -o bindAddress=127.0.0.1 || exit 1
ns=$(address ns)

changed 'a live key is taken' 'orderMessageEnable=true' 0
t_is 'and counts' "$(setting orderMessageEnable)" 'orderMessageEnable=true'
changed 'a value that it has already is fine' 'orderMessageEnable=true' 0
changed 'a key of RocketMQ without effect is taken' 'clusterTest=false' 0
changed 'an unknown key is refused' 'orderMesageEnable=true' 1
t_has 'with what was meant' "$(rawcall -B 'orderMesageEnable=true' "$ns" 318)" 'did you mean orderMessageEnable?'
changed 'a wrong value is refused' 'orderMessageEnable=maybe' 1
changed 'a path is not changed over the network' "storePath=$T_DIR/elsewhere" 16
changed 'what needs a restart is refused' 'maxConnections=100' 1
changed 'one bad pair spoils all' 'enableTopicList=false
nonsense=1' 1
t_is 'and nothing was changed' "$(setting enableTopicList)" 'enableTopicList=true'

stop ns
start ns mqnamesrv -o storePath="$T_DIR/ns" -o bindAddress=127.0.0.1 || exit 1
ns=$(address ns)
t_is 'a change outlives a restart' "$(setting orderMessageEnable)" 'orderMessageEnable=true'
stop ns

# All that is said goes to logFile.
"$BUILDDIR/mqnamesrv" -o listenPort=0 -o bindAddress=127.0.0.1 -o storePath="$T_DIR/ns" \
	-o logFile="$T_DIR/to.log" >"$T_DIR/stdout" 2>"$T_DIR/stderr" &
t_remember quiet $!
t_ok 'logFile gets the log' t_wait 30 grep -q ready "$T_DIR/to.log"
mv "$T_DIR/to.log" "$T_DIR/old.log"
kill -HUP "$(pid quiet)"
t_ok 'SIGHUP opens a new one after the old was moved away' t_wait 30 test -s "$T_DIR/to.log"
stop quiet
t_is 'nothing anywhere else' "$(cat "$T_DIR/stdout" "$T_DIR/stderr")" ''
t_is 'a log that cannot be opened' \
	"$("$BUILDDIR/mqnamesrv" -o logFile=/nowhere/x.log >/dev/null 2>&1; echo $?)" 1

t_done
