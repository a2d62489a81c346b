# shellcheck shell=sh
# Daemons whose wall clock a test moves, by faketime. Sourced after t/lib/lib.sh; ends the test with
# a skip where that cannot be.

clock_library=$(faketime -f +0d env 2>/dev/null | sed -n 's/^LD_PRELOAD=//p')
[ -n "$clock_library" ] || t_skip_all "faketime is not installed"
[ -z "${SANITIZERS-}" ] || t_skip_all "faketime and a sanitizer both want to be loaded first"

# step DAYS: the clock's distance from the machine's, from now on. T_STEPS: the name of the file that says
# so; daemons with a file of their own have a clock of their own.
step() {
	echo "$1d" >"$T_DIR/${T_STEPS:-step}"
}

# with_steps COMMAND ...: what it starts has the clock of the steps; the monotonic clock stays
with_steps() {
	LD_PRELOAD=$clock_library FAKETIME_TIMESTAMP_FILE=$T_DIR/${T_STEPS:-step} FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 \
		DONT_FAKE_MONOTONIC=1
	export LD_PRELOAD FAKETIME_TIMESTAMP_FILE FAKETIME_NO_CACHE FAKETIME_DONT_FAKE_MONOTONIC DONT_FAKE_MONOTONIC
	"$@"
	clock_status=$?
	unset LD_PRELOAD FAKETIME_TIMESTAMP_FILE FAKETIME_NO_CACHE FAKETIME_DONT_FAKE_MONOTONIC DONT_FAKE_MONOTONIC
	return $clock_status
}
