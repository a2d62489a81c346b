#!/bin/sh
# Transactions are listed by state, group, topic, key and age, page by page, and none is left out (RC8, D4).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/half_messages.sh
. "${SRCDIR:-.}/t/lib/half_messages.sh"

again() {
	begin b -o flushDiskType=ASYNC_FLUSH -o transactionTimeOut=600000
}

# names FILE ...: the ids in what halves told, sorted
names() {
	cat "$@" | cut -d ' ' -f 1 | sort
}

# same NAME FILE FILE
same() {
	t_ok "$1" cmp "$2" "$3"
}

# list FLAGS ...: into $T_DIR/listed
list() {
	ids -b "$b" "$@" >"$T_DIR/listed"
}

again
t_is "nothing is listed where nothing is" "$(ids -b "$b")" ''

# 2,600 half messages of two groups for two topics; 600 of them are decided.
halves b bank money bank every 1 2000 >"$T_DIR/bank"
halves b shop goods shop every 1 600 >"$T_DIR/shop"
t_is "2,600 half messages are stored" "$(cat "$T_DIR/bank" "$T_DIR/shop" | wc -l | tr -d ' ')" 2600
head -400 "$T_DIR/bank" >"$T_DIR/committed"
sed -n '401,600p' "$T_DIR/bank" >"$T_DIR/rolledBack"
sed -n '601,$p' "$T_DIR/bank" >"$T_DIR/bank.open"
t_is "400 are committed" "$(ends b bank $COMMIT <"$T_DIR/committed" | sort | uniq -c | tr -s ' ')" ' 400 0'
t_is "200 are rolled back" "$(ends b bank $ROLLBACK <"$T_DIR/rolledBack" | sort | uniq -c | tr -s ' ')" ' 200 0'
# 30 contradictions, 10 of which are told twice
head -20 "$T_DIR/committed" >"$T_DIR/late"
head -10 "$T_DIR/rolledBack" >"$T_DIR/later"
ends b bank $ROLLBACK <"$T_DIR/late" >"$T_DIR/codes"
ends b bank $COMMIT <"$T_DIR/later" >>"$T_DIR/codes"
ends b bank $COMMIT <"$T_DIR/later" >>"$T_DIR/codes"
t_is "40 contradictions are refused" "$(sort "$T_DIR/codes" | uniq -c | tr -s ' ')" ' 20 200
 20 201'

# lists RUN: each list equals what was sent
lists() {
	for state in committed rolledBack; do
		names "$T_DIR/$state" >"$T_DIR/wanted"
		list -s $state -l 100000
		same "$1: what is $state is listed, all and once" "$T_DIR/wanted" "$T_DIR/listed"
	done
	names "$T_DIR/bank.open" "$T_DIR/shop" >"$T_DIR/wanted"
	list -s open -l 100000
	same "$1: what is open is listed, all and once" "$T_DIR/wanted" "$T_DIR/listed"
	names "$T_DIR/bank" "$T_DIR/shop" >"$T_DIR/wanted"
	list -l 100000
	same "$1: all are listed once" "$T_DIR/wanted" "$T_DIR/listed"
	names "$T_DIR/late" "$T_DIR/later" "$T_DIR/later" >"$T_DIR/wanted"
	list -s contradiction -l 100000
	same "$1: each contradiction is listed" "$T_DIR/wanted" "$T_DIR/listed"
	t_is "$1: nothing is parked" "$(ids -b "$b" -s parked)" ''
	t_is "$1: nothing is revocable" "$(ids -b "$b" -s revocable)" ''
}

lists "first"

# filters
names "$T_DIR/shop" >"$T_DIR/wanted"
list -g shop -l 100000
same "of one group" "$T_DIR/wanted" "$T_DIR/listed"
list -t goods -s open -l 100000
same "for one topic" "$T_DIR/wanted" "$T_DIR/listed"
names "$T_DIR/bank.open" >"$T_DIR/wanted"
list -g bank -s open -l 100000
same "of one group, open" "$T_DIR/wanted" "$T_DIR/listed"
names "$T_DIR/bank" "$T_DIR/shop" >"$T_DIR/wanted"
list -k every -l 100000
same "with a key that all have" "$T_DIR/wanted" "$T_DIR/listed"
names "$T_DIR/rolledBack" >"$T_DIR/wanted"
list -k every -s rolledBack -l 100000
same "with this key, rolled back" "$T_DIR/wanted" "$T_DIR/listed"
names "$T_DIR/late" "$T_DIR/later" >"$T_DIR/wanted"
list -k every -s contradiction -l 100000
same "with this key, contradicted: each once" "$T_DIR/wanted" "$T_DIR/listed"
t_is "with a key that one has" "$(ids -b "$b" -k bank-777)" bank-777
t_is "with a key that one has, in another state" "$(ids -b "$b" -k bank-777 -s committed)" ''
t_is "with a key that none has" "$(ids -b "$b" -k nobody)" ''
t_is "of a group that is none" "$(ids -b "$b" -g nobody -l 100000)" ''
t_is "stored an hour ago" "$(ids -b "$b" -o 3600 -l 100000)" ''

