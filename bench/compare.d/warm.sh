# shellcheck shell=sh
# Warm-up: until a broker's CPU a message has stopped falling. Sourced by bench/compare.
#
# A JVM compiles what it runs often, for minutes; a store goes on with files that it has. A load is
# played in windows of some seconds. It has stopped falling when none of the last three windows was
# cheaper by more than 5 % than the cheapest one before them. A bound in time ends it too, and the
# report says so.

WARM_SESSION=3/120 # seconds of a window/bound: after the start
WARM_LOAD=1.5/18   # before a load of another kind

# warm_up NAME SIDE WINDOW/BOUND WORDS ...: a row of $T_DIR/warm says how warm it is. Fails when a run does.
warm_up() {
	warm_name=$1 warm_side=$2 warm_window=${3%/*} warm_bound=${3#*/}
	shift 3
	: >"$T_DIR/cpu"
	warm_since=$(elapsed) warm_end=bound
	while [ $(($(elapsed) - warm_since)) -lt "$warm_bound" ]; do
		case $1 in
		@*) measure "$warm_name" "$warm_side" "$@" "$warm_window" || return ;;
		consume | pop) measure "$warm_name" "$warm_side" "$@" || return ;;
		*) measure "$warm_name" "$warm_side" "$@" -d "$warm_window" || return ;;
		esac
		sed -n 's/.*"cpu_us_per_message": *\([0-9.e+-]*\).*/\1/p' "$T_DIR/json" >>"$T_DIR/cpu"
		[ -s "$T_DIR/cpu" ] || return 0 # nobody says what it costs: once must do
		! has_stopped_falling <"$T_DIR/cpu" || {
			warm_end=steady
			break
		}
	done
	warm_cpu=$(awk '{ printf "%s%.1f", (NR > 1 ? " " : ""), $1 }' "$T_DIR/cpu")
	printf '#warm\t%s\t%s\t%d\t%s\t%s\n' "$warm_name" "$warm_side" $(($(elapsed) - warm_since)) $warm_end \
		"$warm_cpu" >>"$T_DIR/warm"
	say "warm-up, $warm_name: $(side_label "$warm_side") needs $warm_cpu us of CPU a message; $warm_end"
}

has_stopped_falling() {
	awk '{ cpu[NR] = $1 }
		END {
			if (NR < 4)
				exit 1
			for (i = 1; i <= NR - 3; i++)
				if (i == 1 || cpu[i] < least)
					least = cpu[i]
			for (; i <= NR; i++)
				if (cpu[i] < 0.95 * least)
					exit 1
		}'
}
