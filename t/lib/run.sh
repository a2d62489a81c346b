#!/bin/sh
# Bridge between automake's TAP driver and test programs: run.sh PROGRAM.
# Criterion programs report TAP on fd 3, so that what the tests print goes to
# the log and never counts as a result. Sanitizer reports fail the program
# even when each case passed (LeakSanitizer speaks after the last one).
set -u
prog=$1
shift
report=$(mktemp -d) || exit 99
trap 'rm -rf "$report"' EXIT
ASAN_OPTIONS="log_path=$report/san:detect_leaks=1:${ASAN_OPTIONS-}"
UBSAN_OPTIONS="print_stacktrace=1:log_path=$report/san:${UBSAN_OPTIONS-}"
TSAN_OPTIONS="log_path=$report/san:${TSAN_OPTIONS-}"
LSAN_OPTIONS="suppressions=${SRCDIR:-.}/t/lib/lsan.supp:print_suppressions=0"
export ASAN_OPTIONS UBSAN_OPTIONS TSAN_OPTIONS LSAN_OPTIONS

case $prog in
*/unit/*) "$prog" --output=tap:/dev/fd/3 "$@" 3>&1 1>&2 ;;
*) "$prog" "$@" ;;
esac
status=$?

if [ -n "$(ls "$report")" ]; then
	cat "$report"/* >&2
	echo "Bail out! sanitizer report, see the log"
	exit 1
fi
exit $status
