#!/bin/sh
# The examples of mqconsole(7), as they stand there.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/http.sh
. "$SRCDIR/t/lib/http.sh"

mkdir "$T_DIR/run"
start ns mqnamesrv -o storePath="$T_DIR/ns" -o bindAddress=127.0.0.1 -o consolePort="$T_CONSOLE" \
	-o accountsFile="$T_DIR/run/accounts.db" || exit 1
begin broker-a -o bindAddress=127.0.0.1 -o namesrvAddr="$(address ns)"
t_ok 'the broker is registered' t_wait 30 has_route TBW102

sed -n '/^\.Bd -literal/,/^\.Ed/{/^\./!{s/\\e/\\/g;p;};}' "$SRCDIR/man/mqconsole.7" |
	sed "s/:8080/:$T_CONSOLE/" >"$T_DIR/example"
t_ok 'the manual has an example' grep -q api/login "$T_DIR/example"
(cd "$T_DIR" && sh -u ./example) >"$T_DIR/said" 2>"$T_DIR/errors"
got=$(cat "$T_DIR/said")
sed 's/^/# /' "$T_DIR/errors"
t_has 'it shows the cluster' "$got" '"brokerName":"broker-a"'
t_ok 'makes a topic' has_route Orders
t_has 'shows it' "$got" '"queueId":7'
t_has 'follows the events' "$got" 'event: cluster'
t_has 'and lists topics with a token' "$got" '{"topics":['

# The table of routes and the table of the program.
grep -hoE '\{ "(GET|POST)", "/api/[^"]*"' "$SRCDIR"/console/*.c | sed 's/.*"\(\/api[^"]*\)"/\1/' | sort -u |
	while read -r path; do
		word=$(echo "$path" | sed 's/{[a-z]*}/[A-Z]*/g; s!.*/\([a-z]*\)$!\1!')
		grep -q "$word" "$SRCDIR/man/mqconsole.7" || echo "$path"
	done >"$T_DIR/missing"
t_is 'each route stands in the manual' "$(cat "$T_DIR/missing")" ''
stop broker-a
t_ok 'it stops' stop ns
t_done
