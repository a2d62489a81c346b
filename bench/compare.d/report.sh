# shellcheck shell=sh
# What came of it, for people and programs. Sourced by bench/compare.

# report: the table on stdout; JSON, chart and the table again in files
report() {
	{
		printf '#title\t%s\n' "$(report_title)"
		printf '#when\t%s\n' "$(date -u '+%Y-%m-%d %H:%M UTC')"
		printf '#machine\t%s\n' "$(report_machine)"
		printf '#version\t%s\n' "$(report_versions)"
		for side in a b $releases $(cut -f2 "$T_DIR/results" | grep -xE 'redis|nats' | sort -u); do
			printf '#side\t%s\t%s\n' "$side" "$(side_label "$side")"
		done
		[ ! -s "$T_DIR/incomplete" ] || printf '#incomplete\t%s\n' "$(paste -sd' ' "$T_DIR/incomplete")"
		sed 's/^/#note	/' "$T_DIR/notes"
		cat "$T_DIR/warm"
		printf '#note\t%s\n' "$(report_stolen)"
		printf '#note\tIt took %d minutes and %d seconds.\n' $(($(elapsed) / 60)) $(($(elapsed) % 60))
		cat "$T_DIR/results"
	} >"$T_DIR/all"
	python3 "$compare/report.py" --lines "$T_DIR/lines" --json "$json" --svg "$svg" --markdown "$markdown" "$T_DIR/all"
	report_status=$?
	say "also in $json, $markdown and, with gnuplot, $svg"
	return $report_status
}

report_title() {
	case $mode,$AGAINST in
	quick,) printf 'TwinMQ and Apache RocketMQ, bench/compare --quick' ;;
	*,) printf 'TwinMQ and Apache RocketMQ, bench/compare' ;;
	*) printf '%s and %s, bench/compare' "$(side_label a)" "$(side_label b)" ;;
	esac
	[ -z "$messages" ] || printf ' --messages %s: only to try it out, with so few messages for millions, too' "$messages"
}

report_machine() {
	printf '%s processors (%s), %s MB of memory, Linux %s' "$(getconf _NPROCESSORS_ONLN)" \
		"$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" \
		"$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)" "$(uname -r)"
}

# A machine may be one of several on the same processors.
report_stolen() {
	cat "$T_DIR/stat" /proc/stat | awk '
		$1 == "cpu" && !seen++ {
			for (i = 2; i <= 9; i++)
				time -= $i
			stolen -= $9
			next
		}
		$1 == "cpu" {
			for (i = 2; i <= 9; i++)
				time += $i
			stolen += $9
		}
		END {
			part = time ? 100 * stolen / time : 0
			printf "Other machines took %.1f %% of the processors from this one.", part
		}'
}

report_versions() {
	report_commit=$(git -C "$SRCDIR" describe --always --dirty 2>/dev/null)
	printf '%s%s' "$("$BUILDDIR/mqbroker" -V)" "${report_commit:+, commit $report_commit}"
	[ -n "$AGAINST" ] || printf '; %s' "$(java -version 2>&1 | head -n 1)"
}
