#!/bin/sh
# Peers that ask for much and read nothing: memory is bounded, others are served.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

start broker mqbroker -o storePathRootDir="$T_DIR/broker" -o brokerIP1=127.0.0.1 \
	-o serverWriteBufferMaxBytes=50000000 || exit 1
broker=$(address broker)

peak() {
	sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$(pid broker)/status"
}

closed() {
	rawcall "$broker" 28 | sed -n 's/.*"connectionsClosedSlow":"\([0-9]*\)".*/\1/p'
}

some_closed() {
	[ "$(closed)" -gt 0 ]
}

head -c 4000000 /dev/zero | tr '\0' x >"$T_DIR/body"
got=$(rawcall -b "$T_DIR/body" "$broker" 10 producerGroup=P topic=TBW102 defaultTopic=TBW102 \
	defaultTopicQueueNums=4 queueId=0 sysFlag=0 bornTimestamp=1 flag=0 reconsumeTimes=0)
t_is 'a message of 4 MB' "$(echo "$got" | field code)" 0
position=$((0x$(echo "$got" | field ext.msgId | cut -c17-32)))
before=$(peak)

# 60 connections ask for 14 times 4 MB each, 3.4 GB in all.
"$BUILDDIR/t/lib/crowd" -n 60 -r 14 "$broker" 33 offset="$position" >"$T_DIR/crowd" 2>&1 &
t_remember crowd $!
t_ok 'the slowest are closed' t_wait 60 some_closed
rawcall -t 60000 -O "$T_DIR/got" "$broker" 33 offset="$position" >"$T_DIR/out"
t_is 'a client that reads is served' "$(field code <"$T_DIR/out")" 0
t_ok 'with the whole message' test "$(wc -c <"$T_DIR/got")" -gt 4000000
kill9 crowd
after=$(peak)
growth=300000
[ -z "${SANITIZERS-}" ] || growth=1500000
t_ok "memory is bounded ($before kB, then at most $after kB)" test $((after - before)) -lt $growth
t_ok 'stops' stop broker
t_done
