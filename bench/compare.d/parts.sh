# shellcheck shell=sh
# A run in parts: what was measured is kept in a file, and the next call goes on. Sourced by bench/compare.
#
# $parts is that file, or nothing. Its first line says of what and where; then it is like $T_DIR/results,
# with remarks. The A/A check is made in each part, and all its runs count.

# parts_of_what: only runs of the same programs, machine and flags stand in one table
parts_of_what() {
	printf '#of\t%s %s %s blocks=%s seconds=%s messages=%s releases=%s against=%s\n' "$(report_versions)" "$(report_machine)" \
		$mode "$blocks" "$seconds_wanted" "$messages" "$releases" "$AGAINST"
}

# parts_take: what earlier parts have measured; their loads need not be played
parts_take() {
	[ -n "$parts" ] || return 0
	if [ ! -e "$parts" ]; then
		parts_of_what >"$parts" || die "$parts cannot be written"
	fi
	[ "$(head -n 1 "$parts")" = "$(parts_of_what)" ] ||
		die "$parts is of another build, machine or set of flags: move it away, or say another file"
	sed -n 's/^#note	//p' "$parts" >"$T_DIR/notes"
	grep '^#warm' "$parts" >"$T_DIR/warm"
	grep -v '^#' "$parts" >"$T_DIR/results"
	awk -F'|' 'FILENAME == ARGV[1] { split($0, run, "\t"); played[run[1]] = 1; next } $1 == "aa" || !($1 in played)' \
		"$T_DIR/results" "$T_DIR/loads" >"$T_DIR/loads.new"
	mv "$T_DIR/loads.new" "$T_DIR/loads"
	if ! grep -qv '^aa|' "$T_DIR/loads" && grep -q '^aa	' "$T_DIR/results"; then
		: >"$T_DIR/loads" # all is there
		return
	fi
	note "A part was played from $(date -u '+%Y-%m-%d %H:%M UTC')."
	parts_keep
}

# parts_keep: after each load, so that a call that is ended loses one load at most
parts_keep() {
	[ -n "$parts" ] || return 0
	{
		parts_of_what
		sed 's/^/#note	/' "$T_DIR/notes"
		cat "$T_DIR/warm" "$T_DIR/results"
	} >"$parts.new" && mv "$parts.new" "$parts"
}

# parts_left: says what other calls have to play
parts_left() {
	[ -n "$parts" ] || return 0
	parts_missing=$(cut -d'|' -f1 "$T_DIR/loads" | while read -r load; do
		grep -q "^$load	" "$T_DIR/results" || printf ' %s' "$load"
	done)
	[ -z "$parts_missing" ] || lacks "These loads were not played yet:$parts_missing."
}
