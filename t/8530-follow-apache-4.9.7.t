#!/bin/sh
# A slave of RocketMQ 4.9.7: t/interop/follow.sh.
# shellcheck source=t/interop/interop.sh
. "${SRCDIR:-.}/t/interop/interop.sh"
release=4.9.7
# shellcheck source=t/interop/follow.sh
. "$SRCDIR/t/interop/follow.sh"
