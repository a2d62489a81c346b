#!/bin/sh
# Ordered consumers: one client of a group holds a queue. Its death hands the queue over at once, so does giving it
# back; a lease ends; after a restart a queue is kept for whoever held it.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

start b mqbroker -o storePathRootDir="$T_DIR/b" -o brokerIP1=127.0.0.1 -o brokerName=broker-x -o ioThreads=2 -o rebalanceLockRestartWait=0 || exit 1
b=$(address b)

# heartbeat CLIENT [GROUP]: a consumer of T
heartbeat() {
	printf '{"clientID":"%s","producerDataSet":[],"consumerDataSet":[{"groupName":"%s","consumeType":"CONSUME_PASSIVELY","messageModel":"CLUSTERING","consumeFromWhere":"CONSUME_FROM_FIRST_OFFSET","unitMode":false,"subscriptionDataSet":[{"topic":"T","subString":"*","subVersion":1}]}]}' "$1" "${2-G}"
}

# queues FIRST LAST: of T, as Java writes them; batch CLIENT FIRST LAST [GROUP]
queues() {
	awk -v first="$1" -v last="$2" 'BEGIN {
		for (i = first; i <= last; i++)
			printf "%s{\"brokerName\":\"broker-x\",\"queueId\":%d,\"topic\":\"T\"}", (i > first) ? "," : "", i
	}'
}

batch() {
	printf '{"clientId":"%s","consumerGroup":"%s","mqSet":[%s],"onlyThisBroker":false}' "$1" "${4-G}" "$(queues "$2" "$3")"
}

# lock CLIENT FIRST LAST: the ids of the queues that it holds now, in one word; unlock ...: the code
lock() {
	rawcall -B "$(batch "$@")" "$b" 41 | field body | grep -o '"queueId":[0-9]*' | sed 's/.*://' | sort -n | tr -d '\n'
}

unlock() {
	rawcall -B "$(batch "$@")" "$b" 42 | field code
}

counter() {
	rawcall "$b" 28 | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"
}

locks_are() {
	[ "$(lock "$1" "$2" "$3")" = "$4" ]
}

told() {
	grep -c '^push=40' "$T_DIR/$1.held"
}

told_more() {
	[ "$(told "$1")" -gt "$2" ]
}

t_is "a topic with four queues" "$(rawcall "$b" 17 topic=T defaultTopic=TBW102 readQueueNums=4 writeQueueNums=4 perm=6 \
	topicFilterType=SINGLE_TAG topicSysFlag=0 order=true | field code)" 0
t_is "a group that nobody made" "$(rawcall -B "$(batch c1 0 3)" "$b" 41 | field code)" 26
hold h1 -B "$(heartbeat c1)" "$b" 34
hold h2 -B "$(heartbeat c2)" "$b" 34

# the reply, to the letter, and to every generation of clients
t_is "one queue" "$(rawcall -B "$(batch c1 0 0)" "$b" 41 | field body)" \
	'{"lockOKMQSet":[{"brokerName":"broker-x","queueId":0,"topic":"T"}]}'
t_is "as 3.2.6 and 4.x ask" "$(rawcall -v 79 -B '{"clientId":"c1","consumerGroup":"G","mqSet":[{"brokerName":"broker-x","queueId":1,"topic":"T"}]}' \
	"$b" 41 | field body)" '{"lockOKMQSet":[{"brokerName":"broker-x","queueId":1,"topic":"T"}]}'
t_is "as Go asks" "$(rawcall -l GO -B '{"consumerGroup":"G","clientId":"c1","mqSet":[{"topic":"T","brokerName":"broker-x","queueId":2}]}' \
	"$b" 41 | field body)" '{"lockOKMQSet":[{"brokerName":"broker-x","queueId":2,"topic":"T"}]}'
t_is "all four" "$(lock c1 0 3)" 0123
t_is "again" "$(lock c1 0 3)" 0123
t_is "somebody else gets none" "$(rawcall -B "$(batch c2 0 3)" "$b" 41 | field body)" '{"lockOKMQSet":[]}'
t_is "another group has its own" "$(rawcall -B "$(heartbeat c2 G2)" "$b" 34 | field code) $(lock c2 0 3 G2)" "0 0123"
t_is "they are counted" "$(counter queueLocks)" 8
t_is "given back by who does not have it" "$(unlock c2 0 0)$(lock c2 0 0)" 0

# what this broker does not have
t_is "other queues, topics and brokers are left out" "$(rawcall -B '{"clientId":"c1","consumerGroup":"G","mqSet":[
	{"brokerName":"broker-x","queueId":4,"topic":"T"},{"brokerName":"broker-x","queueId":-1,"topic":"T"},
	{"brokerName":"broker-x","queueId":0,"topic":"None"},{"brokerName":"broker-y","queueId":0,"topic":"T"},
	{"brokerName":"broker-x","queueId":3,"topic":"T"}]}' "$b" 41 | field body)" \
	'{"lockOKMQSet":[{"brokerName":"broker-x","queueId":3,"topic":"T"}]}'
