#!/bin/sh
# What is derived from the log can be lost: index blocks, bounds, meta.db (BK5).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

soh=$(printf '\001')
stx=$(printf '\002')
run_broker() {
	start b mqbroker -o brokerIP1=127.0.0.1 -o storePathRootDir="$T_DIR/b" || exit 1
	b=$(address b)
}
pull() {
	rawcall -O "$T_DIR/records" "$b" 11 consumerGroup=CG topic=T queueId=0 queueOffset="$1" maxMsgNums=32 \
		sysFlag=4 commitOffset=0 suspendTimeoutMillis=0 'subscription=*' subVersion=0
	cksum <"$T_DIR/records"
}
by_key() {
	rawcall -O "$T_DIR/records" "$b" 12 topic=T key="$1" maxNum=32 beginTimestamp=0 endTimestamp=9999999999999 |
		field code
	cksum <"$T_DIR/records"
}
answers() {
	for offset in 0 7 30; do
		pull $offset
	done
	by_key k3
	by_key k39
	rawcall "$b" 30 topic=T queueId=0
	rawcall "$b" 31 topic=T queueId=0
} 2>&1

run_broker
n=0
while [ $n -lt 40 ]; do
	rawcall -B "body $n" "$b" 310 a=PG b=T c=TBW102 d=1 e=0 f=0 g=1700000000000 h=0 \
		i="KEYS${soh}k$n${stx}" j=0 k=false m=false >/dev/null
	n=$((n + 1))
done
before=$(answers)
pull 30 >/dev/null
t_ok "there is something to lose" grep -qa "body 39" "$T_DIR/records"
stop b
segment=$T_DIR/b/log/00000000000000000000.db
t_ok "the log's index is deleted" "$BUILDDIR/t/lib/sql" "$segment" "DELETE FROM queue; DELETE FROM key; DELETE FROM bounds;
	UPDATE info SET value = (SELECT value FROM info WHERE name = 'first') WHERE name IN ('indexed', 'keyed')"
rm "$T_DIR"/b/meta.db*
run_broker
t_is "the same answers after a restart" "$(answers)" "$before"
t_is "and offsets go on" "$(rawcall -B more "$b" 310 a=PG b=T c=TBW102 d=1 e=0 f=0 g=1 h=0 i= j=0 k=false m=false |
	field ext.queueOffset)" 40
stop b
t_is "a clean stop" $? 0
t_done
