#!/bin/sh
# Whoever sent a half message is asked what became of it, and when, and for how long (TX4-TX7, TX10, PR6, PR7).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/check.sh
. "${SRCDIR:-.}/t/lib/check.sh"

# The first ask: from the time-out on, and at most a second and an interval later.
begin slow -o flushDiskType=ASYNC_FLUSH -o transactionTimeOut=1500 -o transactionCheckInterval=500
b=$(address slow)
join member G
since=$(now_ms)
id=$(prepare G first)
t_wait 30 asked member 1
took=$(($(now_ms) - since))
t_ok "asked after the time-out: $took ms" [ $took -ge 1500 ]
t_ok "and at most a second and an interval later" [ $took -lt $((2300 + T_SECOND * 1000)) ]
held=$(cat "$T_DIR/member.held")
t_has "the ask names the half message" "$held" "push.commitLogOffset=$((0x$(echo "$id" | cut -c17-32)))"
t_has "its place in the queue" "$held" "push.tranStateTableOffset=0"
t_has "its id" "$held" "push.msgId=first"
t_has "and its offset id" "$held" "push.offsetMsgId=$id"
t_wait 30 asked member 2
t_is "a commit by who is asked is taken" "$(decide $COMMIT G "$id" 0 true)" 0
n=$(asks member)
since=$(now_ms)
prepare G immune "CHECK_IMMUNITY_TIME_IN_SECONDS${SOH}4${STX}" >/dev/null
t_wait 30 asked member 1 immune
took=$(($(now_ms) - since))
t_ok "its own time: asked after 4 s: $took ms" [ $took -ge 4000 ]
t_is "once decided, no more asks" "$(asks member first)" "$n"
kill9 member
stop slow

# With short waits, the rest.
begin quick -o flushDiskType=ASYNC_FLUSH -o transactionTimeOut=100 -o transactionCheckInterval=1000 -o transactionCheckMax=3
b=$(address quick)
join yes Yes -E $COMMIT
prepare Yes yes >/dev/null
t_wait 30 has_messages T 1
t_is "a member that says commit: delivered" "$(n_messages T)" 1
join no No -E $ROLLBACK
prepare No no >/dev/null
t_wait 30 asked no 1
join unknown Unknown -E 0
id=$(prepare Unknown unknown)
t_wait 30 has_messages TRANS_CHECK_MAX_TIME_TOPIC 1
t_is "unknown three times: parked" "$(n_parked)" 1
t_ok "after three asks" t_wait 30 asked unknown 3
t_has "which is told" "$(cat "$T_DIR/quick.log")" "transaction parked"
t_has "and shown" "$(shows unknown)" "nobody decided after 3 asks"
sleep 2.5
t_is "it is asked no more" "$(asks unknown)" 3
t_is "nor is who rolled back" "$(asks no)" 1
t_is "resumed" "$(rawcall "$b" 323 msgId="$id" | field code)" 0
t_ok "it is asked again" t_wait 30 asked unknown 4
t_is "and can be committed" "$(decide $COMMIT Unknown "$id" 2)" 0
t_wait 30 has_messages T 2
t_is "which delivers it" "$(n_messages T)" 2

# A half message whose group cannot exist is refused, so that no check of it can fail later.
t_is "a group of 300 letters is refused" \
	"$(send T "$(half_properties "$(printf '%0300d' 0)" bad)" "body" | field code)" 13
prepare Yes after >/dev/null
t_wait 30 has_messages T 3
t_is "the next one is asked about and delivered" "$(n_messages T)" 3

# The connection that sent it first, whoever else is there.
join other Sent -E $COMMIT
hold sender -E $UNKNOWN -B "$(heartbeat sender Sent)" "$b" 34 -- 310 a=Sent b=T c=TBW102 d=4 e=0 f=4 g=1 h=0 j=0 \
	k=false m=false i="$(half_properties Sent sent)"
t_wait 30 asked sender 2
t_ok "the connection that sent it is asked" asked sender 2
t_is "nobody else is" "$(asks other)" 0
kill9 sender
t_wait 30 asked other 1
t_ok "killed: another member is asked" asked other 1
t_wait 30 has_messages T 4

# Nobody is there: that is no ask. A twin that starts later is asked.
prepare Twin twin >/dev/null
prepare Twin twin2 >/dev/null
sleep 3
t_has_not "nobody to ask: not asked, not parked" "$(shows twin)" '"event":"ask"'
t_is "nothing else is parked" "$(n_parked)" 1
join twin Twin -E $COMMIT
t_wait 30 has_messages T 6
t_is "a twin is asked, and decides both" "$(n_messages T)" 6
t_ok "stops cleanly" stop quick
t_done
