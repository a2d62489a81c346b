# For the tests of whole programs (NNNN-name.t): source it, call t_ok, t_is ..., end with t_done.
# shellcheck shell=sh
set -u
BUILDDIR=${BUILDDIR:-build}
SRCDIR=${SRCDIR:-.}
RAWCALL=$BUILDDIR/t/lib/rawcall
T_DIR=$(mktemp -d "${TMPDIR:-/tmp}/twinmq-test.XXXXXX") || exit 99
T_N=0
T_PIDS=

# What was started here ends here, by its number; one that ended long ago may have given its number to a
# process of somebody else.
t_kill_all() {
	for t_pid in $T_PIDS; do
		grep -qs "^PPid:[[:space:]]*$$\$" "/proc/$t_pid/status" && kill -9 "$t_pid"
	done
}

t_cleanup() {
	trap '' INT TERM HUP # a second signal does not leave half of it
	t_kill_all
	rm -rf "$T_DIR"
}
trap t_cleanup EXIT
trap 'exit 1' INT TERM HUP

# t_result STATUS NAME [WHY ...]: one line of TAP
t_result() {
	T_N=$((T_N + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $T_N - $2"
	else
		echo "not ok $T_N - $2"
		shift 2
		[ $# -eq 0 ] || printf '%s\n' "$@" | sed 's/^/# /'
	fi
}

# t_ok NAME COMMAND ...: it succeeds
t_ok() {
	t_name=$1
	shift
	if "$@" >"$T_DIR/t_ok.out" 2>&1; then
		t_result 0 "$t_name"
	else
		t_result 1 "$t_name" "$* failed:" "$(cat "$T_DIR/t_ok.out")"
	fi
}

# t_fails NAME COMMAND ...: it does not
t_fails() {
	t_name=$1
	shift
	if "$@" >"$T_DIR/t_ok.out" 2>&1; then
		t_result 1 "$t_name" "$* succeeded:" "$(cat "$T_DIR/t_ok.out")"
	else
		t_result 0 "$t_name"
	fi
}

# t_is NAME GOT WANTED
t_is() {
	if [ "$2" = "$3" ]; then
		t_result 0 "$1"
	else
		t_result 1 "$1" "got:    $2" "wanted: $3"
	fi
}

# t_has NAME TEXT PART: the text contains the part
t_has() {
	case $2 in
	*"$3"*) t_result 0 "$1" ;;
	*) t_result 1 "$1" "wanted: $3" "in:     $2" ;;
	esac
}

# t_has_not NAME TEXT PART
t_has_not() {
	case $2 in
	*"$3"*) t_result 1 "$1" "not wanted: $3" "in:         $2" ;;
	*) t_result 0 "$1" ;;
	esac
}

# t_skip NAME WHY: a case that this machine cannot try
t_skip() {
	t_result 0 "$1 # SKIP $2"
}

t_skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

t_done() {
	echo "1..$T_N"
}

# How many seconds "within a second" is: one, but where a sanitizer slows everything down.
# shellcheck disable=SC2034 # the tests use it
[ -z "${SANITIZERS-}" ] && T_SECOND=1 || T_SECOND=10

# t_wait SECONDS COMMAND ...: until it succeeds; fails when it does not in time
t_wait() {
	t_left=$(($1 * 20))
	shift
	until "$@" >/dev/null 2>&1; do
		t_left=$((t_left - 1))
		[ $t_left -gt 0 ] || return 1
		sleep 0.05
	done
}

# The next port for a daemon: below those that outgoing connections get. One of these, or what is left of
# it for a minute after its end, would be in the way of a daemon that is killed and started again.
#
# Forty ports are this test's own, so that no test beside it takes the port of a daemon that is dead for a
# moment: a lock on descriptor 9, which its daemons inherit.
t_own_ports() { # SLOT
	T_PORT=$((10000 + $1 * 40))
	t_lock=${TMPDIR:-/tmp}/twinmq-test-ports.$(id -u).$1
	if ! command -v flock >/dev/null || ! (: >>"$t_lock") 2>/dev/null; then
		return 0
	fi
	exec 9>>"$t_lock"
	flock -n 9
}

t_slot=$(($$ % 249))
until t_own_ports $t_slot; do
	t_slot=$(((t_slot + 1) % 249))
done

# shellcheck disable=SC2034 # the tests use it
T_CONSOLE=$((10000 + t_slot * 40 + 39)) # the port that a test's console may have

