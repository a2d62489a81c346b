#!/bin/sh
# A slave may close its segments at another size than its master: the log is the same.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

end_of() {
	rawcall "$1" 28 | sed -n 's/.*"commitLogMaxOffset":"\([0-9]*\)".*/\1/p'
}

# whole NAME: the slave has all that the master has
whole() {
	whole_end=$(end_of "$m")
	[ -n "$whole_end" ] && [ "$(end_of "$(address "$1")")" = "$whole_end" ]
}

# slave NAME SEGMENT_BYTES ID
slave() {
	start "$1" mqbroker -o brokerRole=SLAVE -o brokerId="$3" -o brokerName=a -o brokerIP1=127.0.0.1 \
		-o haMasterAddress="127.0.0.1:$(($(port a) + 1))" -o storePathRootDir="$T_DIR/$1" \
		-o mappedFileSizeCommitLog="$2"
}

bytes_of() {
	find "$T_DIR/$1/log" -name '0*.db' | sort | while read -r segment; do
		"$BUILDDIR/t/lib/sql" "$segment" 'SELECT hex(records) FROM log ORDER BY pos'
	done | tr -d '\n' | cksum
}

begin a -o mappedFileSizeCommitLog=1048576 -o flushDiskType=ASYNC_FLUSH
m=$b
"$BUILDDIR/mqbench" send -A "$m" -t T -N 2000 -d 60 -Q >/dev/null 2>&1
t_ok "a slave with smaller segments" slave small 65536 1
t_ok "and one with larger ones" slave large 268435456 2
"$BUILDDIR/mqbench" send -A "$m" -t T -N 500 -d 60 -Q >/dev/null 2>&1
t_ok "have all of it" t_wait 30 whole small
t_ok "both" t_wait 30 whole large
stop small
stop large
stop a
t_ok "the small ones are more" test "$(find "$T_DIR/small/log" -name '0*.db' | wc -l)" -gt "$(find "$T_DIR/a/log" -name '0*.db' | wc -l)"
t_is "the large one is one" "$(find "$T_DIR/large/log" -name '0*.db' | wc -l)" 1
t_is "the bytes are the same" "$(bytes_of small)" "$(bytes_of a)"
t_is "in both" "$(bytes_of large)" "$(bytes_of a)"
t_has_not "nothing went wrong" "$(cat "$T_DIR/small.log" "$T_DIR/large.log")" "error:"
t_done
