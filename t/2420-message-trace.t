#!/bin/sh
# What the broker knows of the life of a message, without any trace of clients: TRACE_MESSAGE (7008).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

soh=$(printf '\001')
stx=$(printf '\002')
start n mqnamesrv || exit 1
begin() {
	start b mqbroker -o storePathRootDir="$T_DIR/b" -o brokerIP1=127.0.0.1 -o namesrvAddr="$(address n)" \
		-o messageDelayLevel='1s 2s 1s' "$@"
}
begin || exit 1
b=$(address b)

# send TOPIC KEY: its log position
send() {
	rawcall -B body "$b" 310 a=PG b="$1" c=TBW102 d=1 e=0 f=0 g=1700000000000 h=0 i="TAGS${soh}A${stx}UNIQ_KEY${soh}$2${stx}" \
		j=0 k=false m=false | field ext.msgId | cut -c 17- | sed 's/^/0x/' | xargs printf '%d\n'
}
# pull GROUP TOPIC OFFSET, with a commit of what is before
pull() {
	rawcall -R "$b" 11 consumerGroup="$1" topic="$2" queueId=0 queueOffset="$3" maxMsgNums=32 sysFlag=7 commitOffset="$3" \
		suspendTimeoutMillis=5000 'subscription=*' subVersion=0
}
trace() {
	rawcall "$b" 7008 offset="$1" | sed -n 's/^body=//p'
}
# state POSITION GROUP; events POSITION GROUP: what happened, in order
state() {
	trace "$1" | grep -o "{\"group\":\"$2\",\"state\":\"[A-Z_]*" | sed 's/.*"//'
}
events() {
	trace "$1" | grep -o '{"what":"[a-zA-Z]*","time":[0-9]*,"until":[0-9]*\(,"group":"[^"]*"\)\{0,1\}' |
		grep "stored\|\"group\":\"$2\"" | sed 's/{"what":"\([a-zA-Z]*\)".*/\1/' | tr '\n' ' '
}
# beat CLIENT GROUP TOPIC [TAG]
beat() {
	printf '{"clientID":"%s","producerDataSet":[],"consumerDataSet":[{"groupName":"%s","consumeType":"CONSUME_PASSIVELY",
"messageModel":"CLUSTERING","consumeFromWhere":"CONSUME_FROM_FIRST_OFFSET","unitMode":false,"subscriptionDataSet":[
{"classFilterMode":false,"topic":"%s","subString":"%s","tagsSet":[%s],"codeSet":[%s],"subVersion":1,"expressionType":"TAG"}]}]}' \
		"$1" "$2" "$3" "${4-*}" "${4+\"$4\"}" "${4+66}" >"$T_DIR/beat"
}

at=$(send T first)
got=$(trace "$at")
t_has "stored: its topic" "$got" '"topic":"T"'
t_has "stored: its unique id" "$got" '"uniqueId":"first"'
t_has "stored: when it was born" "$got" '"bornTimestamp":1700000000000'
t_has "stored: from where" "$got" '"address":"127.0.0.1:'
t_is "stored, and nothing else" "$(events "$at" none)" "stored "
t_has "no group" "$got" '"groups":[]'

# A group that is connected, and got nothing yet; then it pulls and commits.
beat c-1 CG T
hold c -b "$T_DIR/beat" "$b" 34 -- 11 consumerGroup=Other topic=T queueId=0 queueOffset=0 maxMsgNums=1 sysFlag=4 commitOffset=0 \
	suspendTimeoutMillis=0 'subscription=*' subVersion=0
t_is "a group that got nothing yet" "$(state "$at" CG)" NOT_CONSUME_YET
t_is "a group without an offset that is not connected: not listed" "$(state "$at" Other)" ""
rawcall -b "$T_DIR/beat" "$b" 34 -- 11 consumerGroup=CG topic=T queueId=0 queueOffset=0 maxMsgNums=32 sysFlag=5 commitOffset=0 \
	suspendTimeoutMillis=0 'subscription=*' subVersion=0 >/dev/null
t_is "delivered" "$(state "$at" CG)" DELIVERED
t_is "when" "$(events "$at" CG)" "stored delivered "
t_has "to which client" "$(trace "$at")" '"client":"c-1"'
rawcall "$b" 15 consumerGroup=CG topic=T queueId=0 commitOffset=1 >/dev/null
t_is "acknowledged" "$(state "$at" CG)" CONSUMED
t_is "when that was" "$(events "$at" CG)" "stored delivered acknowledged "
t_has "the client that left keeps its name" "$(kill9 c && sleep 0.3 && trace "$at")" '"client":"c-1"'

