# shellcheck shell=sh
# One run, and blocks of runs that take turns. Sourced by bench/compare.
#
# What was measured goes to $T_DIR/results, a line a run: load, side, block, mqbench's JSON.

elapsed() {
	echo $(($(date +%s) - began))
}

# say TEXT: how far it is, on stderr
say() {
	printf '[%3d:%02d] %s\n' $(($(elapsed) / 60)) $(($(elapsed) % 60)) "$*" >&2
}

# note TEXT: stands below the table, once
note() {
	say "$*"
	grep -qxF -e "$*" "$T_DIR/notes" || echo "$*" >>"$T_DIR/notes"
}

# lacks SENTENCE: stands above the table, as it is not what was wanted
lacks() {
	say "$*"
	echo "$*" >>"$T_DIR/incomplete"
}

die() {
	echo "compare: $*" >&6
	cut_short "It was cut short: $*."
}

# cut_short SENTENCE: what was measured until now is told
cut_short() {
	trap '' INT TERM HUP
	exec >&5 2>&6 # a run's output may go elsewhere
	lacks "$*"
	[ ! -s "$T_DIR/results" ] || report
	exit 1
}

# measure NAME SIDE WORDS ...: $T_DIR/json is what came of it. Fails when the run is void, or could
# not be done: nothing is averaged over it.
measure() {
	measure_name=$1 measure_side=$2
	shift 2
	[ -n "$messages" ] || sync # what others left to be written is not this run's affair
	side_thaw "$measure_side"
	case $1 in
	@*)
		measure_special=special_${1#@}
		shift
		"$measure_special" "$measure_side" "$@" >"$T_DIR/json" 2>"$T_DIR/err"
		measure_status=$?
		;;
	*) measure_mqbench "$measure_side" "$@" ;;
	esac
	side_freeze "$measure_side"
	[ $measure_status -eq 0 ] || measure_failed "$@"
}

measure_failed() {
	sed 's/^/  /' "$T_DIR/err" "$T_DIR/json" >&2
	measure_why="could not be done"
	[ $measure_status -ne 1 ] || measure_why="is VOID"
	[ $measure_status -ne 1 ] || [ -z "$measure_again" ] || return 1
	lacks "Scenario $(line_of "$measure_name") (load $measure_name) has no figures, as a run of" \
		"$(side_label "$measure_side") $measure_why: \"mqbench $*\"."
	return 1
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
	both | consume) # another group each time: a lock of the last run's may live on for a minute
		set -- "$@" -g "compare-$bench_runs" -A "127.0.0.1:$(side_port "$bench_side")" -p "$(pid "$bench_side")"
		;;
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

# duration SECONDS WORDS: for how long these are played, as words of mqbench. SECONDS may be a number
# of messages, with an N before it.
duration() {
	case $1,${messages:--},$2 in
	-,*) ;;
	N*,-,*) echo "-N ${1#N}" ;;
	*,-,*) echo "-W $(how_long 0.5/1) -d ${seconds_wanted:-$1}" ;;
	*send* | *transaction* | *both*) echo "-N $messages" ;;
	*) echo "-d 1" ;;
	esac
}

# sized WORDS: to try this tool out, what is there beforehand is small, too
sized() {
	if [ -n "$messages" ]; then
		echo "$1" | sed -E "s/(-[Nuf]) [0-9]+/\1 $messages/"
	else
		echo "$1"
	fi
}

# play SIDE CALLED WORDS ...: measured, and noted under this name
play() {
	play_side=$1 play_called=$2
	shift 2
	[ "$sides" != open ] || open_before "$play_side" "$@" || return
	measure_again=$([ "$play_side" = a ] || echo yes)
	measure "$load" "$play_side" "$@" || play_again "$@" || return
	measure_again=
	[ "$sides" != open ] || open_after "$play_side"
	printf '%s\t%s\t%s\t%s\n' "$load" "$play_called" "$block" "$(cat "$T_DIR/json")" >>"$T_DIR/results"
}

# play_again WORDS ...: a run of another broker that was void has one more try, and the table says so. A
# run of ours has none.
play_again() {
	[ -n "$measure_again" ] && [ "$measure_status" -eq 1 ] || return
	measure_again=
	note "A run of $(side_label "$play_side") in $(line_of "$load") ($load) was VOID, and was played again."
	measure "$load" "$play_side" "$@"
}

# play_blocks N: a b c, c b a and again, while there is time. Fails when a run does.
play_blocks() {
	play_until=$((block + $1))
	while [ "$block" -lt $play_until ]; do
		block_began=$(elapsed)
		block=$((block + 1))
		[ $block -ne 3 ] || [ -z "$weakest" ] || load_others=$(without "$weakest" "$load_others")
		play_turns="a $load_others $(reversed "$load_others") a"
		[ "$sides" != open ] || play_turns="a $load_others" # a minute each
		for turn in $play_turns; do
			play_turn "$turn" || return 1
		done
		[ $block -lt $play_until ] || break
		if is_no_time $(($(elapsed) - block_began)); then
			note "$(line_of "$load") ($load) has blocks: $block. There was no time for more."
			break
		fi
	done
}

# shellcheck disable=SC2086 # words
play_turn() {
	case $1 in
	a) play a a $load_words $load_duration ;;
	alone) play a b $load_other_words $load_duration ;;
	redis | nats) play "$1" "$1" $load_other_words "$(foreign_seconds)" ;;
	*) play "$1" "$1" $load_other_words $load_duration ;;
	esac
}

foreign_seconds() {
	if [ -n "$messages" ]; then
		echo 0.2
	else
		echo "${seconds_wanted:-$(how_long "$seconds")}"
	fi
}

# is_no_time SECONDS: for one more block, which takes that long
is_no_time() {
	[ -n "$time_limited" ] || return 1
	[ -z "$minutes" ] && [ $(($(elapsed) + $1)) -gt "$(how_long $BLOCKS_UNTIL)" ] ||
		[ $(($(elapsed) + $1 - load_began)) -gt "$(how_long $LOAD_SECONDS)" ]
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
