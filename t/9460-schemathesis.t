#!/bin/sh
# The broker's API against its own description, by schemathesis: what comes is what etc/openapi.json says (D11).
# shellcheck source=t/interop/interop.sh
. "${SRCDIR:-.}/t/interop/interop.sh"
# shellcheck source=t/lib/http.sh
. "$SRCDIR/t/lib/http.sh"

version=4.32.5
interop_need python3
modules=$INTEROP_CACHE/schemathesis-$version
pip_fetch() { # FOLDER
	python3 -m venv "$T_DIR/venv" && "$T_DIR/venv/bin/pip" install -q --target "$1" "schemathesis==$version"
}
[ -d "$modules" ] || interop_fetch "$modules" pip_fetch || interop_skip "pip cannot fetch schemathesis $version"

begin b -o bindAddress=127.0.0.1
make_topic T b
token="Authorization: Bearer $(cat "$T_DIR/b/http-token")"

post() { # PATH BODY
	web -H "$token" -H 'Content-Type: application/json' --data-binary "$2" "$(url b)/v1/$1"
}
post topics/T/messages '{"messages":[{"body":"one","keys":"k"},{"body":"two"}]}' >/dev/null
rawcall -B '{"groupName":"G"}' "$b" 200 >/dev/null
id=$(post topics/T/transactions '{"group":"G","body":"half"}' | sed -n 's/.*"id":"\([0-9A-F]*\)".*/\1/p')
t_ok 'there is something to ask for' test -n "$id"

# judge NAME EXAMPLES: the same requests each time. Streams have no end, and are not its business.
judge() {
	j_name=$1
	(
		cd "$T_DIR" && NO_PROXY=127.0.0.1 PYTHONPATH=$modules timeout 600 python3 -m schemathesis.cli --config-file "$T_DIR/$j_name.toml" \
			run "$SRCDIR/etc/openapi.json" --url "$(url b)" -H "$token" --exclude-operation-id events --phases examples,coverage,fuzzing \
			--checks not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,unsupported_method,allow_header_conformance \
			--seed 1 --generation-deterministic --suppress-health-check all --max-examples "$2" \
			--request-timeout 60 --no-shrink --no-color --warnings off
	) >"$T_DIR/$j_name.out" 2>&1
	t_result $? "what the API answers is what its description says: $j_name" "$(tail -n 60 "$T_DIR/$j_name.out")"
	n=$(sed -n 's/^ *\([0-9]*\) generated.*/\1/p' "$T_DIR/$j_name.out")
	t_ok 'of many requests' test "${n:-0}" -ge 300
	t_is 'the broker lives' "$(status "$(url b)/healthz")" 200
}
# Names that are there reach what is behind the first checks; others do not.
cat >"$T_DIR/known.toml" <<END
[parameters]
"path.topic" = "T"
"path.group" = "G"
"path.id" = "$id"
"path.key" = "k"
END
: >"$T_DIR/any.toml"
judge known 10
judge any 3
t_ok 'the broker stops' stop b
t_done
