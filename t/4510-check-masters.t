#!/bin/sh
# A member that is connected to the other master is asked there, and its answer finds the way (TX5, TX12).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/check.sh
. "${SRCDIR:-.}/t/lib/check.sh"

# master NAME
master() {
	begin "$1" -o flushDiskType=ASYNC_FLUSH -n "$(address names)" -o transactionTimeOut=100 -o transactionCheckInterval=1000 -o transactionCheckMax=3 \
		-o ioThreads=2
}

start names mqnamesrv -o storePath="$T_DIR/names" || exit 1
master broker-a
master broker-b
a=$(address broker-a)
b=$(address broker-b)
join there G -E $COMMIT
join also Unknown -E $UNKNOWN
b=$a
prepare G elsewhere >/dev/null
t_wait 30 has_messages T 1
t_is "the other master's member is asked, and decides here" "$(n_messages T)" 1
t_has "the ask says through whom" "$(shows elsewhere)" "a member at broker-b"
t_is "it was asked once" "$(asks there)" 1
held=$(cat "$T_DIR/there.held")
t_has "in the name of the master that has the half message" "$held" push.bname=broker-a

# A stranger on the masters' own host is not served (B14): he cannot show a key that broker-a confirms.
# relay HEADER ...: a question to broker-b in the name of a master
relay() {
	rawcall -B nonsense "$(address broker-b)" 7010 group=G commitLogOffset=1 tranStateTableOffset=1 msgId=x \
		transactionId=x "$@"
}
# refusals BROKER: how many it counted
refusals() {
	rawcall "$(address "$1")" 28 | tr ',' '\n' | sed -n 's/.*"transactionRelaysRefused":"\([0-9]*\)".*/\1/p'
}
guess=0123456789abcdef0123456789abcdef
out=$(relay bname=broker-a)
t_is "a question without a key: refused" "$(echo "$out" | field code)" 16
t_has "with a reason" "$out" "only a master of the cluster may ask this"
t_is "with a guessed key: refused" "$(relay bname=broker-a relayKey=$guess | field code)" 16
out=$(relay bname=broker-a relayKey=$guess probe=true)
t_is "a probe with a guessed key: refused" "$(echo "$out" | field code)" 16
t_has "as broker-a denies it" "$out" "did not send this"
t_is "in the name of nobody: refused" "$(relay bname=broker-x relayKey=$guess probe=true | field code)" 16
t_is "in its own name: refused" "$(relay bname=broker-b relayKey=$guess probe=true | field code)" 16
t_is "a key that is guessed back: refused" "$(relay bname=broker-a relayKey=$guess confirm=true | field code)" 16
t_is "refusals are counted" "$(refusals broker-b) $(refusals broker-a)" "6 1"
t_is "and the member was not asked" "$(asks there)" 1

n=0
while [ $n -lt 50 ]; do
	n=$((n + 1))
	prepare G "many$n" >/dev/null
done
t_wait 30 has_messages T 51
t_is "so are fifty" "$(n_messages T)" 51

prepare Unknown unknown >/dev/null
t_wait 30 has_messages TRANS_CHECK_MAX_TIME_TOPIC 1
t_is "answers that decide nothing come back too: parked" "$(n_parked)" 1
t_ok "after three asks" t_wait 30 asked also 3
three_answers() {
	[ "$(shows unknown | grep -o '"event":"unknown"' | wc -l)" -eq 3 ]
}
t_ok "and three answers" t_wait 30 three_answers

# The one that has the half message is looked for when the answer comes, not before.
join here G -E $COMMIT
prepare G here >/dev/null
t_wait 30 has_messages T 52
t_is "a member here is asked first" "$(asks here)" 1
kill9 here

# An answer that was relayed is not taken for one of the other master's own half messages.
kill9 there
b=$(address broker-b)
join twin G
b=$a
prepare G held >/dev/null
t_wait 30 asked twin 1
t_ok "the twin there is asked" asked twin 1
position=$(field push.commitLogOffset <"$T_DIR/twin.held" | head -n 1)
offset=$(field push.tranStateTableOffset <"$T_DIR/twin.held" | head -n 1)
t_is "its answer is taken, two-way" "$(rawcall "$(address broker-b)" 37 producerGroup=G commitLogOffset="$position" \
	tranStateTableOffset="$offset" commitOrRollback=$ROLLBACK fromTransactionCheck=true msgId=held transactionId=held |
	field code)" 0
t_has "and decides" "$(shows held)" '"rollback"'
t_is "another id is not" "$(rawcall "$(address broker-b)" 37 producerGroup=G commitLogOffset="$position" \
	tranStateTableOffset="$offset" commitOrRollback=$ROLLBACK fromTransactionCheck=true msgId=x transactionId=x |
	field code)" 1

# The other master hangs: who has a member here does not wait for it.
kill -STOP "$(pid broker-b)"
n=0
while [ $n -lt 100 ]; do
	n=$((n + 1))
	prepare "Hanging$n" "hanging$n" >/dev/null
done
join local Local -E $COMMIT
prepare Local local >/dev/null
t_wait 10 has_messages T 53
t_is "with the other master frozen, members here are asked" "$(n_messages T)" 53
kill -CONT "$(pid broker-b)"

# The other master dies: that is nobody.
kill9 twin
kill9 broker-b
prepare G alone >/dev/null
sleep 3
n=$(n_parked)
join last G -E $COMMIT
t_wait 30 has_messages T 54
t_is "with the other master dead, a member that comes here is asked" "$(n_messages T)" 54
t_is "and nothing was parked meanwhile" "$n" 1
t_ok "stops cleanly" stop broker-a
t_done
