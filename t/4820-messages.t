#!/bin/sh
# The C pages of examples/messages, as a user runs them: each shows what it says.
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

for page in sync async oneway ordered batch filter transaction delay; do
	t_ok "$page" "$run" --c -n "$(address ns)" $page
done
t_done
