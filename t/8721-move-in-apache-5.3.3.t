#!/bin/sh
# RocketMQ 5.3.3 is replaced by our slave, in a cluster with another master: t/interop/move.sh.
# shellcheck source=t/interop/interop.sh
. "${SRCDIR:-.}/t/interop/interop.sh"
release=5.3.3
client=5.3.3
timed=true
again=false
other=yes
# shellcheck source=t/interop/move.sh
. "$SRCDIR/t/interop/move.sh"
