#!/bin/sh
# SQL92 subscriptions: in heartbeats, in pulls, at the tail, cold, and while a pull waits.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

soh=$(printf '\001')
stx=$(printf '\002')
begin b -o ioThreads=1

# send QUEUE NAME=VALUE ...: a message of T with these properties
send() {
	queue=$1
	shift
	properties=
	for pair in "$@"; do
		properties="$properties${pair%%=*}$soh${pair#*=}$stx"
	done
	rawcall -B "$*" "$b" 310 a=PG b=T c=TBW102 d=4 e="$queue" f=0 g=1 h=0 i="$properties" j=0 k=false m=false >/dev/null
}

# pull QUEUE OFFSET TYPE EXPRESSION [CODE]
pull() {
	rawcall -R "$b" "${5:-11}" consumerGroup=CG topic=T queueId="$1" queueOffset="$2" maxMsgNums=32 sysFlag=4 commitOffset=0 \
		suspendTimeoutMillis=0 subscription="$4" subVersion=0 expressionType="$3"
}

# found: the property n of each message of a pull
found() {
	sed -n 's/^record=.* properties=n:\([0-9]*\);.*/\1/p' | tr '\n' ' '
}

# heartbeat CLIENT GROUP EXPRESSION [VERSION]: a subscription to T, and one to a topic of tags
heartbeat() {
	printf '{"clientID":"%s","producerDataSet":[],"consumerDataSet":[{"groupName":"%s","consumeType":"CONSUME_PASSIVELY","messageModel":"CLUSTERING","consumeFromWhere":"CONSUME_FROM_FIRST_OFFSET","unitMode":false,"subscriptionDataSet":[{"classFilterMode":false,"topic":"T","subString":"%s","tagsSet":[],"codeSet":[],"subVersion":%s,"expressionType":"SQL92"},{"classFilterMode":false,"topic":"U","subString":"*","tagsSet":[],"codeSet":[],"subVersion":1,"expressionType":"TAG"}]}]}' \
		"$1" "$2" "$3" "${4:-7}"
}

# check EXPRESSION: CHECK_CLIENT_CONFIG
check() {
	rawcall -B "{\"clientId\":\"c\",\"group\":\"G\",\"subscriptionData\":{\"topic\":\"T\",\"subString\":\"$1\",\"expressionType\":\"${2:-SQL92}\"}}" "$b" 46
}

i=0
while [ $i -lt 12 ]; do
	[ $((i % 2)) = 0 ] && region=north || region=south
	send 0 n=$i a=$((i % 4)) region=$region
	i=$((i + 1))
done
send 0 n=12 a=x

# the expression in the pull
got=$(pull 0 0 SQL92 "a > 1 AND region = 'north'")
t_is "three of thirteen pass" "$(echo "$got" | found)" "2 6 10 "
t_is "and the next pull begins behind all" "$(echo "$got" | field ext.nextBeginOffset)" 13
t_is "lite pull is the same" "$(pull 0 0 SQL92 "a > 1 AND region = 'north'" 361 | found)" "2 6 10 "
t_is "a lower limit of messages" "$(rawcall -R "$b" 11 consumerGroup=CG topic=T queueId=0 queueOffset=0 maxMsgNums=2 sysFlag=4 \
	commitOffset=0 suspendTimeoutMillis=0 subscription='a = 1' subVersion=0 expressionType=SQL92 | found)" "1 5 "
got=$(pull 0 0 SQL92 "nowhere = 5")
t_is "nothing passes: pull again behind it" "$(echo "$got" | field code) $(echo "$got" | field ext.nextBeginOffset)" "20 13"
t_is "a text that is no number does not pass" "$(pull 0 12 SQL92 "a > 1" | field code)" 20
t_is "its absence does" "$(pull 0 0 SQL92 "region IS NULL" | found)" "12 "
t_is "properties of the broker count too" "$(pull 0 12 SQL92 "CLUSTER = 'DefaultCluster'" | found)" "12 "
got=$(pull 0 0 SQL92 "a > 'x'")
t_is "a bad expression" "$(echo "$got" | field code) $(echo "$got" | field remark)" \
	"23 parse the consumer's subscription failed: at character 5: only numbers and properties have an order, not texts, booleans and conditions"
