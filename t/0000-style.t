#!/bin/sh
# The house rules that a machine can check.
set -u
cd "${SRCDIR:-$(dirname "$0")/..}" || exit 99
n=0

# check NAME FUNCTION: what the function prints are findings; none is a pass
check() {
	n=$((n + 1))
	found=$($2)
	if [ -z "$found" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		echo "$found" | head -40 | sed 's/^/# /'
	fi
}

sources=$(find common broker nameserver client admin bench examples console -name '*.[ch]' 2>/dev/null | sort)
tests=$(find t -name '*.[ch]' | sort)

# Who may include whom: folder, then what it may not include.
inclusions() {
	grep -nE '#include "(broker|nameserver|client|admin|bench|console|t)/' common/*.[ch]
	grep -nE '#include "(broker|client|admin|bench|t)/' nameserver/*.[ch]
	grep -nE '#include "(nameserver|client|admin|bench|t)/' broker/*.[ch] broker/store/*.[ch]
	grep -nE '#include "broker/[a-z_]+\.h"' broker/store/*.[ch]
	grep -nE '#include "broker/store/' broker/*.[ch] | grep -vE '/(store|tail|half|ahead)\.h"'
	grep -nE '#include "(broker|nameserver|admin|bench|t)/' client/*.[ch]
	grep -nE '#include "(broker|nameserver|bench|t)/' admin/*.[ch]
	grep -nE '#include "(broker|nameserver|admin|t)/' bench/*.[ch]
	grep -nE '#include "(broker|nameserver|admin|bench|t)/' examples/*/*.[ch]
}

# The broker's state modules know neither each other nor the services.
state_modules() {
	for module in topic group offset client stats; do
		for file in broker/$module.[ch] broker/${module}_*.[ch]; do
			[ -f "$file" ] || continue
			case $file in broker/topic_c*) continue ;; esac # services, not state
			grep -nHE '#include "broker/(broker|topic|group|offset|client|stats|register|handlers)\.h"' "$file" |
				grep -v "\"broker/$module\\.h\""
		done
	done
}

config_first() {
	for file in $(echo "$sources $tests" | tr ' ' '\n' | grep '\.c$'); do
		[ "$(grep -m1 '^#include' "$file")" = '#include "config.h"' ] || echo "$file"
	done
}

# shellcheck disable=SC2086 # lists of files
banned() {
	grep -nwE 'strcpy|strcat|sprintf|vsprintf|gets|strtok|alloca|system|popen|mktemp|tmpnam|rand' $sources |
		grep -vE '^[^:]*:[0-9]*:[[:space:]]*(/?\*|//)' | grep -E '(strcpy|strcat|sprintf|gets|strtok|alloca|system|popen|mktemp|tmpnam|rand)\('
}

# shellcheck disable=SC2086
long_files() {
	wc -l $sources $tests | awk '$2 != "total" && $1 > 600 { print }'
}

# A definition begins with its name in the first column (see .clang-format).
# shellcheck disable=SC2086
long_functions() {
	awk 'FNR == 1 { start = 0 }
		/^[a-z_][a-z0-9_]*\(/ { name = $1 }
		/^\{/ { start = FNR }
		/^\}/ { if (start && FNR - start > 71) print FILENAME ":" start ": " name " " FNR - start " lines"; start = 0 }' \
		$sources
}

# shellcheck disable=SC2086
typedefs() {
	grep -nE 'typedef (struct|enum|union)' $sources
}

suites() {
	for file in $(echo "$tests" | grep 't/unit/test_'); do
		grep -q 'TestSuite(' "$file" && ! grep -q '\.timeout' "$file" && echo "$file"
	done
}

manuals() {
	mandoc -T lint -W style man/*.[1-8] 2>/dev/null |
		grep -vE 'referenced manual not found|outdated mandoc.db'
}

scripts() {
	shellcheck -x -S warning quickstart runtests examples/*/run bench/compare bench/count-instructions etc/packages .ci/run t/*.sh t/*.t 2>&1
}

generated() {
	git ls-files 2>/dev/null |
		grep -E '(^|/)(configure|Makefile\.in|aclocal\.m4|config\.h\.in)$|\.(o|a|so|jar|class|db|db-wal)$'
}

# Each row of the daemons' tables by its name and code in the manual of the protocol.
requests() {
	cat broker/commands.c nameserver/commands.c | tr -d '\n' |
		grep -oE '(HANDLER_(TYPED|PLAIN)\([[:space:]]*[A-Z0-9_]+|\{ REQUEST_[A-Z0-9_]+)' |
		sed -E 's/^(HANDLER_(TYPED|PLAIN)\([[:space:]]*|\{ REQUEST_)//' | sort -u |
		while read -r name; do
			code=$(sed -nE "s/.*X\\($name, ([0-9]+)\\).*/\\1/p" common/protocol/codes.h)
			grep -A1 -x ".It $code" man/mq-protocol.7 | grep -qx ".Dv $name ." ||
				echo "mq-protocol.7 lacks $name ($code)"
		done
}

# A test that stands in no list is never run.
listed_tests() {
	for file in t/[0-9]*.t; do
		grep -q "%D%/$(basename "$file")" t/programs.inc || echo "$file"
	done
}

# check_with PROGRAM NAME FUNCTION
check_with() {
	if command -v "$1" >/dev/null; then
		check "$2" "$3"
	else
		n=$((n + 1))
		echo "ok $n - $2 # SKIP $1 is not installed"
	fi
}

echo 1..13
check "the inclusion graph" inclusions
check "state modules do not include each other" state_modules
check "config.h comes first" config_first
check "no banned functions" banned
check "a file is at most 600 lines" long_files
check "a function fits a screen" long_functions
check "no typedefs of structs" typedefs
check "each suite has a time-out" suites
check_with mandoc "manual pages are clean" manuals
check_with shellcheck "shell scripts are clean" scripts
check "nothing generated is tracked" generated
check "each request stands in the manual of the protocol" requests
check "each test is run" listed_tests
