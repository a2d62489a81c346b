#!/bin/sh
# Accounts: tokens of the HTTP API with their roles, and the first account (CN9).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/http.sh
. "$SRCDIR/t/lib/http.sh"

file=$T_DIR/accounts.db
start ns mqnamesrv -o storePath="$T_DIR/ns" -o bindAddress=127.0.0.1 -o accountsFile="$file" \
	-o consolePort="$T_CONSOLE" || exit 1
begin b -o bindAddress=127.0.0.1 -o accountsFile="$file" -o namesrvAddr="$(address ns)"
begin c -o bindAddress=127.0.0.1 -o accountsFile="$file"
make_topic T b c

# asks NAME TOKEN [FLAGS ...] PATH: the status
asks() {
	a_daemon=$1
	a_token=$2
	shift 2
	for a_path in "$@"; do :; done
	status -H "Authorization: Bearer $a_token" -H 'Content-Type: application/json' "$@" "$(url "$a_daemon")$a_path" 2>/dev/null
}

sends() { # NAME TOKEN
	status -H "Authorization: Bearer $2" -H 'Content-Type: application/json' -d '{"body":"x"}' \
		"$(url "$1")/v1/topics/T/messages"
}

sends_get() { # STATUS NAME TOKEN
	[ "$(sends "$2" "$3")" = "$1" ]
}

# The first account.
t_is 'the first password is for its user alone' "$(stat -c %a "$T_DIR/admin.password")" 600
t_is 'as is the file of accounts' "$(stat -c %a "$file")" 600
t_is 'the log says where, once' "$(cat "$T_DIR"/*.log | grep -c "made the account admin.*$T_DIR/admin.password")" 1
t_fails 'no log has the password' grep -rqF "$(cat "$T_DIR/admin.password")" "$T_DIR/ns.log" "$T_DIR/b.log" "$T_DIR/c.log"
t_fails 'nor has a file of the daemons' grep -rqaF "$(cat "$T_DIR/admin.password")" "$T_DIR/accounts.db" "$T_DIR/ns" "$T_DIR/b"

# The files with tokens.
b_token=$(cat "$T_DIR/b/http-token")
c_token=$(cat "$T_DIR/c/http-token")
t_is 'the token of httpTokenFile sends' "$(sends b "$b_token")" 201
t_is 'every daemon of the file knows it within a second' \
	"$(t_wait 30 sends_get 201 b "$c_token" && sends c "$b_token")" 201
t_is 'the name server, too' "$(status -H "Authorization: Bearer $b_token" "$(url ns)/metrics")" 200
t_is 'which refuses others' "$(status -H "Authorization: Bearer x$b_token" "$(url ns)/metrics")" 401
t_is 'and needs none' "$(status "$(url ns)/metrics")" 200
t_is 'another scheme is none' "$(status -H "Authorization: Basic $b_token" "$(url b)/v1/broker")" 401
t_is 'a token of the wrong length' "$(sends b short)" 401
t_fails 'tokens are stored as a hash' grep -qaF "$b_token" "$file" "$file-wal"

# An operator's own token, and one that others may read.
stop c
echo 'an-operators-own-token and more' >"$T_DIR/c/http-token"
begin c -o bindAddress=127.0.0.1 -o accountsFile="$file"
t_is "an operator's own token counts" "$(sends c an-operators-own-token)" 201
t_is 'and ends the one before' "$(sends c "$c_token")" 401
stop c
chmod 644 "$T_DIR/c/http-token"
begin c -o bindAddress=127.0.0.1 -o accountsFile="$file"
t_ok 'a token that others may read is no start of it' grep -q 'others may read it' "$T_DIR/c.log"
t_is 'nor does it count any more' "$(sends c an-operators-own-token)" 401
stop c

# A file that cannot be used.
echo 'this is no database, but a text that is long enough to look like one' >"$T_DIR/broken.db"
chmod 600 "$T_DIR/broken.db"
begin d -o bindAddress=127.0.0.1 -o accountsFile="$T_DIR/broken.db"
t_ok 'a broken file is one line in the log' grep -q "$T_DIR/broken.db: file is not a database" "$T_DIR/d.log"
t_is 'nobody writes' "$(sends d "$b_token")" 401
t_is 'everybody may look' "$(status "$(url d)/v1/broker")" 200
stop d
t_ok 'the others stop' stop b
t_ok 'and the name server' stop ns
t_done
