#!/bin/sh
# The Java client 5.3.3, unmodified, against both masters.
# shellcheck source=t/interop/interop.sh
. "${SRCDIR:-.}/t/interop/interop.sh"
interop_generation org.apache.rocketmq 5.3.3 sync kinds batch vip spread tags pull litePull query from members crash failover bulk
