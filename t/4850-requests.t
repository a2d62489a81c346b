#!/bin/sh
# Requests and replies by libtwinmq, through two masters: answered, not answered, refused.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1
for broker in a b; do
	broker $broker -o namesrvAddr="$(address ns)" -o brokerClusterName=C || exit 1
done
ask() {
	"$BUILDDIR/t/lib/ask" "$@" 2>&1
}

t_ok "a topic on both masters" t_wait 30 "$BUILDDIR/mqadmin" updateTopic -n "$(address ns)" -c C -t T -r 2 -w 2
"$BUILDDIR/t/lib/consume" -r "$(address ns)" repliers T >"$T_DIR/replier.lines" 2>&1 &
t_remember replier $!
t_ok "a replier has the queues of both" t_wait 60 grep -q '^queues=4$' "$T_DIR/replier.lines"

t_is "each request has its reply" "$(ask "$(address ns)" askers T one two three four five six | tr '\n' ' ')" \
	"reply re: one reply re: two reply re: three reply re: four reply re: five reply re: six "
for i in 1 2 3; do
	ask "$(address ns)" askers T "$i" "$i$i" "$i$i$i" >"$T_DIR/ask$i" &
done
for i in 1 2 3; do
	reply() {
		[ "$(tr '\n' ' ' <"$T_DIR/ask$i")" = "reply re: $i reply re: $i$i reply re: $i$i$i " ]
	}
	t_ok "requester $i of a group has its own replies" t_wait 60 reply
done
t_is "all were taken" "$(grep -c '^not replied' "$T_DIR/replier.lines")" 0

t_has "a time-out" "$(ask -t 1000 "$(address ns)" askers Silent anybody)" "error -2 no consumer replied to the request on topic Silent within 1000 ms"
t_has "a topic that cannot be" "$(ask "$(address ns)" askers 'a b' x)" "error -4"
t_has "a time-out that is none" "$(ask -t 0 "$(address ns)" askers T x)" "error -4 a request needs a time-out"

# What is no request gets no reply.
rawcall -B plain "$(address a)" 310 a=PG b=T c=TBW102 d=2 e=0 f=0 g=1 h=0 i= j=0 k=false m=false >/dev/null
t_ok "a message that is no request" t_wait 60 grep -q '^not replied=the message is no request' "$T_DIR/replier.lines"
t_ok "the replier ends" stop replier

# A requester that is gone.
"$BUILDDIR/t/lib/ask" "$(address ns)" askers T late >"$T_DIR/late" 2>&1 &
t_remember late $!
sent() {
	[ "$(for broker in a b; do for queue in 0 1; do rawcall "$(address $broker)" 30 topic=T queueId=$queue | field ext.offset; done; done |
		awk '{ n += $1 } END { print n }')" = 17 ]
}
t_ok "a request that is not answered yet" t_wait 60 sent
kill9 late
"$BUILDDIR/t/lib/consume" -r "$(address ns)" repliers T >"$T_DIR/second.lines" 2>&1 &
t_remember second $!
t_ok "a reply to one that is gone is refused" t_wait 60 grep -q '^not replied=.*requester' "$T_DIR/second.lines"
t_ok "and the replier goes on" t_wait 60 grep -q '^message T' "$T_DIR/second.lines"
t_ok "the second ends" stop second
t_done
