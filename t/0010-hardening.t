#!/bin/sh
# What the compiler and the linker do against attacks is in each program that is installed.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

command -v readelf >/dev/null || t_skip_all "readelf is not installed"
[ -z "${SANITIZERS-}" ] || t_skip_all "a build with sanitizers is not hardened"
[ "$(uname -m)" = x86_64 ] || t_skip_all "only x86-64 has these marks"

features() {
	readelf -n "$1" 2>/dev/null | sed -n 's/.*x86 feature: //p'
}

# Objects of ours that could not be reached by an indirect branch, or have no mark.
without_mark() {
	find "$BUILDDIR/common" "$BUILDDIR/broker" "$BUILDDIR/nameserver" "$BUILDDIR/client" "$BUILDDIR/admin" -name '*.o' |
		while read -r object; do
			[ "$(features "$object")" = "IBT, SHSTK" ] || echo "$object"
		done
}

t_is "each object is marked for branch tracking and the shadow stack" "$(without_mark)" ""
for program in mqbroker mqnamesrv mqadmin mqcluster; do
	t_has "$program: shadow stack" "$(features "$BUILDDIR/$program")" SHSTK
	t_has "$program: position independent" "$(readelf -h "$BUILDDIR/$program")" DYN
	t_has "$program: bound at its start" "$(readelf -d "$BUILDDIR/$program")" NOW
	t_has "$program: relocations are read-only afterwards" "$(readelf -lW "$BUILDDIR/$program")" GNU_RELRO
	t_has_not "$program: no executable stack" "$(readelf -lW "$BUILDDIR/$program" | grep GNU_STACK)" RWE
	t_has "$program: stack protector" "$(readelf -sW --dyn-syms "$BUILDDIR/$program")" __stack_chk_fail
done
t_done
