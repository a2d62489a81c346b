#!/bin/sh
# Where the value of a setting is from: getBrokerConfig -o, getNamesrvConfig -o, request 7015.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

start ns mqnamesrv || exit 1
NAMESRV_ADDR=$(address ns)
export NAMESRV_ADDR
printf '[broker]\n# a comment\nmaxTopics = 77\n' >"$T_DIR/b.ini"
begin b -c "$T_DIR/b.ini" -n "$NAMESRV_ADDR" -o registerNameServerPeriod=1000

admin() {
	"$BUILDDIR/mqadmin" "$@" 2>&1
}
# setting NAME: its JSON
setting() {
	admin getBrokerConfig -b "$b" -o --json | grep -o "{\"name\":\"$1\"[^}]*}"
}

t_has "of the file, with the line" "$(setting maxTopics)" '"value":"77","default":"100000","origin":"file","line":3'
t_has "the file" "$(admin getBrokerConfig -b "$b" -o --json)" "\"file\":\"$T_DIR/b.ini\""
t_has "of the command line" "$(setting brokerName)" '"value":"b","default":"","origin":"argument"'
t_has "a default" "$(setting maxGroups)" '"value":"50000","default":"50000","origin":"default","unit":"groups","live":true'
before=$(date +%s%3N)
admin updateBrokerConfig -b "$b" -k maxGroups -v 99 >/dev/null
got=$(setting maxGroups)
t_has "changed" "$got" '"value":"99","default":"50000","origin":"changed","changedAt":'
t_has "by whom" "$got" '"changedBy":"127.0.0.1:'
at=$(echo "$got" | sed 's/.*"changedAt":\([0-9]*\).*/\1/')
t_ok "when" test "$at" -ge "$before" -a "$at" -le "$(date +%s%3N)"
stop b
begin b -c "$T_DIR/b.ini" -n "$NAMESRV_ADDR" -o registerNameServerPeriod=1000
t_is "the same after a restart" "$(setting maxGroups)" "$got"

t_has "as text" "$(admin getBrokerConfig -b "$b" -o -k maxTopics | tr -s ' ')" "maxTopics 77 100000 $T_DIR/b.ini:3"
t_has "changed, as text" "$(admin getBrokerConfig -b "$b" -o -k maxGroups | tr -s ' ')" "by 127.0.0.1:"
t_has "a name server's" "$(admin getNamesrvConfig -o --json)" '"name":"listenPort"'
t_has "over the protocol" "$(rawcall "$(address ns)" 7015)" '"origin":"argument"'
stop b
stop ns
t_done
