#!/bin/sh
# What is deleted and when, and what sends are told when there is no room.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

# An hour that does not come while the test runs.
other_hour=$(date -d '+12 hours' +%H)

again() {
	begin b -o mappedFileSizeCommitLog=65536 -o deleteWhen="$other_hour" -o diskMaxUsedSpaceRatio=95
}

head -c 30000 /dev/zero | tr '\0' x >"$T_DIR/body"

send() {
	rawcall -b "$T_DIR/body" "$b" 310 a=PG b=T c=TBW102 d=1 e=0 f=0 g=1 h=0 i= j=0 k=false m=false
}

min() {
	rawcall "$b" 31 topic=T queueId=0 | field ext.offset
}

min_is_above() {
	[ "$(min)" -gt "$1" ]
}

segments() {
	find "$T_DIR/b/log" -name '*.db' | wc -l
}

again
for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
	send >/dev/null
done
t_ok "several segments" test "$(segments)" -gt 2
t_is "all is there" "$(min)" 0
rawcall "$b" 329 >/dev/null
t_is "nothing is old enough" "$(min)" 0

t_is "messages may be kept for no time at all" "$(rawcall -B fileReservedTime=0 "$b" 25 | field code)" 0
sleep 1.2
t_is "but they stay until the hour" "$(min)" 0
rawcall "$b" 329 >/dev/null
t_ok "or until they are asked to go" t_wait 30 min_is_above 0
low=$(min)
got=$(rawcall "$b" 11 consumerGroup=G topic=T queueId=0 queueOffset=0 maxMsgNums=1 sysFlag=4 commitOffset=0 \
	suspendTimeoutMillis=0 subscription='*' subVersion=0)
t_is "who pulls what is gone goes on at the first that is there" \
	"$(echo "$got" | field code) $(echo "$got" | field ext.nextBeginOffset)" "21 $low"
t_is "the last ones are there" "$(rawcall "$b" 30 topic=T queueId=0 | field ext.offset)" 12
t_is "a new group is not sent to 0 any more" "$(rawcall "$b" 14 consumerGroup=G topic=T queueId=0 | field code)" 22

for _ in 1 2 3 4 5 6 7 8; do
	send >/dev/null
done
rawcall -B "deleteWhen=$(date +%H);$(date -d '+1 hour' +%H)" "$b" 25 >/dev/null
t_ok "and at the hour by itself" t_wait 30 min_is_above "$low"
low=$(min)
stop b
again
t_is "after a restart it is as it was" "$(min)" "$low"
stop b
t_done
