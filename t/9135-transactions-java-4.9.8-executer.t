#!/bin/sh
# Transactions of the Java client 4.9.8 by its first interface, and with headers in the ROCKETMQ codec.
# shellcheck source=t/interop/interop.sh
. "${SRCDIR:-.}/t/interop/interop.sh"
INTEROP_FLAGS=-Drocketmq.serialize.type=ROCKETMQ
interop_transactions org.apache.rocketmq 4.9.8 ByExecuter transactions article silent
t_done
