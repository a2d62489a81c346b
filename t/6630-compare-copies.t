#!/bin/sh
# bench/compare's rows of a master and its slave, small and with TwinMQ alone.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
command -v python3 >/dev/null || t_skip_all "python3 is not installed"
BENCH_TMP=$T_DIR/tmp
mkdir "$BENCH_TMP"

TMPDIR=$BENCH_TMP "$SRCDIR/bench/compare" --json "$T_DIR/json" --svg "$T_DIR/svg" --markdown "$T_DIR/md" \
	--self --messages 300 --blocks 1 --only P26,copied,catch-up,copying >"$T_DIR/out" 2>"$T_DIR/err"
t_is "it is complete" $? 0
sed 's/^/# /' "$T_DIR/err"
for line in 'P26 | SYNC_MASTER and slave: send, 64 in flight' 'P27 | CPU of an ASYNC_MASTER, against none to copy it' \
	'P28 | an empty slave catches up' 'P28 | 20,000/s sent while it does: p99, against not'; do
	t_has "the table has $line" "$(cat "$T_DIR/out")" "| $line"
done
t_is "each run is proven" "$(grep -o '"verdict":"holds"' "$T_DIR/json" | wc -l | tr -d " ")" 16
t_is "nothing is left" "$(grep -l "$T_DIR/[t]mp" /proc/[0-9]*/cmdline 2>/dev/null)" ''
t_done
