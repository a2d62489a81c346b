#!/bin/sh
# mqadmin moves a group: resetOffsetByTime, skipAccumulatedMessage.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1
for name in a b; do
	start $name mqbroker -n "$(address ns)" -o storePathRootDir="$T_DIR/$name" -o brokerIP1=127.0.0.1 -o brokerName=broker-$name || exit 1
done

admin() {
	command=$1
	shift
	"$BUILDDIR/mqadmin" "$command" -n "$(address ns)" "$@" 2>&1
}

known() {
	[ "$(rawcall "$(address ns)" 106 | field body | grep -o '"broker-[ab]":{' | sort -u | wc -l)" = 2 ]
}
t_ok "two brokers" t_wait 30 known
t_ok "a topic" admin updateTopic -t T -r 2 -w 2
t_ok "a group" admin updateSubGroup -g G
for name in a a a b; do
	rawcall -B hello "$(address $name)" 310 a=PG b=T c=TBW102 d=2 e=0 f=0 g=1 h=0 i= j=0 k=false m=false >/dev/null
done

rows() {
	tr -s ' ' | grep '^broker-' | tr '\n' '/'
}
t_is "to the end, on both" "$(admin skipAccumulatedMessage -g G -t T | sed 's/^ *//; s/ *$//' | rows)" "broker-a 0 3/broker-a 1 0/broker-b 0 1/broker-b 1 0/"
t_is "it is there" "$(rawcall "$(address a)" 14 consumerGroup=G topic=T queueId=0 | field ext.offset)" 3
t_is "to a time" "$(admin resetOffsetByTime -g G -t T -s 1000 | sed 's/^ *//; s/ *$//' | rows)" "broker-a 0 0/broker-a 1 0/broker-b 0 0/broker-b 1 0/"
t_is "not forwards" "$(admin resetOffsetByTime -g G -t T -s now -f false | sed 's/^ *//; s/ *$//' | rows)" "broker-a 0 0/broker-a 1 0/broker-b 0 0/broker-b 1 0/"
t_is "one queue of one broker to an offset" "$(admin resetOffsetByTime -g G -t T -b broker-a -q 0 -o 2 | sed 's/^ *//; s/ *$//' | rows)" "broker-a 0 2/"
t_has "as JSON" "$(admin resetOffsetByTime -J -g G -t T -b broker-b -s 1000)" '"offsets":[{"brokerName":"broker-b","queueId":0,"offset":0}'
t_has "an offset beyond the end" "$(admin resetOffsetByTime -g G -t T -b broker-a -q 0 -o 9)" "not in consume queue range [0-3]"
t_fails "is an error" admin resetOffsetByTime -g G -t T -b broker-a -q 0 -o 9
# ... and what it would do: the group is at 2 of 3 on broker-a, at 0 of 1 on broker-b
admin resetOffsetByTime -g G -t T -b broker-a -q 0 -o 2 >/dev/null
t_has "a preview" "$(admin rewindPreview -J -g G -t T -s 1000)" '{"brokerName":"broker-a","queueId":0,"before":2,"after":0,"again":2,"skipped":0}'
t_has "in all" "$(admin rewindPreview -J -g G -t T -s now)" '"again":0,"skipped":2}'
t_has "of one queue" "$(admin rewindPreview -J -g G -t T -b broker-a -q 0 -o 3)" '"again":0,"skipped":1}'
t_has "a dry run of the reset itself" "$(admin resetOffsetByTime -d -J -g G -t T -s 1000)" '"again":2,"skipped":0}'
t_is "nothing moved" "$(rawcall "$(address a)" 14 consumerGroup=G topic=T queueId=0 | field ext.offset)" 2
t_has "a preview for no group" "$(admin rewindPreview -g None -t T -s now)" "Group None does not exist"
t_has "no group" "$(admin skipAccumulatedMessage -g None -t T)" "Group None does not exist"
t_has "no topic" "$(admin skipAccumulatedMessage -g G -t None)" "None"
t_has "nowhere" "$(admin resetOffsetByTime -g G -t T)" "say where to"
t_has "an offset of all queues" "$(admin resetOffsetByTime -g G -t T -o 1)" "-q QID"
t_has "a queue of all brokers" "$(admin resetOffsetByTime -g G -t T -q 1 -s now)" "-b BROKER"
stop a
stop b
stop ns
t_done
