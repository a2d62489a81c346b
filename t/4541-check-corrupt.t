#!/bin/sh
# A half message that cannot be read any more is parked, and stops nobody.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/check.sh
. "${SRCDIR:-.}/t/lib/check.sh"

again() {
	begin q -o flushDiskType=ASYNC_FLUSH -o transactionTimeOut=1000 -o transactionCheckInterval=300 -o mappedFileSizeCommitLog=65536
}

again
prepare G lost >/dev/null
head -c 60000 /dev/zero | tr '\0' x >"$T_DIR/body"
for n in 1 2 3 4 5 6; do # until its segment is sealed
	rawcall -b "$T_DIR/body" "$b" 310 a=G b=T c=TBW102 d=1 e=0 f=0 g=$n h=0 j=0 k=false m=false >/dev/null
done
first=$T_DIR/q/log/00000000000000000000.db
t_wait 30 [ ! -e "$first-wal" ]
prepare G kept >/dev/null
stop q
LC_ALL=C sed -i 's/body of lost/BODY of lost/' "$first"
t_ok "its body is not what it was" grep -q 'BODY of lost' "$first"
again
join member G -E $COMMIT
t_wait 30 has_messages TRANS_CHECK_MAX_TIME_TOPIC 1
t_is "it is parked" "$(n_parked)" 1
t_has "with the reason" "$(shows 0)" "its record cannot be read"
t_wait 30 has_messages T 7
t_is "the other one is asked about and delivered" "$(n_messages T)" 7
t_is "nobody is asked about what cannot be shown" "$(asks member)" 1
t_ok "stops cleanly" stop q
t_done
