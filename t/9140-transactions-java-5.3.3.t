#!/bin/sh
# Transactions of the Java client 5.3.3, unmodified, on both masters.
# shellcheck source=t/interop/interop.sh
. "${SRCDIR:-.}/t/interop/interop.sh"
interop_transactions org.apache.rocketmq 5.3.3 ByListener \
	transactions killed commitWins parked silent masters
t_done
