#!/bin/sh
# bench/compare, with TwinMQ alone: what it prints and writes, how it ends, and that nothing of it stays.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
command -v python3 >/dev/null || t_skip_all "python3 is not installed"
compare=$SRCDIR/bench/compare
BENCH_TMP=$T_DIR/tmp
mkdir "$BENCH_TMP"

# run FLAGS ...: its output in $T_DIR/out, what it says meanwhile in $T_DIR/err, its status in $status
run() {
	TMPDIR=$BENCH_TMP "$compare" --json "$T_DIR/json" --svg "$T_DIR/svg" --markdown "$T_DIR/md" "$@" \
		>"$T_DIR/out" 2>"$T_DIR/err"
	status=$?
}

# left: processes and files of its own that are still there
left() {
	grep -l "$T_DIR/[t]mp" /proc/[0-9]*/cmdline 2>/dev/null
	# Locks of ports are of all tests, and stay.
	find "$BENCH_TMP" -mindepth 1 -maxdepth 1 ! -name 'twinmq-test-ports.*'
}

runs_now() {
	grep -qs "P0 aa" "$T_DIR/err" && test -s "$(echo "$BENCH_TMP"/*/results)"
}

out() { cat "$T_DIR/out"; }
err() { cat "$T_DIR/err"; }

t_has "help" "$("$compare" --help)" 'bench/compare [--quick] [--only LIST]'
t_is "list" "$("$compare" --list | cut -d' ' -f1 | sort -u | tr '\n' ' ')" \
	"$(for n in $(seq 0 29); do echo "P$n"; done | sort | tr '\n' ' ')"
run --quik
t_is "an unknown flag" "$status $(err)" \
	'2 compare: unknown flag --quik; bench/compare --help says what there is'
run --scenario P99
t_is "an unknown scenario" "$status $(err)" \
	'2 compare: there is no scenario P99; bench/compare --help says what there is'
run --scenario
t_has "a flag without its value" "$(err)" '--scenario wants a value'
t_has "no build" "$(BUILDDIR=$T_DIR "$compare" --quick 2>&1)" 'mqbroker is not there: build first'

# In parts: what was measured stays, and is not played again.
run --self --messages 300 --blocks 1 --parts "$T_DIR/parts" --only P1
t_is "a first part" "$status" 0
run --self --messages 300 --blocks 1 --parts "$T_DIR/parts" --only P1,one
t_has "the second part plays what is left" "$(err)" ' P3 one: '
t_has_not "and nothing else" "$(err)" ' P1 send: '
t_has "its table has all" "$(out)" '| P1  | send, 64 in flight, ASYNC'
t_has "its table has all of it" "$(out)" '| P3  | send, 1 x 1, ASYNC'
run --self --messages 200 --blocks 1 --parts "$T_DIR/parts" --only P1,one
t_has "parts of other runs are not mixed" "$status $(err)" 'is of another build, machine or set of flags'
run --self --messages 300 --blocks 1 --parts "$T_DIR/later" --minutes 1 --only P1
t_is "with a limit of time" "$status" 0

# Each load belongs to a session, and each line of the table to a load.
words() {
	sed -e '/^#/d' -e 's/[ 	]*|[ 	]*/|/g' "$SRCDIR/bench/compare.d/$1" | cut -d'|' -f"$2" | sort -u
}
t_is "sessions of the loads" "$(words loads 3)" "$(words sessions 1)"
t_is "loads of the table" "$(words lines 2)" "$(words loads 1)"

run --quick --scenario P18
t_has "what is too long for --quick" "$(err)" 'takes too long for --quick'
run --self --messages 300 --blocks 1 --only P0,P1,one --scenario one-sync --only idle,start-empty,open-20k
t_is "TwinMQ against itself" "$status" 0
[ "$status" -eq 0 ] || sed 's/^/# /' "$T_DIR/err"
t_has "the A/A check comes first" "$(out)" 'A/A check: '
for line in 'P1  | send, 64 in flight, ASYNC' 'P3  | send, 1 x 1, ASYNC' 'P3  | send, 1 x 1, SYNC' \
	'P15 | start to first message, empty'; do
	t_has "the table has $line" "$(out)" "| $line"
