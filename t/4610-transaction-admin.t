#!/bin/sh
# A transaction is shown with all that happened to it, found by each of its ids, resumed and resolved; producer
# groups have settings (D3, D4).
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/half_messages.sh
. "${SRCDIR:-.}/t/lib/half_messages.sh"

start ns mqnamesrv -o bindAddress=127.0.0.1 -o storePath="$T_DIR/ns" || exit 1
NAMESRV_ADDR=$(address ns)
export NAMESRV_ADDR

# again NAME: broker-NAME
again() {
	begin "$1" -n "$NAMESRV_ADDR" -o brokerName="broker-$1" -o brokerClusterName=testing -o bindAddress=127.0.0.1 \
		-o transactionTimeOut=600000 -o transactionCheckUrlAllow=127.0.0.1:8099
}

both_registered() {
	admin clusterList | grep -q broker-a && admin clusterList | grep -q broker-b
}

# member NAME: its first value in JSON on stdin
member() {
	sed "s/.*[{,]\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/"
}

# events ID FLAGS ...: what happened to it, in order
events() {
	admin transactionShow --json "$@" | grep -o '"event":"[^"]*"\|"said":"[^"]*"' | cut -d '"' -f 4 | tr '\n' ' '
}

state() {
	admin transactionShow --json "$@" | sed 's/.*"state":"\([^"]*\)".*/\1/'
}

check_state() {
	admin transactionShow --json "$@" | member checkState
}

# status COMMAND ...: its exit status, its output in $T_DIR/out
status() {
	"$BUILDDIR/mqadmin" "$@" >"$T_DIR/out" 2>&1
	echo $?
}

again a
again b
t_ok "both masters register" t_wait 30 both_registered
admin updateTopic -t money -r 1 -w 1 >/dev/null

# ---- the timeline
half a bank money first k1
t_is "a half message is open" "$(state first)" open
out=$(admin transactionShow first)
t_has "when it was stored stands in the timeline" "$out" 'stored'
t_has "and by which address" "$out" '127.0.0.1:'
t_has "what its check does" "$(echo "$out" | tr -s ' ')" 'Check: waiting'
t_is "so for scripts" "$(check_state first)" waiting
end a bank $UNKNOWN "$position" "$offset" >/dev/null
end a bank $COMMIT "$position" "$offset" >/dev/null
end a bank $COMMIT "$position" "$offset" >/dev/null
end a bank $ROLLBACK "$position" "$offset" >/dev/null
end a other $ROLLBACK "$position" "$offset" >/dev/null
t_is "all that happened is told in order" "$(events first)" 'unknown commit repeat commit contradict rollback '
t_is "it is committed" "$(state first)" committed
shown=$(admin transactionShow first --json)
t_is "there is nothing to check any more" "$(echo "$shown" | grep -c checkState)" 0
times=$(echo "$shown" | grep -o '"time":[0-9]*' | cut -d : -f 2)
t_is "times go forward" "$times" "$(echo "$times" | sort -n)"
t_has "the table for people has it too" "$(admin transactionShow first)" "contradict: rollback"
t_has "where the message is that consumers get" "$shown" '"delivered":{"topic":"money","queueId":0,"queueOffset":0,'
delivered=$(echo "$shown" | sed 's/.*"delivered":{[^}]*"msgId":"\([^"]*\)".*/\1/')
t_has "it is there" "$(admin queryMsgById -i "$delivered" --json)" '"topic":"money"'

# ---- ids
half_id=$(echo "$shown" | sed 's/.*"transactionId":"first","msgId":"\([^"]*\)".*/\1/')
for id in first "$half_id" "$delivered"; do
	t_is "id $id shows it" "$(admin transactionShow "$id" --json | member transactionId)" first
done
t_is "so does its position" "$(admin transactionShow -i "$position" -b broker-a --json | member transactionId)" first
t_is "and in lower case" "$(admin transactionShow "$(echo "$half_id" | tr A-F a-f)" --json | member transactionId)" first
other=$(echo "$half_id" | sed 's/^7F000001/7F000002/')
t_has "an offset id of another broker does not" "$(admin transactionShow "$other")" "no broker knows"
for id in nothing 1 -1 99999999999999999999 "${half_id}00" '*' "$(printf '%2000s' x)"; do
	t_is "id $(echo "$id" | tr -d ' ' | cut -c1-40) is none" "$(status transactionShow -i "$id" -b broker-a)" 1
done
t_is "an empty id is none" "$(rawcall "$(address a)" 7002 id= | field code)" 29
t_is "a request without an id is malformed" "$(rawcall "$(address a)" 7002 | field code)" 1
plain=$(admin sendMessage -t money -p plain -b broker-a --json | sed 's/.*"offsetMsgId":"\([^"]*\)".*/\1/')
t_has "an ordinary message is no transaction" "$(admin transactionShow "$plain")" "no broker knows"

