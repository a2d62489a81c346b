# shellcheck shell=sh
# A browser on the console of a two-master cluster, as TAP. Sourced by t/94*.t.

# shellcheck source=t/interop/interop.sh
. "${SRCDIR:-.}/t/interop/interop.sh"

PUPPETEER=24.43.1
AXE=4.14.1

# Nothing can be tested without Chromium. In CI that is a failure where apt-get could install it.
browser_need() {
	for CHROMIUM in chromium chromium-browser google-chrome ''; do
		command -v "$CHROMIUM" >/dev/null 2>&1 && break
	done
	if [ -z "$CHROMIUM" ]; then
		if [ "${CI-}" = true ] && apt-get install -s chromium >/dev/null 2>&1; then
			interop_skip "chromium is not installed (etc/packages install browser)"
		fi
		t_skip_all "chromium is not installed"
	fi
	CHROMIUM=$(command -v "$CHROMIUM")
	interop_need node npm
	modules=$INTEROP_CACHE/browser-$PUPPETEER-$AXE
	[ -d "$modules" ] || interop_fetch "$modules" browser_fetch ||
		interop_skip "npm cannot fetch puppeteer-core $PUPPETEER and axe-core $AXE"
	NODE_PATH=$modules/node_modules
	SHOTS=$BUILDDIR/shots
	export CHROMIUM NODE_PATH SHOTS
}

browser_fetch() { # FOLDER
	npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$1" "puppeteer-core@$PUPPETEER" "axe-core@$AXE"
}

# A name server with the console, and two masters. What the browser and mqadmin need is exported.
browser_cluster() { # KEY=VALUE...
	: >"$T_DIR/cluster.ini"
	[ $# -eq 0 ] || printf '%s\n' "$@" >"$T_DIR/cluster.ini"
	start namesrv-1 mqnamesrv -o storePath="$T_DIR/namesrv-1" -o bindAddress=127.0.0.1 -o consolePort="$T_CONSOLE" || return 1
	CONSOLE_URL=http://127.0.0.1:$T_CONSOLE/
	CONSOLE_PASSWORD=$(cat "$T_DIR/namesrv-1/admin.password")
	MQ_NAMESRV=$(address namesrv-1)
	NAMESRV_ADDR=$MQ_NAMESRV
	HOME=$T_DIR # what Chromium keeps goes with the test
	export CONSOLE_URL CONSOLE_PASSWORD MQ_NAMESRV NAMESRV_ADDR HOME
	cluster_run broker-a && cluster_run broker-b && t_wait 60 browser_has_brokers
}

browser_has_brokers() {
	[ "$("$BUILDDIR/mqadmin" clusterList --json | grep -o '"brokerName"' | wc -l)" = 2 ]
}

admin() {
	"$BUILDDIR/mqadmin" "$@"
}

# member NAME FLAGS ...: a consumer of libtwinmq in the background; its lines are in $T_DIR/NAME.lines
member() {
	member=$1
	shift
	"$BUILDDIR/t/lib/consume" "$@" >"$T_DIR/$member.lines" 2>&1 &
	t_remember "$member" $!
}

# browser_play SCRIPT: its lines as TAP; a browser that does not start is none
browser_play() {
	t_script=$SRCDIR/t/browser/$1
	node "$t_script" >"$T_DIR/play" 2>"$T_DIR/play.err"
	play_status=$?
	if [ $play_status -eq 77 ]; then
		sed 's/^/# /' "$T_DIR/play" "$T_DIR/play.err"
		t_skip "the browser" "Chromium does not start here"
		return
	fi
	play_bad=
	while IFS= read -r line; do
		case $line in
		"ok "*) t_result 0 "${line#ok }" ;;
		"not ok "*)
			play_bad=yes
			t_result 1 "${line#not ok }"
			;;
		*) echo "$line" ;;
		esac
	done <"$T_DIR/play"
	[ $play_status -eq 0 ] || [ "$play_bad" = yes ] || t_result 1 "$1 ended with status $play_status"
	[ $play_status -eq 0 ] || sed 's/^/# /' "$T_DIR/play.err"
}

# Messages, lag, members, a dead letter and transactions, for the pages to show.
browser_data() {
	for topic in orders payments bad-topic; do
		admin updateTopic -c rocketmq-cluster -t $topic -r 4 -w 4 >/dev/null || return 1
	done
	for topic in orders payments bad-topic; do
		t_wait 30 has_route $topic namesrv-1 || return 1
	done
	hold shop -B '{"clientID":"shop@1","producerDataSet":[{"groupName":"shop-producers"}],"consumerDataSet":[]}' "$(address broker-a)" 34 || return 1
	member idle "$MQ_NAMESRV" idle-group orders
	member order "$MQ_NAMESRV" order-group orders
	member bad -a 1 "$MQ_NAMESRV" bad-group bad-topic
	n=0
	while [ $n -lt 40 ]; do
		n=$((n + 1))
		admin sendMessage -t orders -p "{\"order\":$n,\"total\":12.5}" -k "k$n" -c TagA >/dev/null || return 1
	done
	admin sendMessage -t bad-topic -p 'bad luck' -k unlucky >/dev/null
	t_wait 60 grep -q '^queues=' "$T_DIR/order.lines" || return 1
	# A group that was there, is behind, and has no member.
	t_wait 60 grep -q '^queues=8' "$T_DIR/idle.lines" && stop idle
	admin resetOffsetByTime -g idle-group -t orders -s 0 >/dev/null || return 1
	admin sendTransaction -t payments -p committed -g pay-group -k tx1 -C >/dev/null
	admin sendTransaction -t payments -p 'rolled back' -g pay-group -k tx2 -R >/dev/null
	# It was asked about, and the answer was no decision.
	admin sendTransaction -t payments -p open -g pay-group -k tx3 -L -a unknown -w 60 >/dev/null
	t_wait 60 browser_has_dead && t_wait 60 browser_is_consumed
}

browser_has_dead() {
	[ "$(admin topicStatus -t %DLQ%bad-group --json 2>/dev/null | grep -o '"maxOffset":1' | wc -l)" = 1 ]
}

browser_is_consumed() {
	admin consumerProgress -g order-group --json | grep -q '"diffTotal":0'
}
