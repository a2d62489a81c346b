# shellcheck shell=sh
# Two name servers, two masters, and a doctor, for the tests of mqadmin doctor: source it after lib.sh.

# shellcheck source=t/lib/findings.sh
. "$SRCDIR/t/lib/findings.sh"

# A machine may have little disk, few descriptors and /tmp in memory: none of that is our fault here.
STORES=$(realpath "$BUILDDIR")/doctor.$$
mkdir "$STORES"
trap 't_cleanup; rm -rf "$STORES"' EXIT
few="-o maxConnections=60"

# doc NAME_SERVERS [FLAGS ...]: the ids of its findings in $found, all of it in $T_DIR/doc
doc() {
	doc_servers=$1
	shift
	"$BUILDDIR/mqadmin" doctor -n "$doc_servers" -i 1 "$@" >"$T_DIR/doc" 2>&1
	# shellcheck disable=SC2034 # the tests use it
	doc_status=$?
	# What the machine itself does to every daemon is left out.
	findings "$machine"
}

# name_server NAME [FLAGS ...], master NAME [FLAGS ...]
name_server() {
	name_server_name=$1
	shift
	# shellcheck disable=SC2086 # two words
	start "$name_server_name" mqnamesrv -o storePath="$STORES/$name_server_name" $few "$@" || exit 1
}

master() {
	master_name=$1
	shift
	# shellcheck disable=SC2086 # two words
	broker "$master_name" -o storePathRootDir="$STORES/$master_name" -o namesrvAddr="$both" $few \
		-o diskMaxUsedSpaceRatio=95 -o fileReservedTime=72 "$@" || exit 1
}

machine=none
case $(stat -f -c %T "$STORES") in
tmpfs | ramfs) machine=store-in-memory ;;
nfs* | cifs | smb* | 9p | v9fs) machine=store-on-network ;;
esac
[ "$(df --output=pcent "$STORES" | tr -dc 0-9)" -lt 94 ] || machine="$machine|disk-nearly-full|disk-above-ratio"

name_server ns1
name_server ns2
both="$(address ns1);$(address ns2)"
# shellcheck disable=SC2034 # the tests use it
here=$(address ns1)
master broker-a
master broker-b

knows() { # TOPIC BROKER ...: both name servers have the topic at these brokers
	knows_topic=$1
	shift
	for knows_server in ns1 ns2; do
		knows_route=$(rawcall "$(address $knows_server)" 105 topic="$knows_topic" | field body)
		for knows_broker in "$@"; do
			case $knows_route in
			*"\"brokerName\":\"$knows_broker\""*) ;;
			*) return 1 ;;
			esac
		done
	done
}

# topic NAME [READ_QUEUES_A [PERM_A]]: four queues on both masters, but for these
topic() {
	make_topic "$1" broker-a broker-b
	[ $# -lt 2 ] || rawcall "$(address broker-a)" 17 topic="$1" defaultTopic=TBW102 readQueueNums="$2" \
		writeQueueNums="$2" perm="${3:-6}" topicFilterType=SINGLE_TAG topicSysFlag=0 order=false >/dev/null
	t_ok "name servers know topic $1" t_wait 30 knows "$1" broker-a broker-b
}

drop_topic() {
	"$BUILDDIR/mqadmin" deleteTopic -n "$both" -t "$1" -c DefaultCluster >/dev/null
}

# heartbeat CLIENT GROUP TOPIC EXPRESSION: a consumer
heartbeat() {
	printf '{"clientID":"%s","producerDataSet":[],"consumerDataSet":[{"groupName":"%s","consumeType":"CONSUME_PASSIVELY","messageModel":"CLUSTERING","consumeFromWhere":"CONSUME_FROM_FIRST_OFFSET","unitMode":false,"subscriptionDataSet":[{"classFilterMode":false,"topic":"%s","subString":"%s","tagsSet":[],"codeSet":[],"subVersion":7,"expressionType":"TAG"}]}]}' "$@"
}

# owns TOPIC QUEUES BROKER ...: what a member says that it consumes
owns() {
	owns_topic=$1 owns_n=$2 owns_comma=
	shift 2
	printf '{"mqTable":{'
	for owns_broker in "$@"; do
		owns_i=0
		while [ $owns_i -lt "$owns_n" ]; do
			printf '%s{"brokerName":"%s","queueId":%d,"topic":"%s"}:{}' "$owns_comma" "$owns_broker" $owns_i "$owns_topic"
			owns_comma=, owns_i=$((owns_i + 1))
		done
	done
	printf '}}'
}

# member NAME GROUP TOPIC EXPRESSION OWNED [FLAGS ...]: one that is connected and does nothing
member() {
	member_name=$1 member_owned=$5
	member_body=$(heartbeat "$1" "$2" "$3" "$4")
	shift 5
	hold "$member_name" "$@" -A "$member_owned" -B "$member_body" "$(address broker-a)" 34
}

send() { # BROKER TOPIC QUEUE
	rawcall -B hello "$(address "$1")" 310 a=PG b="$2" c=TBW102 d=4 e="$3" f=0 g=1 h=0 i= j=0 k=false m=false >/dev/null
}

drop_group() {
	for drop_broker in broker-a broker-b; do
		rawcall "$(address $drop_broker)" 207 groupName="$1" cleanOffset=true >/dev/null
	done
}

offline() {
	for offline_broker in broker-a broker-b; do
		[ "$(rawcall "$(address $offline_broker)" 203 consumerGroup="$1" | field code)" = 206 ] || return 1
	done
}
