# shellcheck shell=sh
# The brokers that are compared, each with a name server of its own. Sourced by bench/compare.
#
# A side is "a" (TwinMQ), "b" (TwinMQ again, of the same build or another) or a release of Apache
# RocketMQ. Its processes are SIDE and SIDE.ns for pid and stop of t/lib/lib.sh; SIDE.slave is in copies.sh.

# side_build SIDE: where its programs are
side_build() {
	if [ "$1" = b ]; then
		echo "${AGAINST:-$BUILDDIR}"
	else
		echo "$BUILDDIR"
	fi
}

# side_port SIDE [ns]
side_port() {
	cat "$T_DIR/$1${2:+.ns}.port"
}

# side_label SIDE: as people call it
side_label() {
	case $1 in
	a) echo TwinMQ ;;
	b) [ "${AGAINST:-$BUILDDIR}" = "$BUILDDIR" ] && echo "TwinMQ again" || echo "TwinMQ of $AGAINST" ;;
	redis) redis-server --version | sed -n 's/.* v=\([0-9.]*\).*/Redis \1/p' ;;
	nats) nats-server --version | sed -n 's/.*v\([0-9.]*\).*/NATS \1/p' ;;
	*) echo "Apache $1" ;;
	esac
}

# port_is_free PORT: nobody listens on it
port_is_free() {
	! cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
		awk -v port="$(printf %04X "$1")" '$4 == "0A" && $2 ~ ":" port "$" { found = 1 } END { exit !found }'
}

# port_take PROCESS: one that no outgoing connection gets, so that it is there after a restart, too.
# Brokers use that two below and that above it, too.
port_take() {
	port_try=$((20000 + $$ % 1000 * 8))
	until [ ! -e "$T_DIR/taken.$port_try" ] && port_is_free $port_try &&
		port_is_free $((port_try - 2)) && port_is_free $((port_try + 1)); do
		port_try=$((port_try + 8))
		[ $port_try -lt 32000 ] || die "no port is free"
	done
	: >"$T_DIR/taken.$port_try"
	echo $port_try >"$T_DIR/$1.port"
}

# side_start_names SIDE, then side_start_broker SIDE FLUSH: with empty stores
side_start_names() {
	! is_foreign "$1" || return 0
	port_take "$1.ns"
	case $1 in
	a | b) twinmq_start "$1.ns" - ;;
	*) apache_start_names "$1" ;;
	esac || die "the name server of side $1 does not start"
}

side_start_broker() {
	if is_foreign "$1"; then
		port_take "$1"
		foreign_start "$1" "$2"
		return
	fi
	t_wait 60 names_answer "$1" || die "the name server of side $1 does not answer"
	port_take "$1"
	[ "$session" != topics ] || is_ours "$1" || apache_topics "$T_DIR/$1.store"
	side_exec "$1" "$2"
	if has_slave "$1"; then
		copies_start "$1" "$2"
	else
		side_wait "$1"
	fi
}

names_answer() {
	! port_is_free "$(side_port "$1" ns)"
}

is_ours() {
	[ "$1" = a ] || [ "$1" = b ]
}

# twinmq_start PROCESS FLUSH: a broker, or with .ns at its end a name server, and wait for it
twinmq_start() {
	twinmq_exec "$1" "$2"
	t_wait 10 t_ready_or_dead "$1"
	grep -q ' ready .*port=' "$T_DIR/$1.log" || {
		tail -n 20 "$T_DIR/$1.log" >&2
		return 1
	}
}

# twinmq_exec PROCESS FLUSH: without waiting
# shellcheck disable=SC2046 # flags
twinmq_exec() {
	twinmq_side=$(master_of "${1%.ns}")
	twinmq_programs=$(side_build "$twinmq_side")
	: >"$T_DIR/$1.log"
	case $1 in
	*.ns)
		"$twinmq_programs/mqnamesrv" -o storePath="$T_DIR/$1.store" -o listenPort="$(side_port "$1")" \
			2>"$T_DIR/$1.log" &
		;;
	*)
		"$twinmq_programs/mqbroker" -o storePathRootDir="$T_DIR/$1.store" -o brokerName=broker-a \
			-o brokerIP1=127.0.0.1 -o flushDiskType="$2" -o listenPort="$(side_port "$1")" \
			-o namesrvAddr="127.0.0.1:$(side_port "$twinmq_side" ns)" $(copies_flags "$1") 2>"$T_DIR/$1.log" &
		;;
	esac
	t_remember "$1" $!
}

# side_exec SIDE FLUSH: its broker, which was ended, on the store that there is, without waiting
side_exec() {
	if is_ours "$1"; then
		twinmq_exec "$1" "$2"
	else
		apache_start_broker "$1" "$2"
	fi
}

# side_wait SIDE: until its broker takes a message, and its name server knows that
side_wait() {
	t_wait 60 side_answers_or_dead "$1"
	"$BUILDDIR/mqbench" send -N 1 -t ready -n "127.0.0.1:$(side_port "$1" ns)" >/dev/null 2>&1 || {
		tail -n 20 "$T_DIR/$1.log" >&2
		die "side $1 takes no messages"
	}
}

side_answers_or_dead() {
	"$BUILDDIR/mqbench" send -N 1 -t ready -n "127.0.0.1:$(side_port "$1" ns)" || ! kill -0 "$(pid "$1")"
}

# side_freeze SIDE, side_thaw SIDE: it uses no processor meanwhile
# shellcheck disable=SC2046 # numbers
side_freeze() {
	kill -STOP $(side_pids "$1")
}

side_pids() {
	pid "$1"
	! has_slave "$1" || pid "$1.slave"
	is_foreign "$1" || pid "$1.ns"
}

# shellcheck disable=SC2046 # numbers
side_thaw() {
	kill -CONT $(side_pids "$1")
	sleep 0.2 # timers that were due meanwhile
	! has_slave "$1" || copies_wait "$1"
}

# side_kill SIDE: its broker, as a sudden death would
side_kill() {
	kill9 "$1"
	forget "$(pid "$1")"
}

# side_end SIDE: its processes and its store
side_end() {
	for process in "$1" "$1.slave" "$1.ns"; do
		case $process in
		*.slave) has_slave "$1" || continue ;;
		*.ns) ! is_foreign "$1" || continue ;;
		esac
		side_kill "$process"
		rm -rf "$T_DIR/$process.store" "$T_DIR/$process.home" "$T_DIR/taken.$(cat "$T_DIR/$process.port")"
	done
}

# forget PID: it has ended, and its number may be somebody else's soon
forget() {
	forget_all=
	for forget_pid in $T_PIDS; do
		[ "$forget_pid" = "$1" ] || forget_all="$forget_all $forget_pid"
	done
	T_PIDS=$forget_all
}
