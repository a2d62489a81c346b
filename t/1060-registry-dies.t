#!/bin/sh
# One of two name servers is killed under load: no send fails (NS12).
#
#   1060-registry-dies.t [SECONDS]    of load; else $LOAD_SECONDS, else 6
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

seconds=${1:-${LOAD_SECONDS:-6}}
start ns1 mqnamesrv -o storePath="$T_DIR/ns1" || exit 1
start ns2 mqnamesrv -o storePath="$T_DIR/ns2" || exit 1
both="$(address ns1);$(address ns2)"
start b mqbroker -o brokerName=b -o brokerIP1=127.0.0.1 -o namesrvAddr="$both" -o storePathRootDir="$T_DIR/b" || exit 1
has_route() {
	[ "$(rawcall "$(address "$1")" 105 topic="$2" | field code)" = 0 ]
}
rawcall "$(address b)" 17 topic=load defaultTopic=TBW102 readQueueNums=4 writeQueueNums=4 perm=6 \
	topicFilterType=SINGLE_TAG topicSysFlag=0 order=false >/dev/null
t_ok "both know the topic" t_wait 30 has_route ns1 load
t_ok "with equal answers" test \
	"$(rawcall "$(address ns1)" 105 topic=load)" = "$(t_wait 30 has_route ns2 load && rawcall "$(address ns2)" 105 topic=load)"

"$BUILDDIR/t/crash/killer" "$both" load >"$T_DIR/count" 2>"$T_DIR/breaches" &
t_remember load $!
sleep $((seconds / 3))
kill9 ns1
rawcall "$(address b)" 17 topic=later defaultTopic=TBW102 readQueueNums=1 writeQueueNums=1 perm=6 \
	topicFilterType=SINGLE_TAG topicSysFlag=0 order=false >/dev/null
t_ok "the other one learns of new topics" t_wait 30 has_route ns2 later
sleep $((seconds - seconds / 3))
kill "$(pid load)"
wait "$(pid load)"
t_is "what was acknowledged is there" "$? $(cat "$T_DIR/breaches")" "0 "
t_is "and no send failed" "$(field refused <"$T_DIR/count") $(field unknown <"$T_DIR/count")" "0 0"
sed 's/^/# /' "$T_DIR/count"
t_done