t_is "nothing came of them" "$(counter queueLocks)" 8

# handed over: the one that asked in vain is told, and nobody else
n1=$(told h1)
n2=$(told h2)
hold h3 -B "$(batch c2 0 3)" "$b" 34 "@$(heartbeat c2)" -- 41
n3=$(told h3)
t_is "two queues are given back" "$(unlock c1 2 3)" 0
t_ok "the one that waits is told at once" t_wait 30 told_more h3 "$n3"
t_is "and gets them" "$(lock c2 0 3)" 23
t_is "nobody else is told of locks" "$(($(told h1) - n1))" 1 # of c2's second connection
t_is "oneway, too" "$(rawcall -o -B "$(batch c2 3 3)" "$b" 42)" ""
t_ok "it works" t_wait 30 locks_are c1 3 3 3

# a client that dies; it has two connections in the group
kill9 h3
lasts() {
	[ "$(rawcall "$b" 203 consumerGroup=G | field body | grep -o clientAddr | wc -l)" = 2 ]
}
t_ok "one of two connections of a client ends" t_wait 30 lasts
t_is "its locks stay" "$(lock c1 0 3)" 013
n2=$(told h2)
kill9 h1
t_ok "who is left is told" t_wait 30 told_more h2 "$n2"
t_is "and gets all that the dead one held, at its first request" "$(lock c2 0 3)" 0123

# a client that leaves
hold h1 -B "$(heartbeat c1)" "$b" 34
t_is "not yet" "$(lock c1 0 3)" ""
t_is "one leaves" "$(rawcall "$b" 35 clientID=c2 consumerGroup=G | field code)" 0
t_is "the other gets all" "$(lock c1 0 3)" 0123

# bad bodies
for body in '' '{{{' '[]' '{"clientId":"c1","mqSet":[]}' '{"consumerGroup":"G","mqSet":[]}' '{"clientId":"c1","consumerGroup":"G","mqSet":{}}' \
	'{"clientId":"c1","consumerGroup":"G","mqSet":[7]}' \
	'{"clientId":"c1","consumerGroup":"G","mqSet":[{"topic":"T","queueId":0}]}'; do
	t_is "refused: $body" "$(rawcall -B "$body" "$b" 41 | field code)$(rawcall -B "$body" "$b" 42 | field code)" 11
done
t_is "an empty set" "$(rawcall -B '{"clientId":"c1","consumerGroup":"G","mqSet":[]}' "$b" 41 | field body)" '{"lockOKMQSet":[]}'
t_is "nothing changed" "$(lock c1 0 3)" 0123
awk 'BEGIN {
	printf "{\"clientId\":\"c2\",\"consumerGroup\":\"G\",\"mqSet\":["
	for (i = 0; i < 150000; i++)
		printf "%s{\"brokerName\":\"broker-x\",\"queueId\":%d,\"topic\":\"T\"}", i ? "," : "", 1000000 - i
	printf "]}"
}' >"$T_DIR/many"
t_is "150,000 queues that do not exist" "$(rawcall -b "$T_DIR/many" "$b" 41 | field body)" '{"lockOKMQSet":[]}'

# the limit
rawcall -B "maxQueueLocks=$(counter queueLocks)" "$b" 25 >/dev/null
rawcall -B "$(heartbeat c3 G3)" "$b" 34 >/dev/null
got=$(rawcall -B "$(batch c3 0 1 G3)" "$b" 41)
t_is "one lock too many is not given" "$(echo "$got" | field body)" '{"lockOKMQSet":[]}'
t_has "with the reason" "$(echo "$got" | field remark)" maxQueueLocks
t_is "and a count" "$(counter refusedQueueLocks)" 2
t_is "what is there goes on" "$(lock c1 0 3)" 0123
rawcall -B maxQueueLocks=100000 "$b" 25 >/dev/null

# the lease of a client that is there but does not ask
rawcall -B rebalanceLockMaxLiveTime=300 "$b" 25 >/dev/null
t_is "for 0.3 s" "$(lock c1 0 0)" 0
hold h2 -B "$(batch c2 0 3)" "$b" 34 "@$(heartbeat c2)" -- 41
n2=$(told h2)
t_ok "who waits is told when the lease ends" t_wait 30 told_more h2 "$n2"
t_is "and gets it" "$(lock c2 0 0)" 0
rawcall -B rebalanceLockMaxLiveTime=60000 "$b" 25 >/dev/null
t_is "c1 goes on with what it held for a minute" "$(lock c1 1 3)" 123

