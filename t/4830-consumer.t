#!/bin/sh
# Push consumers of libtwinmq: members share queues and take over those of one that dies, in order if
# they are asked to; retry and dead letters, broadcasting, filters, and a reset while they run.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1
begin b -o namesrvAddr="$(address ns)" -o 'messageDelayLevel=1s 1s 1s 1s 1s 1s'
admin() {
	"$BUILDDIR/mqadmin" "$@" -n "$(address ns)" 2>&1
}

# member NAME FLAGS ...: a consumer in the background; its lines are in $T_DIR/NAME.lines
member() {
	member=$1
	shift
	"$BUILDDIR/t/lib/consume" "$@" >"$T_DIR/$member.lines" 2>&1 &
	t_remember "$member" $!
}

# topic NAME: with eight queues
topic() {
	admin updateTopic -b "$b" -t "$1" -r 8 -w 8 >/dev/null
	t_wait 30 has_route "$1"
}

# messages TOPIC FIRST LAST: numbered ones, the number N in queue N % 8, one after the other
messages() {
	n=$2
	while [ "$n" -le "$3" ]; do
		rawcall -B "$n" "$b" 310 a=PG b="$1" c=TBW102 d=8 e=$((n % 8)) f=0 g=1 h=0 i= j=0 k=false m=false >/dev/null
		n=$((n + 1))
	done
}

# has_queues NAME N: as its last line about them says
has_queues() {
	[ "$(sed -n 's/^queues=//p' "$T_DIR/$1.lines" | tail -n 1)" = "$2" ]
}

# bodies NAME ...: of the messages that they had, each once, sorted
bodies() {
	for name; do
		cat "$T_DIR/$name.lines"
	done | sed -n 's/^message [^ ]* [^ ]* [^ ]* //p' | sort -u
}

has_bodies() {
	n_bodies=$1
	shift
	[ "$(bodies "$@" | wc -l)" -ge "$n_bodies" ]
}

# out_of_order NAME: messages of a queue that came behind a later one
out_of_order() {
	awk '$1 == "message" { if ($5 < last[$3]) n++; last[$3] = $5 } END { print n + 0 }' "$T_DIR/$1.lines"
}

for kind in shared ordered; do
	[ $kind = ordered ] && flag=-o || flag=
	topic $kind
	for name in one two; do
		# shellcheck disable=SC2086 # none or one
		member $kind-$name $flag "$(address ns)" $kind $kind
	done
	t_ok "$kind: two members have four queues each" t_wait 30 has_queues $kind-one 4
	t_ok "$kind: the other too" t_wait 30 has_queues $kind-two 4
	messages $kind 1 40
	t_ok "$kind: all messages come" t_wait 30 has_bodies 40 $kind-one $kind-two
	kill9 $kind-one
	messages $kind 41 80
	t_ok "$kind: one dies, the other has all queues" t_wait 30 has_queues $kind-two 8
	t_ok "$kind: and what was sent meanwhile" t_wait 30 has_bodies 80 $kind-one $kind-two
	member $kind-three $flag "$(address ns)" $kind $kind
	t_ok "$kind: a new member has its share" t_wait 30 has_queues $kind-three 4
	messages $kind 81 120
	t_ok "$kind: and nothing is missing" t_wait 30 has_bodies 120 $kind-one $kind-two $kind-three
done
t_is "ordered: each queue in order" "$(out_of_order ordered-one) $(out_of_order ordered-three)" "0 0"
for name in shared-two shared-three ordered-two ordered-three; do
	t_ok "$name ends" stop $name
done
member shared-again "$(address ns)" shared shared
t_ok "a member that comes later" t_wait 30 has_queues shared-again 8
sleep 1
t_is "has nothing that was consumed" "$(bodies shared-again | wc -l)" 0

# Reset while it runs.
t_is "offsets go back while it runs" "$(rawcall "$b" 222 topic=shared group=shared timestamp=0 isForce=true | field code)" 0
t_ok "and all messages come again" t_wait 30 has_bodies 120 shared-again
t_ok "it ends" stop shared-again

# Retry and dead letters.
topic retried
member retried -a 3 "$(address ns)" retried retried
rawcall -B "bad day" "$b" 310 a=PG b=retried c=TBW102 d=8 e=0 f=0 g=1 h=0 i="KEYS$(printf '\001')k1" j=0 k=false m=false >/dev/null
t_ok "a message that comes later comes again" t_wait 60 grep -q "^message retried . 3 bad day" "$T_DIR/retried.lines"
member dead "$(address ns)" dead %DLQ%retried
t_ok "three times, then it is a dead letter" t_wait 60 grep -q "^message .* bad day" "$T_DIR/dead.lines"
t_is "so often it came" "$(grep -c "^message retried" "$T_DIR/retried.lines")" 3
t_ok "the consumer ends" stop retried
t_ok "that of dead letters too" stop dead
member stubborn -o -a 3 "$(address ns)" stubborn retried
t_ok "ordered: its queue waits, and then it is a dead letter" t_wait 60 grep -q "^message retried 0 3 bad day" \
	"$T_DIR/stubborn.lines"
dead_stubborn() {
	[ "$(rawcall "$b" 30 topic=%DLQ%stubborn queueId=0 | field ext.offset)" = 1 ]
}
t_ok "ordered: at once" t_wait 30 dead_stubborn
t_ok "ordered: it ends" stop stubborn

# Broadcasting, filters.
topic all
messages all 1 8
member all-one -b "$(address ns)" all all
member all-two -b "$(address ns)" all all
t_ok "broadcasting: each member" t_wait 30 has_bodies 8 all-one
t_ok "has all messages" t_wait 30 has_bodies 8 all-two
topic tagged
for tag in red green blue; do
	rawcall -B $tag "$b" 310 a=PG b=tagged c=TBW102 d=8 e=0 f=0 g=1 h=0 i="TAGS$(printf '\001')$tag" j=0 k=false m=false >/dev/null
done
member tags -e 'red || blue' "$(address ns)" tags tagged
member sql -q "TAGS <> 'red'" "$(address ns)" sql tagged
member wrong -q "TAGS <>" "$(address ns)" wrong tagged
t_ok "tags" t_wait 30 grep -q blue "$T_DIR/tags.lines"
t_is "and no others" "$(bodies tags | tr '\n' ' ')" "blue red "
t_ok "SQL92" t_wait 30 grep -q blue "$T_DIR/sql.lines"
t_is "what is true" "$(bodies sql | tr '\n' ' ')" "blue green "
t_ok "an expression that is none is told" t_wait 30 grep -q "^trouble=.*at character 8" "$T_DIR/wrong.lines"
for name in all-one all-two tags sql wrong; do
	t_ok "$name ends" stop $name
done
t_done
