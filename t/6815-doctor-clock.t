#!/bin/sh
# mqadmin doctor: a clock that is more than a second away.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/clock.sh
. "${SRCDIR:-.}/t/lib/clock.sh"
# shellcheck source=t/lib/doctor.sh
. "${SRCDIR:-.}/t/lib/doctor.sh"

step +0
stop broker-b
with_steps master broker-b
t_ok "broker-b is there, with a clock of its own" t_wait 30 knows broker-b broker-b
doc "$both"
t_is "the clock is right" "$found" ""
step +0.0002
doc "$both"
says "a clock that is ahead" clocks-apart "broker-b ($(address broker-b)) is ahead of that of this host" " s apart"
step -0.0002
doc "$both"
says "a clock that is behind" clocks-apart "broker-b ($(address broker-b)) is behind that of this host" " s apart"
t_done
