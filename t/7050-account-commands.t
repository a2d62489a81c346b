#!/bin/sh
# mqcluster account: on the file alone, and while a cluster that shares it runs.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/http.sh
. "$SRCDIR/t/lib/http.sh"

file=$T_DIR/accounts.db
account() {
	"$BUILDDIR/mqcluster" account "$@" -f "$file" 2>&1
}

exit_of() {
	"$@" >/dev/null 2>&1
	echo $?
}

# Without a daemon.
t_is 'an account with a password of standard input' "$(echo 'my own password' | account add me -r admin)" ''
t_is 'the file is for its user alone' "$(stat -c %a "$file")" 600
t_has 'a password that is made is printed' "$(account add you -r reader -g)" 'Password'
t_is 'one with tokens alone' "$(account add bot -r operator -n)" ''
token=$(account token bot -n ci)
t_is 'a token is printed alone' "$(echo "$token" | grep -cx 'tmq_[-_A-Za-z0-9]\{43\}')" 1
t_has 'or as JSON' "$(account token bot -n brief -e 30 --json)" '{"token":"tmq_'
got=$(account list --json)
t_has 'accounts are listed' "$got" '{"name":"bot","role":"operator","password":"no","created":'
t_has 'and tokens' "$got" '{"account":"bot","name":"ci","created":'
t_has_not 'but not what proves them' "$got" "$token"
t_is 'a token has an end' "$(echo "$got" | grep -c '"name":"brief","created":[0-9]*,"expires":[1-9]')" 1
t_is 'a token ends' "$(account token bot -n brief -r)" ''
t_is 'a role changes' "$(account role you -r operator; account list | grep -c '^ *you  *operator')" 1
t_is 'a password changes' "$(echo 'another password' | account password you)" ''
t_is 'an account goes' "$(account remove you; account list | grep -c you)" 0

# What is refused, each in one line.
t_is 'the last admin stays' "$(account remove me)" \
	'mqcluster: account me: nobody with a password could change accounts afterwards'
t_is 'a name that is taken' "$(account add bot -r reader -n)" 'mqcluster: account bot: the name is taken'
t_is 'a name that is none' "$(account add 'a b' -r reader -n)" \
	'mqcluster: account a b: a name has 1 to 64 letters, digits, and . _ - @; the first one is no -'
t_has 'a role that is none' "$(account add x -r root -n)" 'root is no role'
t_has 'a short password' "$(echo short | account password me)" 'a password has 8 to 256 bytes'
t_has 'no password' "$(account password me </dev/null)" 'standard input has no password'
t_is 'a name that is not there' "$(exit_of account token nobody -n x)" 1
t_is 'a flag that is missing' "$(exit_of account add x)" 2
t_is 'an unknown command' "$(exit_of "$BUILDDIR/mqcluster" account change)" 2
t_has 'which one was meant' "$("$BUILDDIR/mqcluster" doctr 2>&1)" 'unknown command "doctr", did you mean doctor?'
t_ok 'help' "$BUILDDIR/mqcluster" account --help
t_ok 'help for a command' "$BUILDDIR/mqcluster" account add --help

# While daemons run: a change counts within a second.
begin b -o bindAddress=127.0.0.1 -o accountsFile="$file"
make_topic T b
sends() { # STATUS TOKEN
	[ "$(status -H "Authorization: Bearer $2" -H 'Content-Type: application/json' -d '{"body":"x"}' \
		"$(url b)/v1/topics/T/messages")" = "$1" ]
}
t_ok 'an operator sends' sends 201 "$token"
account role bot -r reader
t_ok 'a reader does not' t_wait 30 sends 403 "$token"
t_is 'and hears who he is' "$(web -H "Authorization: Bearer $token" \
	-H 'Content-Type: application/json' -d '{"body":"x"}' "$(url b)/v1/topics/T/messages" | grep -o 'bot may not do this')" 'bot may not do this'
more=$(account token bot -n more)
account role bot -r operator
t_ok 'a token that is made now counts' t_wait 30 sends 201 "$more"
account token bot -n more -r
t_ok 'one that ends does not' t_wait 30 sends 401 "$more"
account remove bot
t_ok 'nor those of an account that is gone' t_wait 30 sends 401 "$token"
stop b

# A cluster has one file, and its first password.
mkdir "$T_DIR/etc"
cat >"$T_DIR/etc/cluster.ini" <<EOT
[cluster]
name = testing
directory = ../run
[namesrv-1]
host = twinmq-test-host-1.invalid
config = namesrv.ini
[namesrv-2]
host = twinmq-test-host-2.invalid
config = namesrv.ini
[broker-a]
host = twinmq-test-host-1.invalid
config = broker-a.ini
EOT
n=$((29000 + $$ % 900))
printf '[namesrv]\nlistenPort = %d\n' "$n" >"$T_DIR/etc/namesrv.ini"
printf '[broker]\nbrokerName = broker-a\nlistenPort = %d\n' $((n + 20)) >"$T_DIR/etc/broker-a.ini"
mq() {
	"$BUILDDIR/mqcluster" "$@" -l -c "$T_DIR/etc/cluster.ini" 2>&1
}
trap 'mq stop >/dev/null; t_cleanup' EXIT
run=$T_DIR/run
t_ok 'a cluster starts' mq start -t 120
t_is 'one first password is made' "$(find "$run" -name admin.password)" "$run/admin.password"
t_is 'said once' "$(cat "$run"/*.log | grep -c 'made the account admin')" 1
got=$(mq account list)
t_has 'all of it is in one file' "$got" 'admin'
t_has 'the token of the broker, too' "$got" 'broker-a-0'
echo 'a better password' | mq account password admin
t_fails 'a changed password has no file' test -e "$run/admin.password"
t_ok 'the cluster stops' mq stop
t_ok 'and starts again' mq start -t 120
t_fails 'without another first password' test -e "$run/admin.password"
t_ok 'the end' mq stop
t_done
