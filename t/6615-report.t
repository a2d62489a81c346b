#!/bin/sh
# The report of bench/compare from fixed results: pairs, intervals, verdicts, the table, JSON, the
# chart, and what is said of nonsense.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

command -v python3 >/dev/null || t_skip_all "python3 is not installed"
tab=$(printf '\t')

cat >"$T_DIR/lines" <<END
# a comment

P0 | aa   | good_per_second | rate | higher | ratio | -   | - | A/A
P1 | send | good_per_second | rate | higher | ratio | 3   | 5 | sending
P9 | send | latency_us.p99  | us   | lower  | ratio | 0.5 | - | p99 & all
P5 | send | brokers.written_bytes_per_message | bytes | lower | ours | - | 2500 | written
P8 | open | latency_us.p99  | us   | lower  | ours  | 1000 | - | open: p99
P8 | open | latency_us.max  | us   | lower  | ours  | 9500 | - | open: longest
P7 | none | good_per_second | rate | higher | ratio | 1   | - | not measured
END
sed "s/ \\\\t /$tab/g" >"$T_DIR/results" <<'END'
#title \t A title
#when \t today
#machine \t this one
#version \t one
#note \t It rains.
#side \t a \t TwinMQ
#side \t b \t The other
#side \t c \t The third
#warm \t session async \t b \t 21 \t steady \t 90.0 50 41.1 40 40.5
#warm \t send \t c \t 18 \t bound \t 90 80 70 60
open \t a \t 1 \t {"latency_us":{"p50":200,"p99":1200,"p99_9":5000,"max":9000},"begin_late_us":{"p99":70},"seals":1,"failed":0,"saturated":false,"brokers":{"cpu_us_per_message":20}}
open \t b \t 1 \t {"latency_us":{"p50":900,"p99":9000,"p99_9":9500,"max":9900},"failed":3,"saturated":true}
open \t disk \t 1 \t {"latency_us":{"p50":150,"p99":300,"p99_9":800,"max":900}}
open \t disk \t 1 \t {"latency_us":{"p50":170,"p99":400,"p99_9":900,"max":900}}
aa \t a \t 1 \t {"good_per_second":100}
aa \t b \t 1 \t {"good_per_second":100}
send \t a \t 1 \t {"good_per_second":40000,"latency_us":{"p99":900},"brokers":{"cpu_us_per_message":7.25,"anonymous_bytes_highest":20100000,"written_bytes_per_message":2000}}
send \t b \t 1 \t {"good_per_second":10000,"latency_us":{"p99":1200},"brokers":{"cpu_us_per_message":30,"anonymous_bytes_highest":1500000000,"written_bytes_per_message":1000}}
send \t c \t 1 \t {"good_per_second":1000,"latency_us":{"p99":2400}}
END

# report [FLAGS ...]: its output in $T_DIR/out, its status in $status
report() {
	python3 "$SRCDIR/bench/compare.d/report.py" --lines "$T_DIR/lines" "$@" "$T_DIR/results" >"$T_DIR/out" 2>"$T_DIR/err"
	status=$?
}
# json EXPRESSION: of the document `all`
json() {
	python3 -c 'import json, sys; all = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$T_DIR/json" "$1"
}
out() { cat "$T_DIR/out"; }

report --json "$T_DIR/json" --markdown "$T_DIR/md"
t_is "it ends well" "$status $(cat "$T_DIR/err")" '0 '
t_is "the head" "$(head -n 5 "$T_DIR/out")" "$(printf 'A title  \ntoday  \nthis one  \none  \n%s' \
	'A/A check: 1.00 (1.00 to 1.00 in 1 pairs), within 0.95 to 1.05.')"
t_has "a line against the strongest" "$(out)" \
	'| P1 | sending   | 4.00         | 40 k/s | 10 k/s | The other | 7.2 / 30.0 | 20.1 / 1500.0 | 2000 / 1000 | >= 3x (5x)       | yes          |'
t_has "less is better" "$(out)" '| P9 | p99 & all | 0.75         | 900 us | 1.2 ms | The other |'
t_has "a target that is missed" "$(out)" '| <= 0.5x          | NO           |'
t_has "a target of ours alone" "$(out)" '| <= - (2500 B)    | yes, stretch |'
t_has_not "no line without a run" "$(out)" 'P7'
t_has "notes" "$(out)" '- It rains.'
t_has_not "an open loop has no line of its own in the first table" "$(out)" 'open: p99'
t_has "but one in the second, with what is missed, and the disk beside it" "$(out)" \
	'| P8 | open | TwinMQ              | 200 us | 1.2 ms NO (<= 1 ms) | 5 ms   | 9 ms    | 20     |           | 1        | 70 us           |           | 0      | 160 us / 350 us / 850 us |'
