#!/bin/sh
# Take-overs under load while the clocks of the hosts jump by days: leases and elections do not look at
# them. The rest is that of t/8640-partitions.t; messages that wait for a time of day are not sent.
#
#   8641-clocks.t [FAULTS [SEED]]     FAULTS: a number, or a time like 12h; else $FAULTS, else 3; the seed: 16
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# Once in ten runs it finds that consumers saw messages that the next master lacks (mqcopies(7)), so
# it is played by argument until that is mended.
[ $# -gt 0 ] || t_skip_all "an open fault fails it now and then; by argument: t/8641-clocks.t FAULTS [SEED]"
# shellcheck source=t/lib/clock.sh
. "$SRCDIR/t/lib/clock.sh"
# shellcheck source=t/crash/crash.sh
. "$SRCDIR/t/crash/crash.sh"
faults=${1:-${FAULTS:-3}} seed=${2:-16}
# shellcheck source=t/crash/nemesis.sh
. "$SRCDIR/t/crash/nemesis.sh"

# The clock of a host jumps; then nothing else happens, or the master dies, or is cut off.
fault() {
	draw 2 && host=$((drawn + 1))
	draw 7 && days=$((drawn - 3))
	draw 3 && kind=$drawn
	[ $days -lt 0 ] || days=+$days
	echo "# the clock of host $host jumps to $days days"
	T_STEPS=step.$host
	step $days
	case $(master 1) in
	"$net.2:10911") is=2 ;;
	*) is=1 ;;
	esac
	case $kind in
	1) what="the broker of host $is is killed" && kill9 copy$is ;;
	2) what="host $is is cut off" && for o in $((3 - is)) 3 4; do block $is $o && block $o $is; done ;;
	*) what="nothing else happens" ;;
	esac
	echo "# $what for 4 s"
	sleep 4
	case $kind in
	1) again copy$is ;;
	2) unblock ;;
	esac
}

nemesis_clocks=yes
for T_STEPS in step.1 step.2 step.3; do
	step +0
done
nemesis_begin
for topic in load money; do
	nemesis_topic $topic
done
mkdir "$T_DIR/bank"
nemesis_load load sends -c 2 -w 4 -p 10 "$servers" load
nemesis_load money transfers -p 1 "$servers" money "$T_DIR/bank"
nemesis_load offsets commits "$servers" load READERS
nemesis_play "$faults" fault
nemesis_judge offsets "offsets that were acknowledged never went back" acknowledged
nemesis_judge load "messages that were acknowledged are there, no gap, nothing else" stored
nemesis_judge money "each transaction was decided once" credited
t_ok "both copies have had the same masters" t_wait 60 same_epochs
t_done
