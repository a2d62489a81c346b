#!/bin/sh
# RocketMQ 4.9.7 is replaced by our slave: t/interop/move.sh.
# shellcheck source=t/interop/interop.sh
. "${SRCDIR:-.}/t/interop/interop.sh"
release=4.9.7
client=4.9.8
timed=false
again=true
other=
# shellcheck source=t/interop/move.sh
. "$SRCDIR/t/interop/move.sh"
