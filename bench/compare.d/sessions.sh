# shellcheck shell=sh
# Which loads are played, against whom, and when. Sourced by bench/compare.

# Seconds, of a quick run/of a full one: so both are over in time, whatever the machine does.
BEGIN_UNTIL=800/7800    # no load begins after that
BLOCKS_UNTIL=820/8100   # no block ends after that, if it takes as long as the one before
LOAD_SECONDS=120/150    # a load begins no block that would end after that
SHORT_FROM=900/5400     # after that a load has two blocks

# sessions_prepare: the rows that count in $T_DIR/loads, the other side's names in $opponents
sessions_prepare() {
	ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -Hn)" # P11 has thousands of connections
	bench_runs=0
	weakest= measure_again=
	: >"$T_DIR/results"
	: >"$T_DIR/notes"
	: >"$T_DIR/incomplete"
	: >"$T_DIR/warm"
	cp /proc/stat "$T_DIR/stat"
	time_limited=yes
	[ -z "$blocks$scenarios$messages$seconds_wanted" ] || time_limited= # who asks for that has the time
	table lines >"$T_DIR/lines"
	table loads | while IFS='|' read -r load when rest; do
		wanted "$load" "$when" && echo "$load|$when|$rest"
	done >"$T_DIR/loads"
	[ "$(grep -vc '^aa|' "$T_DIR/loads")" -gt 0 ] || [ "$scenarios" = ' P0' ] || die "what was asked for takes too long for --quick"
	for side in redis nats; do
		cut -d'|' -f4 "$T_DIR/loads" | grep -qx $side || continue
		{ [ -z "$AGAINST" ] && foreign_there $side; } || foreign_leave_out
	done
	parts_take
	estimate
	opponents=b
	[ -z "$AGAINST" ] || return 0
	opponents=$releases
	cut -d'|' -f4 "$T_DIR/loads" | grep -qxE 'apache5?|open' || return 0
	command -v java >/dev/null || die "Apache RocketMQ needs Java: apt-get install default-jdk-headless"
	for release in $releases; do
		apache_fetch "$release"
	done
	! grep -q '^send	' "$T_DIR/results" || opponent_weakest
}

# foreign_leave_out: the loads of $side, which is not there
foreign_leave_out() {
	[ -n "$AGAINST" ] || note "The rows of $side were left out: $foreign_why."
	awk -F'|' -v side="$side" '$4 != side' "$T_DIR/loads" >"$T_DIR/loads.new"
	mv "$T_DIR/loads.new" "$T_DIR/loads"
}

