#!/bin/sh
# mqadmin doctor: a slave that is behind for more than a minute. The minute is the master's clock, which jumps.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/clock.sh
. "${SRCDIR:-.}/t/lib/clock.sh"
# shellcheck source=t/lib/doctor.sh
. "${SRCDIR:-.}/t/lib/doctor.sh"

name_server n
n=$(address n)

# of STORE FLAGS ...: a broker of the name pair
of() {
	of_store=$1
	shift
	# shellcheck disable=SC2086 # two words
	broker "$of_store" -o brokerName=pair -o storePathRootDir="$STORES/$of_store" -o namesrvAddr="$n" $few \
		-o diskMaxUsedSpaceRatio=95 -o fileReservedTime=72 "$@" || exit 1
}

# Its monotonic clock jumps as well.
jumping() {
	LD_PRELOAD=$clock_library FAKETIME_TIMESTAMP_FILE=$T_DIR/step FAKETIME_NO_CACHE=1
	export LD_PRELOAD FAKETIME_TIMESTAMP_FILE FAKETIME_NO_CACHE
	"$@"
	unset LD_PRELOAD FAKETIME_TIMESTAMP_FILE FAKETIME_NO_CACHE
}

copied() {
	rawcall "$(address master)" 907 | grep -q '"inSyncSlaveNums":1,'
}

step +0
jumping of master -o haHousekeepingInterval=600000
of slave -o brokerRole=SLAVE -o brokerId=1 -o haMasterAddress="127.0.0.1:$(($(port master) + 1))"
t_ok "a slave has all" t_wait 30 copied
kill -STOP "$(pid slave)"
rawcall -B hello "$(address master)" 310 a=PG b=T c=TBW102 d=1 e=0 f=0 g=1 h=0 i= j=0 k=false m=false >/dev/null
doc "$n"
t_is "for a moment that is no finding about copies" "$found" "broker-unreachable "
step +0.001
doc "$n"
t_is "after a minute it is" "$found" "broker-unreachable clocks-apart slave-behind "
t_has "it says how far" "$(cat "$T_DIR/doc")" " bytes, for "
kill -CONT "$(pid slave)"
t_ok "it has all again" t_wait 30 copied
step +0
t_done
