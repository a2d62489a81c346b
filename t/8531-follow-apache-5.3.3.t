#!/bin/sh
# A slave of RocketMQ 5.3.3: t/interop/follow.sh.
# shellcheck source=t/interop/interop.sh
. "${SRCDIR:-.}/t/interop/interop.sh"
release=5.3.3
# shellcheck source=t/interop/follow.sh
. "$SRCDIR/t/interop/follow.sh"
