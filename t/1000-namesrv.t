#!/bin/sh
# The name server alone: registration, routes, removal (NS1, NS3, NS5, NS9).
# shellcheck source=t/lib.sh
. "${SRCDIR:-.}/t/lib.sh"

start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1
ns=$(address ns)

got=$(rawcall "$ns" 105 topic=T1)
t_is 'unknown topic: 17' "$(echo "$got" | field code)" 17
t_has 'and why: no broker' "$got" 'no broker is registered'

t_done
