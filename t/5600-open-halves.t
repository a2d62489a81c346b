#!/bin/sh
# What open half messages cost: memory and disk beyond their records, and the pace of commits beside
# them. Prints figures; none of them passes or fails.
#
#   5600-open-halves.t [COUNT]     so many are left open; else $OPEN_HALVES, else 20000
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

count=${1:-${OPEN_HALVES:-20000}}
rounds=5 slice_ms=1500
[ "$count" -gt 100000 ] || slice_ms=300

start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1

# run_broker NAME: nothing falls due while this runs
run_broker() {
	broker "$1" -o namesrvAddr="$(address ns)" -o flushDiskType=ASYNC_FLUSH -o transactionTimeOut=86400000
}

load() {
	"$BUILDDIR/t/crash/halves" "$(address ns)" Open "$@" >"$T_DIR/load.out" 2>"$T_DIR/load.err"
}

rate() {
	field rate <"$T_DIR/load.out"
}

# memory NAME: anonymous, in kB; disk NAME: of what is not log, in kB
memory() {
	sed -n 's/^RssAnon:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$(pid "$1")/status"
}

disk() {
	du -ck "$T_DIR/$1"/store/meta.db* "$T_DIR/$1"/meta.db* 2>/dev/null | tail -1 | cut -f1
}

# commits NAME: a slice of the load; its rate is added to the sum of $1
commits() {
	load "$1" commit $slice_ms || return 1
	rate >>"$T_DIR/$1.rates"
}

mean() {
	awk '{ sum += $1 } END { printf "%d", NR ? sum / NR : 0 }' "$T_DIR/$1.rates"
}

run_broker none || exit 1
run_broker many || exit 1
"$BUILDDIR/mqadmin" updateTopic -n "$(address ns)" -c DefaultCluster -t Open -r 4 -w 4 >/dev/null || exit 1

# Whatever else grows with the first messages has grown then.
for name in none many; do
	t_ok "$name is warm" load $name commit $((slice_ms * 3))
done
memory_before=$(memory many) disk_before=$(disk many)
t_ok "$count half messages are stored" load many open "$count"
echo "# stored at $(rate) a second"
# Those that are open longer than a moment have rows in meta.db.
sleep 3
memory_after=$(memory many) disk_after=$(disk many)
echo "# memory: $((memory_after - memory_before)) kB more, disk beyond the log: $((disk_after - disk_before)) kB more"
echo "# together $(((memory_after - memory_before + disk_after - disk_before) * 1024 / count)) bytes for each"

round=0
while [ $round -lt $rounds ]; do
	round=$((round + 1))
	commits none && commits many || break
done
t_is "commits go on beside them" $round $rounds
sed 's/^/# /' "$T_DIR/load.err"
echo "# commits a second, none open: $(mean none); $count open: $(mean many); the quotient: $(awk -v a="$(mean none)" \
	-v b="$(mean many)" 'BEGIN { printf "%.2f", b ? a / b : 0 }')"

stop many
begin=$(date +%s%N)
t_ok "it starts again" run_broker many
echo "# ready after $((($(date +%s%N) - begin) / 1000000)) ms, memory then: $(memory many) kB"
t_done
