#!/bin/sh
# Two masters killed again and again under transactions that move money, and their producers with
# them: no coin is lost, made, or moved twice, in both flush modes (I1, I4, I6, I8, I9).
#
#   5500-kill-transactions.t [CYCLES]     kills in each mode; else $KILLS, else 25
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/interop/cluster.sh
. "$SRCDIR/t/interop/cluster.sh"

cycles=${1:-${KILLS:-25}}
unset MQ_NAMESRV

# Seconds to wait before the kill number $1: from nothing to a second, spread as if at random.
pause() {
	awk -v n="$1" 'BEGIN { x = n * 0.6180339887; printf "%.3f", x - int(x) }'
}

# Each master in turn; of five times once both, and once again while it starts.
kill_some() {
	case $(($1 % 5)) in
	0) kill9 broker-a && kill9 broker-b && cluster_run broker-b && cluster_run broker-a ;;
	1) kill9 broker-a && cluster_run broker-a ;;
	3) kill9 broker-a && die_starting broker-a "0.0$(($1 % 10))" && cluster_run broker-a ;;
	*) kill9 broker-b && cluster_run broker-b ;;
	esac
}

# die_starting MASTER SECONDS: a start that is killed before it is through
die_starting() {
	# shellcheck disable=SC2086 # CLUSTER_OPTIONS are words
	"$BUILDDIR/mqbroker" -o brokerName="$1" -o brokerIP1=127.0.0.1 -o namesrvAddr="$MQ_NAMESRV" \
		-o storePathRootDir="$T_DIR/$1" -o listenPort="$(port "$1")" $CLUSTER_OPTIONS >>"$T_DIR/starting.log" 2>&1 &
	starting=$!
	sleep "$2"
	kill -9 $starting
	wait $starting 2>/dev/null
	return 0
}

kill_under_load() {
	cycle=0
	while [ $cycle -lt "$cycles" ]; do
		cycle=$((cycle + 1))
		sleep "$(pause $cycle)"
		kill_some $cycle || return 1
	done
}

has_two_masters() {
	[ "$(rawcall "$(address namesrv-1)" 105 topic=money | grep -o '"brokerName":"broker-[ab]"' | sort -u | wc -l)" = 2 ]
}

make_topic() {
	for master in broker-a broker-b; do
		rawcall "$(address $master)" 17 topic=money defaultTopic=TBW102 readQueueNums=4 writeQueueNums=4 perm=6 \
			topicFilterType=SINGLE_TAG topicSysFlag=0 order=false >/dev/null
	done
	t_wait 30 has_two_masters
}

# bank MODE
bank() {
	cluster_start flushDiskType="$1" mappedFileSizeCommitLog=8388608 transactionTimeOut=1000 \
		transactionCheckInterval=1000 || return 1
	t_ok "$1: the topic is on both masters" make_topic
	# What could not be asked about while masters came and went is asked about at the end.
	"$BUILDDIR/t/crash/bank_killer" -t $((120 + cycles)) "$MQ_NAMESRV" money "$T_DIR/$1.db" >"$T_DIR/$1.count" 2>"$T_DIR/$1.breaches" &
	t_remember bank $!
	kill_under_load
	t_result $? "$1: starts again after each of $cycles kills"
	kill "$(pid bank)"
	wait "$(pid bank)"
	t_is "$1: every coin is where it belongs" "$? $(cat "$T_DIR/$1.breaches")" "0 "
	sed 's/^/# /' "$T_DIR/$1.count"
	t_ok "$1: money was moved meanwhile" test "$(field credited <"$T_DIR/$1.count")" -gt $((cycles * 10))
	t_ok "$1: producers died between debit and END" test "$(field deaths <"$T_DIR/$1.count")" -gt 0
	t_ok "$1: stops" cluster_stop
	rm -rf "$T_DIR"/broker-? "$T_DIR"/namesrv-?
	unset MQ_NAMESRV
}

bank ASYNC_FLUSH
bank SYNC_FLUSH
t_done
