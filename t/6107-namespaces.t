#!/bin/sh
# Daemons that were started in one mount namespace are found and stopped from another, where their
# programs have other paths. From another pid namespace they cannot be stopped, and that is said.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

[ "$(id -u)" -eq 0 ] && other_mounts='unshare -m' || other_mounts='unshare -rm'
$other_mounts true 2>/dev/null || t_skip_all "mount namespaces cannot be made here"

mkdir "$T_DIR/etc" "$T_DIR/elsewhere"
port=$((29100 + $$ % 700)) # no other test takes these
cat >"$T_DIR/etc/cluster.ini" <<EOF2
[cluster]
name = testing
[namesrv-1]
host = here
config = n.ini
[broker-a]
host = here
config = b.ini
EOF2
printf '[namesrv]\nlistenPort = %d\n' $port >"$T_DIR/etc/n.ini"
printf '[broker]\nbrokerName = broker-a\nlistenPort = %d\n' $((port + 10)) >"$T_DIR/etc/b.ini"

# mq COMMAND [PROGRAM]
mq() {
	"${2-$BUILDDIR/mqcluster}" "$1" -l -c "$T_DIR/etc/cluster.ini" -d "$T_DIR/run" 2>&1
}
trap 'mq stop >/dev/null 2>&1; kill $(cat "$T_DIR"/run/*.pid 2>/dev/null) 2>/dev/null; t_cleanup' EXIT

# In a mount namespace of its own: the build folder is seen in another place.
elsewhere() {
	BUILD=$(realpath "$BUILDDIR") HERE=$T_DIR $other_mounts sh -c '
		mount --bind "$BUILD" "$HERE/elsewhere" &&
		"$HERE/elsewhere/mqcluster" "$1" -l -c "$HERE/etc/cluster.ini" -d "$HERE/run"' \
		sh "$1" 2>&1
}

out=$(elsewhere start)
t_is "start in another mount namespace" $? 0
printf '%s\n' "$out" | sed 's/^/# /'
broker=$(cat "$T_DIR/run/broker-a.pid")
out=$(mq status)
t_is "status sees it here" $? 0
t_has "by its pid" "$(printf '%s\n' "$out" | tr -s ' ')" "broker-a runs $broker "
out=$(mq start)
t_is "start has nothing to do" $? 0
t_has "and says so" "$out" "ran already"

if unshare -pf true 2>/dev/null; then
	out=$(unshare -pf "$BUILDDIR/mqcluster" stop -l -c "$T_DIR/etc/cluster.ini" -d "$T_DIR/run" 2>&1)
	t_is "stop in another pid namespace fails" $? 1
	t_has "with the reason" "$out" "another pid namespace"
	t_ok "and the broker goes on" kill -0 "$broker"
fi

out=$(mq stop)
t_is "stop stops it" $? 0
t_has "and says so" "$(printf '%s\n' "$out" | tr -s ' ')" "broker-a: stopped"
t_has "the broker is gone" "$(mq status)" "broker-a   stopped"
t_is "so are the pid files" "$(ls "$T_DIR"/run/*.pid 2>/dev/null)" ""

out=$(mq start)
t_is "start here" $? 0
out=$(elsewhere stop)
t_is "and stop in another mount namespace" $? 0
t_has_not "which finds all" "$out" "did not run"
t_done