t_is "none" "$(pull 0 0 SQL92 "" | field code)" 23
t_is "another language" "$(pull 0 0 XPATH "a" | field remark)" "The broker does not support consumer to filter message by XPATH"
long=$(printf "a = 1 OR %2000s" '' | sed "s/ /a = 1 OR /g")
t_has "too long" "$(pull 0 0 SQL92 "${long}a = 1" | field remark)" "16384 are allowed"
deep=$(printf '%1000s' '' | tr ' ' '(')
t_has "too deep" "$(pull 0 0 SQL92 "${deep}a = 1" | field remark)" "the expression is nested too deeply"

# pop EXPRESSION
pop() {
	rawcall -R -t 30000 "$b" 200050 consumerGroup=Popping topic=T queueId=0 maxMsgNums=32 invisibleTime=60000 pollTime=0 \
		bornTime="$(date +%s%3N)" initMode=0 order=false exp="$1" expType=SQL92
}
t_is "popping filters too" "$(pop "a = 2 AND region = 'north'" | found)" "2 6 10 "
t_is "and refuses what is none" "$(pop "a = " | field code)" 23

# one tag, two tags, a tag with a bar in it
send 1 n=0 TAGS=A
send 1 n=1 TAGS=B
send 1 n=2 "TAGS=A|B"
t_is "two bars separate tags" "$(pull 1 0 TAG "A || B" | found)" "0 1 "
t_is "one bar belongs to the tag" "$(pull 1 0 TAG "A|B" | found)" "2 "

hold c0 -B '{"clientID":"c0","consumerDataSet":[{"groupName":"TG","subscriptionDataSet":[{"topic":"T","subString":"B || A|B","subVersion":1}]}]}' "$b" 34
t_is "a heartbeat with tags, without their codes" "$(rawcall -R "$b" 11 consumerGroup=TG topic=T queueId=1 queueOffset=0 \
	maxMsgNums=32 sysFlag=0 commitOffset=0 suspendTimeoutMillis=0 subVersion=1 | found)" "1 2 "

# 46
t_is "a good expression is told so" "$(check "a BETWEEN 1 AND 5" | field code)" 0
got=$(check "a BETWEEN 5 AND 1")
t_is "a bad one, with place and reason" "$(echo "$got" | field code) $(echo "$got" | field remark)" \
	"23 the expression is no SQL92: at character 11: BETWEEN has its greater end first"
t_is "tags need no check" "$(check "a ||" TAG | field code)" 0
t_is "another language is not known" "$(check "a" XPATH | field code)" 1

# the expression of the heartbeat
hold c1 -B "$(heartbeat c1 G "a = 3 OR n = '12'")" "$b" 34
t_is "the heartbeat is accepted" "$(field code <"$T_DIR/c1.held")" 0
# by_heartbeat GROUP OFFSET FLAGS WAIT
by_heartbeat() {
	rawcall -R "$b" 11 consumerGroup="$1" topic=T queueId=0 queueOffset="$2" maxMsgNums=32 sysFlag="$3" commitOffset="$2" \
		suspendTimeoutMillis="$4" subVersion=7
}
t_is "its pulls are filtered" "$(by_heartbeat G 0 0 0 | found)" "3 7 11 "
t_has "what the tools see" "$(rawcall "$b" 203 consumerGroup=G | field body)" '"expressionType":"SQL92","subString":"a = 3 OR n = '"'12'"'"'

# a bad expression: the rest of the heartbeat counts, and both it and its pulls say why
hold c2 -B "$(heartbeat c2 H "a = ")" "$b" 34
t_is "the heartbeat says why" "$(field code <"$T_DIR/c2.held") $(field remark <"$T_DIR/c2.held")" \
	"23 group H: the subscription to T is no SQL92: at character 5: the expression ends where it needs a property or a value"
