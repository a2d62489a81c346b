#!/bin/sh
# A checkpoint does not hold up sends for seconds. It prints how long they take, for people to look at.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
[ -z "${SANITIZERS-}" ] || t_skip_all "a build with sanitizers says nothing about times"

TAIL_LATENCY_DIR=$T_DIR "$SRCDIR/bench/tail-latency" >"$T_DIR/out" 2>&1
status=$?
sed 's/^/# /' "$T_DIR/out"
t_ok "it could measure" test $status -ne 2
t_ok "p99 while a checkpoint runs is within a wide bound" test $status -ne 1

# A checkpoint leaves the processor to what answers clients. Fields 2 and 19 of stat: name and nice value.
start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1
start b mqbroker -o namesrvAddr="$(address ns)" -o storePathRootDir="$T_DIR/b" || exit 1
t_is "the checkpointer is nice, and only it" \
	"$(sed -n 's/^[0-9]* (\(.*\)) \([^ ]* \)\{16\}\([-0-9]*\) .*/\1 \3/p' "/proc/$(pid b)/task/"*/stat | grep -v ' 0$')" "checkpointer 10"
t_done
