#!/bin/sh
# Transactions of the Java client 4.9.8, unmodified, on both masters.
# shellcheck source=t/interop/interop.sh
. "${SRCDIR:-.}/t/interop/interop.sh"
interop_transactions org.apache.rocketmq 4.9.8 ByListener \
	transactions killed commitWins parked silent masters
t_done
