#!/bin/sh
# A witness that votes is small.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
[ -z "${SANITIZERS-}" ] || t_skip_all 'a sanitizer needs more memory than the program'
# shellcheck source=t/lib/quorum.sh
. "${SRCDIR:-.}/t/lib/quorum.sh"

# resident NAME: kilobytes
resident() {
	awk '$1 == "VmRSS:" { print $2 }' "/proc/$(pid "$1")/status"
}

quorum || exit 1
t_ok 'a leader is elected' t_wait 30 has_leader
t_is 'the witness votes' "$(leader "$Q3")" "$(leader)"
kb=$(resident q3)
echo "# $kb KB resident, another server of the quorum $(resident q1)"
t_ok 'and needs less than 6 MB' [ "$kb" -lt 5860 ]
stop q3
t_is 'it stops well' $? 0
t_done
