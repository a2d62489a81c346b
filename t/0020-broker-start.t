#!/bin/sh
# What stops a broker at its start: one line that says what, where and what to do, and status 1.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

# refused NAME WANTED FLAGS ...: it does not start, and its one line of error has WANTED in it
refused() {
	r_name=$1 r_wanted=$2
	shift 2
	timeout 60 "$BUILDDIR/mqbroker" -o brokerIP1=127.0.0.1 -o storePathRootDir="$T_DIR/other" -o listenPort=0 "$@" \
		>"$T_DIR/refused" 2>&1
	t_is "$r_name: exit status" $? 1
	t_has "$r_name: the line" "$(grep error "$T_DIR/refused")" "$r_wanted"
	t_is "$r_name: one line" "$(grep -c error "$T_DIR/refused")" 1
}

start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1
start b mqbroker -o brokerName=b -o brokerIP1=127.0.0.1 -o namesrvAddr="$(address ns)" \
	-o storePathRootDir="$T_DIR/b" || exit 1

refused "a port in use" "port $(port b)" -o listenPort="$(port b)"
refused "its neighbour in use" "port $(port b)" -o listenPort=$(($(port b) + 2))
refused "a store in use" "$(pid b)" -o storePathRootDir="$T_DIR/b"
: >"$T_DIR/file"
refused "no directory" "$T_DIR/file" -o storePathRootDir="$T_DIR/file"
refused "a directory that cannot be made" "/proc/nowhere" -o storePathRootDir=/proc/nowhere/store

has_route() {
	[ "$(rawcall "$(address ns)" 105 topic=b | field code)" = 0 ]
}
t_wait 30 has_route
refused "two brokers with one name and id" "$(address b)" -o brokerName=b -o namesrvAddr="$(address ns)"
t_ok "the first one is still registered" has_route

# A store of a later version is refused, not misread.
start v mqbroker -o brokerIP1=127.0.0.1 -o storePathRootDir="$T_DIR/v" || exit 1
rawcall -B hello "$(address v)" 310 a=PG b=T c=TBW102 d=1 e=0 f=0 g=1 h=0 i= j=0 k=false m=false >/dev/null
stop v
for file in "$T_DIR"/v/log/*.db; do
	"$BUILDDIR/t/lib/sql" "$file" "UPDATE info SET value = 99 WHERE name LIKE '%schema%'"
done
refused "a newer store" "newer" -o storePathRootDir="$T_DIR/v"

# A name server that does not resolve is named; the other is used.
start c mqbroker -o brokerName=c -o brokerIP1=127.0.0.1 -o namesrvAddr="no-such-host.invalid:9876;$(address ns)" \
	-o storePathRootDir="$T_DIR/c" || exit 1
has_c() {
	[ "$(rawcall "$(address ns)" 105 topic=c | field code)" = 0 ]
}
t_ok "a name that does not resolve is no reason not to register with the other" t_wait 30 has_c
t_ok "and is named" t_wait 30 grep -q 'no-such-host.invalid' "$T_DIR/c.log"
t_done
