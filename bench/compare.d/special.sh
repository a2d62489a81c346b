# shellcheck shell=sh
# Loads that are not a run of mqbench alone: each prints JSON as it does, and returns 0, 1 when what came
# of it is void, or 2. Sourced by bench/compare.

# @memory: of a broker that has done nothing
special_memory() {
	awk '/^RssAnon:/ { printf "{\"brokers\":{\"anonymous_bytes\":%d}}\n", $2 * 1024 }' "/proc/$(pid "$1")/status"
}

# @start_empty: from exec to the first acknowledged message, on an empty store
special_start_empty() {
	side_kill "$1"
	rm -rf "$T_DIR/$1.store"
	start_timed "$1"
}

# @start_clean: on the store that it has, after SIGTERM
special_start_clean() {
	stop "$1" || return 2
	forget "$(pid "$1")"
	start_timed "$1"
}

# @start_killed: after SIGKILL, while it is loaded
special_start_killed() {
	"$BUILDDIR/mqbench" send -A "127.0.0.1:$(side_port "$1")" -d 2 -t killed >/dev/null 2>&1 &
	killed_load=$!
	T_PIDS="$T_PIDS $killed_load"
	sleep 1
	side_kill "$1"
	kill "$killed_load" 2>/dev/null
	wait "$killed_load" 2>/dev/null
	forget "$killed_load"
	start_timed "$1"
}

# start_timed SIDE: its broker is started, and tried from that moment on until it has taken a message
start_timed() {
	timed_since=$(date +%s%3N)
	side_exec "$1" "$session_flush"
	"$BUILDDIR/mqbench" first -A "127.0.0.1:$(side_port "$1")" -S "$timed_since" -t first --json -Q
}