# estimate: how long it will take, roughly; the limits above hold besides
estimate() {
	estimate_releases=$(echo "$releases" | wc -w)
	[ -z "$AGAINST" ] || estimate_releases=1
	estimate_seconds=$(awk -F'|' -v mode="$mode" -v n="$estimate_releases" -v blocks="$blocks" -v seconds="$seconds_wanted" \
		-v java="$([ -n "$AGAINST" ] || echo 1)" -v most="$([ -z "$time_limited" ] || how_long $LOAD_SECONDS)" '
		function wanted(field, parts) {
			split(field, parts, "/")
			return mode == "quick" || !(2 in parts) ? parts[1] : parts[2]
		}
		{
			others = $4 ~ /^apache/ ? n : $4 == "none" ? 0 : 1
			each = wanted($6)
			each = each ~ /^N/ ? 1 : each == "-" ? 4 : seconds ? seconds : each
			each += $4 == "open" ? 10 : 2.5
			turns = (1 + others) * ($4 == "open" ? 1 : 2)
			takes = (blocks ? blocks : wanted($5)) * turns * each
			if (most && takes > most && $4 != "open")
				takes = most
			if ($4 ~ /^(apache|open|redis|nats)/ && $8 !~ /^@/ && java)
				takes += 10 * others # warm-up of the load
			if ($7 != "-")
				takes += 30
			total += takes
			if (!sessions[$3]++)
				total += 30 + (java && $4 ~ /^(apache|open)/ && $3 != "start" ? 60 * n : 0)
		}
		END { printf "%d", total }' "$T_DIR/loads")
	say "estimate: $((estimate_seconds / 60 + 1)) minutes"
	[ -z "$only_estimate" ] || exit 0
}

# wanted LOAD WHEN: by the flags
wanted() {
	[ "$1" != aa ] || [ -n "$only" ] || return 0
	[ "$mode" = full ] || [ "$2" = both ] || return 1
	if [ -z "$scenarios" ]; then
		[ "$2" != asked ]
		return
	fi
	for scenario in $scenarios; do
		[ "$scenario" != "$1" ] && ! grep -q "^$scenario|$1|" "$T_DIR/lines" || return 0
	done
	return 1
}

# line_of LOAD: the scenario that it belongs to
line_of() {
	sed -n "s/^\([^|]*\)|$1|.*/\1/p" "$T_DIR/lines" | head -n 1
}

# sessions_play: all of them that have a load
sessions_play() {
	table sessions >"$T_DIR/sessions"
	while IFS='|' read -r session session_flush session_warm session_role session_slaves <&3; do
		awk -F'|' -v session="$session" '$3 == session' "$T_DIR/loads" >"$T_DIR/session"
		[ ! -s "$T_DIR/session" ] || session_play
	done 3<"$T_DIR/sessions"
}

session_play() {
	if is_late; then
		session_leave_out "there was no time left"
		return
	fi
	session_sides=a
	! cut -d'|' -f4 "$T_DIR/session" | grep -qx twin || session_sides="a b"
	! cut -d'|' -f4 "$T_DIR/session" | grep -qxE 'apache5?|open' || session_sides="a $opponents"
	for side in redis nats; do
		! cut -d'|' -f4 "$T_DIR/session" | grep -qx $side || session_sides="$session_sides $side"
	done
	say "brokers for session $session: $session_sides, $session_flush"
	# Name servers first: a broker of Apache RocketMQ that does not find its own waits for long.
	for side in $session_sides; do
		side_start_names "$side"
	done
	session_loads=session_loads_play
	for side in $session_sides; do
		side_start_broker "$side" "$session_flush"
		session_warm "$side" || session_loads=session_leave_out
		side_freeze "$side"
	done
	$session_loads "the warm-up of its session failed"
	for side in $session_sides; do
		side_end "$side"
	done
}

session_loads_play() {
	session_prepared=-
	while IFS='|' read -r load _ _ sides n_blocks seconds prepare words other_words <&4; do
		load_play </dev/null
	done 4<"$T_DIR/session"
}

session_leave_out() {
	while IFS='|' read -r load _; do
		load_leave_out "$1"
	done <"$T_DIR/session"
}

# session_warm SIDE
session_warm() {
	[ "$session_warm" != - ] && [ -z "$messages" ] && ! is_foreign "$1" || return 0
	side_freeze "$1"
	# shellcheck disable=SC2086 # words
	warm_up "session $session" "$1" $WARM_SESSION $session_warm || return
	side_thaw "$1"
}

is_late() {
	[ -z "$minutes" ] || [ "$(elapsed)" -lt $((minutes * 60)) ] || return 0
	[ -n "$time_limited" ] && [ -z "$minutes" ] && [ "$(elapsed)" -gt "$(how_long $BEGIN_UNTIL)" ]
}

# load_leave_out WHY
load_leave_out() {
	[ -z "$parts" ] || return 0 # parts_left says it
	note "$(line_of "$load") ($load) was left out: $1."
}

# load_play: the row that was read
load_play() {
	if is_late; then
		load_leave_out "there was no time left"
		return
	fi
	case $sides in
	apache) load_others=$opponents ;;
	apache5) load_others=$(echo "$opponents" | tr ' ' '\n' | grep -v '^4' | paste -sd' ' -) ;;
	open) load_others=$(strongest_known) ;;
	redis | nats) load_others=$sides ;;
	twin) load_others=b ;;
	alone) load_others=alone ;;
	none) load_others= ;;
	esac
	block=0
	load_began=$(elapsed)
	load_duration=$(duration "$(how_long "$seconds")" "$words")
	load_blocks=${blocks:-$(how_long "$n_blocks")}
	if [ -n "$time_limited" ] && [ -z "$minutes" ] && [ "$load_began" -gt "$(how_long $SHORT_FROM)" ] && [ "$load_blocks" -gt 2 ]; then
		note "$(line_of "$load") ($load) has two blocks, as time was short."
		load_blocks=2
	fi
	load_words=$(sized "$(fill_in "$words")")
	load_other_words=$load_words
	[ "$other_words" = - ] || load_other_words=$other_words
	say "$(line_of "$load") $load: $load_words $load_duration"
	load_measure || results_without "$load"
	parts_keep
}

