#!/bin/sh
# A broker that keeps its connection but says nothing is gone after a time (NS4).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/namesrv.sh
. "${SRCDIR:-.}/t/lib/namesrv.sh"

start ns mqnamesrv -o storePath="$T_DIR/ns" -o scanNotActiveBrokerInterval=50 \
	-o brokerChannelExpiredTime=8000 || exit 1
ns=$(address ns)

code_is() {
	[ "$(rawcall "$ns" 105 topic="$2" | field code)" = "$1" ]
}

# shellcheck disable=SC2046
hold a -B "$(table 1 TA)" "$ns" 103 $(broker_fields a 0 21911)
# shellcheck disable=SC2046
hold b -B "$(table 1 TB)" "$ns" 103 $(broker_fields b 0 22911) heartbeatTimeoutMillis=60000
# shellcheck disable=SC2046
hold c -B "$(table 1 TC TD)" "$ns" 103 $(broker_fields c 0 23911)
t_ok 'all are there' code_is 0 TA

# c is kept alive by asking whether its version is known, a by nothing
# shellcheck disable=SC2046
keep_c() {
	rawcall -B '{"counter":1,"timestamp":1}' "$ns" 322 $(broker_fields c 0 23911)
	code_is 17 TA
}
t_ok 'a was silent and is gone' t_wait 30 keep_c
t_ok 'c asked 322 and is there' code_is 0 TC
t_ok 'b wanted a longer time and is there' code_is 0 TB
t_ok 'the connection of the silent one is closed' t_wait 30 grep -q '^closed$' "$T_DIR/a.held"
t_has 'the remark says why' "$(rawcall "$ns" 105 topic=TA)" '(it was silent for too long)'
# shellcheck disable=SC2046
got=$(rawcall -B '{"counter":1,"timestamp":1}' "$ns" 322 $(broker_fields c 0 23911))
t_is '322: not changed' "$(echo "$got" | field ext.changed)" false
t_is '322: the version that is known' "$(echo "$got" | field body)" '{"counter":1,"timestamp":1}'
# shellcheck disable=SC2046
got=$(rawcall -B '{"counter":2,"timestamp":1}' "$ns" 322 $(broker_fields c 0 23911))
t_is '322: changed' "$(echo "$got" | field ext.changed)" true
# shellcheck disable=SC2046
got=$(rawcall -B '{"counter":2,"timestamp":1}' "$ns" 322 $(broker_fields x 0 29911))
t_is '322 of an unknown one: changed' "$(echo "$got" | field ext.changed)" true
t_is '904: a heartbeat' "$(rawcall "$ns" 904 clusterName=C brokerAddr=127.0.0.1:22911 brokerName=b | field code)" 0
t_is '901: who belongs together' "$(rawcall "$ns" 901 clusterName=C brokerName=b | field body)" \
	'{"brokerMemberGroup":{"brokerAddrs":{0:"127.0.0.1:22911"},"brokerName":"b","cluster":"C"}}'
t_ok 'stop' stop ns
t_done
