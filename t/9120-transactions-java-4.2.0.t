#!/bin/sh
# Transactions of the Java client 4.2.0, unmodified, on both masters.
# shellcheck source=t/interop/interop.sh
. "${SRCDIR:-.}/t/interop/interop.sh"
interop_transactions org.apache.rocketmq 4.2.0 ByExecuter \
	transactions killed commitWins article parked silent masters
t_done