# load_measure: fails when a run does
load_measure() {
	load_prepare && load_warm || return
	if [ "$load" = send ] && [ "$mode" = quick ] && [ "$load_others" != "${load_others#* }" ]; then
		play_blocks 1 || return
		opponent_choose
		load_others=$opponents
		load_blocks=$((load_blocks - 1))
	fi
	play_blocks "$load_blocks" || return
	[ "$load" != send ] || opponent_weakest
}

results_without() {
	awk -F'	' -v load="$1" '$1 != load' "$T_DIR/results" >"$T_DIR/results.new"
	mv "$T_DIR/results.new" "$T_DIR/results"
}

# load_prepare: what is not measured, and done once
load_prepare() {
	[ "$prepare" != - ] && [ "$prepare" != "$session_prepared" ] || return 0
	# shellcheck disable=SC2046 # words
	measure "$load" a $(sized "$prepare") && session_prepared=$prepare
}

# load_warm: what a JVM has not done yet it does until it is as fast as it gets. At a constant rate it
# does what it knows.
# shellcheck disable=SC2086 # words
load_warm() {
	[ -z "$messages" ] || return 0 # who tries the tool out has no use for it
	for side in $load_others; do
		case $side,$load_other_words in
		b,* | alone,*) ;;
		redis,* | nats,*) warm_up "$load" "$side" $WARM_LOAD $load_other_words || return ;;
		*,@* | *,*' -C'*) ;;
		*,*' -r '* | *,register*) measure "$load" "$side" $load_words -d 2 || return ;;
		*) [ "$load_words" = "$session_warm" ] || warm_up "$load" "$side" $WARM_LOAD $load_words || return ;;
		esac
	done
}

# strongest_known: the release that reached most with 64 in flight; all where that was not played
strongest_known() {
	strongest= strongest_rate=0
	strongest_load=send
	[ "$session_flush" = ASYNC_FLUSH ] || ! grep -q '^send-sync	' "$T_DIR/results" || strongest_load=send-sync
	for side in $opponents; do
		rate=$(rate_of "$side" "$strongest_load")
		[ "${rate:-0}" -le "$strongest_rate" ] || strongest=$side strongest_rate=$rate
	done
	echo "${strongest:-$opponents}"
}

# fill_in WORDS: @half is half of what the slowest side reached in P1, @ownhalf half of what we did
fill_in() {
	case $1 in
	*@half* | *@ownhalf*)
		half=$(rate_of .) ownhalf=$(rate_of a)
		echo "$1" | sed "s/@half/$((half / 2))/; s/@ownhalf/$((ownhalf / 2))/"
		;;
	*) echo "$1" ;;
	esac
}

# rate_of SIDE [LOAD]: its median in P1 or in that load; of the slowest side, with a dot
rate_of() {
	for rate_side in $(cut -f2 "$T_DIR/results" | sort -u); do
		[ "$1" = . ] || [ "$rate_side" = "$1" ] || continue
		awk -F'	' -v side="$rate_side" -v load="${2:-send}" '$1 == load && $2 == side' "$T_DIR/results" |
			sed -n 's/.*"good_per_second":\([0-9]*\).*/\1/p' | sort -n |
			awk '{ all[NR] = $1 } END { if (NR) print all[int((NR + 1) / 2)] }'
	done | sort -n | head -n 1
}

# opponent_weakest: in P1; later loads have two blocks with that release, and the rest without
opponent_weakest() {
	weakest=
	case $opponents in
	*' '*) ;;
	*) return ;;
	esac
	for side in $opponents; do
		rate=$(rate_of "$side")
		[ -n "$weakest" ] && [ "$rate" -ge "$weakest_rate" ] || weakest=$side weakest_rate=$rate
	done
	note "Apache $weakest, the slowest one in P1, has two blocks of each later load."
}

# opponent_choose: after a block of P1, the stronger release stays for a quick run
opponent_choose() {
	strongest= strongest_rate=0
	for side in $opponents; do
		rate=$(rate_of "$side")
		[ "$rate" -le $strongest_rate ] || strongest=$side strongest_rate=$rate
	done
	for side in $opponents; do
		[ "$side" = "$strongest" ] || side_end "$side"
	done
	note "Only Apache $strongest is compared: the stronger of $opponents in one block of P1."
	opponents=$strongest session_sides="a $strongest"
}
