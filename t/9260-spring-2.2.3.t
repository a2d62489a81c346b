#!/bin/sh
# An application with rocketmq-spring-boot-starter 2.2.3, unmodified, on both masters.
# shellcheck source=t/interop/interop.sh
. "${SRCDIR:-.}/t/interop/interop.sh"
interop_spring 2.2.3 send later ordered transaction request
