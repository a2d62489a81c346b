#!/bin/sh
# Two masters killed again and again under transactions that move money, and their producers with
# them: no coin is lost, made, or moved twice, in both flush modes (I1, I4, I6, I8, I9).
#
#   5500-kill-transactions.t [CYCLES]     kills in each mode; else $KILLS, else 25
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/interop/cluster.sh
. "$SRCDIR/t/interop/cluster.sh"
# shellcheck source=t/crash/crash.sh
. "$SRCDIR/t/crash/crash.sh"

cycles=${1:-${KILLS:-25}}
unset MQ_NAMESRV

# Each master in turn; of five times once both, and once again while it starts.
kill_some() {
	case $(($1 % 5)) in
	0) kill9 broker-a && kill9 broker-b && cluster_run broker-b && cluster_run broker-a ;;
	1) kill9 broker-a && cluster_run broker-a ;;
	3)
		kill9 broker-a
		die_starting broker-a "0.0$(($1 % 10))" -o namesrvAddr="$MQ_NAMESRV" -c "$T_DIR/cluster.ini"
		cluster_run broker-a
		;;
	*) kill9 broker-b && cluster_run broker-b ;;
	esac
}

kill_under_load() {
	cycle=0
	while [ $cycle -lt "$cycles" ]; do
		cycle=$((cycle + 1))
		crash_pause $cycle
		kill_some $cycle || return 1
	done
}

has_two_masters() {
	[ "$(rawcall "$(address namesrv-1)" 105 topic=money | grep -o '"brokerName":"broker-[ab]"' | sort -u | wc -l)" = 2 ]
}

# bank MODE
bank() {
	cluster_start flushDiskType="$1" mappedFileSizeCommitLog=8388608 transactionTimeOut=1000 \
		transactionCheckInterval=1000 || return 1
	make_topic money broker-a broker-b
	t_ok "$1: the topic is on both masters" t_wait 30 has_two_masters
	# What could not be asked about while masters came and went is asked about at the end.
	mkdir "$T_DIR/bank-$1"
	crash_load bank transfers -t $((120 + cycles)) "$MQ_NAMESRV" money "$T_DIR/bank-$1"
	kill_under_load
	t_result $? "$1: starts again after each of $cycles kills"
	crash_judge bank "$1: every coin is where it belongs"
	t_ok "$1: money was moved meanwhile" test "$(crash_count bank credited)" -gt $((cycles * 10))
	t_ok "$1: producers died between debit and END" test "$(crash_count bank deaths)" -gt 0
	t_ok "$1: stops" cluster_stop
	rm -rf "$T_DIR"/broker-? "$T_DIR"/namesrv-?
	unset MQ_NAMESRV
}

bank ASYNC_FLUSH
bank SYNC_FLUSH
t_done
