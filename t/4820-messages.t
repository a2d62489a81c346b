#!/bin/sh
# The pages of examples/messages, as a user runs them: each shows what it says, in C, and in Java where
# a JDK and Maven are.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

export BUILDDIR
run=$SRCDIR/examples/messages/run
"$run" nonsense >/dev/null 2>&1
t_is "a page that is none" $? 2

start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1
for broker in a b; do
	broker $broker -o namesrvAddr="$(address ns)" || exit 1
done

# pages LANGUAGE PAGE ...: each is a case; what was printed is shown when it fails
pages() {
	language=$1
	shift
	for page; do
		t_ok "$page in $language" "$run" "--$language" -n "$(address ns)" "$page"
	done
}

pages c sync async oneway ordered batch filter transaction delay
if command -v javac >/dev/null && command -v mvn >/dev/null; then
	# One run, because it compiles all pages.
	t_ok "all in Java" "$run" --java -n "$(address ns)"
else
	t_skip "all in Java" "javac and Maven are not here"
fi
t_done
