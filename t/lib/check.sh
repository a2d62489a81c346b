# For the tests of asking about half messages, that sourced lib.sh. $b is the broker that is talked to.
# shellcheck shell=sh disable=SC2154
# shellcheck source=t/lib/transactions.sh
. "${SRCDIR:-.}/t/lib/transactions.sh"

heartbeat() {
	echo "{\"clientID\":\"$1\",\"consumerDataSet\":[],\"producerDataSet\":[{\"groupName\":\"$2\"}]}"
}

# join NAME GROUP FLAGS ...: a member of the group that stays connected; -E N: and answers
join() {
	t_member=$1
	t_group=$2
	shift 2
	hold "$t_member" -B "$(heartbeat "$t_member" "$t_group")" "$@" "$b" 34
}

# half_properties GROUP ID [PROPERTIES]
half_properties() {
	echo "TRAN_MSG${SOH}true${STX}PGROUP${SOH}$1${STX}KEYS${SOH}k$2${STX}UNIQ_KEY${SOH}$2${STX}${3:-}"
}

# prepare GROUP ID [PROPERTIES]: stores a half message for topic T; answers its offset id
prepare() {
	send T "$(half_properties "$@")" "body of $2" | field ext.msgId
}

# asks NAME [ID]: how often a member was asked (about one)
asks() {
	grep -c "^push.transactionId=${2:-}" "$T_DIR/$1.held"
}

# asked NAME N [ID]: at least so often
asked() {
	[ "$(asks "$1" "${3:-}")" -ge "$2" ]
}

# decide WHAT GROUP OFFSET-ID QUEUE-OFFSET [CHECK]: END_TRANSACTION; answers the code
decide() {
	rawcall "$b" 37 producerGroup="$2" commitLogOffset=$((0x$(echo "$3" | cut -c17-32))) \
		tranStateTableOffset="$4" commitOrRollback="$1" fromTransactionCheck="${5:-false}" msgId=x | field code
}

# shows ID: what happened to a transaction, as JSON
shows() {
	rawcall "$b" 7002 id="$1" | field body
}

# n_messages TOPIC: how many there are
n_messages() {
	rawcall "$b" 30 topic="$1" queueId=0 | field ext.offset
}

has_messages() {
	[ "$(n_messages "$1")" -ge "$2" ]
}

n_parked() {
	n_messages TRANS_CHECK_MAX_TIME_TOPIC
}

now_ms() {
	date +%s%3N
}
