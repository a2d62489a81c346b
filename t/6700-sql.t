#!/bin/sh
# SQL over what a broker holds: mqadmin sql, and QUERY_SQL (7011) below it.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

soh=$(printf '\001')
stx=$(printf '\002')
start ns mqnamesrv || exit 1
NAMESRV_ADDR=$(address ns)
export NAMESRV_ADDR
begin a -n "$NAMESRV_ADDR" -o mappedFileSizeCommitLog=8388608 -o registerNameServerPeriod=1000

# send QUEUE KEY BODY: its offset id
send() {
	rawcall -B "$3" "$b" 310 a=PG b=T c=TBW102 d=4 e="$1" f=0 g=1700000000000 h=0 \
		i="KEYS${soh}$2${stx}UNIQ_KEY${soh}U$2${stx}TAGS${soh}A${stx}" j=0 k=false m=false | field ext.msgId
}
# query STATEMENT [MAX]: the rows, or the reason of a refusal
query() {
	rawcall -B "$1" "$b" 7011 maxRows="${2-0}" |
		sed -n 's/^remark=//p; s/^body=.*"rows":\(.*\),"truncated".*/\1/p'
}
# is NAME WANTED STATEMENT
is() {
	t_is "$1" "$(query "$3")" "$2"
}
refuses() {
	t_has "$1" "$(query "$3")" "$2"
}

make_topic T a
id=$(send 0 k1 one)
send 1 k2 two >/dev/null
send 0 k3 three >/dev/null

# messages
is "all messages" '[["T",0,0,"one"],["T",0,1,"three"],["T",1,0,"two"]]' \
	'SELECT topic, queueId, queueOffset, body FROM messages'
is "by topic and key" '[["two"]]' "SELECT body FROM messages WHERE topic = 'T' AND key = 'k2'"
is "by key in any topic" '[["two"]]' "SELECT body FROM messages WHERE key = 'k2'"
is "by unique key" '[["three","k3","A"]]' "SELECT body, keys, tags FROM messages WHERE uniqueKey = 'Uk3'"
is "a key that nobody has" '[]' "SELECT body FROM messages WHERE key = 'k9'"
is "by message id" '[["one",0]]' "SELECT body, position FROM messages WHERE msgId = '$id'"
is "by position" '[["one"]]' 'SELECT body FROM messages WHERE position = 0'
is "an absurd position" '[]' 'SELECT body FROM messages WHERE position = 9223372036854775807'
is "a position below zero" '[]' 'SELECT body FROM messages WHERE position = -5'
is "offsets of a queue" '[["three"]]' "SELECT body FROM messages WHERE topic = 'T' AND queueId = 0 AND queueOffset > 0"
is "one offset" '[["one"]]' "SELECT body FROM messages WHERE topic = 'T' AND queueId = 0 AND queueOffset = 0"
is "offsets that nobody has" '[]' "SELECT body FROM messages WHERE queueOffset BETWEEN 7 AND 3"
is "by time" '[[3]]' "SELECT count(*) FROM messages WHERE storeTime > 1700000000000"
is "up to a time" '[[0]]' "SELECT count(*) FROM messages WHERE storeTime < 1700000000000"
is "at its own time" '[["three"]]' \
	"SELECT body FROM messages WHERE storeTime = (SELECT max(storeTime) FROM messages WHERE key = 'k3') AND key = 'k3'"
is "no such topic" '[]' "SELECT body FROM messages WHERE topic = 'Nobody'"
is "NULL is no topic" '[]' "SELECT body FROM messages WHERE topic = NULL"
is "properties are JSON" '[["A","Uk1"]]' \
	"SELECT json_extract(properties, '\$.TAGS'), json_extract(properties, '\$.UNIQ_KEY') FROM messages WHERE key = 'k1'"
is "bytes that are no text" "[[\"x'00ff'\",1.5,null]]" "SELECT x'00ff', 1.5, NULL"

# queues, topics, offsets, groups, clients
is "queues" '[["T",0,0,2],["T",1,0,1]]' 'SELECT topic, queueId, minOffset, maxOffset FROM queues'
is "a topic" '[["T",4,6,0]]' "SELECT topic, writeQueues, perm, system FROM topics WHERE topic = 'T'"
cat >"$T_DIR/beat" <<-BEAT
	{"clientID":"me@1","producerDataSet":[{"groupName":"PG"}],"consumerDataSet":[{"groupName":"G","consumeType":"CONSUME_PASSIVELY",
	"messageModel":"CLUSTERING","consumeFromWhere":"CONSUME_FROM_FIRST_OFFSET","unitMode":false,"subscriptionDataSet":[
	{"classFilterMode":false,"topic":"T","subString":"A || B","tagsSet":["A","B"],"codeSet":[65,66],"subVersion":1}]}]}
BEAT
hold client -b "$T_DIR/beat" "$b" 34
rawcall "$b" 15 consumerGroup=G topic=T queueId=0 commitOffset=1 >/dev/null
is "what a group has yet to consume" '[["G","T",0,1]]' \
	"SELECT groupName, topic, queueId, maxOffset - offset FROM offsets JOIN queues USING (topic, queueId) WHERE groupName = 'G'"
is "a group with its members" '[["G",1,"CLUSTERING",null]]' \
	"SELECT groupName, members, model, conflict FROM groups WHERE groupName = 'G'"