# pages
for limit in 1 7 100 1000 2600; do
	t_is "no more than $limit" "$(ids -b "$b" -l $limit | wc -l | tr -d ' ')" $limit
done
t_is "no more than 10 with a key" "$(ids -b "$b" -k every -l 10 | wc -l | tr -d ' ')" 10
t_has "a list that goes on says so" "$(admin transactionList -b "$b")" "There are more"
t_is "one that does not, does not" "$(admin transactionList -b "$b" -l 2600 | grep -c 'There are more')" 0
t_has "so for scripts" "$(admin transactionList -b "$b" --json)" '"more":true'

# ask FIELD ...: rawcall's answer to LIST_TRANSACTIONS
ask() {
	rawcall "$b" 7001 "$@"
}

# pages LIMIT FIELD ...: follows the cursors, and tells the ids and the number of answers
pages() {
	limit=$1
	shift
	cursor=
	n=0
	: >"$T_DIR/paged"
	while :; do
		answer=$(ask limit="$limit" cursor="$cursor" "$@" | field body)
		n=$((n + 1))
		echo "$answer" | grep -o '"transactionId":"[^"]*"' | cut -d '"' -f 4 >>"$T_DIR/paged"
		cursor=$(echo "$answer" | sed -n 's/.*"cursor":"\([^"]*\)".*/\1/p')
		[ -n "$cursor" ] || break
	done
	sort "$T_DIR/paged"
}

names "$T_DIR/committed" >"$T_DIR/wanted"
pages 33 state=committed >"$T_DIR/listed"
same "33 at a time, committed" "$T_DIR/wanted" "$T_DIR/listed"
t_ok "in as many answers as that takes" test $n -ge 13
names "$T_DIR/bank.open" "$T_DIR/shop" >"$T_DIR/wanted"
pages 333 state=open >"$T_DIR/listed"
same "333 at a time, open" "$T_DIR/wanted" "$T_DIR/listed"
pages 100 state=open group=nobody >"$T_DIR/listed"
t_is "a search finds nothing" "$(cat "$T_DIR/listed")" ''
t_ok "in bounded steps" test $n -ge 2
t_is "the newest decision comes first" \
	"$(ask state=committed limit=1 | field body | sed 's/.*"transactionId":"\([^"]*\)".*/\1/')" bank-400
t_is "the newest with a key comes first" \
	"$(ask key=every limit=1 | field body | sed 's/.*"transactionId":"\([^"]*\)".*/\1/')" shop-600

# What is asked for badly is refused, and harms nobody.
for bad in 'limit=0' 'limit=-1' 'limit=-2147483648' 'olderThanMs=-1' 'state=Open' 'state=unknown' 'state=;' \
	'cursor=x' 'cursor=T' 'cursor=T-1' 'cursor=T99999999999' 'cursor=D' 'cursor=D-5' 'cursor=D1,2' 'cursor=DD' \
	'cursor=K1' 'cursor=K' 'cursor=C1' 'cursor=T1 ' 'cursor=D99999999999999999999'; do
	t_is "$bad is refused" "$(ask "$bad" | field code)" 29
done
t_is "limit=x is refused" "$(ask limit=x | field code)" 1
t_is "a cursor of another list is refused" "$(ask state=open cursor=D5 | field code)" 29
t_is "nor does that of a key fit" "$(ask cursor=K5 | field code)" 29
t_is "a key has no other" "$(ask key=every cursor=D5 | field code)" 29
t_is "nor a negative one" "$(ask key=every cursor=K-5 | field code)" 29
for forged in 'cursor=T4294967295' 'cursor=T1' 'cursor=D0' 'cursor=D9223372036854775807'; do
	t_is "$forged may be forged" "$(ask "$forged" | field code)" 0
done
t_is "so may one of a key" "$(ask key=every cursor=K9223372036854775807 | field code)$(ask key=every cursor=K0 | field code)" 00
t_is "a high limit is no limit" "$(ask limit=2147483647 state=open | field code)" 0
t_ok "bounded all the same" test "$(ask limit=2147483647 state=open | field body | grep -o '"transactionId"' | wc -l)" -le 1000
t_has "mqadmin says what a state may be" "$(admin transactionList -b "$b" -s opne)" 'must be open, parked'
t_is "and that is misuse" "$(admin transactionList -b "$b" -s opne >/dev/null; echo $?)" 2

stop b
again
lists "after a restart"
kill9 b
again
lists "after a kill"
t_is "counts of now are right" "$(ask limit=1 | field body | grep -o '"counts":{"open":2000,"parked":0,"revocable":0')" \
	'"counts":{"open":2000,"parked":0,"revocable":0'
# Bodies come along when a key is looked for: large ones make more pages inside the broker, not fewer rows.
large=$(head -c 100000 /dev/zero | tr '\0' x)
for n in 1 2 3 4 5 6; do
	rawcall -B "$large" "$b" 310 a=bank b=money c=TBW102 d=1 e=0 f=4 g=1700000000000 h=0 j=0 k=false m=false \
		i="$(properties bank "large-$n" large)" >/dev/null
done
t_is "all large ones with a key are listed" "$(ask key=large | field body | grep -o '"transactionId":"large-' | wc -l)" 6

stop b

t_done