# two of one id, and two at one position
half a bank money twin k1
half a bank money twin k1
twin=$position
t_is "two transactions of one id are shown" "$(admin transactionShow twin --json | grep -o '"transactionId":"twin"' | wc -l | tr -d ' ')" 2
t_is "and not resolved" "$(status transactionResolve twin --commit --reason r)" 2
t_has "but named" "$(cat "$T_DIR/out")" "2 transactions have this id"
t_is "the broker says so too" "$(rawcall "$(address a)" 7004 id=twin decision=commit reason=r | field code)" 29
t_is "one is, by its position" "$(status transactionResolve "$twin" -b broker-a --commit --reason r)" 0
half b bank money elsewhere k1
t_is "one at the same position of the other master" "$position" 0
t_is "makes the position ambiguous" "$(status transactionResume 0)" 2
t_is "until the broker is named" "$(status transactionResume 0 -b broker-b)" 0

# ---- resolving
half b bank money byhand k2
t_is "resolved by hand" "$(status transactionResolve byhand --rollback --reason 'the client went bankrupt')" 0
t_has "that is said" "$(cat "$T_DIR/out")" decided
out=$(admin transactionShow byhand)
t_has "with the reason" "$out" 'the client went bankrupt'
t_has "by whom" "$out" "$(id -un)@"
t_has "as an administrator" "$out" admin
t_is "it is rolled back" "$(state byhand)" rolledBack
t_is "once more is no failure" "$(status transactionResolve byhand --rollback --reason again)" 0
t_has "but said" "$(cat "$T_DIR/out")" repeated
t_is "the opposite is one" "$(status transactionResolve byhand --commit --reason 'he is back')" 1
t_has "which is said" "$(cat "$T_DIR/out")" 'rolled back before'
t_is "and kept" "$(events byhand)" 'rollback repeat rollback contradict commit '
t_is "nothing was delivered" "$(state byhand)" rolledBack
half a bank money good k2
t_is "a commit by hand" "$(status transactionResolve -i good -C -r 'seen at the bank')" 0
t_has "is delivered" "$(admin transactionShow good --json)" '"delivered":{"topic":"money","queueId":0,'
rawcall -B body "$(address a)" 310 a=bank b=money c=TBW102 d=1 e=0 f=4 g=1700000000000 h=0 j=0 k=false m=false \
	i="$(properties bank slow k2)DELAY${SOH}2${STX}" >/dev/null
is_delivered() {
	admin transactionShow "$1" --json | grep -q '"delivered":{"topic":"money"'
}
t_is "one that comes later is committed" "$(status transactionResolve slow -C -r 'no hurry')" 0
t_fails "and not there at once" is_delivered slow
t_ok "but when its time has come" t_wait 30 is_delivered slow
rawcall -B body "$(address a)" 310 a=bank b=money c=TBW102 d=1 e=0 f=4 g=1700000000000 h=0 j=0 k=false m=false \
	i="$(properties bank timed k2)TIMER_DELAY_MS${SOH}500${STX}" >/dev/null
t_is "one with a time of its own is committed" "$(status transactionResolve timed -C -r 'no hurry')" 0
t_ok "and delivered then" t_wait 30 is_delivered timed
half a bank money bad k2
t_is "without a reason it is not" "$(status transactionResolve bad --commit)" 2
t_is "nor with an empty one" "$(status transactionResolve bad --commit --reason ' ')" 2
t_is "nor both ways" "$(status transactionResolve bad --commit --rollback --reason r)" 2
t_is "nor neither" "$(status transactionResolve bad --reason r)" 2
t_is "nor without an id" "$(status transactionResolve --commit --reason r)" 2
t_is "nor with two" "$(status transactionResolve bad good --commit --reason r)" 2
t_is "one that is not there" "$(status transactionResolve nothing --commit --reason r)" 1
a=$(address a)
t_is "a decision that is none" "$(rawcall "$a" 7004 id=bad decision=maybe reason=r | field code)" 29
t_is "a long reason" "$(rawcall "$a" 7004 id=bad decision=commit reason="$(printf '%1025s' x | tr ' ' x)" | field code)" 29
t_is "a reason with a control character" "$(rawcall "$a" 7004 id=bad decision=commit reason="a${SOH}b" | field code)" 29
t_is "a person with one" "$(rawcall "$a" 7004 id=bad decision=commit reason=r by="a${STX}b" | field code)" 29
t_is "a missing reason" "$(rawcall "$a" 7004 id=bad decision=commit | field code)" 1
t_is "none of this has done anything" "$(events bad)$(state bad)" open
t_is "a reason may be 1,024 bytes long" "$(rawcall "$a" 7004 id=bad decision=commit reason="$(printf '%1024s' x | tr ' ' x)" | field code)" 0

