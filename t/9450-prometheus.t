#!/bin/sh
# Debian's Prometheus scrapes a cluster; each query of the Grafana board parses there and gives data (CN3).
# shellcheck source=t/interop/interop.sh
. "${SRCDIR:-.}/t/interop/interop.sh"
# shellcheck source=t/lib/http.sh
. "$SRCDIR/t/lib/http.sh"

interop_need prometheus promtool python3

start ns mqnamesrv -o storePath="$T_DIR/ns" -o bindAddress=127.0.0.1 || exit 1
for name in a b; do
	broker "$name" -o namesrvAddr="$(address ns)" -o bindAddress=127.0.0.1 || exit 1
done
b=$(address a)
make_topic T a b
token() { echo "Authorization: Bearer $(cat "$T_DIR/$1/http-token")"; }

post() { # BROKER PATH BODY
	web -H "$(token "$1")" -H 'Content-Type: application/json' --data-binary "$3" "$(url "$1")/v1/$2"
}

part() {
	grep -o "\"$1\":\"[^\"]*\"" | sed 's/^"[^"]*":"//; s/"$//'
}

# Some of all that a board shows: messages, lag, a dead letter, transactions, a timed message.
rawcall -B '{"groupName":"D","retryMaxTimes":0}' "$b" 200 >/dev/null
post a topics/T/messages '{"body":"dead"}' >/dev/null
receipt=$(web -H "$(token a)" "$(url a)/v1/topics/T/messages?group=D&wait=10&lease=600" | part receipt)
post a nacks "{\"receipts\":[\"$receipt\"]}" >/dev/null
dead() { web "$(url a)/v1/groups/D/dead-letters" | grep -q '"body":"dead"'; }
t_ok 'there is a dead letter' t_wait 30 dead
id=$(post a topics/T/transactions '{"group":"PG","body":"half"}' | part id)
post a "transactions/$id/commit" '{"group":"PG"}' >/dev/null
post a topics/T/transactions '{"group":"PG","body":"open"}' >/dev/null
post a topics/T/messages '{"body":"later","delayMs":3600000}' >/dev/null
for name in a b; do
	web "$(url $name)/metrics" >"$T_DIR/metrics.$name"
done
# Names and labels that the exporter chose are not ours to judge.
t_is 'promtool has nothing to say about a broker' "$(promtool check metrics <"$T_DIR/metrics.a" 2>&1 | grep -v '^rocketmq_')" ''
web "$(url ns)/metrics" >"$T_DIR/metrics.ns"
t_is 'nor about a name server' "$(promtool check metrics <"$T_DIR/metrics.ns" 2>&1)" ''

cat >"$T_DIR/prometheus.yml" <<END
global:
  scrape_interval: 1s
scrape_configs:
  - job_name: twinmq
    static_configs:
      - targets: ['127.0.0.1:$(http_port a)', '127.0.0.1:$(http_port b)', '127.0.0.1:$(http_port ns)']
END
t_ok 'its settings are right' promtool check config "$T_DIR/prometheus.yml"
prometheus_port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
prometheus --config.file="$T_DIR/prometheus.yml" --storage.tsdb.path="$T_DIR/tsdb" \
	--web.listen-address="127.0.0.1:$prometheus_port" >"$T_DIR/prometheus.log" 2>&1 &
t_remember prometheus $!
at=http://127.0.0.1:$prometheus_port

# A gauge has data with the first scrape, a rate with the second; messages come in between.
scraped() {
	post a topics/T/messages '{"body":"x"}' >/dev/null
	post b topics/T/messages '{"body":"x"}' >/dev/null
	web -G --data-urlencode 'query=min(count_over_time(twinmq_start_time_seconds[1m])) >= 3 and count(up == 1) == 3' "$at/api/v1/query" |
		grep -q '"value":'
}
t_ok 'it scrapes all three' t_wait 120 scraped
board() {
	python3 "$SRCDIR/t/interop/python/board.py" "$SRCDIR/etc/grafana-dashboard.json" "$at" >"$T_DIR/board" 2>&1
	! grep -v '^ok ' "$T_DIR/board" | grep -q .
}
t_ok 'each query of the board gives data' t_wait 60 board
grep -v '^ok ' "$T_DIR/board" | sed 's/^/# /'
t_ok 'and there are many' test "$(grep -c '^ok ' "$T_DIR/board")" -ge 40

# What the console shows is what Prometheus has.
value() {
	web -G --data-urlencode "query=$1" "$at/api/v1/query" | sed -n 's/.*"value":\[[^,]*,"\([^"]*\)"\].*/\1/p'
}
same_lag() {
	lag=$(web "$(url a)/v1/groups/D" | sed -n 's/.*"lag":\([0-9]*\)}$/\1/p')
	[ -n "$lag" ] && [ "$(value "sum(rocketmq_group_diff{group=\"D\",topic=\"T\",instance=\"127.0.0.1:$(http_port a)\"})")" = "$lag" ]
}
t_ok 'lag is what the API says' t_wait 30 same_lag
kill "$(pid prometheus)"
for name in a b ns; do
	stop $name
done
t_done