t_is "the pull too" "$(by_heartbeat H 0 0 0 | field code) $(by_heartbeat H 0 0 0 | field remark)" \
	"27 parse the consumer's subscription failed: at character 5: the expression ends where it needs a property or a value"
t_is "but the member is there" "$(rawcall "$b" 38 consumerGroup=H | field body)" '{"consumerIdList":["c2"]}'
rawcall -B u "$b" 310 a=PG b=U c=TBW102 d=1 e=0 f=0 g=1 h=0 i= j=0 k=false m=false >/dev/null
t_is "and its other subscription" "$(rawcall "$b" 11 consumerGroup=H topic=U queueId=0 queueOffset=0 maxMsgNums=1 sysFlag=0 \
	commitOffset=0 suspendTimeoutMillis=0 subVersion=0 | field code)" 0

# a pull that waits is woken by what passes, and by nothing else
by_heartbeat G 13 3 20000 >"$T_DIR/waiting" &
waiting=$!
there() { # it has committed its offset, in the same turn
	[ "$(rawcall "$b" 14 consumerGroup=G topic=T queueId=0 | field ext.offset)" = 13 ]
}
t_ok "the pull is there" t_wait 30 there
send 0 n=13 a=1
send 0 n=14 a=2
t_is "what does not pass leaves it waiting" "$(cat "$T_DIR/waiting")" ""
send 0 n=15 a=3
wait $waiting
t_is "what passes ends it" "$(found <"$T_DIR/waiting")" "15 "
t_is "with the offset behind" "$(field ext.nextBeginOffset <"$T_DIR/waiting")" 16

# What drops everything is asked again after 800 messages, at the tail and cold.
one="310 a=PG b=T c=TBW102 d=4 e=2 f=0 g=1 h=0 i=n${soh}0${stx}a${soh}0${stx} j=0 k=false m=false"
many=$one
i=1
while [ $i -lt 1000 ]; do
	many="$many -- $one"
	i=$((i + 1))
done
# shellcheck disable=SC2086 # words of a command
rawcall -B x "$b" $many >/dev/null
send 2 n=1000 a=1
got=$(pull 2 0 SQL92 "a = 1")
t_is "800 messages are looked at" "$(echo "$got" | field code) $(echo "$got" | field ext.nextBeginOffset)" "20 800"
t_is "then the rest" "$(pull 2 800 SQL92 "a = 1" | found)" "1000 "

# switched off
rawcall -B "enablePropertyFilter=false" "$b" 25 >/dev/null
t_is "off: refused at the check" "$(check "a = 1" | field remark)" "The broker does not support consumer to filter message by SQL92"
t_is "off: refused at the pull" "$(pull 0 0 SQL92 "a = 1" | field code)" 1
t_is "off: refused at a pull by heartbeat" "$(by_heartbeat G 0 0 0 | field code)" 1
rawcall -B "enablePropertyFilter=true" "$b" 25 >/dev/null
t_is "on again" "$(by_heartbeat G 0 0 0 | found)" "3 7 11 15 "

# from the files, where no memory has it any more
stop b
begin b -o ioThreads=2
t_is "cold" "$(pull 0 0 SQL92 "a > 1 AND region = 'north'" | found)" "2 6 10 "
got=$(pull 0 0 SQL92 "nowhere = 5")
t_is "cold: nothing passes" "$(echo "$got" | field code) $(echo "$got" | field ext.nextBeginOffset)" "20 16"
got=$(pull 2 0 SQL92 "a = 1")
t_is "cold: 800 messages are looked at" "$(echo "$got" | field code) $(echo "$got" | field ext.nextBeginOffset)" "20 800"
t_is "cold: then the rest" "$(pull 2 800 SQL92 "a = 1" | found)" "1000 "
stop b
t_done
