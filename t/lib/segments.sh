# Segments that fill and expire, for tests that sourced lib.sh; the broker is $b, with a
# mappedFileSizeCommitLog of 64 KB.
# shellcheck shell=sh disable=SC2154

# fill [TOPIC]: messages for several segments
fill() {
	head -c 30000 /dev/zero | tr '\0' x >"$T_DIR/body"
	for _ in 1 2 3 4 5 6 7 8; do
		rawcall -b "$T_DIR/body" "$b" 310 a=PG b="${1:-F}" c=TBW102 d=1 e=0 f=0 g=1 h=0 i= j=0 k=false m=false
	done >/dev/null
}

# first: the oldest message that fill sent and that is there
first() {
	rawcall "$b" 31 topic=F queueId=0 | field ext.offset
}

# expires_above OFFSET: asks for expired segments to go, until later messages are the first
expires_above() {
	rawcall "$b" 306 >/dev/null
	[ "$(first)" -gt "$1" ]
}
