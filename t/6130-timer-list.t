#!/bin/sh
# mqadmin timerList (LIST_TIMERS, 7009): which messages wait for a time of their own, by topic and due time.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1
begin b -o namesrvAddr="$(address ns)"

list() {
	"$BUILDDIR/mqadmin" timerList -n "$(address ns)" -b "$b" "$@" 2>&1
}

# timer TOPIC PROPERTY VALUE KEY
timer() {
	rawcall -B "$4" "$b" 310 a=PG b="$1" c=TBW102 d=1 e=0 f=0 g=1 h=0 \
		i="$(printf '%s\001%s\002KEYS\001%s\002UNIQ_KEY\001U%s\002' "$2" "$3" "$4" "$4")" j=0 k=false m=false | field code
}

# keys FLAGS ...: of those that are listed
keys() {
	list --json "$@" | grep -o '"keys":"[^"]*"' | cut -d '"' -f 4 | tr '\n' ' '
}

has_keys() {
	[ "$(keys)" = "$1" ]
}

t_is "none waits" "$(list --json)" '{"timers":[],"pending":0,"more":false}'
now=$(date +%s)000
# Both kinds: a wait of so long, and a time of day.
t_is "in an hour" "$(timer T TIMER_DELAY_SEC 3600 hour)" 0
t_is "in half an hour, by time" "$(timer T TIMER_DELIVER_MS $((now + 1800000)) half)" 0
t_is "in two hours, by time" "$(timer T TIMER_DELIVER_MS $((now + 7200000)) two)" 0
t_is "in three hours, for another topic" "$(timer Other TIMER_DELAY_MS 10800000 three)" 0
t_ok "all are listed, the soonest first" t_wait 60 has_keys 'half hour two three '
t_is "of one topic" "$(keys -t T)" 'half hour two '
t_is "due from a time on" "$(keys -s $((now + 2700000)))" 'hour two three '
t_is "due to a time" "$(keys -e $((now + 5400000)))" 'half hour '
t_is "between the two" "$(keys -s $((now + 2700000)) -e $((now + 9000000)))" 'hour two '
t_is "so many" "$(keys -l 2)" 'half hour '
got=$(list -l 2)
t_has "as a table" "$got" "half"
t_has "with a count of all" "$got" "Pending in all:      4"
t_has "and a word about the rest" "$got" "There are more; raise --limit."
got=$(list --json -t T -l 1)
t_has "the time to the millisecond" "$got" "\"dueTimestamp\":$((now + 1800000)),\"topic\":\"T\",\"queueId\":0,\"keys\":\"half\""
t_has "the id that a recall needs" "$got" '"uniqueId":"Uhalf"'
id=$(echo "$got" | sed -n 's/.*"msgId":"\([0-9A-F]*\)".*/\1/p')
t_has "and that of the record" "$("$BUILDDIR/mqadmin" queryMsgById -n "$(address ns)" -i "$id" 2>&1)" half

# Pages: the cursor goes on behind both clocks' last.
got=$(rawcall "$b" 7009 limit=1 | field body)
for key in half hour two three; do
	t_has "page by page: $key" "$got" "\"keys\":\"$key\""
	cursor=$(echo "$got" | sed -n 's/.*"cursor":"\([^"]*\)".*/\1/p')
	got=$(rawcall "$b" 7009 limit=1 ${cursor:+"cursor=$cursor"} | field body)
done
t_is "the fourth is the last" "$cursor" ""
for bad in limit=0 limit=-1 from=-1 to=-1 cursor=x cursor=1,2 'cursor=1,2;3' 'cursor=1,2;3,4;5' 'cursor=-1,2;3,4' \
	'cursor=9223372036854775807,2;3,4'; do
	t_ok "refused: $bad" test "$(rawcall "$b" 7009 "$bad" | field code)" -ne 0
done

# What came, or was taken back, is not listed; after a kill the rest is.
kill9 b
begin b -o namesrvAddr="$(address ns)"
t_ok "after a kill" t_wait 60 has_keys 'half hour two three '
t_is "one is taken back" "$(timer T "$(printf 'TIMER_DEL_UNIQKEY\001T+Uhalf\002TIMER_DELIVER_MS')" $((now + 1800000)) delete)" 0
t_is "and gone" "$(keys)" 'hour two three '
t_done
