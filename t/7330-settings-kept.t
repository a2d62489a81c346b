#!/bin/sh
# A setting that a request changes is on disk before the answer, or it is not changed; /readyz while a broker
# replays its log, and while it stops.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/http.sh
. "${SRCDIR:-.}/t/lib/http.sh"

setting() { # NAME KEY: its value now
	rawcall "$(address "$1")" 26 | tr '\\' '\n' | sed -n "s/^n*$2=//p" | head -1
}

change() { # NAME PROPERTIES: the code of the answer
	rawcall -B "$2" "$(address "$1")" 25 >"$T_DIR/change"
	field code <"$T_DIR/change"
}

start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1
begin b -o namesrvAddr="$(address ns)"
is_ready() { [ "$(status "$1/readyz")" = 200 ]; }
t_ok 'the broker is ready' t_wait 60 is_ready "$(url b)"

# kill -9 right behind the answer
lost=
for hours in 11 12 13 14 15; do
	[ "$(change b "fileReservedTime=$hours")" = 0 ] || lost="$lost refused:$hours"
	kill9 b
	begin b -o namesrvAddr="$(address ns)"
	[ "$(setting b fileReservedTime)" = $hours ] || lost="$lost $hours"
done
t_is 'a setting that was answered outlives kill -9' "$lost" ''
t_is 'two at once' "$(change b 'fileReservedTime=16
deleteWhen=05')" 0
t_is 'are both there' "$(setting b fileReservedTime) $(setting b deleteWhen)" '16 05'
t_is 'the same again is no change' "$(change b fileReservedTime=16)" 0
t_is 'one wrong setting' "$(change b 'fileReservedTime=17
deleteWhen=99')" 1
t_is 'keeps all from changing' "$(setting b fileReservedTime)" 16

# A disk that fails
FAULT=$T_DIR/plan
export FAULT
T_BROKER=t/lib/faulty_broker
begin sick -o namesrvAddr=
unset FAULT T_BROKER
before=$(setting sick fileReservedTime)
echo sync:1:ioerr:always >"$T_DIR/plan"
t_is 'a setting that cannot be stored is refused' "$(change sick fileReservedTime=$((before + 1)))" 1
t_has 'with the reason' "$(cat "$T_DIR/change")" 'cannot be kept in the store, so none has changed'
t_is 'and not changed' "$(setting sick fileReservedTime)" "$before"
stop sick

# Not ready while it stops: the name server does not take its leave.
kill -STOP "$(pid ns)"
kill "$(pid b)"
at=$(url b)
stops() { web "$at/readyz" >"$T_DIR/readyz"; [ "$(cat "$T_DIR/status")" = 503 ] && grep -q '"name":"stopping"' "$T_DIR/readyz"; }
t_ok 'a broker that stops is not ready' t_wait 20 stops
t_has 'and says so' "$(cat "$T_DIR/readyz")" '"why":"The broker stops."'
t_is 'a restart would not help' "$(status "$at/healthz")" 200
t_is 'it takes no messages' "$(status "$at/v1/topics")" 503
kill -CONT "$(pid ns)"
wait "$(pid b)"
t_is 'it ends as asked' $? 0
t_is 'a name server keeps a setting, too' "$(change_ns() { rawcall -B "$1" "$(address ns)" 318 | field code; }; change_ns logLevel=warn)" 0
kill9 ns
start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1
t_has 'after kill -9' "$(rawcall "$(address ns)" 319)" 'logLevel=warn'
t_done
