#!/bin/sh
# What is not supported says so: one line for each group or client and code, with the name of the request.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1
start b mqbroker -o storePathRootDir="$T_DIR/b" -o brokerIP1=127.0.0.1 || exit 1
b=$(address b)

lines() {
	grep -c 'a request is not supported' "$T_DIR/$1.log"
}

got=$(rawcall -v 479 "$b" 2003 consumerGroup=G1)
t_is "code 3" "$(echo "$got" | field code)" 3
t_is "with the name" "$(echo "$got" | field remark)" " request type 2003 not supported: GET_COLD_DATA_FLOW_CTR_INFO"
got=$(grep 'a request is not supported' "$T_DIR/b.log")
t_has "a line" "$got" "code=2003 name=GET_COLD_DATA_FLOW_CTR_INFO client=127.0.0.1:"
t_has "that says who" "$got" "language=JAVA version=479 group=G1"
rawcall "$b" 2003 consumerGroup=G1 -- 2003 consumerGroup=G1 >/dev/null
rawcall "$b" 2003 consumerGroup=G1 >/dev/null
t_is "once for a group" "$(lines b)" 1
rawcall "$b" 2003 consumerGroup=G2 -- 2004 consumerGroup=G1 >/dev/null
t_is "for each group and code" "$(lines b)" 3
rawcall -l GO "$b" 9999 -- 9999 >/dev/null
rawcall "$b" 9999 >/dev/null
t_is "for an address that names no group" "$(lines b)" 4
t_has "whose code has no name" "$(tail -1 "$T_DIR/b.log")" "code=9999 name=UNKNOWN"
rawcall "$b" 2001 group="$(printf 'x\001\nforged')" -- 2001 >/dev/null
t_is "what is no name of a group does not count as one" "$(lines b)" 5
t_is "a pull on the other port is no such request" "$(rawcall "127.0.0.1:$(($(port b) - 2))" 11 | field code) $(lines b)" "3 5"
t_is "they are counted" "$(rawcall "$b" 28 | sed -n 's/.*"requestsNotSupported":"\([^"]*\)".*/\1/p')" 11

# a stranger with many groups
i=0
while [ $i -lt 60 ]; do
	set -- "$@" -- 2003 "group=Made$i"
	i=$((i + 1))
done
shift
rawcall "$b" "$@" >/dev/null
t_is "thirty lines a minute" "$(lines b)" 30

rawcall "$(address ns)" 10 producerGroup=P >/dev/null
t_has "the name server says it, too" "$(cat "$T_DIR/ns.log")" "code=10 name=SEND_MESSAGE client=127.0.0.1:"
t_has "and counts" "$(rawcall "$(address ns)" 28 | field body)" '"requestsNotSupported":"1"'
stop b
stop ns
t_done