# start NAME PROGRAM [FLAGS ...]: a daemon on a free port (unless a flag says otherwise) with its
# log in $T_DIR/NAME.log. Fails when it does not get ready. T_UNDER: a command that runs it.
start() {
	t_tries=9
	until t_launch "$@"; do
		t_tries=$((t_tries - 1))
		[ $t_tries -gt 0 ] && grep -q 'cannot listen' "$T_DIR/$1.log" && continue # another program has it
		sed 's/^/# /' "$T_DIR/$1.log"
		return 1
	done
}

t_launch() {
	T_PORT=$((10000 + (T_PORT - 9996) % 10000))
	t_daemon=$1
	t_program=$2
	shift 2
	[ ! -s "$T_DIR/$t_daemon.log" ] || cat "$T_DIR/$t_daemon.log" >>"$T_DIR/$t_daemon.before.log"
	: >"$T_DIR/$t_daemon.log"
	# All tests would have the same console port, so a test that wants a console says so.
	[ "$t_program" != mqnamesrv ] || set -- -o consolePort=0 "$@"
	# shellcheck disable=SC2086 # a command with its flags
	${T_UNDER-} "$BUILDDIR/$t_program" -o listenPort=$T_PORT "$@" >"$T_DIR/$t_daemon.out" 2>"$T_DIR/$t_daemon.log" &
	t_remember "$t_daemon" $!
	t_wait 60 t_ready_or_dead "$t_daemon"
	grep -q ' ready .*port=' "$T_DIR/$t_daemon.log"
}

t_remember() {
	echo "$2" >"$T_DIR/$1.pid"
	T_PIDS="$T_PIDS $2"
}

t_ready_or_dead() {
	grep -q ' ready .*port=' "$T_DIR/$1.log" || ! kill -0 "$(pid "$1")" 2>/dev/null
}

# pid NAME, port NAME, address NAME: of what start or hold began
pid() {
	cat "$T_DIR/$1.pid"
}

port() {
	sed -n 's/.* ready .*port=\([0-9]*\).*/\1/p' "$T_DIR/$1.log" | tail -1
}

address() {
	echo "127.0.0.1:$(port "$1")"
}

# begin NAME FLAGS ...: a broker with a store of its own, which outlives it, as its port does. $b is
# its address. The test ends when it does not start.
begin() {
	broker "$@" || exit 1
	# shellcheck disable=SC2034 # the tests use it
	b=$(address "$1")
}

# broker NAME FLAGS ...: the same, but it may fail. T_BROKER: the program, if it is not mqbroker.
broker() {
	t_broker=$1
	t_had=$(port "$1" 2>/dev/null)
	shift
	start "$t_broker" "${T_BROKER:-mqbroker}" -o brokerName="$t_broker" -o brokerIP1=127.0.0.1 \
		-o storePathRootDir="$T_DIR/$t_broker" ${t_had:+-o "listenPort=$t_had"} "$@"
}

# make_topic TOPIC NAME ...: on these brokers, with four queues
make_topic() {
	t_topic=$1
	shift
	for t_broker in "$@"; do
		rawcall "$(address "$t_broker")" 17 topic="$t_topic" defaultTopic=TBW102 readQueueNums=4 writeQueueNums=4 \
			perm=6 topicFilterType=SINGLE_TAG topicSysFlag=0 order=false >/dev/null
	done
}

# has_route TOPIC [NS]: the name server (else that called ns) knows it
has_route() {
	[ "$(rawcall "$(address "${2:-ns}")" 105 topic="$1" | field code)" = 0 ]
}

# stop NAME: by SIGTERM; the exit status is the daemon's
stop() {
	kill "$(pid "$1")" && wait "$(pid "$1")"
}

# kill9 NAME: a daemon, or what hold began
kill9() {
	kill -9 "$(pid "$1")" 2>/dev/null
	wait "$(pid "$1")" 2>/dev/null
	return 0
}

# rawcall ...: its answers; field NAME: the value of such lines on stdin
rawcall() {
	"$RAWCALL" "$@" 2>&1
}

field() {
	sed -n "s/^$1=//p"
}

# hold NAME FLAGS ...: rawcall -H in the background, its output in $T_DIR/NAME.held; succeeds
# once its requests were answered. kill9 NAME ends it as a broker's sudden death would.
hold() {
	t_holder=$1
	shift
	rm -f "$T_DIR/$t_holder.held" # of an earlier holder with this name
	"$RAWCALL" -H "$@" >"$T_DIR/$t_holder.held" 2>&1 &
	t_remember "$t_holder" $!
	t_wait 30 grep -q '^held$' "$T_DIR/$t_holder.held"
}