t_has "who did not keep up" "$(out)" '| P8 | open | The other SATURATED |'
t_has "how warm it was" "$(out)" '| session async | The other | 21      | 90.0                       | 41.1 40.0 40.5    |'
t_has "who was not warm" "$(out)" '| send          | The third | 18      | 90.0                       | 80.0 70.0 60.0    | THE BOUND IN TIME WAS REACHED |'
t_is "the same in a file" "$(cat "$T_DIR/md")" "$(out)"
t_is "JSON: verdicts" "$(json '[(l["id"], l["met"], l["stretch_met"], l["strongest"]) for l in all["lines"]][1:4]')" \
	"[('P1', True, False, 'The other'), ('P9', False, False, 'The other'), ('P5', True, True, 'The other')]"
t_is "JSON: ratios of both" "$(json '[o["ratio"] for o in all["lines"][1]["others"]]')" '[4.0, 40.0]'
t_is "JSON: all runs" "$(json 'len(all["runs"]), all["too_noisy"], all["incomplete"]')" '(9, False, None)'

# The k-th of ours belongs to their k-th: A B B A makes two pairs, and the interval holds both.
sed -i "/^aa/d; /^send${tab}c/d" "$T_DIR/results"
cat >>"$T_DIR/results" <<END
send${tab}b${tab}1${tab}{"good_per_second":20000}
send${tab}a${tab}1${tab}{"good_per_second":60000}
#incomplete${tab}It was cut short.
END
report --json "$T_DIR/json"
t_has "two pairs" "$(out)" '3.50 (3.00-4.00)'
t_has "what is incomplete comes first" "$(out)" 'NOT COMPLETE: It was cut short. A/A check: not made.'

# Many values close to each other say more than a few far apart.
for i in 1 2 3 4 5 6 7 8 9; do
	printf 'aa\ta\t%d\t{"good_per_second":1%d0}\naa\tb\t%d\t{"good_per_second":100}\n' $i $i $i >>"$T_DIR/results"
done
report --json "$T_DIR/json"
t_is "an interval of many" "$(json '1.1 < all["lines"][0]["others"][0]["ratio_low"] < 1.5 < all["lines"][0]["others"][0]["ratio_high"] < 1.9')" True
cp "$T_DIR/out" "$T_DIR/first"
report
t_is "the draws are always the same" "$(out)" "$(cat "$T_DIR/first")"
t_has "a machine that is too noisy" "$(out)" 'A/A check: 1.50'
t_has "and what follows" "$(out)" 'NOTHING BELOW CAN BE CONCLUDED'

if command -v gnuplot >/dev/null; then
	report --svg "$T_DIR/svg"
	t_is "a chart" "$status $(cat "$T_DIR/err")" '0 '
	t_has "with what it shows" "$(cat "$T_DIR/svg")" 'sending'
	t_has "to its end" "$(cat "$T_DIR/svg")" '</svg>'
	cp "$T_DIR/results" "$T_DIR/saved"
	sed -i "/${tab}b${tab}/d" "$T_DIR/results"
	report --svg "$T_DIR/none"
	cp "$T_DIR/saved" "$T_DIR/results"
	t_is "no chart where there is nothing to compare" "$status" 0
	t_has "but the table" "$(out)" '| P1 | sending'
	t_has "and why" "$(cat "$T_DIR/err")" 'no line has a ratio'
fi
python=$(python3 -c 'import sys; print(sys.executable)')
PATH=$T_DIR "$python" "$SRCDIR/bench/compare.d/report.py" --lines "$T_DIR/lines" --svg "$T_DIR/none" "$T_DIR/results" >"$T_DIR/out" 2>"$T_DIR/err"
t_is "without gnuplot it ends well" $? 0
t_has "and says how to get it" "$(cat "$T_DIR/err")" 'gnuplot is not installed'

# refused WHAT FILE LINE
refused() {
	cp "$T_DIR/$2" "$T_DIR/saved"
	printf '%b\n' "$3" >>"$T_DIR/$2"
	report
	cp "$T_DIR/saved" "$T_DIR/$2"
	t_is "$1: refused in one line" "$status $(wc -l <"$T_DIR/err")" '2 1'
	t_has "which names the file" "$(cat "$T_DIR/err")" "$T_DIR/$2: "
}
refused "a line of eight fields" lines 'P1 | send | good_per_second | rate | higher | ratio | 1 | 2'
refused "an unknown unit" lines 'P1 | send | good_per_second | parsec | higher | ratio | 1 | 2 | x'
refused "a run without a result" results 'send\ta\t1'
refused "a block that is no number" results 'send\ta\tone\t{}'
refused "JSON that is cut" results 'send\ta\t1\t{'
refused "an unknown remark" results '#what\tis this'
rm "$T_DIR/results"
report
t_is "no results: in one line" "$status $(cat "$T_DIR/err")" "2 compare: $T_DIR/results: No such file or directory"
t_done
