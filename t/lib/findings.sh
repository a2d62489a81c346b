# shellcheck shell=sh
# What a doctor found: source it after lib.sh. $T_DIR/doc is what it printed.

# findings [IDS]: the ids in $found, without those that match
findings() {
	found=$(sed -n 's/^[EW][RA][A-Z]*  *\([a-z-]*\): .*/\1/p' "$T_DIR/doc" |
		grep -Ev "^(${1:-none})\$" | sort -u | tr '\n' ' ')
}

# says NAME ID [PART ...]: this diagnosis and no other, with these parts
says() {
	says_name=$1
	t_is "$says_name" "$found" "$2 "
	[ "$found" = "$2 " ] || sed 's/^/# /' "$T_DIR/doc"
	shift 2
	for says_part in "$@"; do
		t_has "$says_name: $says_part" "$(cat "$T_DIR/doc")" "$says_part"
	done
}
