#!/bin/sh
# Silent connections in crowds: a limit for each address, and silent ones make room for others.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/namesrv.sh
. "${SRCDIR:-.}/t/lib/namesrv.sh"

# crowd NAME FLAGS ...: in the background, its output in $T_DIR/NAME.crowd
crowd() {
	t_crowd=$1
	shift
	"$BUILDDIR/t/lib/crowd" "$@" >"$T_DIR/$t_crowd.crowd" 2>&1 &
	t_remember "$t_crowd" $!
	t_wait 30 grep -q '^held$' "$T_DIR/$t_crowd.crowd"
}

open_is() { # NAME N
	[ "$(sed -n 's/^open=//p' "$T_DIR/$1.crowd" | tail -1)" = "$2" ]
}

# crowded WHAT ADDRESS: of a daemon with maxConnections=100 and maxConnectionsPerAddress=60
crowded() {
	crowd first -a 127.0.0.2 -n 70 "$2"
	t_ok "$1: an address gets as many as it may" t_wait 10 open_is first 60
	crowd second -a 127.0.0.3 -n 60 "$2"
	t_ok "$1: another address gets its own" t_wait 10 open_is second 60
	t_ok "$1: the oldest silent ones made room" t_wait 10 open_left first 45
	for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		[ "$(rawcall -t 5000 "$2" 28 | field code)" = 0 ] || break
	done
	t_is "$1: 20 of 20 honest ones are served" "$n" 20
	got=$(rawcall "$2" 28 | field body)
	t_has "$1: tools see those refused" "$got" '"connectionsRefusedOfAddress":"10"'
	t_has_not "$1: and those that made room" "$got" '"connectionsClosedSilent":"0"'
	t_ok "$1: the log names the address" grep -q 'connections of one address are refused peer=127.0.0.2' \
		"$T_DIR/$1.log"
	kill9 first
	kill9 second
}

open_left() { # NAME N: at most so many
	[ "$(sed -n 's/^open=//p' "$T_DIR/$1.crowd" | tail -1)" -le "$2" ]
}

start ns mqnamesrv -o storePath="$T_DIR/ns" -o maxConnections=100 -o maxConnectionsPerAddress=60 || exit 1
# shellcheck disable=SC2046
hold spoke -B "$(table 1 T1)" "$(address ns)" 103 $(broker_fields a 0 21911)
crowded ns "$(address ns)"
t_is 'a connection that made a request stays' "$(rawcall "$(address ns)" 105 topic=T1 | field code)" 0
kill9 spoke
t_ok 'the name server stops' stop ns

# With several loops, those that make room are on other loops than the one that accepts.
start broker mqbroker -o storePathRootDir="$T_DIR/broker" -o brokerIP1=127.0.0.1 -o ioThreads=3 \
	-o maxConnections=100 -o maxConnectionsPerAddress=60 || exit 1
crowded broker "$(address broker)"
t_ok 'the broker stops' stop broker

start brief mqnamesrv -o storePath="$T_DIR/ns" -o serverChannelMaxSilentTimeSeconds=1 || exit 1
hold slow "$(address brief)" 28
crowd third -n 5 "$(address brief)"
t_ok 'silent ones are closed after their time' t_wait 10 open_is third 0
t_fails 'one that made a request is not' grep -q closed "$T_DIR/slow.held"
t_ok 'stops' stop brief
t_done
