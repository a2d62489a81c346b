#!/bin/sh
# mqadmin doctor: delayed messages that come too late, since the disk is full. Clocks go on by half a day, so
# that nobody has to wait.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/clock.sh
. "${SRCDIR:-.}/t/lib/clock.sh"
# shellcheck source=t/lib/doctor.sh
. "${SRCDIR:-.}/t/lib/doctor.sh"

soh=$(printf '\001')
stx=$(printf '\002')
FAULT=$T_DIR/fault
export FAULT

# disk PLAN: see vfs_fault.h
disk() {
	echo "$1" >"$T_DIR/fault.new"
	mv "$T_DIR/fault.new" "$FAULT"
}

# delayed PROPERTY VALUE
delayed() {
	rawcall -B hello "$(address broker-c)" 310 a=PG b=D c=TBW102 d=1 e=0 f=0 g=1 h=0 i="$1$soh$2$stx" j=0 k=false m=false | field code
}

# more COUNTER N: it is more
more() {
	[ "$(rawcall "$(address broker-c)" 28 | tr ',{' '\n\n' | sed -n "s/.*\"$1\":\"\([0-9]*\)\".*/\1/p")" -gt "$2" ]
}

# stored N: so many came
stored() {
	[ "$(rawcall "$(address broker-c)" 30 topic=D queueId=0 | field ext.offset)" = "$1" ]
}

step +0
with_steps name_server n
T_BROKER=t/lib/faulty_broker
with_steps broker broker-c -o storePathRootDir="$STORES/c" -o namesrvAddr="$(address n)" $few -o diskMaxUsedSpaceRatio=95 \
	-o messageDelayLevel=1s || exit 1
make_topic D broker-c
t_ok "the name server knows the topic" t_wait 30 has_route D n
t_is "a message for later" "$(delayed TIMER_DELIVER_MS $(($(date +%s) * 1000 + 3600000)))" 0
with_steps doc "$(address n)"
t_is "it waits, and all is well" "$found" ""
[ -z "$found" ] || sed 's/^/# /' "$T_DIR/doc"
disk write:1:full:always
step +0.5
t_ok "it is due, and has no place" t_wait 30 more timerReadBehind 10
with_steps doc "$(address n)"
says "messages that are late" delays-late "broker-c ($(address broker-c)) delivers delayed messages too late" "timed messages: 39"
disk write:0:full:once
t_ok "with room again it comes" t_wait 30 stored 1
t_ok "and none is late" t_wait 30 eval '! more timerReadBehind 0'
with_steps doc "$(address n)"
t_is "all is well again" "$found" ""
[ -z "$found" ] || sed 's/^/# /' "$T_DIR/doc"

t_is "a message of a delay level" "$(delayed DELAY 1)" 0
disk write:1:full:always
t_ok "late ones are counted, too" t_wait 30 more delayLevelsBehind 0
disk write:0:full:once
t_ok "it comes" t_wait 30 stored 2
t_ok "and none is late" t_wait 30 eval '! more delayLevelsBehind 0'
t_done