# Sent back twice, and dead then.
at=$(send T back)
pull CG T 1 >/dev/null
t_is "sent back" "$(rawcall "$b" 36 offset="$at" group=CG delayLevel=2 originTopic=T | field code)" 0
t_is "it waits for its delay" "$(state "$at" CG) $(events "$at" CG)" "RETRY stored delivered waiting "
came() {
	pull CG %RETRY%CG 0 >"$T_DIR/retry"
	grep -q '^record=' "$T_DIR/retry"
}
t_ok "it comes again" t_wait 10 came
t_is "its delay is over, and it is delivered again" "$(events "$at" CG)" "stored delivered sentBack due delivered "
t_is "its state" "$(state "$at" CG)" RETRY
again=$(sed -n 's/^record=.* position=\([0-9]*\).*/\1/p' "$T_DIR/retry" | head -1)
t_is "sent back again, without a delay" "$(rawcall "$b" 36 offset="$again" group=CG delayLevel=-1 originTopic=T | field code)" 0
t_is "dead" "$(state "$at" CG) $(events "$at" CG)" "DEAD stored delivered sentBack due delivered dead "
t_has "the trace of the copy names the message" "$(trace "$again")" '"originMsgId":"'

# Another group that leaves the tag out.
beat c-2 Tags T B
rawcall -b "$T_DIR/beat" "$b" 34 -- 15 consumerGroup=Tags topic=T queueId=0 commitOffset=2 >/dev/null
hold tags -b "$T_DIR/beat" "$b" 34
t_is "filtered" "$(state "$at" Tags)" CONSUMED_BUT_FILTERED

# POP
taken=$(send P popped)
t_is "popped" "$(rawcall "$b" 200050 consumerGroup=PopG topic=P queueId=-1 maxMsgNums=1 invisibleTime=60000 pollTime=0 \
	bornTime="$(date +%s%3N)" initMode=0 expType=TAG exp='*' order=false | field code)" 0
t_has "popped: delivered" "$(events "$taken" PopG)" "delivered"

# A tool shows both kinds of traces.
q="$BUILDDIR/mqadmin queryMsgTraceById -n $(address n)"
line() {
	printf '%s' "Pub${soh}1700000000001${soh}DefaultRegion${soh}PG${soh}T${soh}first${soh}A${soh}k${soh}127.0.0.1:1${soh}4${soh}7${soh}0${soh}X${soh}true${stx}"
	printf '%s' "SubBefore${soh}1700000000002${soh}DefaultRegion${soh}CG${soh}R1${soh}first${soh}0${soh}k${stx}"
	printf '%s' "SubAfter${soh}R1${soh}first${soh}3${soh}false${soh}k${soh}0${soh}1700000000003${soh}CG${stx}"
	printf '%s' "Pub${soh}bad${stx}Nonsense${soh}${soh}${stx}Pub${soh}1${soh}r${soh}PG${soh}T${soh}other${soh}${soh}${soh}${soh}4${soh}7${soh}0${soh}X${soh}true${stx}"
}
rawcall -B "$(line)" "$b" 310 a=PG b=RMQ_SYS_TRACE_TOPIC c=TBW102 d=1 e=0 f=0 g=1 h=0 i="KEYS${soh}first k${stx}" j=0 k=false m=false \
	>/dev/null
got=$($q -i first 2>&1)
t_ok "mqadmin: Pub" sh -c "echo '$got' | grep -q '^Pub  *PG  *127.0.0.1:[0-9]*  .* 7  *success'"
t_ok "mqadmin: SubAfter" sh -c "echo '$got' | grep -q '^SubAfter  *CG  .* 3  *failed'"
t_is "mqadmin: only its own lines" "$(echo "$got" | grep -c '^Pub ')" 1
t_has "mqadmin: delivered" "$got" "delivered"
t_has "mqadmin: the state" "$got" "CONSUMED"
got=$($q -i back -T T -J 2>&1)
t_has "mqadmin: JSON" "$got" '"state":"DEAD"'
t_has "mqadmin: without traces of clients" "$got" '"clientTraces":[]'
t_fails "mqadmin: no such message" $q -i nonsense

# After a restart: all but deliveries and the times of acknowledgements.
stop b
begin || exit 1
b=$(address b)
t_is "after a restart: dead" "$(state "$at" CG) $(events "$at" CG)" "DEAD stored sentBack due dead "
t_is "after a restart: consumed" "$(state 0 CG)" CONSUMED

# Bad requests, and a broker that remembers nothing.
t_is "no such position" "$(rawcall "$b" 7008 offset=7 | field code)" 1
t_is "no position" "$(rawcall "$b" 7008 | field code)" 1
t_is "a position below zero" "$(rawcall "$b" 7008 offset=-1 | field code)" 1
stop b
begin -o messageTraceEntries=0 || exit 1
b=$(address b)
pull CG T 2 >/dev/null
at=$(send T last)
pull CG T 2 >/dev/null
t_is "nothing is remembered" "$(events "$at" CG)" "stored "
t_ok "the broker ends" stop b
t_done
