#!/bin/sh
# A name server and a broker together below a limit of 64 MB take messages and give them back (DP8).
#
#   5200-memory-limit.t [SECONDS]    of load; else $LOAD_SECONDS, else 10
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

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
start b mqbroker -o brokerName=b -o brokerIP1=127.0.0.1 -o namesrvAddr="$(address ns)" \
	-o storePathRootDir="$T_DIR/b" -o flushDiskType=ASYNC_FLUSH || exit 1
outside

anonymous_kb() {
	awk '/^RssAnon:/ { print $2 }' "/proc/$(pid "$1")/status"
}

idle=$(anonymous_kb b)
rawcall "$(address b)" 17 topic=load defaultTopic=TBW102 readQueueNums=4 writeQueueNums=4 perm=6 \
	topicFilterType=SINGLE_TAG topicSysFlag=0 order=false >/dev/null
has_route() {
	[ "$(rawcall "$(address ns)" 105 topic=load | field code)" = 0 ]
}
t_ok "both start" t_wait 30 has_route
"$BUILDDIR/t/crash/killer" -c 4 -w 64 "$(address ns)" load >"$T_DIR/count" 2>"$T_DIR/breaches" &
t_remember load $!
sleep "$seconds"
loaded=$(anonymous_kb b)
kill "$(pid load)"
wait "$(pid load)"
t_is "every message is there" "$? $(cat "$T_DIR/breaches")" "0 "
sed 's/^/# /' "$T_DIR/count"
echo "# anonymous memory of the broker: $idle kB idle, $loaded kB loaded; of the name server: $(anonymous_kb ns) kB"
stop b
t_is "the broker was not killed for its memory" $? 0
stop ns
t_is "nor the name server" $? 0
t_done