# ---- resuming
half a bank money again k3
again_id=$(admin transactionShow again --json | sed 's/.*"transactionId":"again","msgId":"\([^"]*\)".*/\1/')
t_is "one that is open may be resumed" "$(status transactionResume again)" 0
t_is "that is an event" "$(events again)" 'resume '
t_is "and so by code 323" "$(rawcall "$a" 323 msgId="$again_id" topic=x | field code)" 0
t_is "twice" "$(events again)" 'resume resume '
end a bank $ROLLBACK "$position" "$offset" >/dev/null
t_is "a decided one may not" "$(status transactionResume again)" 1
t_has "and that is said" "$(cat "$T_DIR/out")" 'is decided, there is nothing to ask: rolledBack'
t_is "nor by code 323" "$(rawcall "$a" 323 msgId="$again_id" | field code)" 604
t_is "nor one that is not there" "$(rawcall "$a" 323 msgId=nothing | field code)" 22

# ---- the state of a check: the other master, which is looked to for a member, does not answer
is_searching() {
	test "$(check_state searched -b broker-a)" = searching
}
half a bank money searched k3
kill -STOP "$(pid b)"
t_is "it is to be asked at once" "$(status transactionResume searched -b broker-a)" 0
t_ok "a check that looks for a member elsewhere is shown" t_wait 30 is_searching
kill -CONT "$(pid b)"
end a bank $ROLLBACK "$position" "$offset" >/dev/null

# ---- producer groups
t_is "nothing is set at first" "$(admin producerGroupList --json)" '{"producerGroups":[]}'
t_is "a policy is set on both masters" "$(status updateProducerGroup -g careful -p commit-wins-once)" 0
t_is "a URL is added on one" "$(status updateProducerGroup -g careful -b broker-a -u http://127.0.0.1:8099/check)" 0
careful='{"producerGroups":[{"group":"careful","brokerName":"broker-a","policy":"commit-wins-once","checkUrl":"http://127.0.0.1:8099/check"},{"group":"careful","brokerName":"broker-b","policy":"commit-wins-once","checkUrl":""}]}'
t_is "both are listed" "$(admin producerGroupList --json)" "$careful"
t_is "a URL that is not allowed is refused" "$(status updateProducerGroup -g careful -u http://127.0.0.1:8100/)" 1
t_has "with the reason" "$(cat "$T_DIR/out")" transactionCheckUrlAllow
t_is "so is another scheme" "$(status updateProducerGroup -g careful -u file:///etc/passwd)" 1
t_is "and a policy that is none" "$(status updateProducerGroup -g careful -p last-wins)" 1
t_is "and a name that is none" "$(status updateProducerGroup -g 'a b' -p first-wins)" 2
t_is "nothing to set is nothing" "$(status updateProducerGroup -g careful)" 2
t_is "none of this has changed anything" "$(admin producerGroupList --json)" "$careful"

# a rollback by a check, and the sender's commit
half a careful money revoked k4
end a careful $ROLLBACK "$position" "$offset" true >/dev/null
t_is "a check's rollback may be revoked" "$(state revoked) $(ids -s revocable)" 'revocable revoked'
t_is "it is not listed as rolled back" "$(ids -s rolledBack -g careful)" ''
t_is "nor twice among all" "$(ids -g careful)" revoked
t_is "the sender's commit revokes it" "$(end a careful $COMMIT "$position" "$offset")" 0
t_is "it is committed" "$(state revoked) $(ids -s committed -g careful)" 'committed revoked'
t_is "and was never rolled back" "$(ids -s rolledBack -g careful)$(ids -s revocable)" ''
t_has "the timeline knows better" "$(admin transactionShow revoked)" 'rollback, may still be committed'
t_has "and how it ended" "$(admin transactionShow revoked)" 'commit, after all'

t_has "brokerStatus counts contradictions" "$(admin brokerStatus -b broker-b | tr -s ' ')" 'transactionContradictions 1'
t_has "and what is open" "$(admin brokerStatus -b broker-a | tr -s ' ')" 'transactionOpen 1'

before=$(admin transactionShow first --json | sed 's/"ageMs":[0-9]*//')
stop a
again a
t_ok "the broker comes back" t_wait 30 both_registered
t_is "settings outlive a restart" "$(admin producerGroupList --json)" "$careful"
t_is "so does what happened" "$(admin transactionShow first --json | sed 's/"ageMs":[0-9]*//')" "$before"
t_is "settings are deleted" "$(status deleteProducerGroup -g careful)" 0
t_is "and gone" "$(admin producerGroupList --json)" '{"producerGroups":[]}'
t_is "once more there are none" "$(status deleteProducerGroup -g careful)" 1

stop a
stop b
t_done
