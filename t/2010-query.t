#!/bin/sh
# Look-ups by key: how many messages one query gets, and what says that there are more.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

soh=$(printf '\001')
stx=$(printf '\002')
start b mqbroker -o storePathRootDir="$T_DIR/b" -o brokerIP1=127.0.0.1 || exit 1
b=$(address b)

# send_all TOPIC N [-b FILE]: N messages with the key k and one unique key
send_all() {
	topic=$1
	left=$2
	shift 2
	set -- "$@" "$b"
	while [ "$left" -gt 0 ]; do
		set -- "$@" 310 a=PG b="$topic" c=TBW102 d=1 e=0 f=0 g=1 h=0 \
			i="KEYS${soh}k${stx}UNIQ_KEY${soh}u${stx}" j=0 k=false m=false --
		left=$((left - 1))
	done
	rawcall "$@" | grep -c '^code=0'
}

# query TOPIC MAX [KEY UNIQUE]: "N remark"
query() {
	rawcall -O "$T_DIR/found" "$b" 12 topic="$1" key="${3:-k}" maxNum="$2" beginTimestamp=0 endTimestamp=9999999999999 \
		_UNIQUE_KEY_QUERY="${4:-false}" >"$T_DIR/reply"
	# each record has its topic once
	echo "$(grep -a -o "[[:cntrl:]]$1[[:cntrl:]]" "$T_DIR/found" | wc -l) $(field remark <"$T_DIR/reply")"
}

t_is "65 messages with one key" "$(send_all Keyed 65)" 65
t_is "so many as were asked for" "$(query Keyed 40)" "40 "
t_is "the limit" "$(query Keyed 64)" "64 "
t_is "one more: the limit, and the remark says so" "$(query Keyed 65)" \
	"64 the 64 newest; there are older ones, but one query gets no more (maxMsgsNumBatch, defaultQueryMaxNum)"
t_is "the limit of unique keys is another" "$(query Keyed 500 u true)" \
	"32 the 32 newest; there are older ones, but one query gets no more (maxMsgsNumBatch, defaultQueryMaxNum)"
t_is "64 messages" "$(send_all Full 64)" 64
t_is "all there are" "$(query Full 500)" "64 "
t_is "the limit is an option" "$(rawcall -B maxMsgsNumBatch=3 "$b" 25 | field code)" 0
t_has "and live" "$(query Full 500)" "3 the 3 newest"

# A reply stays below what clients take for a frame.
head -c 3000000 /dev/zero | tr '\0' x >"$T_DIR/body"
t_is "large messages" "$(send_all Large 3 -b "$T_DIR/body")" 3
t_is "as many as fit" "$(query Large 3)" "2 the 2 newest; there are older ones, but one reply has no room for them"
t_is "all of them, one by one" "$(query Large 1)" "1 "
stop b
t_done
