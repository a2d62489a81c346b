#!/bin/sh
# END_TRANSACTION as no producer should send it: forged, repeated, contradicting, cut. Each is
# refused or harmless, in both codecs, with and without an answer; what is right decides all the same (I8, I9).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/transactions.sh
. "$SRCDIR/t/lib/transactions.sh"

start b mqbroker -o storePathRootDir="$T_DIR/b" -o brokerIP1=127.0.0.1 || exit 1
b=$(address b)

# What the broker has of a topic, and of what happened to half messages.
stored_of() {
	echo "$(n_stored "$1") $(n_stored RMQ_SYS_TRANS_OP_HALF_TOPIC)"
}

# Neighbours in the log: an ordinary message, a half message that is decided, and its event.
half_name "$(send Ordinary '' ordinary)"
ordinary=$half_position
half Decided '' decided
decided_offset=$half_offset decided=$half_position
end $COMMIT >/dev/null
half Bad '' money
half_was="$half_offset $half_position"

# Each line: what it is, then offset, position and group of the END; - is that of the half message.
forged() {
	cat <<-CASES
		another group|-|-|PX
		no group|-|-|
		a group as a path|-|-|../../PG
		another offset|7|-|PG
		a negative offset|-1|-|PG
		the largest offset|9223372036854775807|-|PG
		the middle of the record|-|$((half_position + 10))|PG
		the byte before|-|$((half_position - 1))|PG
		behind the log|-|999999999|PG
		the largest position|-|9223372036854775807|PG
		a negative position|-|-1|PG
		the smallest position|-|-9223372036854775808|PG
		an ordinary message|-|$ordinary|PG
		an ordinary message at its own offset|0|$ordinary|PG
		a decision|0|$((half_position - 1))|PG
		another half message's position|-|$decided|PG
		another half message's offset|$decided_offset|-|PG
		another half message's offset and no position|$decided_offset|-1|PG
		both of nothing|12345|67890|PG
	CASES
}

# refuse_forged FLAGS OUTCOME
refuse_forged() {
	while IFS='|' read -r what offset position group; do
		[ "$offset" = - ] && offset=$half_offset
		[ "$position" = - ] && position=$half_position
		got=$(end "$2" "$offset" "$position" "$group" "$1")
		case $1 in
		*o*) t_is "$what, oneway $1: no answer" "$got" '' ;;
		*) t_is "$what $1: refused" "$(echo "$got" | field code)" 1 ;;
		esac
	done <"$T_DIR/forged"
}

forged >"$T_DIR/forged"
before=$(stored_of Bad)
refuse_forged '' $COMMIT
refuse_forged -x $ROLLBACK
refuse_forged -o $ROLLBACK
refuse_forged '-x -o' $COMMIT
t_is "nothing of it was stored" "$(stored_of Bad)" "$before"
all_forged_are_counted() {
	[ "$(count Refused)" -eq $((4 * $(wc -l <"$T_DIR/forged"))) ]
}
t_ok "all of it was counted" t_wait 30 all_forged_are_counted

# Values that are none.
was=$(count Refused)
for value in 5 -1 4 16 2147483647; do
	t_is "outcome $value: refused" "$(end $value | field code)" 1
done
t_is "and counted" "$(count Refused)" $((was + 5))
for value in commit '' 8x 99999999999 8.0; do
	t_is "outcome '$value': refused" "$(end "$value" | field code)" 1
	t_is "offset '$value': refused" "$(end $COMMIT "$value" | field code)" 1
	[ "$value" = 99999999999 ] || t_is "position '$value': refused" "$(end $COMMIT "$half_offset" "$value" | field code)" 1
done
t_is "no field at all: refused" "$(rawcall "$b" 37 | field code)" 1
t_is "only a group: refused" "$(rawcall "$b" 37 producerGroup=PG | field code)" 1
t_is "no position: refused" "$(rawcall "$b" 37 producerGroup=PG tranStateTableOffset="$half_offset" \
	commitOrRollback=8 msgId=x | field code)" 1
