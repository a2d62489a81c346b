#!/bin/sh
# Half messages and their one decision (TX1-TX3, TX8, TX9, TX11).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

soh=$(printf '\001')
stx=$(printf '\002')
COMMIT=8
ROLLBACK=12

again() {
	begin b -o transactionTimeOut=600000
}

# half KEY BODY [PROPERTIES]: answers with the fields of the half message in $position and $offset
half() {
	got=$(rawcall -B "$2" "$b" 310 a=PG b=MONEY c=TBW102 d=1 e=0 f=4 g=1700000000000 h=5 j=0 k=false m=false \
		i="KEYS${soh}$1${stx}UNIQ_KEY${soh}U$1${stx}TAGS${soh}transfer${stx}TRAN_MSG${soh}true${stx}PGROUP${soh}PG${stx}${3:-}")
	position=$((0x$(echo "$got" | field ext.msgId | cut -c17-32)))
	offset=$(echo "$got" | field ext.queueOffset)
}

# end WHAT [POSITION [OFFSET [GROUP [CHECK]]]]
end() {
	rawcall "$b" 37 producerGroup="${4:-PG}" commitLogOffset="${2:-$position}" tranStateTableOffset="${3:-$offset}" \
		commitOrRollback="$1" fromTransactionCheck="${5:-false}" msgId=x transactionId=x | field code
}

# pull OFFSET
pull() {
	rawcall "$b" 11 consumerGroup=CG topic=MONEY queueId=0 queueOffset="$1" maxMsgNums=32 sysFlag=4 \
		commitOffset=0 suspendTimeoutMillis=0 subscription='*' subVersion=0
}

again
half 1 one
t_is "a half message is taken" "$(echo "$got" | field code)" 0
t_is "the answer names the queue that was asked for" "$(echo "$got" | field ext.queueId)" 0
t_is "nobody sees it" "$(pull 0 | field code)" 19

t_is "another group cannot commit it" "$(end $COMMIT "" "" OTHER)" 1
t_is "nor one that errs in the queue offset" "$(end $COMMIT "" 7)" 1
t_is "nor in the position" "$(end $COMMIT $((position + 1)))" 1
t_is "nor with a position beyond the log" "$(end $COMMIT 999999999)" 1
t_is "nor with a negative one" "$(end $COMMIT -1)" 1
t_is "nor with an unknown word" "$(end 5)" 1
t_is "nobody sees it yet" "$(pull 0 | field code)" 19

t_is "the producer commits" "$(end $COMMIT)" 0
got=$(pull 0)
t_is "it is there" "$(echo "$got" | field code)" 0
t_has "with its body" "$got" one
t_has "its unique id" "$got" U1
t_has_not "without the marks of the half message" "$got" REAL_TOPIC
t_has_not "without the word that it is one" "$got" TRAN_MSG
end $COMMIT >/dev/null
end $COMMIT >/dev/null
t_is "a commit that is repeated is taken" "$(end $COMMIT)" 0
t_is "a rollback that comes later is refused" "$(end $ROLLBACK)" 200
t_is "there is one, whatever is repeated" "$(pull 1 | field code)" 19

half 2 two
t_is "a rollback" "$(end $ROLLBACK)" 0
t_is "a commit that comes later is refused" "$(end $COMMIT)" 201
t_is "and delivers nothing" "$(pull 1 | field code)" 19

half 3 three
p3=$position o3=$offset
half 4 four
t_is "to know nothing decides nothing" "$(end 0)" 0
t_is "a decision" "$(end $ROLLBACK)" 0
kill9 b
again
t_is "after kill -9 what was open can be committed" "$(end $COMMIT "$p3" "$o3")" 0
t_has "and is delivered" "$(pull 1)" three
t_is "what was decided stays so" "$(end $COMMIT)" 201
kill9 b
again
t_is "after one more kill -9 the commit is known" "$(end $COMMIT "$p3" "$o3")" 0
t_is "and not done again" "$(pull 2 | field code)" 19

# One that is open for seconds is kept in meta.db, and found behind the log that is replayed.
half 5 five
p5=$position o5=$offset
has_row() {
	[ "$("$BUILDDIR/t/lib/sql" "$T_DIR/b/meta.db" 'SELECT count(*) FROM half')" = 1 ]
}
t_ok "it gets a row" t_wait 30 has_row
half 6 six
kill9 b
again
t_is "one with a row is open" "$(end $COMMIT "$p5" "$o5")" 0
t_is "one without a row, too" "$(end $COMMIT)" 0
t_has "both are delivered" "$(pull 2)" five
t_has "in the order of their commits" "$(pull 3)" six
stop b
again
t_is "after a stop the commits are known" "$(end $ROLLBACK "$p5" "$o5")" 200

t_is "a message without a group is no transaction" "$(rawcall -B x "$b" 310 a=PG b=MONEY c=TBW102 d=1 e=0 f=4 g=1 h=5 j=0 \
	k=false m=false i="TRAN_MSG${soh}true${stx}" | field code)" 13
half 7 seven "DELAY${soh}2${stx}"
t_is "a delay level waits for the commit" "$(end $COMMIT)" 0
t_is "and then for its time" "$(pull 4 | field code)" 19
t_done
