#!/bin/sh
# ./quickstart, in a network of its own, since it uses the ports that everybody knows.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

command -v ip >/dev/null || t_skip_all "ip(8) is not installed"
unshare -rn ip link set lo up 2>/dev/null || t_skip_all "no network namespaces here"
"$SRCDIR/etc/packages" check >/dev/null 2>&1 || t_skip_all "packages are missing, and a test installs none"

tree=$T_DIR/tree
mkdir "$tree"
cp "$SRCDIR/quickstart" "$tree"
ln -s "$(realpath "$SRCDIR")/etc" "$(realpath "$SRCDIR")/configure" "$tree"
ln -s "$(realpath "$BUILDDIR")" "$tree/build"

# quickstart: its output; the cluster is gone afterwards, which is in $T_DIR/stopped
quickstart() {
	env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS unshare -rn sh -c 'ip link set lo up
		cd "$0" && ./quickstart >"$2"
		status=$?
		at=$(sed -n "s/^Console: *//p" "$2")
		curl -sS -m 60 -c "$2.jar" -H "Content-Type: application/json" "${at}api/login" \
			-d "{\"user\":\"admin\",\"password\":\"$(sed -n "s/.*user admin, password //p" "$2")\"}" >"$2.login"
		curl -sS -m 60 -b "$2.jar" "${at}api/commands/clusterList" >"$2.cluster"
		build/mqcluster stop --local -c etc/cluster.ini -d run >"$1"
		exit $status' "$tree" "$T_DIR/stopped" "$T_DIR/said" 2>"$T_DIR/errors"
	quickstart_status=$?
	cat "$T_DIR/said"
	return $quickstart_status
}

t_has "help" "$("$tree/quickstart" --help)" "two-master cluster on this machine"
t_fails "a flag that it does not know" "$tree/quickstart" --now
t_has "help of the tests" "$("$SRCDIR/runtests" --help)" "./runtests TEST..."
t_fails "a flag that they do not know" "$SRCDIR/runtests" --now

got=$(quickstart)
t_is "quickstart succeeds" $? 0
rm -f "$BUILDDIR/make.log"
sed 's/^/# /' "$T_DIR/errors"
for broker in broker-a broker-b; do
	t_has "a message went through $broker" "$got" "Sent and read back: hello through $broker"
	t_has "one was committed on $broker" "$got" "$broker    committed    delivered"
	t_has "one was rolled back on $broker" "$got" "$broker    rolled back  not delivered"
	seconds=$(echo "$got" | sed -n "s/^$broker *left open *asked after \([0-9]*\)\.[0-9] s, answered commit, delivered$/\1/p")
	t_ok "$broker asked, after the six seconds of the files that we ship: ${seconds:=0}" [ "$seconds" -ge 5 ]
done
t_has "it ends with the address of the console" "$got" "In a browser of this machine:  http://127.0.0.1:8080/"
if command -v curl >/dev/null; then
	t_has "where the password that it prints lets people in" "$(cat "$T_DIR/said.login")" '"role":"admin"'
	t_has "to see the cluster" "$(cat "$T_DIR/said.cluster")" '"brokerName":"broker-b"'
fi
t_has "what runs where" "$got" "mqcluster stop"
t_is "all four are stopped" "$(grep -c ' stopped' "$T_DIR/stopped")" 4
t_done
