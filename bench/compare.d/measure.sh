# shellcheck shell=sh
# One run, and blocks of runs that take turns. Sourced by bench/compare.
#
# What was measured goes to $T_DIR/results, a line a run: load, side, block, mqbench's JSON.

# say TEXT: how far it is, on stderr
say() {
	printf '[%3d:%02d] %s\n' $((($(date +%s) - began) / 60)) $((($(date +%s) - began) % 60)) "$*" >&2
}

# note TEXT: stands below the table
note() {
	say "$*"
	echo "$*" >>"$T_DIR/notes"
}

die() {
	echo "compare: $*" >&2
	exit 1
}

# measure NAME SIDE WORDS ...: $T_DIR/json is what came of it. A run that is void, or that could
# not be done, ends all: nothing is averaged over it.
measure() {
	measure_name=$1 measure_side=$2
	shift 2
	[ -n "$messages" ] || sync # what others left to be written is not this run's affair
	side_thaw "$measure_side"
	case $1 in
	@*)
		"special_${1#@}" "$measure_side" >"$T_DIR/json" 2>"$T_DIR/err"
		measure_status=$?
		;;
	*) measure_mqbench "$measure_side" "$@" ;;
	esac
	[ $measure_status -eq 0 ] || measure_failed "$@"
	side_freeze "$measure_side"
}

measure_failed() {
	sed 's/^/  /' "$T_DIR/err" "$T_DIR/json" >&2
	cp "$T_DIR/results" "$json.runs" && say "the runs before it are in $json.runs"
	measure_why="could not be done"
	[ $measure_status -ne 1 ] || measure_why="is VOID, so nothing is said"
	die "scenario $(line_of "$measure_name") (load $measure_name), side $(side_label "$measure_side"):" \
		"the run \"mqbench $*\" $measure_why"
}

# measure_mqbench SIDE WORDS ...: in the background, so that signals are heard
measure_mqbench() {
	bench_side=$1
	shift
	bench_runs=$((bench_runs + 1))
	case $1 in
	route | register)
		side_wait "$bench_side" # a name server forgets a broker that was silent
		set -- "$@" -n "127.0.0.1:$(side_port "$bench_side" ns)" -p "$(pid "$bench_side.ns")"
		;;
	both) set -- "$@" -g "compare-$bench_runs" -A "127.0.0.1:$(side_port "$bench_side")" -p "$(pid "$bench_side")" ;;
	*) set -- "$@" -A "127.0.0.1:$(side_port "$bench_side")" -p "$(pid "$bench_side")" ;;
	esac
	"$BUILDDIR/mqbench" "$@" -t "$session" -O 10000 --json -Q >"$T_DIR/json" 2>"$T_DIR/err" &
	bench_pid=$!
	T_PIDS="$T_PIDS $bench_pid"
	wait $bench_pid
	measure_status=$?
	forget $bench_pid
}

# how_long QUICK/FULL: the one that counts
how_long() {
	if [ "$mode" = quick ]; then
		echo "${1%%/*}"
	else
		echo "${1#*/}"
	fi
}

# duration SECONDS WORDS: for how long these are played, as words of mqbench
duration() {
	case $1,${messages:--},$2 in
	-,*) ;;
	*,-,*) echo "-W 1 -d $1" ;;
	*send* | *transaction* | *both*) echo "-N $messages" ;;
	*) echo "-d 1" ;;
	esac
}

# play SIDE CALLED WORDS ...: measured, and noted under this name
play() {
	play_side=$1 play_called=$2
	shift 2
	measure "$load" "$play_side" "$@"
	printf '%s\t%s\t%s\t%s\n' "$load" "$play_called" "$block" "$(cat "$T_DIR/json")" >>"$T_DIR/results"
}

# play_blocks N: a b c, c b a and again
# shellcheck disable=SC2086 # words
play_blocks() {
	play_until=$((${block:-0} + $1))
	while [ "$block" -lt $play_until ]; do
		block=$((block + 1))
		[ $block -ne 3 ] || [ -z "$weakest" ] || load_others=$(without "$weakest" "$load_others")
		for turn in a $load_others $(reversed "$load_others") a; do
			case $turn in
			a) play a a $load_words $load_duration ;;
			alone) play a b $load_other_words $load_duration ;;
			*) play "$turn" "$turn" $load_other_words $load_duration ;;
			esac
		done
	done
}

# without WORD LIST
without() {
	for without_one in $2; do
		[ "$without_one" = "$1" ] || printf '%s ' "$without_one"
	done
}

reversed() {
	reversed_all=
	for reversed_one in $1; do
		reversed_all="$reversed_one $reversed_all"
	done
	echo "$reversed_all"
}
