# What the tests of HTTP share. Source it after lib.sh.
# shellcheck shell=sh
command -v curl >/dev/null || t_skip_all 'curl is not installed'
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY

# http_port NAME, url NAME: of a daemon that start began
http_port() {
	sed -n 's/.* http serves .*port=\([0-9]*\).*/\1/p' "$T_DIR/$1.log" | tail -1
}

url() {
	echo "http://127.0.0.1:$(http_port "$1")"
}

# Somebody at the console, which has the port $T_CONSOLE.

# log_in USER PASSWORD: both of plain letters; the cookie goes to $T_DIR/jar-USER, the other token to $T_DIR/csrf-USER
log_in() {
	web -c "$T_DIR/jar-$1" -H 'Content-Type: application/json' -d "{\"user\":\"$1\",\"password\":\"$2\"}" \
		"http://127.0.0.1:$T_CONSOLE/api/login" | sed -n 's/.*"csrf":"\([0-9a-f]*\)".*/\1/p' >"$T_DIR/csrf-$1"
	[ "$(cat "$T_DIR/status")" = 200 ]
}

# as USER PATH FLAGS ...: asks the console; post USER PATH BODY: changes something
as() {
	t_user=$1
	t_path=$2
	shift 2
	web -b "$T_DIR/jar-$t_user" "$@" "http://127.0.0.1:$T_CONSOLE$t_path"
}

post() {
	as "$1" "$2" -H 'Content-Type: application/json' -H "X-CSRF-Token: $(cat "$T_DIR/csrf-$1")" -d "$3"
}

# web FLAGS ... URL: the body of the answer; its status in $T_DIR/status, its fields in $T_DIR/fields
web() {
	curl -sS -m 60 -D "$T_DIR/fields" -o "$T_DIR/body" -w '%{http_code}' "$@" >"$T_DIR/status" 2>"$T_DIR/curl.err"
	cat "$T_DIR/body" 2>/dev/null
	: >"$T_DIR/body"
}

# status FLAGS ... URL
status() {
	web "$@" >/dev/null
	cat "$T_DIR/status"
}

# field_of NAME: of the last answer
field_of() {
	tr -d '\r' <"$T_DIR/fields" | sed -n "s/^$1: //Ip"
}

# raw NAME: the status of what the daemon's HTTP port answers to stdin. The connection stays open after the
# end of stdin.
raw() {
	: >"$T_DIR/raw"
	exec 3<&0
	# shellcheck disable=SC2016 # bash expands it: it has /dev/tcp
	bash -c 'exec 4<>"/dev/tcp/127.0.0.1/$1" && cat >&4; exec cat <&4' raw "$(http_port "$1")" \
		<&3 >"$T_DIR/raw" 2>/dev/null &
	raw_reader=$!
	exec 3<&-
	t_wait 30 grep -aq "^HTTP/1.1 [0-9][0-9][0-9]" "$T_DIR/raw"
	kill $raw_reader 2>/dev/null
	wait $raw_reader 2>/dev/null
	sed -n '1s/^HTTP.1.1 \([0-9][0-9][0-9]\).*/\1/p' "$T_DIR/raw"
}

# said STATUS NAME FORMAT ...: what printf makes of it is answered with this status
said() {
	t_said=$1
	t_name=$2
	shift 2
	# shellcheck disable=SC2059 # it is a format
	printf "$@" | raw b >"$T_DIR/said"
	t_is "$t_name" "$(cat "$T_DIR/said")" "$t_said"
}

# Of an event stream that goes to the file $T_DIR/NAME. bodies NAME: of the messages that came
bodies() {
	sed -n 's/^data: .*"body":"\([^"]*\)".*/\1/p' "$T_DIR/$1" | paste -sd' '
}

# has NAME BODIES: they are these
has() {
	[ "$(bodies "$1")" = "$2" ]
}

# begun NAME: the stream is there
begun() {
	grep -q '^retry: ' "$T_DIR/$1" 2>/dev/null
}