# a restart: whoever held a queue has it again at its first request, and what nobody held is free
rows() {
	"$BUILDDIR/t/lib/sql" "$T_DIR/b/meta.db" "SELECT group_concat(name || '=' || value, ' ') FROM
		(SELECT * FROM setting WHERE name LIKE 'queueLock/${1-}%' ORDER BY name)"
}
rows_are() {
	[ "$(rows "$1")" = "$2" ]
}
kill9 h2
t_is "one leaves" "$(rawcall "$b" 35 clientID=c2 consumerGroup=G | field code)" 0
t_ok "its queue is free" t_wait 30 locks_are c1 0 1 01
t_is "c1 gives two back" "$(unlock c1 2 3)" 0
hold h2 -B "$(batch c2 2 2)" "$b" 34 "@$(heartbeat c2)" -- 41
t_ok "holders are written, who gave back is forgotten" t_wait 30 rows_are G@ 'queueLock/G@T@0=c1 queueLock/G@T@1=c1 queueLock/G@T@2=c2'
t_is "a store that has all of them says so" "$(rows | cut -d' ' -f1)" queueLock/=1
kill9 b
start b mqbroker -o storePathRootDir="$T_DIR/b" -o brokerIP1=127.0.0.1 -o brokerName=broker-x -o rebalanceLockRestartWait=600000 || exit 1
b=$(address b)
t_is "who held nothing gets what nobody held" "$(lock c3 0 3)" 3
t_is "who held one gets it at once" "$(lock c2 0 3)" 2
t_is "the other, too" "$(lock c1 0 3)" 01
hold h1 -B "$(batch c1 0 3)" "$b" 34 "@$(heartbeat c1)" -- 41
t_is "and gives it on" "$(unlock c1 0 0)$(lock c3 0 3)" 003
kill9 b
start b mqbroker -o storePathRootDir="$T_DIR/b" -o brokerIP1=127.0.0.1 -o brokerName=broker-x -o rebalanceLockRestartWait=4000 || exit 1
b=$(address b)
t_is "what was given on belongs to the last" "$(lock c1 0 3)/$(lock c3 0 3)" 1/03
rawcall -B "$(heartbeat c9)" "$b" 34 >/dev/null
hold h9 -B "$(batch c9 2 2)" "$b" 34 "@$(heartbeat c9)" -- 41
n9=$(told h9)
t_ok "a queue whose holder does not come back goes to who waits" t_wait 30 told_more h9 "$n9"
t_is "it does, in the end" "$(lock c9 2 2)" 2
kill9 h9

# the same with a store of an older version: nobody knows who held what, but everybody counts on it
rawcall -B x "$b" 310 a=PG b=T c=TBW102 d=4 e=0 f=0 g=1 h=0 i= j=0 k=false m=false >/dev/null
rawcall "$b" 15 consumerGroup=G topic=T queueId=0 commitOffset=1 >/dev/null
rawcall "$b" 15 consumerGroup=G topic=T queueId=1 commitOffset=0 >/dev/null
rawcall "$b" 15 consumerGroup=G topic=T queueId=2 commitOffset=0 >/dev/null
stop b
"$BUILDDIR/t/lib/sql" "$T_DIR/b/meta.db" "DELETE FROM setting WHERE name LIKE 'queueLock/%'"
start b mqbroker -o storePathRootDir="$T_DIR/b" -o brokerIP1=127.0.0.1 -o brokerName=broker-x -o rebalanceLockRestartWait=4000 || exit 1
b=$(address b)
t_is "a queue that nobody consumed is free" "$(lock c1 0 3)" 3
hold h1 -B "$(batch c1 0 3)" "$b" 34 "@$(heartbeat c1)" -- 15 consumerGroup=G topic=T queueId=0 commitOffset=1 -- 41
t_is "who commits the offset of a queue held it" "$(field body <"$T_DIR/h1.held" | grep -c '"queueId":0')" 1
t_is "another one does not get it" "$(lock c2 0 3)" ""
hold h2 -B "$(batch c2 1 1)" "$b" 34 "@$(heartbeat c2)" -- 41 -- 15 consumerGroup=G topic=T queueId=1 commitOffset=0
t_is "who asked in vain and then shows that it held the queue" "$(sed -n '/^body=/!d;/lockOK/p' "$T_DIR/h2.held")" 'body={"lockOKMQSet":[]}'
t_ok "is told to ask again" grep -q '^push=40' "$T_DIR/h2.held"
rawcall -B "$(heartbeat c9)" "$b" 34 >/dev/null
hold h9 -B "$(batch c9 2 2)" "$b" 34 "@$(heartbeat c9)" -- 41
n9=$(told h9)
t_ok "in the end a queue whose holder does not come back goes to who waits" t_wait 30 told_more h9 "$n9"
t_is "it does" "$(lock c9 2 2)" 2
stop b
t_done
