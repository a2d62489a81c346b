#!/bin/sh
# mqbench: each mode, small, against two brokers: figures, proof, and what it says when it cannot.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

# bench NAME FLAGS ...: one line of JSON in $got, its exit status in $status
bench() {
	got=$("$BUILDDIR/mqbench" "$@" --json 2>"$T_DIR/err")
	status=$?
}

# number NAME: of the JSON in $got, wherever it stands first
number() {
	echo "$got" | sed -n "s/.*\"$1\":\\([0-9.e+-]*\\).*/\\1/p"
}

# proven NAME WANTED: the run holds, and so many acknowledged messages were read back
proven() {
	t_is "$1: the run holds" "$status" 0
	t_has "$1: and says so" "$got" '"verdict":"holds"'
	t_is "$1: all that was acknowledged is there" "$(number acknowledged) $(number found)" "$2 $2"
	t_is "$1: nothing failed" "$(number failed)" 0
	[ "$status" -eq 0 ] || sed 's/^/# /' "$T_DIR/err"
}

# The broker begins on a known port after mqbench did.
first_later() {
	port=$(port a)
	stop a
	"$BUILDDIR/mqbench" first -A "127.0.0.1:$port" --json >"$T_DIR/first" 2>&1 &
	waits=$!
	sleep 0.3
	start a mqbroker -o storePathRootDir="$T_DIR/a" -o brokerName=broker-a -o brokerIP1=127.0.0.1 -o listenPort="$port"
	wait $waits && got=$(cat "$T_DIR/first") && test "$(number tries)" -gt 1
}

