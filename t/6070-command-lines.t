#!/bin/sh
# What a command line or cluster.ini cannot mean is refused in one line that names it, before
# anything is asked or started: exit 2 for command lines, 1 for cluster.ini.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
unset NAMESRV_ADDR

# wrong PART NAME COMMAND ...: exits with 2 and one line that has the part
wrong() {
	t_part=$1
	t_called=$2
	shift 2
	timeout 20 "$@" >"$T_DIR/out" 2>&1
	t_is "$t_called: exit status" $? 2
	t_has "$t_called: why" "$(cat "$T_DIR/out")" "$t_part"
	t_is "$t_called: one line" "$(wc -l <"$T_DIR/out")" 1
}

# admin PART FLAGS ...: of mqadmin, with a name server that nobody runs
admin() {
	t_part=$1
	shift
	wrong "$t_part" "mqadmin $*" "$BUILDDIR/mqadmin" "$@" -n 127.0.0.1:1
}

# ---- addresses: every tool, every flag that takes one
for address in 127.0.0.1:90612 127.0.0.1:0 127.0.0.1:65536 127.0.0.1:-1 127.0.0.1:+1 127.0.0.1: \
	127.0.0.1:9876x 127.0.0.1:0x10 127.0.0.1:4294977172; do
	wrong "\"$address\": a port is 1 to 65535" "mqadmin -n $address" "$BUILDDIR/mqadmin" topicList -n "$address"
	wrong "a port is 1 to 65535" "mqbench -n $address" "$BUILDDIR/mqbench" send -n "$address"
	admin "a port is 1 to 65535" brokerStatus -b "$address"
	wrong "a port is 1 to 65535" "mqbench -A $address" "$BUILDDIR/mqbench" send -n 127.0.0.1:1 -A "$address"
done
wrong "a port is 1 to 65535" "mqadmin with NAMESRV_ADDR" env NAMESRV_ADDR=127.0.0.1:90612 "$BUILDDIR/mqadmin" topicList
wrong "a port is 1 to 65535" "the second of a list" "$BUILDDIR/mqadmin" topicList -n '127.0.0.1:1;127.0.0.1:90612'
for address in 127.0.0.1 :9876 host; do
	wrong "\"$address\": it is not HOST:PORT" "mqadmin -n $address" "$BUILDDIR/mqadmin" topicList -n "$address"
done
wrong "it is not HOST:PORT" "mqbench -A" "$BUILDDIR/mqbench" send -n 127.0.0.1:1 -A broker-a
for list in '' ' ' ';' ' ; , '; do
	wrong "the list of name servers is empty" "mqadmin -n '$list'" "$BUILDDIR/mqadmin" topicList -n "$list"
done
timeout 60 env NAMESRV_ADDR= "$BUILDDIR/mqadmin" topicList >"$T_DIR/out" 2>&1
t_has "an empty NAMESRV_ADDR is as good as none" "$(cat "$T_DIR/out")" "127.0.0.1:987"

# ---- numbers
admin "--retryMaxTimes must be 0 to" updateSubGroup -b 127.0.0.1:1 -g G -r -1
admin "--retryQueueNums must be 0 to" updateSubGroup -b 127.0.0.1:1 -g G -q -1
admin "--brokerId must be 0 to" updateSubGroup -b 127.0.0.1:1 -g G -i -1
admin "--whichBrokerWhenConsumeSlowly must be 0 to" updateSubGroup -b 127.0.0.1:1 -g G -w -1
admin "wants a number" updateSubGroup -b 127.0.0.1:1 -g G -r 9223372036854775808
admin "wants a number" updateTopic -b 127.0.0.1:1 -t T -r 8x
admin "must be 1 to 1024" updateTopic -b 127.0.0.1:1 -t T -w 0
admin "wants milliseconds" queryMsgByKey -t T -k K -b -1
admin "wants milliseconds" queryMsgByKey -t T -k K -b 2026-02-31#00:00:00
wrong "--window must be 1 to" "mqbench -w 0" "$BUILDDIR/mqbench" send -n 127.0.0.1:1 -w 0
wrong "wants seconds" "mqbench -d" "$BUILDDIR/mqbench" send -n 127.0.0.1:1 -d 5s
wrong "wants numbers of processes" "mqbench -p" "$BUILDDIR/mqbench" send -n 127.0.0.1:1 -p 1,,2
wrong "--timeout must be 1 to 3600" "mqcluster -t 0" "$BUILDDIR/mqcluster" start -t 0
for flag in -t -r; do
	"$BUILDDIR/examples/bank-transfer/bank_a" transfer -d "$T_DIR" $flag 0 >"$T_DIR/out" 2>&1
	t_is "bank_a $flag 0" $? 2
	t_has "says why" "$(cat "$T_DIR/out")" "must be a number of 1 to"
