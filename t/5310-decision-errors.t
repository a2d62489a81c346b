#!/bin/sh
# A disk that fails between half message and decision: an END is told so, the transaction stays open,
# and once the disk is well (or the broker restarted) the END repeated decides; nothing is lost,
# nothing delivered twice (I8, I9).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/crash/crash.sh
. "$SRCDIR/t/crash/crash.sh"
# shellcheck source=t/lib/transactions.sh
. "$SRCDIR/t/lib/transactions.sh"

# run_broker NAME PROGRAM [FLAGS ...]
run_broker() {
	b_name=$1 T_BROKER=$2
	shift 2
	begin "$b_name" -o transactionTimeOut=600000 "$@"
}

FAULT=$T_DIR/fault
export FAULT
run_broker b t/lib/faulty_broker
half Full '' money
for topic in Lost Back Silent; do
	half $topic '' "$topic"
	eval "half_$topic='$half_offset $half_position'"
done

# use TOPIC: the half message of it is the one that end means
use() {
	eval "set -- \$half_$1"
	half_offset=$1 half_position=$2
}

# A full disk.
for outcome in $COMMIT $ROLLBACK; do
	half Full "" money
	was=$(n_stored Full)
	set_fault write:1:full:always
	got=$(end $outcome)
	t_is "full disk, outcome $outcome: not taken" "$(echo "$got" | field code)" 1
	t_has "full disk, outcome $outcome: and told why" "$got" "not decided: the disk is full"
	t_is "full disk, outcome $outcome: again" "$(end $outcome | field code)" 1
	t_is "full disk, outcome $outcome: nothing is delivered" "$(n_stored Full)" "$was"
	t_is "full disk: a new half message is refused" "$(send Full "$HALF" x | field code)" 14
	set_fault write:0:full:once
	decided() {
		[ "$(end $outcome | field code)" = 0 ]
	}
	t_ok "with room again outcome $outcome: decided" t_wait 30 decided
	t_is "with room again outcome $outcome: repeated" "$(end $outcome | field code)" 0
	t_is "with room again: once or not at all" "$(n_stored Full)" $((was + (outcome == COMMIT)))
done
use Silent
set_fault write:1:full:always
# The log has one line a second of these.
failure_is_logged() {
	end $COMMIT "$half_offset" "$half_position" PG -o
	grep -q "transaction end failed .*position=$half_position .*the disk is full" "$T_DIR/b.log"
}
t_ok "full disk, nobody asks for an answer: a line in the log says so" t_wait 30 failure_is_logged
t_ok "full disk: such failures are counted" test "$(count Failed)" -ge 5
set_fault write:0:full:once
silent_decided() {
	[ "$(end $COMMIT | field code)" = 0 ]
}
t_ok "with room again it is decided" t_wait 30 silent_decided
t_is "and delivered once" "$(n_stored Silent)" 1

# Writes that fail for a moment; all of them, for what is flushed by the clock writes too.
use Lost
set_fault write:1:ioerr:always
got=$(end $COMMIT)
set_fault write:0:ioerr:once
t_is "a failed write: not taken" "$(echo "$got" | field code)" 1
t_has "a failed write: and told why" "$got" "not decided: the disk reported an error"
t_is "a failed write: the next one decides" "$(end $COMMIT | field code) $(n_stored Lost)" "0 1"

# A sync that fails: it may be decided or not, and only a restart can tell.
use Back
set_fault sync:1:ioerr:once
t_is "a failed sync: not taken" "$(end $COMMIT | field code)" 1
t_is "a failed sync: nor anything after it" "$(end $COMMIT | field code)" 1
t_is "a failed sync: nor the reverse" "$(end $ROLLBACK | field code)" 1
kill9 b
run_broker b mqbroker
t_is "after a restart: decided" "$(end $COMMIT | field code)" 0
t_is "after a restart: delivered once" "$(n_stored Back)" 1
t_is "after a restart: for good" "$(end $ROLLBACK | field code) $(n_stored Back)" "200 1"
use Lost
t_is "after a restart: the others as they were" "$(end $ROLLBACK | field code) $(n_stored Lost)" "200 1"
t_ok "stops" stop b
t_done
