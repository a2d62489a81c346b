#!/bin/sh
# An application with rocketmq-spring-boot-starter 2.3.1, unmodified, on both masters: the last one whose client,
# 5.3.0, waits for replies. That of 2.3.3 gives up once a request is sent (apache/rocketmq 9608).
# shellcheck source=t/interop/interop.sh
. "${SRCDIR:-.}/t/interop/interop.sh"
interop_spring 2.3.1 send later ordered transaction request
