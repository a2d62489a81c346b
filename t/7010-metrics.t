#!/bin/sh
# /metrics: well formed, with the exporter's names, and with lags that consumerProgress shows too (CN3).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/http.sh
. "$SRCDIR/t/lib/http.sh"

begin b
at=$(url b)
cluster='cluster="DefaultCluster",broker="b"'

send() { # TOPIC QUEUE
	rawcall -B body "$b" 310 a=PG b="$1" c=TBW102 d=4 e="$2" f=0 g=1700000000000 h=0 i= j=0 k=false m=false >/dev/null
}

commit() { # GROUP TOPIC QUEUE OFFSET
	rawcall "$b" 15 consumerGroup="$1" topic="$2" queueId="$3" commitOffset="$4" >/dev/null
}

# sample TEXT: the value of exactly this sample
sample() {
	web "$at/metrics" | awk -v name="$1" 'substr($0, 1, length(name) + 1) == name " " { print substr($0, length(name) + 2) }'
}

make_topic T b
make_topic 'Odd-1_%x' b
for queue in 0 0 0 1; do
	send T $queue
done
rawcall -B '{"groupName":"G"}' "$b" 200 >/dev/null
commit G T 0 2
commit G T 1 1
commit H T 0 0
send Odd-1_%x 0

t_is 'the offset of a topic' "$(sample "rocketmq_producer_offset{$cluster,topic=\"T\"}")" 4
t_is 'of a topic with a %' "$(sample "rocketmq_producer_offset{$cluster,topic=\"Odd-1_%x\"}")" 1
t_is 'the offset of a group' "$(sample "rocketmq_consumer_offset{$cluster,topic=\"T\",group=\"G\"}")" 3
t_is 'its lag' "$(sample 'rocketmq_group_diff{group="G",topic="T",countOfOnlineConsumers="0",msgModel="1"}')" 1
t_is 'of a group that begins' "$(sample 'rocketmq_group_diff{group="H",topic="T",countOfOnlineConsumers="0",msgModel="1"}')" 4
t_is 'as the tools are told (208)' "$(rawcall "$b" 208 consumerGroup=G topic=T | field body | awk '{
	n = gsub(/"brokerOffset":/, "&")
	while (match($0, /"brokerOffset":[0-9]+,"consumerOffset":[0-9]+/)) {
		split(substr($0, RSTART, RLENGTH), part, /[:,]/)
		lag += part[2] - part[4]
		$0 = substr($0, RSTART + RLENGTH)
	}
	print lag
}')" 1
commit G T 0 1000
commit G T 1 1000
t_is 'no lag is below 0' "$(sample 'rocketmq_group_diff{group="G",topic="T",countOfOnlineConsumers="0",msgModel="1"}')" 0
t_is 'messages in' "$(sample twinmq_messages_in_total)" 5
t_is 'as many as the histogram counts' "$(sample 'twinmq_put_seconds_bucket{le="+Inf"}')" 5
t_is 'the store is writable' "$(sample twinmq_store_writable)" 1

# The broker's own, by the exporter's names: 28 and /metrics say the same.
of_broker="cluster=\"DefaultCluster\",brokerIP=\"$b\",brokerHost=\"b\""
pmdt=0
for part in 0ms 0to10ms 10to50ms 50to100ms 100to200ms 200to500ms 500to1s 1to2s 2to3s 3to4s 4to5s 5to10s 10stomore; do
	pmdt=$((pmdt + $(sample "rocketmq_brokeruntime_pmdt_$part{$of_broker}")))
done
t_is 'each send is in one of thirteen families' "$pmdt" 5
t_is 'their number' "$(sample "rocketmq_brokeruntime_putmessage_times_total{$of_broker}")" 5
bytes=$(sample "rocketmq_brokeruntime_put_message_size_total{$of_broker}")
t_is 'their bytes' "$bytes" "$(sample twinmq_bytes_in_total)"
t_ok 'and their average size' awk -v all="$bytes" \
	-v average="$(sample "rocketmq_brokeruntime_put_message_average_size{$of_broker}")" 'BEGIN { exit all / 5 != average }'
