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
t_done
