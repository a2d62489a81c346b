#!/bin/sh
# The example of the shop, as a user runs it, while its programs and both brokers are killed: every
# order has its end, and the books of all four programs agree.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

export BUILDDIR
run=$SRCDIR/examples/shop/run

# row NAME: the number behind it in the table
row() {
	sed -n "s/^  $1  *\(-*[0-9][0-9]*\)$/\1/p" "$T_DIR/out"
}

"$run" --order 2>"$T_DIR/out"
t_is "a flag that is none" $? 2
t_has "shows how" "$(cat "$T_DIR/out")" "run [--orders N]"

"$run" --faults --orders 60 --rate 30 -d "$T_DIR/shop" >"$T_DIR/out" 2>&1
t_is "it runs with faults" $? 0
sed 's/^/# /' "$T_DIR/out"
t_is "every order has its end" "$(($(row shipped) + $(row 'refused, too little money') + \
	$(row 'cancelled, out of stock')))" 60
t_ok "some were shipped, some refused" test "$(row shipped)" -gt 20 -a "$(row 'refused, too little money')" -gt 0
for name in 'shipped, but not paid' 'paid, but not shipped' 'cancelled, money kept' 'order says otherwise' \
	'points wrong' 'coins lost or made' 'items lost or made'; do
	t_is "$name" "$(row "$name")" 0
done
t_ok "out of stock is tried again" test "$(row 'put off, out of stock')" -gt 0
t_is "a point for each coin" "$(row 'points earned')" "$(row 'coins taken')"
t_ok "events came again, and changed nothing" test "$(row 'events that came again')" -gt 0
t_ok "brokers were killed" test $(($(row 'broker-a killed') + $(row 'broker-b killed'))) -gt 0
t_is "its cluster is stopped" "$(ls "$T_DIR"/shop/cluster/run/*.pid 2>/dev/null)" ""

# The table is not blind.
"$BUILDDIR/t/lib/sql" "$T_DIR/shop/points.db" "UPDATE points SET earned = earned + 1 WHERE id = (SELECT min(id) FROM points WHERE taken = 0)"
"$BUILDDIR/examples/shop/shop_audit" table -d "$T_DIR/shop" >"$T_DIR/out"
t_is "a point too many is seen" "$? $(row 'points wrong')" "1 1"
t_done
