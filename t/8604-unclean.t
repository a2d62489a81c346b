#!/bin/sh
# An ASYNC_MASTER dies, and a copy that lags behind is promoted, as enableElectUncleanMaster allows it. Only
# the newest messages are lost; they are counted, and listed by their positions.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/quorum.sh
. "${SRCDIR:-.}/t/lib/quorum.sh"

quorum -o enableElectUncleanMaster=true || exit 1
t_ok 'a quorum' t_wait 30 has_leader
replica() { # NAME ROLE
	broker "$1" -o brokerName=pair -o brokerClusterName=C -o enableControllerMode=true \
		-o namesrvAddr="$Q1;$Q2" -o controllerAddr="$Q1;$Q2;$Q3" -o brokerRole="$2" -o brokerId=1 \
		-o flushDiskType=ASYNC_FLUSH -o httpPort=0
}
soh=$(printf '\001')
stx=$(printf '\002')
send() { # ADDRESS BODY, which is its key, too
	rawcall -t 3000 -B "$2" "$1" 310 a=PG b=T c=TBW102 d=1 e=0 f=0 g=1 h=0 i="KEYS$soh$2$stx" j=0 k=false m=false
}
sends() {
	send "$1" "$2" | grep -q '^code=0$'
}
has() { # ADDRESS BODY
	rawcall -R "$1" 11 consumerGroup=G topic=T queueId=0 queueOffset=0 maxMsgNums=32 sysFlag=4 commitOffset=0 \
		suspendTimeoutMillis=0 subscription='*' subVersion=0 | grep -q "$2"
}
replica one ASYNC_MASTER && replica two SLAVE || exit 1
one=$(address one)
two=$(address two)
t_ok 'a message' t_wait 30 sends "$one" a0
for n in 1 2 3 4; do
	sends "$one" a$n && echo a$n
done >"$T_DIR/acknowledged"
t_ok 'which the slave copies' t_wait 30 has "$two" a4
kill9 two
for n in 5 6 7 8 9; do
	sends "$one" a$n && echo a$n
done >>"$T_DIR/acknowledged"
t_is 'all were acknowledged' "$(grep -c . "$T_DIR/acknowledged")" 9
kill9 one
replica two SLAVE || exit 1
stored() {
	send "$two" "$1" | grep -qE '^code=(0|11)$'
}
t_ok 'the copy is promoted' t_wait 30 stored b0
t_ok 'and writes' stored b1
replica one ASYNC_MASTER || exit 1
is_kept() {
	ls "$T_DIR"/one/cut-*.log && grep -q 'role=slave' "$T_DIR/one.log"
}
t_ok 'the former master comes back, and keeps what the new one lacks' t_wait 30 is_kept
lost() {
	"$BUILDDIR/mqadmin" lostMessages -d "$T_DIR/one" "$@" 2>&1
}
got=$(lost --json)
t_has 'how many' "$got" '"lostMessages":5'
t_is 'which: a suffix of the queue' "$(echo "$got" | grep -o '"queueOffset":[0-9]*' | cut -d: -f2 | tr '\n' ' ')" '5 6 7 8 9 '
t_is 'with their keys' "$(echo "$got" | grep -o '"keys":"a[0-9]*' | cut -d'"' -f4 | tr '\n' ' ')" 'a5 a6 a7 a8 a9 '
t_is 'their positions grow' "$(echo "$got" | grep -o '"position":[0-9]*' | cut -d: -f2 | sort -n -c 2>&1)" ''
while read -r body; do
	has "$two" "$body" || echo "$got" | grep -q "\"keys\":\"$body\"" || echo "$body"
done <"$T_DIR/acknowledged" >"$T_DIR/unknown"
t_is 'what was acknowledged is there, or listed' "$(cat "$T_DIR/unknown")" ''
t_is 'a person reads it' "$(lost -m 2 | grep -c ' a[0-9] *$')" 2
counted() {
	rawcall "$one" 28 | grep -q '"cutFiles":"1"' && rawcall "$one" 28 | grep -q '"cutMessages":"5"'
}
t_ok 'the broker counts them' t_wait 30 counted
t_has 'and says so when it starts' "$(cat "$T_DIR"/one*.log)" 'mqadmin lostMessages'
t_is 'another folder has none' "$("$BUILDDIR/mqadmin" lostMessages -d "$T_DIR/two" --json | grep -o '"lostMessages":0')" '"lostMessages":0'
t_fails 'and no folder is an error' "$BUILDDIR/mqadmin" lostMessages -d "$T_DIR/none"
printf '\0\0\0\144garbage' >"$T_DIR/two/cut-1-0.log"
t_has 'a damaged file is said to be one' "$("$BUILDDIR/mqadmin" lostMessages -d "$T_DIR/two" 2>&1)" 'is damaged at byte 0'
for d in one two; do
	t_ok "$d stops as asked" stop $d
done
t_done
