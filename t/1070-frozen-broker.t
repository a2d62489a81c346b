#!/bin/sh
# A broker that freezes leaves the routes in seconds, and is back by itself when it goes on (C16).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

start ns mqnamesrv -o storePath="$T_DIR/ns" -o scanNotActiveBrokerInterval=200 || exit 1
start b mqbroker -o brokerName=b -o brokerIP1=127.0.0.1 -o namesrvAddr="$(address ns)" \
	-o storePathRootDir="$T_DIR/b" -o brokerHeartbeatInterval=100 -o brokerNotActiveTimeoutMillis=5000 || exit 1
has_route() {
	[ "$(rawcall "$(address ns)" 105 topic=b | field code)" = 0 ]
}
has_no_route() {
	[ "$(rawcall "$(address ns)" 105 topic=b | field code)" = 17 ]
}
t_ok "the broker is there" t_wait 30 has_route
sleep 7
t_ok "and stays, though it registers only each 30 seconds" has_route
kill -STOP "$(pid b)"
t_ok "frozen, it leaves the routes" t_wait 30 has_no_route
t_has "which the remark says" "$(rawcall "$(address ns)" 105 topic=b)" "left at"
kill -CONT "$(pid b)"
t_ok "going on, it is back" t_wait 30 has_route
stop b
t_is "a clean stop" $? 0
t_done
