#!/bin/sh
# Where a slave may be promoted, consumers see a message when the slaves in sync have it: else they would
# go on behind an offset that the next master gives to another message.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/quorum.sh
. "${SRCDIR:-.}/t/lib/quorum.sh"

quorum || exit 1
t_ok 'a quorum' t_wait 30 has_leader
l=$(leader)

replica() { # NAME ROLE
	broker "$1" -o brokerName=pair -o brokerClusterName=C -o enableControllerMode=true \
		-o namesrvAddr="$Q1;$Q2" -o controllerAddr="$Q1;$Q2;$Q3" -o brokerRole="$2" -o brokerId=1 \
		-o flushDiskType=ASYNC_FLUSH -o slaveTimeout=300 -o httpPort=0
}
replica one SYNC_MASTER && replica two SLAVE || exit 1
one=$(address one)

send() { # ADDRESS BODY
	rawcall -t 5000 -B "$2" "$1" 310 a=PG b=T c=TBW102 d=1 e=0 f=0 g=1 h=0 j=0 k=false m=false | field code
}
sends() {
	[ "$(send "$one" "$1")" = 0 ]
}
in_sync() {
	rawcall -B '["pair"]' "$l" 1006 | field body | sed 's/"notInSyncReplicas.*//' | grep -q '"brokerId":2'
}
alone() {
	! in_sync
}
pull() { # ADDRESS OFFSET
	rawcall -R "$1" 11 consumerGroup=G topic=T queueId=0 queueOffset="$2" maxMsgNums=32 sysFlag=4 commitOffset=0 \
		suspendTimeoutMillis=0 subscription='*' subVersion=0
}
end_of_queue() {
	rawcall "$1" 30 topic=T queueId=0 | field ext.offset
}
ends_at() { # ADDRESS OFFSET
	[ "$(end_of_queue "$1")" = "$2" ]
}
t_ok 'the slave comes into the set' t_wait 30 in_sync
t_ok 'a message is acknowledged' t_wait 30 sends first
n=$(end_of_queue "$one")
t_has 'and seen' "$(pull "$one" $((n - 1)))" first

# The slave stands still, and is in the set for some seconds more.
kill -STOP "$(pid two)"
t_is 'a message that the slave lacks' "$(send "$one" second)" 12
got="$(end_of_queue "$one") $(pull "$one" "$n" | field code)"
if in_sync; then
	t_is 'is not seen' "$got" "$n 19"
else
	t_skip 'is not seen' 'the slave fell out of the set already'
fi
t_ok 'the slave falls out of the set' t_wait 30 alone
t_ok 'and the message is seen' t_wait 10 ends_at "$one" $((n + 1))
t_has 'all of it' "$(pull "$one" "$n")" second

kill -CONT "$(pid two)"
t_ok 'the slave comes back' t_wait 30 in_sync
t_ok 'it has all' t_wait 10 sends third
t_has 'that is seen' "$(pull "$one" $((n + 1)))" third
t_done
