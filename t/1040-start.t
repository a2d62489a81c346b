#!/bin/sh
# What keeps the name server from starting is one line that says what to do.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1

# refused NAME WANTED FLAGS ...: exits 1 with one error that contains the text
refused() {
	r_name=$1 r_wanted=$2
	shift 2
	"$BUILDDIR/mqnamesrv" "$@" >"$T_DIR/refused" 2>&1
	t_is "$r_name: exit status" $? 1
	t_has "$r_name: the line" "$(grep error "$T_DIR/refused")" "$r_wanted"
	t_is "$r_name: one line" "$(grep -c error "$T_DIR/refused")" 1
}

refused 'a port that is taken' 'stop what uses the port, or set another listenPort' \
	-o listenPort="$(port ns)" -o storePath="$T_DIR/other"
refused 'a directory in use' 'in use by another mqnamesrv; give this one its own storePath' \
	-o listenPort=0 -o storePath="$T_DIR/ns"
: >"$T_DIR/file"
mkdir "$T_DIR/junk"
awk 'BEGIN { for (i = 0; i < 500; i++) print "this is no database" }' >"$T_DIR/junk/namesrv.db"
refused 'a directory that is none' "directory $T_DIR/file/ns cannot be made" -o listenPort=0 -o storePath="$T_DIR/file/ns"
refused 'a file that is no database' 'cannot be used' -o listenPort=0 -o storePath="$T_DIR/junk"

# Two of one home, without a file: a store for each port.
HOME=$T_DIR
export HOME
t_ok 'a name server without a storePath' start one mqnamesrv
t_ok 'another one on the same home' start two mqnamesrv
t_ok 'a store for each port' test -f "$T_DIR/namesrv-$(port one)/namesrv.db" -a -f "$T_DIR/namesrv-$(port two)/namesrv.db"

t_is 'a port that others reach: one loud line' "$(grep -c 'warn: NO ACCESS CONTROL: .*address=0.0.0.0' "$T_DIR/one.log")" 1
for address in 127.0.0.1 ::1; do
	start local mqnamesrv -o bindAddress=$address -o storePath="$T_DIR/local" || exit 1
	t_fails "none on $address" grep -q 'NO ACCESS CONTROL' "$T_DIR/local.log"
	stop local
done
start broker mqbroker -o brokerIP1=127.0.0.1 -o storePathRootDir="$T_DIR/broker" || exit 1
t_ok 'the broker says so, too' grep -q 'warn: NO ACCESS CONTROL' "$T_DIR/broker.log"

t_ok 'stop' stop ns
t_has 'and it says so' "$(cat "$T_DIR/ns.log")" 'stopped'
t_done