is "clients" '[["G","consumer","me@1"],["PG","producer","me@1"]]' \
	'SELECT groupName, role, clientId FROM clients ORDER BY 1'
is "subscriptions" '[["G","T","TAG","A || B"]]' \
	"SELECT * FROM subscriptions WHERE topic = 'T'"

# transactions
rawcall -B half "$b" 310 a=PG b=T c=TBW102 d=4 e=0 f=4 g=1 h=0 i="TRAN_MSG${soh}true${stx}PGROUP${soh}PG${stx}" j=0 k=false \
	m=false >/dev/null
is "an open transaction with its message" '[["open",0,"half"]]' \
	'SELECT state, asked, body FROM transactions JOIN messages USING (position)'

# what is no SELECT
refuses "DELETE" "may not be modified" 'DELETE FROM messages'
for statement in 'CREATE TABLE x(a)' 'PRAGMA user_version' "ATTACH '$T_DIR/x' AS x" 'CREATE VIRTUAL TABLE x USING messages' \
	'BEGIN' 'VACUUM' 'ANALYZE' 'CREATE TEMP TABLE x AS SELECT 1' "VACUUM INTO '$T_DIR/x'"; do
	refuses "$statement" "only SELECT is allowed" "$statement"
done
refuses "load_extension" "not authorized" "SELECT load_extension('x')"
refuses "two statements" "one statement at a time" 'SELECT 1; SELECT 2'
refuses "no statement" "there is no statement" '-- nothing'
refuses "an empty body" "there is no statement" ''
refuses "a mistake" "syntax error" 'SELEC 1'
refuses "no such column" "no such column" 'SELECT nowhere FROM messages'
refuses "a parameter" "variable number" "SELECT ?1"
printf 'SELECT \377' >"$T_DIR/bad"
t_has "bytes that are no UTF-8" "$(rawcall -b "$T_DIR/bad" "$b" 7011)" "is no text"
head -c 70000 /dev/zero | tr '\0' ' ' >"$T_DIR/long"
t_has "a long statement" "$(rawcall -b "$T_DIR/long" "$b" 7011)" "at most 65536 bytes"
t_ok "and nothing was made" test ! -e "$T_DIR/x"

# limits
t_is "rows have a limit" "$(query "SELECT body FROM messages WHERE topic = 'T'" 2)" '[["one"],["three"]]'
t_has "and the result says so" "$(rawcall -B 'SELECT 1 FROM messages' "$b" 7011 maxRows=1)" '"truncated":true'
rawcall -B sqlTimeLimit=300 "$b" 25 >/dev/null
endless='WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c'
refuses "a query without an end" "longer than sqlTimeLimit, 300 ms" "$endless"
is "and the next one is answered" '[[1]]' 'SELECT 1'
rawcall -B sqlTimeLimit=0 "$b" 25 >/dev/null
refuses "switched off" "sqlTimeLimit=0" 'SELECT 1'
rawcall -B sqlTimeLimit=60000 "$b" 25 >/dev/null

# many messages, in sealed segments and after kill -9
"$BUILDDIR/mqbench" send -A "$b" -t Many -N 20000 -Q >"$T_DIR/bench" 2>&1
t_result $? "20,000 messages"
n=$(query "SELECT sum(maxOffset) FROM queues WHERE topic GLOB 'Many*'")
is "all of them are found" "$n" "SELECT count(*) FROM messages WHERE topic GLOB 'Many*'"
is "of distinct positions" "$n" "SELECT count(DISTINCT position) FROM messages WHERE topic GLOB 'Many*'"
kill9 a
begin a -n "$NAMESRV_ADDR" -o mappedFileSizeCommitLog=8388608 -o registerNameServerPeriod=1000
is "after kill -9" "$n" "SELECT count(*) FROM messages WHERE topic GLOB 'Many*'"
is "the first is there, too" '[["two"]]' "SELECT body FROM messages WHERE topic = 'T' AND key = 'k2'"

# mqadmin
has_broker() {
	"$BUILDDIR/mqadmin" clusterList | grep -q '^.* a '
}
t_wait 30 has_broker
t_has "a table" "$("$BUILDDIR/mqadmin" sql "SELECT body FROM messages WHERE key = 'k2'" 2>&1)" 'a       two'
t_has "JSON" "$("$BUILDDIR/mqadmin" sql -J "SELECT body, queueId FROM messages WHERE key = 'k2'" 2>&1)" '"rows":[["two",1]]'
t_has "a refusal" "$("$BUILDDIR/mqadmin" sql 'DELETE FROM queues' 2>&1)" 'may not be modified'
t_fails "has a status" "$BUILDDIR/mqadmin" sql 'DELETE FROM queues'
t_has "more rows than -m" "$("$BUILDDIR/mqadmin" sql -m 1 'SELECT 1 FROM messages' 2>&1)" 'There are more rows at a'

# a query runs when the broker stops
rawcall -B sqlTimeLimit=600000 "$b" 25 >/dev/null
rawcall -B "$endless" "$b" 7011 >"$T_DIR/endless" 2>&1 &
client=$!
# It has run for a while: ticks of the thread.
runs() {
	for task in "/proc/$(pid a)"/task/*; do
		grep -q '^sql$' "$task/comm" && [ "$(cut -d ' ' -f 14 "$task/stat")" -gt 5 ] && return
	done
	return 1
}
t_ok "a query without an end runs" t_wait 60 runs
stop a
t_is "the broker stops all the same" $? 0
wait $client
t_done
