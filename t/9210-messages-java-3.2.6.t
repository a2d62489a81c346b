#!/bin/sh
# Kinds of messages and ways to consume them: the Java client 3.2.6, unmodified, on both masters.
# shellcheck source=t/interop/interop.sh
. "${SRCDIR:-.}/t/interop/interop.sh"
INTEROP_TOOLS="4.9.7 5.3.3"
interop_messages com.alibaba.rocketmq 3.2.6 ordered \
	broadcast+retry+suspend+delay+timers+direct+reset:4.9.7+reset:5.3.3
