# shellcheck shell=sh
# Several programs with real clients at once, which go through the same stages of one cluster. Sourced after
# t/interop/interop.sh. A program says "do stage NAME" when it is ready for a stage, and waits for "done".

TOGETHER=   # NAME:DESCRIPTOR of each
together_n=0 # stages so far

together_exec() {
	# shellcheck disable=SC2034 # interop_java has it
	INTEROP_EXEC='exec'
	case $1 in
	interop_*) "$@" ;;
	*) exec "$@" ;;
	esac
}

# together_start NAME DESCRIPTOR COMMAND...: in the background. DESCRIPTOR is 5, 7 or 8.
together_start() {
	together_name=$1 together_fd=$2
	shift 2
	mkfifo "$T_DIR/$together_name.in"
	# This shell alone keeps it open, so that the program ends with it.
	eval "exec $together_fd<>\"\$T_DIR/\$together_name.in\""
	together_exec "$@" <"$T_DIR/$together_name.in" >"$T_DIR/$together_name.said" 2>"$T_DIR/$together_name.err" \
		5>&- 7>&- 8>&- &
	t_remember "$together_name" $!
	TOGETHER="$TOGETHER $together_name:$together_fd"
}

# It is ready for this stage, or will never be.
together_is_at() { # NAME STAGE N
	[ "$(sed -n 's/^do stage //p' "$T_DIR/$1.said" | sed -n "$3p")" = "$2" ] ||
		grep -q '^not ok ' "$T_DIR/$1.said" || ! kill -0 "$(pid "$1")"
}

together_are_at() { # STAGE N
	for together_one in $TOGETHER; do
		together_is_at "${together_one%:*}" "$@" || return 1
	done
}

# together_stage NAME: all programs are ready for it
together_stage() {
	together_n=$((together_n + 1))
	t_ok "all clients wait: $1" t_wait 300 together_are_at "$1" $together_n
}

# The stage is over.
together_go() {
	for together_one in $TOGETHER; do
		eval "echo done >&${together_one#*:}"
	done
}

# All end, and what they report becomes this test's.
together_end() {
	together_bad=
	for together_one in $TOGETHER; do
		together_name=${together_one%:*}
		wait "$(pid "$together_name")"
		together_status=$?
		while IFS= read -r together_line; do
			case $together_line in
			"ok "*) t_result 0 "$together_name ${together_line#ok }" ;;
			"not ok "*) t_result 1 "$together_name ${together_line#not ok }" ;;
			"do "*) ;;
			*) echo "# $together_line" ;;
			esac
		done <"$T_DIR/$together_name.said"
		t_is "$together_name ends well" $together_status 0
		[ $together_status -eq 0 ] || together_bad=yes
	done
	[ -z "$together_bad" ] || interop_evidence
}
