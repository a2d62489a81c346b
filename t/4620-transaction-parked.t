#!/bin/sh
# A transaction that nobody decides is asked about, parked where people see it, and resumed (TX6, D4); one with more
# events than are shown still says how it was decided.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/half_messages.sh
. "${SRCDIR:-.}/t/lib/half_messages.sh"

start ns mqnamesrv -o bindAddress=127.0.0.1 -o storePath="$T_DIR/ns" || exit 1
NAMESRV_ADDR=$(address ns)
export NAMESRV_ADDR

again() {
	begin b -n "$NAMESRV_ADDR" -o bindAddress=127.0.0.1 -o transactionTimeOut=200 \
		-o transactionCheckInterval=300 -o transactionCheckMax=2
}

# The member of the group that is asked, and never answers.
listen() {
	hold member -B '{"clientID":"silent-1","producerDataSet":[{"groupName":"bank"}],"consumerDataSet":[]}' "$b" 34
}

events() {
	admin transactionShow "$1" -b "$b" --json | grep -o '"event":"[^"]*"' | cut -d '"' -f 4 | tr '\n' ' '
}

state() {
	admin transactionShow "$1" -b "$b" --json | sed 's/.*"state":"\([^"]*\)".*/\1/'
}

is_parked() {
	[ "$(ids -b "$b" -s parked)" = "$1" ]
}

happened() {
	[ "$(events "$1")" = "$2" ]
}

again
t_ok "a member of the group is connected" listen
half b bank money silence k1
t_ok "nobody decides: it is parked" t_wait 30 is_parked silence
t_is "it was asked as often as is set, and then parked" "$(events silence)" 'ask ask park '
out=$(admin transactionShow silence -b "$b")
t_has "the timeline says whom" "$out" silent-1
t_has "and which ask that was" "$out" 'ask 2'
t_has "and why it is parked" "$out" 'nobody decided after 2 asks'
t_is "it is not listed as open" "$(ids -b "$b" -s open)" ''
t_has "it is counted" "$(admin brokerStatus -b "$b" | tr -s ' ')" 'transactionParked 1'
copy=$(admin consumeMessage -t TRANS_CHECK_MAX_TIME_TOPIC --json | sed 's/.*"offsetId":"\([^"]*\)".*/\1/')
t_is "a copy of it is where RocketMQ puts them, and its id is as good" \
	"$(admin transactionShow "$copy" -b "$b" --json | sed 's/.*"transactionId":"\([^"]*\)".*/\1/')" silence

t_is "it is resumed" "$(admin transactionResume silence -b "$b" | grep -c resumed)" 1
t_ok "asked again, as often, and parked again" t_wait 30 happened silence 'ask ask park resume ask ask park '
stop b
again
t_is "parked ones outlive a restart" "$(state silence) $(ids -b "$b" -s parked)" 'parked silence'
t_is "resumed by code 323, which is all that RocketMQ's tool knows" "$(rawcall "$b" 323 msgId="$copy" | field code)" 0
t_is "it is open" "$(state silence)" open
t_is "and committed by hand" "$(admin transactionResolve silence -b "$b" --commit --reason 'seen at the bank' | grep -c decided)" 1
t_is "it is committed" "$(state silence)" committed
t_is "once" "$(rawcall "$b" 30 topic=money queueId=0 | field ext.offset)" 1
t_is "and no longer parked" "$(ids -b "$b" -s parked)" ''

# Parked ones may be decided without being resumed.
t_ok "the member comes back" listen
half b bank money late k2
t_ok "another one is parked" t_wait 30 is_parked late
t_is "its sender's late word counts" "$(end b bank $COMMIT "$position" "$offset")" 0
t_is "it is committed too" "$(state late)" committed
kill9 member

# Three hundred answers that say nothing hide the first events of it, and not the decision.
half b bank money chatter k3
end b bank $ROLLBACK "$position" "$offset" >/dev/null
yes "x $position $offset" | head -300 | ends b bank $UNKNOWN >/dev/null
t_is "one that is told a lot is still rolled back" "$(state chatter)" rolledBack
t_has "its decision is shown" "$(events chatter)" rollback
t_is "and it is listed" "$(ids -b "$b" -s rolledBack)" chatter

stop b
t_done
