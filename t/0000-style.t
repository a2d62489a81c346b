#!/bin/sh
# The house rules that a machine can check.
set -u
BUILDDIR=$(cd "${BUILDDIR:-$(dirname "$0")/../build}" && pwd) || exit 99
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

# A tarball has what bison made of the grammar, which is not ours to lay out.
sources=$(find common broker nameserver client admin bench examples console -name '*.[ch]' ! -name 'sql_grammar.?' 2>/dev/null | sort)
tests=$(find t -name '*.[ch]' | sort)

# Every room, and what its files may include. A name is a room, a header without .h, or with / at
# its end a whole tree. A room may include itself.
rooms() {
	sed 's/[[:space:]]*#.*//' <<-ROOMS
	common/base:
	common/json:              common/base
	common/protocol:          common/base common/json
	common/filter:            common/base common/protocol
	common/net:               common/base common/protocol
	common/config:            common/base
	common/http:              common/base common/json common/net common/config
	common/account:           common/base common/http
	common/daemon:            common/
	nameserver/quorum:        common/
	nameserver:               nameserver/quorum console/console common/
	broker:                   broker/ common/
	broker/state:             broker/options broker/store/store common/
	broker/cluster:           $ground broker/state
	broker/catalog:           $ground broker/state broker/cluster
	broker/delay:             $ground broker/state
	broker/pull:              $ground broker/state broker/catalog broker/consumers
	broker/pop:               $ground broker/state broker/cluster broker/catalog broker/consumers broker/pull broker/send
	broker/consumers:         $ground broker/state broker/catalog broker/cluster
	broker/transaction/decide: $ground broker/state broker/delay
	broker/transaction/check: $ground broker/state broker/cluster broker/consumers broker/delay broker/transaction/decide
	broker/transaction:       $ground broker/state broker/catalog broker/transaction/decide broker/transaction/check broker/delay
	broker/retention:         $ground broker/state broker/delay broker/consumers broker/transaction broker/trend
	broker/send:              $ground broker/state broker/catalog broker/cluster broker/delay broker/transaction/decide broker/retention
	broker/http:              $ground broker/state broker/catalog broker/cluster broker/consumers broker/delay broker/pop broker/pull broker/send broker/transaction
	broker/trace:             $ground broker/state broker/delay
	broker/reply:             $ground broker/state broker/consumers broker/send
	broker/sql:               $ground broker/state
	broker/trend:             $ground broker/state broker/consumers
	broker/replica:           $ground broker/state broker/cluster broker/catalog broker/consumers
	broker/store/sqlite:      common/
	broker/store/index:       common/
	broker/store/log:         broker/store/version broker/store/index broker/store/sqlite common/
	broker/store/meta:        broker/store/version broker/store/store broker/store/log broker/store/sqlite common/
	broker/store/half:        broker/store/store broker/store/meta broker/store/sqlite common/
	broker/store/timed:       broker/store/store broker/store/half broker/store/sqlite common/
	broker/store/append:      $store_ground broker/store/log
	broker/store/tail:        $store_ground broker/store/index broker/store/log
	broker/store/reader:      $store_ground broker/store/index broker/store/log
	broker/store/closer:      $store_ground broker/store/log broker/store/reader broker/store/sqlite
	broker/store/writer:      $store_ground broker/store/append broker/store/closer broker/store/half broker/store/log broker/store/meta broker/store/reader broker/store/sqlite broker/store/tail broker/store/timed
	broker/store/expire:      $store_ground broker/store/log broker/store/reader broker/store/writer
	broker/store:             broker/store/ common/
	client:                   common/
	admin:                    client common/
	console:                  admin client common/
	bench:                    client common/
	examples/common:          client common/
	examples/bank-transfer:   client examples/common common/
	examples/messages:        client common/
	examples/shop:            client examples/common common/
	ROOMS
}

# What each room of the broker may include: the ground, and the store's doors.
ground='broker/context broker/options broker/store/store broker/store/tail/tail broker/store/half/half broker/store/timed/timed broker/store/reader/readahead common/'

# ... and what each room of the store may: headers without a room's knowledge.
store_ground='broker/store/base broker/store/inbox broker/store/pull_count broker/store/store common/'

# Prints FILE ROOM INCLUDED for each include of a header of ours.
includes() {
	# shellcheck disable=SC2086
	grep -HoE '^#include "[^"]+\.(h|inc)"' $sources |
		sed -nE 's!^(.*)/([^/]+):#include "([^"]+/[^"]+)"!\1/\2 \1 \3!p'
}

inclusions() {
	{ rooms; includes; } | awk '
		function may(list, header,   i, n, names, folder) {
			folder = header
			sub(/\/[^\/]*$/, "", folder)
			n = split(list, names, " ")
			for (i = 1; i <= n; i++)
				if (folder == names[i] || header == names[i] ".h" ||
				    (names[i] ~ /\/$/ && index(header, names[i]) == 1))
					return 1
			return 0
		}
		$1 ~ /:$/ { room = $1; sub(/:$/, "", room); $1 = ""; allowed[room] = room " " $0; next }
		!($2 in allowed) { print $1 " is in no room"; next }
		!may(allowed[$2], $3) { print $1 " may not include " $3 }'
}

# calls OBJECT ...: prints a cycle, if there is one, of files that call each other
calls() {
	nm -A "$@" 2>/dev/null | awk '
		{ file = $1; sub(/:[0-9a-f]*$/, "", file); sub(/.*[\/:]/, "", file) }
		$(NF - 1) ~ /^[TDR]$/ { defined[$NF] = file }
		$(NF - 1) == "U" { used[file, $NF] }
		END {
			for (one in used) {
				split(one, part, SUBSEP)
				if (part[2] in defined)
					print part[1], defined[part[2]]
			}
		}' | { tsort >/dev/null; } 2>&1
}

