#!/bin/sh
# The Java client 4.2.0, unmodified, against both masters.
# shellcheck source=t/interop/interop.sh
. "${SRCDIR:-.}/t/interop/interop.sh"
interop_generation org.apache.rocketmq 4.2.0 sync kinds batch spread tags pull query from members crash failover bulk