done
t_has_not "and not what was not asked for" "$(out)" '| P7'
t_is "the same in a file" "$(cat "$T_DIR/md")" "$(out)"
t_has "JSON" "$(cat "$T_DIR/json")" '"id":"P1","what":"send, 64 in flight, ASYNC","load":"send"'
t_is "a result for each run" "$(grep -o '"verdict":"holds"' "$T_DIR/json" | wc -l | tr -d " ")" 22
if command -v gnuplot >/dev/null; then
	t_has "a chart" "$(cat "$T_DIR/svg")" '</svg>'
else
	t_has "no chart, and why" "$(err)" 'gnuplot is not installed'
fi
t_has "an open loop with the disk beside it" "$(out)" '| P19 | open-20k | TwinMQ '
t_has "how long it takes" "$(err)" 'estimate: '
t_is "nothing is left" "$(left)" ''
t_has "only that" "$("$compare" --self --only P1,P19 --blocks 1 --estimate 2>&1)" 'estimate: '

# What a quick run leaves out, small.
run --self --messages 300 --blocks 1 --scenario P6 --scenario P15 --scenario P18 --only follow-1k-sync
t_is "the rest, small" "$status" 0
[ "$status" -eq 0 ] || sed 's/^/# /' "$T_DIR/err"
t_has "which it says" "$(out)" '--messages 300: only to try it out'
for line in 'P6  | 1,000,000 open, against none open' 'P15 | start, 10 M messages, clean' \
	'P15 | start, 10 M messages, after kill -9' 'P18 | P1 with 50 M unread, against none'; do
	t_has "the table has $line" "$(out)" "| $line"
done

# How warm a side is: it has stopped falling when three windows brought nothing new.
# shellcheck source=bench/compare.d/warm.sh
. "$SRCDIR/bench/compare.d/warm.sh"
falls() {
	printf '%s\n' "$@" | has_stopped_falling
}
t_ok "steady" falls 90 50 49 50 51
t_ok "noise upwards is none of its falling" falls 50 90 49 70
t_fails "it falls" falls 90 70 60 55
t_fails "it fell not long ago" falls 90 50 47 49
t_fails "too few windows" falls 50 50 50

# A signal ends it and what it started; what there is is told.
rm "$T_DIR/err"
TMPDIR=$BENCH_TMP "$compare" --self --scenario P1 --messages 1000 --blocks 1000 --json "$T_DIR/json" \
	--svg "$T_DIR/svg" --markdown "$T_DIR/md" >"$T_DIR/out" 2>"$T_DIR/err" &
bench=$!
T_PIDS="$T_PIDS $bench"
t_ok "it measures" t_wait 60 runs_now
kill -TERM $bench
wait $bench
t_is "SIGTERM ends it" $? 1
t_has "it says so" "$(out)" 'NOT COMPLETE: It was cut short by a signal. A/A check: '
t_has "and what there is" "$(out)" '| P0 | A/A'
t_is "and leaves nothing" "$(left)" ''

# A run that is void: its scenario has no figures, the others have.
mkdir "$T_DIR/build"
for program in mqbroker mqnamesrv; do
	ln -s "$BUILDDIR/$program" "$T_DIR/build/$program"
done
cat >"$T_DIR/build/mqbench" <<END
#!/bin/sh
"$BUILDDIR/mqbench" "\$@" && case " \$* " in *" send -w 1 "*" -t async "*) exit 1 ;; esac
END
chmod +x "$T_DIR/build/mqbench"
BUILDDIR=$T_DIR/build
run --self --messages 300 --blocks 1 --scenario P3 --scenario P2
t_is "a void run is no success" "$status" 1
t_has "it is named" "$(out)" \
	'NOT COMPLETE: Scenario P3 (load one) has no figures, as a run of TwinMQ is VOID: "mqbench send -w 1 -N 300". A/A'
t_has "in JSON, too" "$(cat "$T_DIR/json")" '"incomplete":"Scenario P3 (load one)'
t_has_not "its figures are not told" "$(out)" '| P3 | send, 1 x 1, ASYNC'
t_has "those of others are" "$(out)" '| P3 | send, 1 x 1, SYNC'
t_has "even after it" "$(out)" '| P2 | send, 64 connections x 1, ASYNC'
t_is "and nothing is left then" "$(left)" ''
t_done
