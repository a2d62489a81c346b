#!/bin/sh
# The Java client 4.9.8, unmodified, against both masters.
# shellcheck source=t/interop/interop.sh
. "${SRCDIR:-.}/t/interop/interop.sh"
interop_generation org.apache.rocketmq 4.9.8 sync kinds batch vip spread tags pull litePull query from fromOld members crash failover bulk
