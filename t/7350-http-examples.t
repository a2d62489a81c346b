#!/bin/sh
# The examples of mq-http(7) and of the README with curl, played as they stand: only addresses, the folder of the
# token, and what an earlier answer gave are filled in.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/http.sh
. "$SRCDIR/t/lib/http.sh"

start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1
begin b -o bindAddress=127.0.0.1 -o namesrvAddr="$(address ns)"
make_topic T b
here=$(url b)

is_ready() { [ "$(status "$here/readyz")" = 200 ]; }
t_ok 'the broker is ready' t_wait 60 is_ready

# The literal blocks of the section EXAMPLES, one command a line.
examples() {
	sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/p' "$SRCDIR/man/mq-http.7" |
		awk '/^\.Bd/ { inside = 1; next } /^\.Ed/ { inside = 0 } inside' |
		awk '/\\e$/ { sub(/ *\\e$/, ""); printf "%s ", $0; next } { sub(/^ +/, ""); print }'
}
examples | grep -E '^(curl|token=|at=)' >"$T_DIR/commands"
sed -n 's/^    \(curl .*\)/\1/p' "$SRCDIR/README.md" >>"$T_DIR/commands"
t_ok 'there are examples' test "$(grep -c curl "$T_DIR/commands")" -ge 12

# What a reader of the page would put in.
filled() {
	sed -e "s!http://127.0.0.1:10914!$here!" -e "s!store/http-token!$T_DIR/b/http-token!" \
		-e "s!RECEIPT!${receipt-}!" -e "s!transactions/ID!transactions/${transaction-}!"
}

# The examples call curl; a stream without an end is watched for its first event.
curl() {
	case $* in
	*' -N '* | '-N '*)
		command curl -sS -m 60 "$@" >"$T_DIR/body" 2>/dev/null &
		streaming=$!
		t_wait 30 grep -q '^data: .*"body":"hello"' "$T_DIR/body" && echo 200 >"$T_DIR/status"
		kill $streaming
		;;
	*'/metrics') command curl -sS -m 60 "$@" ;; # may be piped
	*) command curl -sS -m 60 -o "$T_DIR/body" -w '%{http_code}' "$@" >"$T_DIR/status" ;;
	esac
}

while IFS= read -r line; do
	: >"$T_DIR/status"
	: >"$T_DIR/body"
	command=$(echo "$line" | filled)
	case $line in
	curl*dead-letters) # make one: the message goes straight there
		rawcall "$b" 36 offset=0 group=G originTopic=T delayLevel=-1 >"$T_DIR/back"
		;;
	esac
	case $line in
	token=* | at=*)
		eval "$command"
		continue
		;;
	*/metrics*)
		eval "$command" >"$T_DIR/body"
		t_has "$line" "$(cat "$T_DIR/body")" rocketmq_
		continue
		;;
	esac
	eval "$command"
	answer=$(cat "$T_DIR/body")
	case $(cat "$T_DIR/status") in
	20[01]) t_result 0 "$line" ;;
	*) t_result 1 "$line" "$(cat "$T_DIR/status")" "$answer" ;;
	esac
	case $line in
	*wait=10*)
		t_has '... gets the message' "$answer" '"body":"hello"'
		receipt=$(echo "$answer" | sed 's/.*"receipt":"\([^"]*\)".*/\1/')
		;;
	*'/acks') t_has '... acknowledges it' "$answer" '"status":200' ;;
	*'"body":"paid"'*) transaction=$(echo "$answer" | sed 's/.*"id":"\([^"]*\)".*/\1/') ;;
	*state=open*) t_has_not '... none is open any more' "$answer" '"state":"open"' ;;
	*dead-letters) t_has '... lists the dead one' "$answer" '"body":"hello"' ;;
	*replay) t_has '... which is sent again' "$answer" '"status":20' ;;
	esac
done <"$T_DIR/commands"
t_done
