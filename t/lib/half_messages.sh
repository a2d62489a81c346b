# Half messages for the tests of transactions seen by people: source it after lib.sh.
# shellcheck shell=sh
SOH=$(printf '\001')
STX=$(printf '\002')
# shellcheck disable=SC2034 # for the tests
COMMIT=8 ROLLBACK=12 UNKNOWN=0

admin() {
	"$BUILDDIR/mqadmin" "$@" 2>&1
}

# properties GROUP UNIQUE_ID KEYS
properties() {
	echo "TRAN_MSG${SOH}true${STX}PGROUP${SOH}$1${STX}UNIQ_KEY${SOH}$2${STX}KEYS${SOH}$3${STX}"
}

# half BROKER GROUP TOPIC UNIQUE_ID KEYS: $position and $offset are those of the half message
half() {
	half_answer=$(rawcall -B body "$(address "$1")" 310 a="$2" b="$3" c=TBW102 d=1 e=0 f=4 \
		g=1700000000000 h=0 j=0 k=false m=false i="$(properties "$2" "$4" "$5")")
	position=$((0x$(echo "$half_answer" | field ext.msgId | cut -c17-32)))
	offset=$(echo "$half_answer" | field ext.queueOffset)
}

# halves BROKER GROUP TOPIC PREFIX KEY FROM TO: many, with ids PREFIX-N and keys "KEY PREFIX-N"; a
# line "ID POSITION OFFSET" for each
halves() (
	broker=$1 group=$2 topic=$3 prefix=$4 key=$5 n=$6 last=$7
	while [ "$n" -le "$last" ]; do
		first=$n
		set --
		while [ "$n" -le "$last" ] && [ "$n" -lt $((first + 100)) ]; do
			[ $# -eq 0 ] || set -- "$@" --
			set -- "$@" 310 a="$group" b="$topic" c=TBW102 d=1 e=0 f=4 g=1700000000000 h=0 \
				j=0 k=false m=false i="$(properties "$group" "$prefix-$n" "$key $prefix-$n")"
			n=$((n + 1))
		done
		rawcall -B body "$(address "$broker")" "$@" |
			sed -n 's/^ext.msgId=................//p; s/^ext.queueOffset=//p' |
			while read -r hex && read -r offset; do
				echo "$prefix-$first $((0x$hex)) $offset"
				first=$((first + 1))
			done
	done
)

# end BROKER GROUP WHAT POSITION OFFSET [CHECK]: the code of the answer
end() {
	rawcall "$(address "$1")" 37 producerGroup="$2" commitLogOffset="$4" tranStateTableOffset="$5" \
		commitOrRollback="$3" fromTransactionCheck="${6:-false}" msgId=x transactionId=x | field code
}

# ends BROKER GROUP WHAT: for the half messages on stdin, as halves tells them; a code for each
ends() (
	broker=$1 group=$2 what=$3
	set --
	while read -r _ position offset; do
		[ $# -eq 0 ] || set -- "$@" --
		set -- "$@" 37 producerGroup="$group" commitLogOffset="$position" \
			tranStateTableOffset="$offset" commitOrRollback="$what" msgId=x transactionId=x
	done
	rawcall "$(address "$broker")" "$@" | field code
)

# ids FLAGS ...: the transaction ids of a list, sorted
ids() {
	admin transactionList --json "$@" | grep -o '"transactionId":"[^"]*"' | cut -d '"' -f 4 | sort
}
