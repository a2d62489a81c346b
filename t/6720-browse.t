#!/bin/sh
# Messages of a topic by time, newest or oldest first, in pages: mqadmin consumeMessage -r.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

start ns mqnamesrv || exit 1
NAMESRV_ADDR=$(address ns)
export NAMESRV_ADDR
begin b -n "$NAMESRV_ADDR" -o registerNameServerPeriod=1000
begin a -n "$NAMESRV_ADDR" -o registerNameServerPeriod=1000
make_topic T a b
both() {
	[ "$(rawcall "$(address ns)" 105 topic=T | field body | grep -o '"brokerName":"[ab]"' | sort -u | wc -l)" = 2 ]
}
t_ok "two brokers" t_wait 30 both

# send BROKER QUEUE BODY
send() {
	rawcall -B "$3" "$(address "$1")" 310 a=PG b=T c=TBW102 d=4 e="$2" f=0 g=1700000000000 h=0 i= j=0 k=false m=false >/dev/null
}
admin() {
	"$BUILDDIR/mqadmin" consumeMessage -t T --json "$@" 2>&1
}
bodies() {
	grep -o '"body":"[^"]*"' | sed 's/"body":"//; s/"//' | tr '\n' ' '
}
next() {
	sed -n 's/.*"next":"\([^"]*\)".*/\1/p'
}

# 120 in one queue of b, and then one in each of some others, a millisecond apart at least
n=0
while [ $n -lt 60 ]; do
	n=$((n + 1))
	send b 1 "m$n"
done
middle=$(date +%s%3N)
sleep 0.02
for at in a:0 b:2 a:3 b:1 a:0; do
	n=$((n + 1))
	send "${at%:*}" "${at#*:}" "m$n"
	sleep 0.005
done

t_is "the newest first, over queues and brokers" "$(admin -r newest -c 7 | bodies)" "m65 m64 m63 m62 m61 m60 m59 "
t_is "the oldest first" "$(admin -r oldest -c 3 | bodies)" "m1 m2 m3 "
t_is "all" "$(admin -r oldest -c 1000 | bodies | wc -w)" 65
t_is "that was all" "$(admin -r oldest -c 1000 | next)" ""
t_is "since a time" "$(admin -r oldest -s "$middle" | bodies)" "m61 m62 m63 m64 m65 "
t_is "until a time" "$(admin -r newest -e "$middle" -c 2 | bodies)" "m60 m59 "
t_is "of one queue" "$(admin -r newest -b a -i 0 | bodies)" "m65 m61 "

# pages: each message once, whatever comes meanwhile
pages() {
	after=
	while :; do
		got=$(admin -r "$1" -c 7 ${after:+-a "$after"})
		echo "$got" | bodies
		after=$(echo "$got" | next)
		[ -n "$after" ] || break
		send a 2 "new"
	done
}
wanted=$(n=65; while [ $n -gt 0 ]; do printf 'm%d ' $n; n=$((n - 1)); done)
t_is "pages of 7, while others are sent" "$(pages newest | tr -d '\n')" "$wanted"
t_is "pages forwards" "$(pages oldest | tr -d '\n' | tr ' ' '\n' | grep -c '^m')" 65

t_has "an order that is none" "$(admin -r latest)" "newest or oldest"
t_has "-a without an order" "$(admin -a x)" "-r"
t_has "a cursor that is none shows nothing" "$(admin -r newest -a 'x:y,b:1:z')" '"messages":[]'
stop a
stop b
stop ns
t_done
