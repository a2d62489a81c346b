#!/bin/sh
# Recorded frames, changed at random and sent to whole daemons: none dies, hangs or makes a sanitizer
# speak.
#
#   2940-mutated-frames.t [SECONDS [SEED]]     else $FUZZ_SECONDS, else 5; seed 1
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

VECTORS=${VECTORS:-$SRCDIR/t/vectors}
export VECTORS
[ -d "$VECTORS" ] || t_skip_all "no recorded frames: VECTORS names no folder"
seconds=${1:-${FUZZ_SECONDS:-5}}
found=$BUILDDIR/found/daemons # what made a daemon fall stays
mkdir -p "$found"

start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1
start b mqbroker -n "$(address ns)" -o brokerName=broker-a -o brokerIP1=127.0.0.1 \
	-o brokerClusterName=DefaultCluster -o storePathRootDir="$T_DIR/b" -o flushDiskType=ASYNC_FLUSH \
	-o transactionTimeOut=1000 || exit 1

"$BUILDDIR/t/fuzz/frames_to_daemons" -t "$seconds" -s "${2:-1}" -d "$found" "$(address ns)" "$(address b)" \
	>"$T_DIR/out" 2>&1
t_result $? "$(tail -n 1 "$T_DIR/out")" "$(cat "$T_DIR/out")"
for daemon in ns b; do
	sed -n 's/^VmHWM:[[:space:]]*/# memory of the daemon at most: /p' "/proc/$(pid $daemon)/status" 2>/dev/null
	t_ok "$daemon stops" stop $daemon
	report=$(grep -aE -A30 'ERROR: [A-Za-z]*Sanitizer|runtime error|WARNING: ThreadSanitizer' "$T_DIR/$daemon.log")
	t_is "$daemon: no report of a sanitizer" "$report" ""
	[ -z "$report" ] || cp "$T_DIR/$daemon.log" "$found/$daemon.log"
done
t_done
