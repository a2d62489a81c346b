#!/bin/sh
# mqadmin updateOrderConf: the queues of an ordered topic are put, read and deleted at all name servers, and clients see
# them in the route. queryCq: the index of a queue.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

for ns in ns ns2; do
	start $ns mqnamesrv -o storePath="$T_DIR/$ns" -o orderMessageEnable=true || exit 1
done
begin b -o namesrvAddr="$(address ns);$(address ns2)"

admin() {
	admin_command=$1
	shift
	"$BUILDDIR/mqadmin" "$admin_command" -n "$(address ns);$(address ns2)" "$@" 2>&1
}

# order NS: as the route of T says it there
order() {
	rawcall "$(address "$1")" 105 topic=T | field body | sed -n 's/.*"orderTopicConf":"\([^"]*\)".*/\1/p'
}

t_ok "a topic" t_wait 30 admin updateTopic -b "$b" -t T -r 2 -w 2
t_ok "it is known" t_wait 30 has_route T ns2
t_fails "nothing is kept for it yet" admin updateOrderConf -t T -m get
t_ok "put" admin updateOrderConf -t T -m put -v 'b:2;other:4'
t_is "the route has it" "$(order ns)" 'b:2;other:4'
t_is "at the other name server, too" "$(order ns2)" 'b:2;other:4'
t_has "get" "$(admin updateOrderConf -t T -m get)" 'b:2;other:4'
t_has "as JSON" "$(admin updateOrderConf -t T -m get --json)" '{"topic":"T","orderConf":"b:2;other:4"}'
t_ok "put again" admin updateOrderConf -t T -m put -v b:1
t_is "replaces it" "$(order ns)" b:1
t_ok "delete" admin updateOrderConf -t T -m delete
t_is "it is gone" "$(order ns)$(order ns2)" ""
t_fails "for get, too" admin updateOrderConf -t T -m get

# What a client could not read would take its route away.
wrong() {
	t_wrong=$1
	shift
	got=$(admin updateOrderConf -t T "$@")
	t_is "$t_wrong: exit status" $? 2
	t_has "$t_wrong: why" "$got" "--"
}
for conf in '' b b: :2 b:x b:0 'b:2;;c:1' b:2000; do
	wrong "put '$conf'" -m put -v "$conf"
done
wrong "put nothing" -m put
wrong "another method" -m change
wrong "a value to get" -m get -v b:1
t_is "nothing was changed" "$(order ns)" ""

# ---- queryCq
for body in 1 22 333; do
	rawcall -B $body "$b" 310 a=PG b=T c=TBW102 d=2 e=1 f=0 g=1 h=0 i="TAGS$(printf '\001')A" j=0 k=false m=false >/dev/null
done
got=$(admin queryCq -t T -q 1 -i 1 -c 5 --json)
t_has "from an offset on" "$got" '"minQueueIndex":0,"maxQueueIndex":3'
t_is "two are left there" "$(echo "$got" | grep -o '"physicOffset"' | wc -l)" 2
t_has "with index, size, hash of the tag" "$got" '"queueData":[{"index":1,"physicOffset":'
t_has "with the hash of the tag" "$got" '"tagsCode":65'
t_has "by the broker's name, for a group that is not there" "$(admin queryCq -t T -q 1 -i 0 -b b -g G)" "G@T is not online!"
t_has "an offset that is not there" "$(admin queryCq -t T -q 1 -i 9)" "the queue has 0 to 3"
t_has "a queue that is not there" "$(admin queryCq -t T -q 7 -i 0)" "7@T is not exist"
t_has "a topic that is not there" "$(admin queryCq -t None -q 0 -i 0)" "None"
t_done