for name in gettotal_tps10 gettotal_tps60 gettotal_tps600 putmessage_entire_time_max getmessage_entire_time_max \
	consumequeue_disk_ratio start_accept_sendrequest_time dispatch_behind_bytes; do
	t_ok "$name" test -n "$(sample "rocketmq_brokeruntime_$name{$of_broker}")"
done
hold producers -B '{"clientID":"c","consumerDataSet":[],"producerDataSet":[{"groupName":"PG"},{"groupName":"PH"}]}' "$b" 34
hold more -B '{"clientID":"d","consumerDataSet":[],"producerDataSet":[{"groupName":"PG"}]}' "$b" 34
t_is 'producers of a group' "$(sample "rocketmq_producer_count{$cluster,group=\"PG\"}")" 2
t_is 'and of another' "$(sample "rocketmq_producer_count{$cluster,group=\"PH\"}")" 1
kill9 producers
kill9 more

# Every line is a comment of a family or a sample of it; a family is in one piece and has each sample once.
well_formed() {
	awk -v open="$2" '
		function bad(why) { print why ": " $0; failed = 1 }
		/^# TYPE / {
			if ($3 in types) bad("a family twice")
			types[$3] = $4; family = $3
			if (NF != 4 || $4 !~ /^(gauge|counter|histogram)$/) bad("no type")
			if (!open && $4 == "counter" && $3 !~ /_total$/) bad("a counter without _total")
			if (open && $4 == "counter" && $3 ~ /_total$/) bad("a family with _total")
			next
		}
		/^# HELP / { if ($3 != family || NF < 4) bad("help of another"); next }
		/^# EOF$/ { ended = 1; next }
		/^[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-zA-Z_][a-zA-Z0-9_]*="([^"\\]|\\[\\"n])*",?)+\})? [-+0-9.eInfNa]+$/ {
			name = $0; sub(/[{ ].*/, "", name); key = $0; sub(/ [^ ]*$/, "", key)
			if (key in seen) bad("twice")
			seen[key] = 1
			base = name
			if (open && types[family] == "counter") sub(/_total$/, "", base)
			if (types[family] == "histogram") sub(/_(bucket|sum|count)$/, "", base)
			if (base != family) bad("not of " family)
			next
		}
		{ bad("no sample") }
		END { if (open && !ended) print "no end"; if (NR == 0) print "nothing" ; exit failed }' "$1"
}
web "$at/metrics" >"$T_DIR/plain"
t_is 'the text format has its type' "$(field_of Content-Type)" 'text/plain; version=0.0.4; charset=utf-8'
t_is 'and its form' "$(well_formed "$T_DIR/plain" '')" ''
web -H 'Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5' "$at/metrics" >"$T_DIR/open"
t_is 'OpenMetrics has its type' "$(field_of Content-Type)" \
	'application/openmetrics-text; version=1.0.0; charset=utf-8'
t_is 'its form' "$(well_formed "$T_DIR/open" 1)" ''
t_is 'and its end' "$(tail -n 1 "$T_DIR/open")" '# EOF'
if command -v promtool >/dev/null; then
	# Names and labels that the exporter chose are not ours to judge.
	t_is 'promtool has nothing to say' "$(promtool check metrics <"$T_DIR/plain" 2>&1 | grep -v '^rocketmq_')" ''
else
	t_skip 'promtool has nothing to say' 'promtool (of Debian'"'"'s prometheus) is not installed'
fi

start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1
web "$(url ns)/metrics" >"$T_DIR/ns.plain"
t_is 'the name server has metrics, too' "$(well_formed "$T_DIR/ns.plain" '')" ''
t_has 'of its brokers' "$(cat "$T_DIR/ns.plain")" 'twinmq_namesrv_brokers 0'
stop ns
t_ok 'the broker stops' stop b
t_done