done

# ---- names
for command in updateTopic 'deleteTopic -c c' topicRoute topicStatus topicClusterList 'sendMessage -p x' \
	'sendTransaction -p x -C' consumeMessage 'queryMsgByKey -k K' 'queryMsgByUniqueKey -i I' \
	'queryMsgByOffset -b b -i 0 -o 0' 'queryMsgById -i I' transactionList; do
	# shellcheck disable=SC2086 # a command with its flags
	admin '"a b" is no name for a topic' $command -t 'a b'
done
for command in updateSubGroup 'deleteSubGroup -c c' consumerProgress 'consumeMessage -t T' \
	'updateProducerGroup -p first-wins' transactionList; do
	# shellcheck disable=SC2086
	admin '"a b" is no name for a group' $command -g 'a b'
done
admin "-t (--topic) is empty" updateTopic -t ''
admin "-t (--topic) is empty" topicRoute -t ' '
admin "-b (--brokerName) is empty" wipeWritePerm -b ''
admin "names no id" queryMsgById -i ' , '
admin "is no name of a setting" updateBrokerConfig -b 127.0.0.1:1 -k 'a=b' -v c
admin "belongs to no flag" topicRoute -t T garbage
wrong "belongs to no flag" "mqbench" "$BUILDDIR/mqbench" send garbage
wrong "belongs to no flag" "mqcluster" "$BUILDDIR/mqcluster" status garbage

# ---- cluster.ini
printf '[namesrv]\nlistenPort = 9876\n' >"$T_DIR/n.ini"
printf '[broker]\nbrokerName = b\nlistenPort = 64900\n' >"$T_DIR/b.ini"
printf '[broker]\nbrokerName = b\nlistenPort = 10000\n' >"$T_DIR/b2.ini"
printf '[broker]\nbrokerName = c\nlistenPort = 64900\n' >"$T_DIR/c.ini"

# ini NAME PART SECTIONS: with this behind a whole cluster
ini() {
	printf '[namesrv-1]\nhost = here\nconfig = n.ini\n[broker-a]\nhost = here\nconfig = b.ini\n%b\n' "$3" >"$T_DIR/cluster.ini"
	"$BUILDDIR/mqcluster" status -l -c "$T_DIR/cluster.ini" -d "$T_DIR/run" >"$T_DIR/out" 2>&1
	t_is "cluster.ini, $1: exit status" $? 1
	t_has "cluster.ini, $1: why" "$(cat "$T_DIR/out")" "$2"
	t_is "cluster.ini, $1: one line" "$(wc -l <"$T_DIR/out")" 1
}
ini "a value that is empty" "host of [broker-b] is empty" '[broker-b]\nhost =\nconfig = c.ini'
ini "two of a key" "[broker-a] has two lines with host" 'host = there'
ini "a section with a blank" "[broker-b c] is no name for a role" '[broker-b c]\nhost = here\nconfig = c.ini'
ini "a section that leaves the directory" "[broker-../b] is no name for a role" '[broker-../b]\nhost = here\nconfig = c.ini'
ini "a section without a name" "[broker-] is no name for a role" '[broker-]\nhost = here\nconfig = c.ini'
ini "a port too high" "would get port 65900" '[broker-b]\nhost = here\nconfig = c.ini'
ini "two brokers of one name" "the same brokerName b" '[broker-b]\nhost = here\nconfig = b2.ini'
ini "an unknown section" "is neither [cluster]" '[server-a]\nhost = here'
many=$(i=0; while [ $i -lt 64 ]; do printf '[broker-%d]\\nhost = here\\nconfig = c.ini\\n' $i; i=$((i + 1)); done)
ini "too many roles" "is one role too many; 64 is the limit" "$many"
wrong_directory=$("$BUILDDIR/mqcluster" status -l -c "$T_DIR/cluster.ini" -d '' 2>&1)
t_has "mqcluster -d ''" "$wrong_directory" "-d (--directory) is empty"
t_done