# What it takes, and that the manual has it all.
t_is "help" "$("$BUILDDIR/mqbench" -h | head -1)" 'usage: mqbench MODE [FLAGS]'
t_has "version" "$("$BUILDDIR/mqbench" -V)" 'mqbench (TwinMQ) '
for mode in $("$BUILDDIR/mqbench" -h | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
	missing=$(grep -q "^.It Cm $mode\$" "$SRCDIR/man/mqbench.1" || echo "$mode")
	for flag in $("$BUILDDIR/mqbench" "$mode" -h | sed -n 's/^  -\([A-Za-z]\), --\([A-Za-z]*\).*/\1:\2/p'); do
		grep -q "^.It Fl ${flag%:*} , Fl -${flag#*:}\\( \\|\$\\)" "$SRCDIR/man/mqbench.1" ||
			missing="$missing --${flag#*:}"
	done
	t_is "the manual has $mode and its flags" "$missing" ''
done
bench snd
t_is "an unknown mode" "$status $(cat "$T_DIR/err")" '2 mqbench: there is no mode "snd"; mqbench -h lists what there is'
bench send --windw 3
t_has "an unknown flag" "$(cat "$T_DIR/err")" 'did you mean --window;'
bench send -n 127.0.0.1:1
t_is "no name server" "$status" 2
t_has "and it says so" "$(cat "$T_DIR/err")" 'mqbench: the brokers are not known: no name server answers'

start ns mqnamesrv -o bindAddress=127.0.0.1 -o storePath="$T_DIR/ns" || exit 1
for broker in a b; do
	start $broker mqbroker -o storePathRootDir="$T_DIR/$broker" -o brokerName=broker-$broker -o brokerIP1=127.0.0.1 \
		-o flushDiskType=ASYNC_FLUSH -o namesrvAddr="$(address ns)" -o transactionTimeOut=500 \
		-o transactionCheckInterval=200 || exit 1
done
NAMESRV_ADDR=$(address ns)
export NAMESRV_ADDR
both_known() {
	"$BUILDDIR/mqadmin" clusterList -n "$NAMESRV_ADDR" | grep -c 'broker-[ab]' | grep -qx 2
}
t_ok "both brokers are known" t_wait 30 both_known

bench send -N 400 -w 8 -p "$(pid a),$(pid b)"
proven "send" 400
t_is "send: good ones" "$(number good)" 400
t_has "send: what the brokers used" "$got" '"cpu_us_per_message":'
t_has "send: to both" "$got" '"connections":1'
bench send -N 320 -B 32 -s 128
proven "batches" 320
bench send -N 320 -o
proven "oneway" 320
bench send -N 300 -c 5 -w 2 -T 7 -q 3 -x
proven "many topics, connections, binary headers" 300
bench send -r 400 -d 1 -W 1
t_is "open loop: the run holds" "$status" 0
t_ok "open loop: nothing that was due is left out" test "$(number behind)" -eq 0
bench send -r 20000000 -d 1 # most of it cannot be sent in the seconds that it gets afterwards
t_has "open loop: a rate that is too high is not reached" "$got" '"saturated":true'
t_ok "open loop: what was due and never sent counts as well" test "$(number p50)" -gt 4500000
# A broker that stands still: all the messages that were due meanwhile waited, not only those in flight.
(sleep 1 && kill -STOP "$(pid a)" && sleep 1 && kill -CONT "$(pid a)") &
stall=$!
bench send -r 500 -d 4 -w 16 -b broker-a
t_is "a stall: the run holds" "$status" 0
t_ok "a stall: an eighth of all waited for half of it at least" test "$(number p90)" -gt 300000
t_ok "a stall: most of them for a place of the window, which it says" test "$(number waited_for_slot)" -gt 300
wait $stall
bench send -N 20 -s 65536 -b broker-b
proven "large bodies, one broker" 20

bench transaction -N 300 -R 10 -U 20
proven "transactions" 210
t_is "transactions: their ends" "$(number committed) $(number rolled_back) $(number said_unknown)" '210 30 60'
bench transaction -N 100 -u 50 -e -g open
proven "transactions beside open ones, oneway" 100
bench transaction -r 50 -d 3 -U 50 -a -g asked
t_is "checks: the run holds" "$status" 0
t_ok "checks: brokers ask" test "$(number checks_received)" -gt 0
t_ok "checks: what was said is done" test "$(number unacknowledged)" -gt 0

bench pull -f 640 -d 1 -m 16
proven "pull" 640
t_ok "pull: more than once" test "$(number good)" -gt 640
bench pull -f 640 -N 6400 -m 16
proven "pull: so many in all" 640
t_ok "pull: and then it ends" test "$(number good)" -ge 6400 -a "$(number good)" -lt 7000
bench consume -f 640 -k 3 -g eaters -t eaten
proven "consume" 640
bench consume -f 320 -k 2 -g orderly -t eaten-orderly --orderly
proven "consume in order" 320
bench consume -A "$(address a)" -f 320 -g by-address -t by-address --orderly
proven "consume in order, by address" 320
bench pop -A "$(address a)" -f 400 -w 4 -g poppers -t popped
proven "pop" 448
bench consume -f 320 -g filtered -t filtered --filter
proven "consume, filtered" 320
bench both -N 50 -w 8 -g timed -t timed -q 2 --delay 300
proven "both: timed" 50
bench both -N 50 -w 8 -g late -t late -q 2 --delayLevel
proven "both: delayed" 50
bench both -N 500 -k 2 -g diners -t dinner -T 2 -q 3 -w 8
proven "both" 500
t_is "both: all of it is consumed" "$(number good)" 500
bench route -T 3 -t routed -d 1 -w 4
t_is "routes" "$status" 0
bench register -T 50 -d 1
proven "registrations" 50
bench connect -c 50 -w 8 -d 1
proven "connections" 100

bench first -A "$(address a)" -n 127.0.0.1:1 -t mqbench
proven "first" 1
t_ok "first: it waits for a broker that starts later" first_later
# A broker that dies in the middle: what it acknowledged cannot be read, so the run says that it is void.
"$BUILDDIR/mqbench" send -b broker-b -d 2 -O 300 --json >"$T_DIR/died" 2>"$T_DIR/err" &
load=$!
sleep 1
kill9 b
wait $load
t_ok "a run whose broker died does not hold" test $? -ne 0
t_ok "and does not say so" sh -c "! grep -q '\"verdict\":\"holds\"' '$T_DIR/died'"
t_done
