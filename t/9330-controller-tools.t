#!/bin/sh
# RocketMQ's mqadmin 5.3.3, unmodified, at the quorum of name servers: its commands for controllers.
# shellcheck source=t/interop/interop.sh
. "${SRCDIR:-.}/t/interop/interop.sh"
# shellcheck source=t/lib/quorum.sh
. "$SRCDIR/t/lib/quorum.sh"

interop_need java javac mvn
MQ_NAMESRV="$Q1;$Q2"
all="$Q1;$Q2;$Q3"
interop_tools 5.3.3
quorum || exit 1
t_ok 'a quorum' t_wait 30 has_leader

replica() { # NAME ROLE
	broker "$1" -o brokerName=pair -o brokerClusterName=C -o enableControllerMode=true \
		-o namesrvAddr="$Q1;$Q2" -o controllerAddr="$all" -o brokerRole="$2" -o brokerId=1 \
		-o flushDiskType=ASYNC_FLUSH -o httpPort=0
}
replica one SYNC_MASTER && replica two SLAVE || exit 1
one=$(address one)
two=$(address two)
tab=$(printf '\t')
# tool NAME PATTERN COMMAND...
tool() {
	tool_name=$1
	shift
	t_ok "$tool_name" interop_tool 5.3.3 "$@"
}
soon() {
	tool_name=$1
	shift
	t_ok "$tool_name" t_wait 60 interop_tool 5.3.3 "$@"
}

soon 'getSyncStateSet: two in sync' "#SyncStateSetNums${tab}2" getSyncStateSet -a "$Q1" -b pair
t_has 'by their addresses' "$(cat "$T_DIR/tools-5.3.3.log")" "$two"
tool 'getControllerMetaData' "#ControllerLeaderAddress${tab}$(leader)" getControllerMetaData -a "$Q3"
tool 'getBrokerEpoch' '[Ee]poch' getBrokerEpoch -b pair
tool 'haStatus' "#InSyncSlaveNum${tab}1" haStatus -b "$one"

tool 'getControllerConfig' 'enableElectUncleanMaster  *=  *false' getControllerConfig -a "$all"
tool 'updateControllerConfig' 'update controller config success' \
	updateControllerConfig -a "$all" -k enableElectUncleanMaster -v true
tool 'it counts' 'enableElectUncleanMaster  *=  *true' getControllerConfig -a "$all"
t_is 'at all servers, the witness too' "$(grep -c 'enableElectUncleanMaster  *=  *true' "$T_DIR/tools-5.3.3.log")" 3
tool 'updateControllerConfig of no value' 'command failed' \
	updateControllerConfig -a "$Q1" -k enableElectUncleanMaster -v maybe

tool 'electMaster' "#BrokerMasterAddr${tab}$two" electMaster -a "$Q1" -b 2 -c C -bn pair
soon 'the set has both again' "#SyncStateSetNums${tab}2" getSyncStateSet -a "$Q1" -b pair
t_has 'with the new master' "$(cat "$T_DIR/tools-5.3.3.log")" "#MasterAddr${tab}$two"
tool 'cleanBrokerMetadata of one that lives' 'command failed' cleanBrokerMetadata -a "$Q1" -b 1 -c C -bn pair
kill9 one
soon 'cleanBrokerMetadata' 'clear broker pair metadata' cleanBrokerMetadata -a "$Q1" -b 1 -c C -bn pair
tool 'it is forgotten' "#SyncStateSetNums${tab}1" getSyncStateSet -a "$Q1" -b pair
t_ok 'the master stops as asked' stop two
t_done
