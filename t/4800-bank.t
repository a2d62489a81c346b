#!/bin/sh
# The example of two banks, as a user runs it: through a cluster that is there, and through one of
# its own while both banks and both brokers are killed.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

export BUILDDIR
run=$SRCDIR/examples/bank-transfer/run

# exit_of COMMAND ...: its exit status; what it said is in $T_DIR/out
exit_of() {
	"$@" >"$T_DIR/out" 2>&1
	echo $?
}

# rows NAME: the numbers behind it in the table; top_row, row: the first, the last of them
rows() {
	sed -n "s/^  $1  *\([0-9]*\).*/\1/p" "$T_DIR/out"
}

top_row() {
	rows "$1" | head -1
}

row() {
	rows "$1" | tail -1
}

# money: before and after
money() {
	sed -n 's/^  money [a-z]*  *//p' "$T_DIR/out" | tr '\n' ' '
}

# in_order NAME TRANSFERS: what every run must end with
in_order() {
	t_is "$1: nothing is unexplained" "$(row unexplained)" 0
	t_is "$1: nothing is on its way" "$(row 'in flight')" 0
	t_is "$1: every coin is there" "$(money)" "10000000 10000000 "
	t_is "$1: nothing came twice" "$(row 'came twice, credited once')" 0
	t_is "$1: each transfer has an outcome" \
		"$(($(row delivered) + $(row 'rolled back') + $(row 'not sent')))" "$2"
	t_ok "$1: some were committed, some rolled back" \
		test "$(row delivered)" -gt $(($2 / 3)) -a "$(row 'rolled back')" -gt $(($2 / 6))
	t_is "$1: and nothing is left to confirm" "$(row 'found after the end')" 0
}

t_is "a flag that is none" "$(exit_of "$run" --fault)" 2
t_has "shows how" "$(cat "$T_DIR/out")" "run [--transfers N]"
t_is "no number" "$(exit_of "$run" --transfers many)" 2
t_is "no cluster" "$(exit_of "$run" -n 127.0.0.1:1)" 2
t_has "says what to do" "$(cat "$T_DIR/out")" "./quickstart starts one"

start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1
for broker in a b; do
	start $broker mqbroker -o brokerName=broker-$broker -o brokerIP1=127.0.0.1 \
		-o namesrvAddr="$(address ns)" -o storePathRootDir="$T_DIR/$broker" \
		-o transactionTimeOut=3600000 || exit 1
done
t_is "it runs" "$(exit_of "$run" --transfers 200 --rate 400 -n "$(address ns)" -d "$T_DIR/books")" 0
sed 's/^/# /' "$T_DIR/out"
in_order quiet 200
t_is "quiet: all were sent" "$(row 'not sent')" 0
t_is "used books are left alone" "$(exit_of "$run" -n "$(address ns)" -d "$T_DIR/books")" 2

# From here on without the script: brokers that do not ask for an hour, and a bank A that does not tell.
NAMESRV_ADDR=$(address ns)
export NAMESRV_ADDR
banks=$BUILDDIR/examples/bank-transfer

# open_books LEDGER: new ones in $T_DIR/LEDGER
open_books() {
	mkdir "$T_DIR/$1" && "$banks/bank_a" open -d "$T_DIR/$1" -l "$1" &&
		"$banks/bank_b" open -d "$T_DIR/$1" -l "$1"
}

# explain LEDGER: the exit status of the reconciliation by sequence
explain() {
	exit_of "$banks/bank_audit" explain -d "$T_DIR/$1"
}

# open_transactions LEDGER: their ids
open_transactions() {
	"$BUILDDIR/mqadmin" transactionList -g "bank-a-$1" -s open -l 1000 --json |
		grep -o '"transactionId":"[^"]*"' | cut -d '"' -f 4
}

# has LEDGER ROW NUMBER
has() {
	explain "$1" >/dev/null
	[ "$(row "$2")" -eq "$3" ]
}

# One run of the job by time delivers all whose END was lost.
open_books lossy
"$banks/bank_b" credit -d "$T_DIR/lossy" 2>"$T_DIR/lossy-b.log" &
t_remember lossy-b $!
"$banks/bank_a" transfer -d "$T_DIR/lossy" -t 60 -p 30 2>"$T_DIR/lossy-a.log" &
t_remember lossy-a $!
all_booked() {
	explain lossy >/dev/null
	[ $(($(row committed) + $(top_row 'rolled back'))) -eq 60 ]
}
only_lost_ones_left() {
	explain lossy >/dev/null
	[ "$(row 'in flight')" -eq "$(open_transactions lossy | wc -l)" ]
}
t_ok "sixty transfers are booked or refused" t_wait 30 all_booked
t_ok "and what B was told is credited" t_wait 30 only_lost_ones_left
booked=$(row committed)
lost=$((booked - $(row delivered)))
t_ok "an END in three is lost" test $lost -gt 3
t_is "the job finds those" "$("$banks/bank_b" ids -d "$T_DIR/lossy" | "$banks/bank_a" confirm -d "$T_DIR/lossy")" \
	"found $lost confirmed $lost"
t_ok "and then all are delivered" t_wait 30 has lossy delivered "$booked"
t_is "the next one finds nothing" "$("$banks/bank_b" ids -d "$T_DIR/lossy" | "$banks/bank_a" confirm -d "$T_DIR/lossy")" \
	"found 0 confirmed 0"
t_is "nothing is unexplained" "$(row unexplained)" 0
t_ok "bank A ends" stop lossy-a
t_ok "bank B ends" stop lossy-b

# The reconciliation by sequence is not blind: what is rolled back by hand although it is booked, is told.
open_books wrong
"$banks/bank_a" transfer -d "$T_DIR/wrong" -t 6 -p 100 2>"$T_DIR/wrong.log" &
t_remember silent $!
t_ok "where no outcome is told, all are in flight" t_wait 30 has wrong 'in flight' 6
t_is "which is not the end" "$(explain wrong)" 1
booked=$(row committed)
for id in $(open_transactions wrong); do
	"$BUILDDIR/mqadmin" transactionResolve -i "$id" --rollback -r "to see who notices" >/dev/null
done
t_is "rolled back by hand, the booked ones" "$(explain wrong)" 1
t_is "are unexplained" "$(row unexplained)" "$booked"
t_has "and named" "$(cat "$T_DIR/out")" "booked 1, credited no, messages 0"
t_ok "the bank ends" stop silent

t_is "it runs with faults" "$(exit_of "$run" --faults --transfers 150 --rate 25 -d "$T_DIR/faulty")" 0
sed 's/^/# /' "$T_DIR/out"
in_order faults 150
t_ok "faults: banks and brokers were killed" test \
	$(($(row 'bank_a killed') + $(row 'twin killed'))) -gt 0 -a $(($(row 'broker-a killed') + $(row 'broker-b killed'))) -gt 0
t_ok "faults: the brokers had to ask" test "$(row 'decided by a check')" -gt 0
t_is "faults: its cluster is stopped" "$(ls "$T_DIR"/faulty/cluster/run/*.pid 2>/dev/null)" ""
t_done
