#!/bin/sh
# Kinds of messages and ways to consume them: the Java client 5.3.3, unmodified, on both masters.
# shellcheck source=t/interop/interop.sh
. "${SRCDIR:-.}/t/interop/interop.sh"
INTEROP_TOOLS="4.9.7 5.3.3"
interop_messages org.apache.rocketmq 5.3.3 ordered pop \
	broadcast+retry+suspend+delay+timers+sql+sqlPull+direct \
	requestReply+trace+resend+assigned+reset:4.9.7+reset:5.3.3
