#!/bin/sh
# The Java client 3.2.6, unmodified, against both masters.
# shellcheck source=t/interop/interop.sh
. "${SRCDIR:-.}/t/interop/interop.sh"
interop_generation com.alibaba.rocketmq 3.2.6 sync kinds spread tags pull query from members crash failover bulk
