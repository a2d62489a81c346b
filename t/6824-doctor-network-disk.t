#!/bin/sh
# mqadmin doctor: a store on a network file system, as the kernel's answer to a daemon says.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
[ -z "${SANITIZERS-}" ] || t_skip_all "a sanitizer and the other kernel's answer both want to be loaded first"
# shellcheck source=t/lib/doctor.sh
. "${SRCDIR:-.}/t/lib/doctor.sh"

case $machine in
*store-on-network*) t_skip_all "all files here are on a network file system" ;;
esac
name_server n
T_UNDER="env LD_PRELOAD=$(realpath "$BUILDDIR")/t/lib/network_disk.so NETWORK_DISK=$STORES/c"
start broker-c mqbroker -o brokerName=broker-c -o brokerIP1=127.0.0.1 -o storePathRootDir="$STORES/c" -o namesrvAddr="$(address n)" \
	-o diskMaxUsedSpaceRatio=95 -o maxConnections=60 || exit 1
T_UNDER=
t_ok "broker-c is registered" t_wait 30 has_route broker-c n
doc "$(address n)"
says "a store on a network file system" store-on-network "broker-c ($(address broker-c)) keeps its data on a network" "$STORES/c is on nfs"
t_done
