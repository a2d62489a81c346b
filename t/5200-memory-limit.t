#!/bin/sh
# A name server and a broker together below a limit of 64 MB take messages and give them back (DP8).
#
#   5200-memory-limit.t [SECONDS]    of load; else $LOAD_SECONDS, else 10
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/crash/crash.sh
. "$SRCDIR/t/crash/crash.sh"

seconds=${1:-${LOAD_SECONDS:-10}}
[ -z "${SANITIZERS-}" ] || t_skip_all "the memory of a build with sanitizers says nothing"
[ "$(id -u)" -eq 0 ] || t_skip_all "a memory limit needs root"
if [ -w /sys/fs/cgroup/memory ]; then
	group=/sys/fs/cgroup/memory/twinmq-test-$$
	limit=memory.limit_in_bytes
elif grep -qw memory /sys/fs/cgroup/cgroup.subtree_control 2>/dev/null; then
	group=/sys/fs/cgroup/twinmq-test-$$
	limit=memory.max
else
	t_skip_all "no memory control group here"
fi
mkdir "$group" 2>/dev/null || t_skip_all "no memory control group can be made here"
trap 'leave; t_cleanup; rmdir "$group"' EXIT
leave() {
	t_kill_all
	wait
}
echo $((64 << 20)) >"$group/$limit"

# What this shell starts from here on is below the limit.
inside() {
	echo $$ >"$group/cgroup.procs"
}
outside() {
	echo $$ >"$(dirname "$group")/cgroup.procs"
}

inside
start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1
begin b -o namesrvAddr="$(address ns)" -o flushDiskType=ASYNC_FLUSH
outside

anonymous_kb() {
	awk '/^RssAnon:/ { print $2 }' "/proc/$(pid "$1")/status"
}

idle=$(anonymous_kb b)
make_topic load b
t_ok "both start" t_wait 30 has_route load
crash_load load sends -c 4 -w 64 "$(address ns)" load
sleep "$seconds"
loaded=$(anonymous_kb b)
crash_judge load "every message is there"
echo "# anonymous memory of the broker: $idle kB idle, $loaded kB loaded; of the name server: $(anonymous_kb ns) kB"
stop b
t_is "the broker was not killed for its memory" $? 0
stop ns
t_is "nor the name server" $? 0
t_done
