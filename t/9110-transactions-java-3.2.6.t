#!/bin/sh
# Transactions of the Java client 3.2.6, unmodified, on both masters.
# shellcheck source=t/interop/interop.sh
. "${SRCDIR:-.}/t/interop/interop.sh"
interop_transactions com.alibaba.rocketmq 3.2.6 ByExecuter \
	transactions killed commitWins article parked silent masters
t_done
