#!/bin/sh
# The Java pages of examples/messages, as a user runs them.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

command -v javac >/dev/null && command -v mvn >/dev/null || t_skip_all "javac and Maven are not here"
export BUILDDIR
start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1
broker a -o namesrvAddr="$(address ns)" || exit 1
"$SRCDIR/examples/messages/run" --java -n "$(address ns)" >"$T_DIR/out" 2>&1
sed 's/^/# /' "$T_DIR/out"
for page in sync async oneway ordered batch filter transaction delay; do
	t_has "$page" "$(sed -n "s/^  $page  *java *//p" "$T_DIR/out")" ok
done
t_done
