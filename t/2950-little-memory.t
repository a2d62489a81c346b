#!/bin/sh
# A request for which there is no memory is refused, and costs nobody but its sender anything.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

[ -z "${SANITIZERS-}" ] || t_skip_all "sanitizers need all of the address space"

room=40000 # kB of address space above what the daemon has after its start
starved() { # NAME PROGRAM KIND CASES ARGUMENTS
	s_name=$1 s_program=$2 s_kind=$3 s_cases=$4
	shift 4
	start "$s_name" "$s_program" "$@" || exit 1
	size=$(sed -n 's/^VmSize:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$(pid "$s_name")/status")
	t_ok "$s_kind: stops" stop "$s_name"
	# shellcheck disable=SC3045 # dash and bash have it
	ulimit -S -v $((size + room))
	start "$s_name" "$s_program" "$@" || exit 1
	# shellcheck disable=SC3045
	ulimit -S -v unlimited
	"$BUILDDIR/t/fuzz/badframes" "$(address "$s_name")" "$s_kind" "$s_cases" >"$T_DIR/lines"
	t_ok "$s_kind: cases were played" test -s "$T_DIR/lines"
	while IFS= read -r line; do
		t_is "$s_kind: ${line#*ok }" "${line%%ok *}" ""
	done <"$T_DIR/lines"
	t_ok "$s_kind: it lives" kill -0 "$(pid "$s_name")"
	t_ok "$s_kind: stops, with little memory" stop "$s_name"
}

starved ns mqnamesrv namesrv "a registration" -o storePath="$T_DIR/ns"
starved broker mqbroker broker "a heartbeat" -o storePathRootDir="$T_DIR/broker" \
	-o brokerIP1=127.0.0.1
t_done
