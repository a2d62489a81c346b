#!/bin/sh
# The clock of a slave is not that of its master: the slave says by how much, and mqadmin doctor.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/clock.sh
. "${SRCDIR:-.}/t/lib/clock.sh"

start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1
begin a -o namesrvAddr="$(address ns)"
step +0
with_steps start slave mqbroker -o brokerRole=SLAVE -o brokerId=1 -o brokerName=a -o brokerIP1=127.0.0.1 \
	-o namesrvAddr="$(address ns)" -o storePathRootDir="$T_DIR/slave" || exit 1

registered() {
	rawcall "$(address ns)" 106 | field body | grep -q "[{,]1:\"$(address slave)\""
}
t_ok "it copies" t_wait 30 grep -q 'copies its master' "$T_DIR/slave.log"
t_ok "and is in the routes" t_wait 30 registered
sleep 1.2 # a sign of life of the master says what its clock is
t_has_not "its clock is right" "$(cat "$T_DIR/slave.log")" 'the clock of the master'
step +0.0002
t_ok "a clock that is ahead: its master's is behind" t_wait 30 grep -q 'clock of the master .* behind_ms=1[67][0-9][0-9][0-9]$' "$T_DIR/slave.log"
sleep 2.2
t_is "one line says so" "$(grep -c 'clock of the master' "$T_DIR/slave.log")" 1
"$BUILDDIR/mqadmin" doctor -n "$(address ns)" -i 1 >"$T_DIR/doc" 2>&1
t_has "the doctor says it too" "$(cat "$T_DIR/doc")" "$(address slave)) is ahead of that of this host"
t_has "and by how much" "$(cat "$T_DIR/doc")" " s apart"
step -0.0002
t_ok "a clock that is behind" t_wait 30 grep -q 'clock of the master .* ahead_ms=1[67][0-9][0-9][0-9]$' "$T_DIR/slave.log"
t_ok "it copies all the time" eval '[ "$(grep -c "copies its master" "$T_DIR/slave.log")" = 1 ]'
t_done