t_is "no outcome: refused" "$(rawcall "$b" 37 producerGroup=PG tranStateTableOffset="$half_offset" \
	commitLogOffset="$half_position" msgId=x | field code)" 1
t_is "nothing of it was stored either" "$(stored_of Bad)" "$before"

# An answer to a question that was not asked, about something that is not there.
check_answer() {
	rawcall "$b" 37 producerGroup=PG tranStateTableOffset="$1" commitLogOffset="$2" commitOrRollback="$3" \
		fromTransactionCheck=true msgId=none transactionId=none
}
for outcome in $COMMIT $ROLLBACK $UNKNOWN; do
	t_is "a check's answer $outcome about nothing: refused" "$(check_answer 5 123456 $outcome | field code)" 1
done
t_is "nor of that" "$(stored_of Bad)" "$before"

# The right one decides, forty times over.
# shellcheck disable=SC2086 # two words
set -- $half_was
half_offset=$1 half_position=$2
t_is "the right one: taken" "$(end $COMMIT | field code)" 0
t_is "and delivered" "$(n_stored Bad)" 1
# repeat OUTCOME N FLAGS: how many answers of which code
repeat() {
	words="37 producerGroup=PG tranStateTableOffset=$half_offset commitLogOffset=$half_position commitOrRollback=$1"
	words="$words fromTransactionCheck=false msgId=$half_id"
	all=$words
	while [ ${#all} -lt $((($2 - 1) * (${#words} + 4) + 1)) ]; do
		all="$all -- $words"
	done
	# shellcheck disable=SC2086 # words
	rawcall $3 "$b" $all | field code | sort | uniq -c | sed 's/^ *//'
}
t_is "forty times COMMIT: all are taken" "$(repeat $COMMIT 40 '')" "40 0"
t_is "and delivered once" "$(n_stored Bad)" 1
t_is "forty times without an answer" "$(repeat $COMMIT 40 -o)" ''
t_is "three hundred times" "$(repeat $COMMIT 300 '')" "300 0"
t_is "forty times ROLLBACK now: it should be COMMIT" "$(repeat $ROLLBACK 40 '')" "40 200"
t_is "still there, once" "$(n_stored Bad)" 1
t_has "as it was" "$(pull Bad)" money

half Rolled '' none
t_is "ROLLBACK" "$(end $ROLLBACK | field code)" 0
t_is "forty times" "$(repeat $ROLLBACK 40 -x)" "40 0"
t_is "forty times COMMIT after it: it should be ROLLBACK" "$(repeat $COMMIT 40 -x)" "40 201"
end $COMMIT "$half_offset" "$half_position" PG -o >/dev/null
t_is "a check's COMMIT after it as well" "$(check_answer "$half_offset" "$half_position" $COMMIT | field code)" 201
t_is "never delivered" "$(n_stored Rolled)" 0

contradictions_are_counted() {
	[ "$(count Contradictions)" = 82 ]
}
t_ok "each contradiction is counted" t_wait 30 contradictions_are_counted
t_is "and none is open" "$(count Open)" 0

half Unknown '' later
end $UNKNOWN "$half_offset" "$half_position" PG -o >/dev/null
check_answer "$half_offset" "$half_position" $UNKNOWN >/dev/null
t_is "UNKNOWN delivers nothing" "$(n_stored Unknown)" 0
t_is "and COMMIT then decides" "$(end $COMMIT | field code) $(n_stored Unknown)" "0 1"

# The same after a kill.
half Killed '' again
end $COMMIT >/dev/null
kill9 b
start b mqbroker -o storePathRootDir="$T_DIR/b" -o brokerIP1=127.0.0.1 || exit 1
b=$(address b)
t_is "after a kill: COMMIT again" "$(end $COMMIT | field code)" 0
t_is "after a kill: ROLLBACK" "$(end $ROLLBACK | field code)" 200
t_is "after a kill: once" "$(n_stored Killed)" 1
# shellcheck disable=SC2086 # two words
set -- $half_was
half_offset=$1 half_position=$2
t_is "after a kill: the older one too" "$(end $COMMIT | field code) $(n_stored Bad)" "0 1"
t_ok "stops" stop b
t_done
