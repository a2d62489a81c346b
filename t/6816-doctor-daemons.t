#!/bin/sh
# mqadmin doctor: of each fault that is planted in registrations, programs, logs, ports and limits its diagnosis
# and no other. A port that is closed needs a network of this test's own.
[ "$(id -u)" -eq 0 ] && own_network='unshare -n' || own_network='unshare -rn'
if [ -z "${OWN_NETWORK-}" ] && $own_network ip link set lo up 2>/dev/null; then
	OWN_NETWORK=yes exec $own_network "$0" "$@"
fi
[ -z "${OWN_NETWORK-}" ] || ip link set lo up
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/crash/crash.sh
. "${SRCDIR:-.}/t/crash/crash.sh"
# shellcheck source=t/lib/doctor.sh
. "${SRCDIR:-.}/t/lib/doctor.sh"

# run NAME_SERVERS FLAGS ...: broker-c, which these name servers know, and which registers seldom
run() {
	run_servers=$1
	shift
	run_addresses=
	for run_server in $run_servers; do
		run_addresses="$run_addresses;$(address "$run_server")"
	done
	# shellcheck disable=SC2086 # two words
	start broker-c "${T_BROKER:-mqbroker}" -o brokerName=broker-c -o brokerIP1=127.0.0.1 -o storePathRootDir="$STORES/c" \
		-o namesrvAddr="${run_addresses#;}" -o registerNameServerPeriod=60000 -o diskMaxUsedSpaceRatio=95 $few "$@" || exit 1
	for run_server in $run_servers; do
		t_ok "broker-c is registered at $run_server" t_wait 30 has_route broker-c "$run_server"
	done
}

name_server one
name_server two

# ---- registrations ----

run "one two"
make_topic Lost broker-c
t_ok "one name server knows a topic" t_wait 30 has_route Lost one
t_ok "the other, too" t_wait 30 has_route Lost two
doc "$(address one);$(address two)"
t_is "all is well" "$found" ""
[ -z "$found" ] || sed 's/^/# /' "$T_DIR/doc"
# A registration that comes in between brings it back.
lacks() {
	rawcall "$(address two)" 216 topic=Lost >/dev/null
	doc "$(address one);$(address two)"
	[ -n "$found" ]
}
t_ok "one of them loses it" t_wait 30 lacks
says "name servers with different topics" topics-differ "The name server $(address two) lacks topics" "1 topics, Lost for one"
stop broker-c

# ---- programs ----

version=$(sed -n 's/^#define PACKAGE_VERSION "\(.*\)"/\1/p' "$BUILDDIR/config.h")
newer=$(printf %s "$version" | tr 0-9 1-90)
LC_ALL=C sed "s/\\x00$(printf %s "$version" | sed 's/\./[.]/g')\\x00/\\x00$newer\\x00/g" "$BUILDDIR/mqbroker" >"$STORES/newer"
chmod +x "$STORES/newer"
t_has "there is a program of another version" "$("$STORES/newer" --version)" "$newer"
T_BROKER=doctor.$$/newer
run one
T_BROKER=
doc "$(address one)"
says "daemons of two versions" versions-differ "name server $(address one): TwinMQ $version; broker-c ($(address broker-c)): TwinMQ $newer"
stop broker-c

# ---- logs ----

name_server noisy
run noisy
requests=$(seq 2000 | sed 's/.*/-- 216 topic=X&/' | tr '\n' ' ')
# shellcheck disable=SC2086
t_ok "somebody makes a name server talk" rawcall "$(address noisy)" ${requests#-- }
doc "$(address noisy)"
says "a log with lines left out" log-suppressed "name server $(address noisy) had so much to say" "logLinesSuppressed="
stop broker-c
stop noisy

# ---- ports ----

run one
second=$(($(port broker-c) - 2))
# The rule that finds this host's own addresses comes first, unless it is moved.
if [ -n "${OWN_NETWORK-}" ] && ip rule add pref 2 lookup local 2>/dev/null && ip rule del pref 0 &&
	ip rule add pref 1 ipproto tcp dport $second unreachable; then
	doc "$(address one)"
	says "a second port that is closed" vip-port-closed "127.0.0.1:$second: " "the first, $(address broker-c), is open" \
		"open port $second in the firewall"
	ip rule del pref 1
	doc "$(address one)"
	t_is "it is open again" "$found" ""
else
	t_skip "a second port that is closed" "there is no network with rules of this test's own"
fi
stop broker-c

# ---- disks ----

if small_disk 64; then
	trap 'small_disk_gone; t_cleanup; rm -rf "$STORES"' EXIT
	run one -o storePathRootDir="$T_DIR/disk/c"
	head -c $(($(df --output=avail -B 1 "$T_DIR/disk" | tail -1) - 2 * 1048576)) /dev/zero >"$T_DIR/disk/ballast"
	of_machine=$machine
	machine="$machine|store-in-memory" # a small disk is none
	doc "$(address one)"
	says "a disk that is nearly full" disk-nearly-full "% of the disk of $T_DIR/disk/c is used, " "free space on it"
	rm "$T_DIR/disk/ballast"
	doc "$(address one)"
	t_is "it has room again" "$found" ""
	machine=$of_machine
	stop broker-c
else
	t_skip "a disk that is nearly full" "no tmpfs can be mounted here; a small disk needs root"
fi

# ---- limits ----

# A control group's file, where the daemon alone sees it.
[ "$(id -u)" -eq 0 ] && own_mounts='unshare -m' || own_mounts='unshare -rm'
if grep -q '^0::' /proc/self/cgroup && $own_mounts mount -t tmpfs none /sys/fs/cgroup 2>/dev/null; then
	printf '#!/bin/sh\nmount -t tmpfs none /sys/fs/cgroup && echo 67108864 >/sys/fs/cgroup/memory.max && exec "$@"\n' >"$T_DIR/limited"
	chmod +x "$T_DIR/limited"
	T_UNDER="$own_mounts $T_DIR/limited"
	run one -o tailCacheSize=33554432
	T_UNDER=
	doc "$(address one)"
	says "a memory limit that is too low" memory-limit-low "allows 64 MiB; tailCacheSize=32 MiB"
	stop broker-c
else
	t_skip "a memory limit" "a mount namespace, or control groups of version 2, cannot be had here"
fi
t_done