# The client's files stand on floors (client/handle.h).
client_calls() {
	calls "$BUILDDIR"/client/*.o
}

# The store's rooms stand on each other, store.c is the roof.
store_calls() {
	calls "$BUILDDIR"/broker/store/libstore.a
}

# Arrows between rooms of the store, as the table has them: no cycle.
store_rooms() {
	rooms | awk '$1 ~ /^broker\/store\/[a-z]+:$/ {
			for (i = 2; i <= NF; i++)
				if ($i ~ /^broker\/store\/[a-z]+$/ && $i !~ /\/(store|base|inbox|version)$/)
					print substr($1, 1, length($1) - 1), $i
		}' | { tsort >/dev/null; } 2>&1
}

# The rooms as they include each other, as pairs for tsort. Folders that hold both the ground (.h) and
# the roof (.c) of their rooms count file by file.
room_graph() {
	includes | awk '
		function node(path,   folder, alone) {
			folder = path
			sub(/\/[^\/]*$/, "", folder)
			# half.h has the words of store.h, and its room is above both
			alone = folder == "broker" || folder == "broker/store" || path == "broker/store/half/half.h" || path == "broker/store/timed/timed.h"
			return alone ? path : folder
		}
		node($1) != node($3) { print node($1), node($3) }' | sort -u
}

circles() {
	room_graph | tsort 2>&1 >/dev/null | sed 's/^tsort: //'
}

# One tag, one meaning: a struct or enum that is defined twice.
# shellcheck disable=SC2086
tags_defined_twice() {
	grep -hoE '^(struct|enum) [a-z_0-9]+ \{' $sources | sort | uniq -d
}

# The parameters of a parameter that is a function are not counted.
# shellcheck disable=SC2046
many_parameters() {
	awk '/^[a-z_][a-z0-9_]*\(/ { name = $0; sub(/\(.*/, "", name); text = "" ; open = 1 }
		open { text = text $0 }
		open && /\)$/ {
			open = 0
			sub(/^[^(]*\(/, "", text)
			while (gsub(/\([^()]*\)/, "", text))
				;
			if (gsub(/,/, ",", text) > 5)
				print FILENAME ": " name " has more than 6 parameters"
		}' $(echo "$sources" | grep '^broker/.*\.c$')
}

# Headers that everybody had to know.
common_headers() {
	find broker -name handlers.h -o -name store_private.h
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
format() {
	clang-format --dry-run $sources $tests 2>&1 | grep 'warning:'
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

# Most of this test's time: what was checked once, with the same libraries, has a stamp.
scripts() {
	stamps=$BUILDDIR/shellcheck
	mkdir -p "$stamps"
	libraries=$(cat t/*/*.sh examples/common/run.sh bench/compare.d/*.sh | cksum)
	for script in quickstart runtests examples/*/run examples/common/run.sh bench/compare bench/count-instructions \
		bench/tail-latency etc/packages .ci/run t/*/*.sh t/*.t; do
		stamp=$stamps/$({ echo "$script $libraries" && cat "$script"; } | cksum | tr ' ' -)
		[ -e "$stamp" ] || echo "$script $stamp"
	done | xargs -r -n 2 -P 2 sh -c 'shellcheck -x -S warning "$0" && : >"$1"' 2>&1
}

generated() {
	git ls-files 2>/dev/null |
		grep -E '(^|/)(configure|Makefile\.in|aclocal\.m4|config\.h\.in|sql_grammar\.[ch])$|\.(o|a|so|jar|class|db|db-wal)$'
}

# Each row of a family of requests by its name and code in the manual of the protocol.
requests() {
	grep -rhE -A2 --include='*.c' 'HANDLER_(TYPED|PLAIN)\(|\{ REQUEST_' broker nameserver | tr -d '\n' |
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
	for file in t/unit/test_*.c; do
		grep -qE "${file%.c}( |\$)" t/unit/Makefile.inc || echo "$file"
	done
}

# check_with PROGRAM NAME FUNCTION
check_with() {
	if command -v "$1" >/dev/null; then
		check "$2" "$3"
	else
		skip "$2" "$1 is not installed"
	fi
}

# skip NAME WHY
skip() {
	n=$((n + 1))
	echo "ok $n - $1 # SKIP $2"
}

echo 1..19
check "each room includes what it may" inclusions
check "calls between files of the client have no cycle" client_calls
check "calls between files of the store have no cycle" store_calls
check "the rooms of the store have no cycle" store_rooms
check "config.h comes first" config_first
check "no banned functions" banned
# Each version of clang-format has its own taste; .clang-format was written for this one.
formatter=$(clang-format --version 2>/dev/null | sed -n 's/.*version \([0-9]*\).*/\1/p')
if [ "${formatter:-14}" = 14 ]; then
	check_with clang-format "the code is laid out as .clang-format says" format
else
	skip "the code is laid out as .clang-format says" "clang-format is version $formatter, not 14"
fi
check "a function fits a screen" long_functions
check "no typedefs of structs" typedefs
check "each suite has a time-out" suites
check_with mandoc "manual pages are clean" manuals
check_with shellcheck "shell scripts are clean" scripts
check "nothing generated is tracked" generated
check "each request stands in the manual of the protocol" requests
check "each test is run" listed_tests
check "rooms include each other in no circle" circles
check "a tag of a struct or enum is defined once" tags_defined_twice
check "a function of the broker has at most six parameters" many_parameters
check "no header is of all rooms" common_headers
