#!/bin/sh
# One of two name servers is killed under load: no send fails (NS12).
#
#   1060-registry-dies.t [SECONDS]    of load; else $LOAD_SECONDS, else 6
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/crash/crash.sh
. "$SRCDIR/t/crash/crash.sh"

seconds=${1:-${LOAD_SECONDS:-6}}
start ns1 mqnamesrv -o storePath="$T_DIR/ns1" || exit 1
start ns2 mqnamesrv -o storePath="$T_DIR/ns2" || exit 1
both="$(address ns1);$(address ns2)"
begin b -o namesrvAddr="$both"
make_topic load b
t_ok "both know the topic" t_wait 30 has_route load ns1
t_ok "with equal answers" test \
	"$(rawcall "$(address ns1)" 105 topic=load)" = "$(t_wait 30 has_route load ns2 && rawcall "$(address ns2)" 105 topic=load)"

crash_load load sends "$both" load
sleep $((seconds / 3))
kill9 ns1
make_topic later b
t_ok "the other one learns of new topics" t_wait 30 has_route later ns2
sleep $((seconds - seconds / 3))
crash_judge load "what was acknowledged is there"
t_is "and no send failed" "$(crash_count load refused) $(crash_count load unknown)" "0 0"
t_done
