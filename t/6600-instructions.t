#!/bin/sh
# What a message costs the broker, in instructions, is at most 5 % above what is recorded.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

if ! command -v valgrind >/dev/null && [ "${CI-}" != true ]; then
	t_skip_all "valgrind is not installed"
fi
[ -z "${SANITIZERS-}" ] || t_skip_all "a build with sanitizers executes other instructions"

"$SRCDIR/bench/count-instructions" >"$T_DIR/out" 2>&1
status=$?
sed 's/^/# /' "$T_DIR/out"
[ $status -ne 77 ] || t_skip_all "the recorded instructions are of another compiler or library"
t_result $status "a message costs at most 5 % more instructions than recorded"
t_done
