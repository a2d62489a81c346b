#!/bin/sh
# A broker that stops while transactions are looked at, one question to its store after the other, stops cleanly.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/half_messages.sh
. "${SRCDIR:-.}/t/lib/half_messages.sh"

begin b -o flushDiskType=ASYNC_FLUSH -o transactionTimeOut=600000
halves b bank money bank every 1 500 >"$T_DIR/halves"
ends b bank $COMMIT <"$T_DIR/halves" >/dev/null
halves b bank money shop every 1 500 >"$T_DIR/more"
for ms in 010 020 040 080 160; do
	looking=
	for flags in '-k every' '-s open' '-s committed' ''; do
		# shellcheck disable=SC2086 # flags are words
		admin transactionList -b "$b" -l 100000 $flags >/dev/null &
		looking="$looking $!"
	done
	sleep 0.$ms
	stop b
	t_is "stopped $ms ms after questions" $? 0
	# shellcheck disable=SC2086 # numbers
	wait $looking
	begin b -o flushDiskType=ASYNC_FLUSH -o transactionTimeOut=600000
done
t_is "nothing is lost" "$(ids -b "$b" -l 100000 | wc -l | tr -d ' ')" 1000
stop b
t_done
