# The functions stand in t/lib/lib.sh.
# shellcheck shell=sh
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
