#!/bin/sh
# The example of two banks, as a user runs it: through a cluster that is there, and through one of
# its own while both banks and both brokers are killed.
# shellcheck source=t/lib.sh
. "${SRCDIR:-.}/t/lib.sh"

export BUILDDIR
run=$SRCDIR/examples/bank-transfer/run

# exit_of COMMAND ...: its exit status; what it said is in $T_DIR/out
exit_of() {
	"$@" >"$T_DIR/out" 2>&1
	echo $?
}

# row NAME: the number behind it in the table
row() {
	sed -n "s/^  $1  *\([0-9]*\).*/\1/p" "$T_DIR/out" | tail -1
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
		-o namesrvAddr="$(address ns)" -o storePathRootDir="$T_DIR/$broker" || exit 1
done
t_is "it runs" "$(exit_of "$run" --transfers 200 --rate 400 -n "$(address ns)" -d "$T_DIR/books")" 0
sed 's/^/# /' "$T_DIR/out"
in_order quiet 200
t_is "quiet: all were sent" "$(row 'not sent')" 0
t_is "used books are left alone" "$(exit_of "$run" -n "$(address ns)" -d "$T_DIR/books")" 2

t_is "it runs with faults" "$(exit_of "$run" --faults --transfers 200 --rate 25 -d "$T_DIR/faulty")" 0
sed 's/^/# /' "$T_DIR/out"
in_order faults 200
t_ok "faults: banks and brokers were killed" test \
	$(($(row 'bank_a killed') + $(row 'twin killed'))) -gt 0 -a $(($(row 'broker-a killed') + $(row 'broker-b killed'))) -gt 0
t_ok "faults: the brokers had to ask" test "$(row 'decided by a check')" -gt 0
t_is "faults: its cluster is stopped" "$(ls "$T_DIR"/faulty/cluster/run/*.pid 2>/dev/null)" ""
t_done
