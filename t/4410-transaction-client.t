#!/bin/sh
# libtwinmq's transactions against brokers of the tree.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

# broker NAME PORT
broker() {
	start "$1" mqbroker -o storePathRootDir="$T_DIR/store-$1" -o brokerIP1=127.0.0.1 -o brokerName="$1" \
		-o namesrvAddr="$(address ns)" -o transactionTimeOut=1000 -o transactionCheckInterval=1000 \
		-o listenPort="$2"
}

start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1
broker a 0 || exit 1
broker b 0 || exit 1

admin() {
	"$BUILDDIR/mqadmin" "$@" -n "$(address ns)" 2>&1
}

for topic in Transactions Await Admin; do
	admin updateTopic -t $topic -r 2 -w 2 -c DefaultCluster >/dev/null || exit 1
done

"$BUILDDIR/t/lib/transact" "$(address ns)" Transactions >"$T_DIR/transact.out" 2>&1
status=$?
while read -r line; do
	case $line in
	"ok "* | "not ok "*)
		case $line in ok*) t_status=0 ;; *) t_status=1 ;; esac
		t_result $t_status "${line#*- }"
		;;
	*) echo "# $line" ;;
	esac
done <"$T_DIR/transact.out"
t_is "all of it ran" $status 0

# Both masters die while one of them has an open half message: a member that reconnects is asked.
"$BUILDDIR/t/lib/transact" "$(address ns)" Await await >"$T_DIR/await.out" 2>&1 &
t_remember await $!
t_ok "a half message is stored" t_wait 30 grep -q '^stored$' "$T_DIR/await.out"
for name in a b; do
	port=$(port $name)
	kill9 $name
	broker $name "$port" || exit 1
done
t_ok "its sender is asked after the brokers' restart, and the answer counts" wait "$(pid await)"

# delivered BODIES: to the topic, and nothing else
delivered() {
	[ "$(admin consumeMessage -t Admin --json | grep -o '"body":"[^"]*"' | sort | tr '\n' ' ')" = "$1" ]
}

sent=$(admin sendTransaction -t Admin -p one -k k1 -b a --commit --json)
t_has "mqadmin commits one" "$sent" '"sendResult":"SEND_OK"'
t_has "and says so" "$sent" '"decision":"commit","answer":"-","askedAfterMs":0'
t_has "rolls one back" "$(admin sendTransaction -t Admin -p two -b b --rollback --json)" '"decision":"rollback"'
t_has "leaves one" "$(admin sendTransaction -t Admin -p three -g Nobody --leave --json)" '"decision":"unknown"'
t_has "leaves one until it is asked" \
	"$(admin sendTransaction -t Admin -p four -g Asked --leave --checkAnswer commit --wait 30 --json)" \
	'"decision":"unknown","answer":"commit","askedAfterMs":'
t_ok "what was committed is there, and nothing else" t_wait 30 delivered '"body":"four" "body":"one" '
t_fails "commit and rollback" admin sendTransaction -t Admin -p six -C -R
t_fails "an answer to a committed one" admin sendTransaction -t Admin -p six -C -a commit
t_has "a misspelt answer" "$(admin sendTransaction -t Admin -p six -L -a comit)" 'not "comit"'
t_done
