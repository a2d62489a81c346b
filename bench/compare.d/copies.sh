# shellcheck shell=sh disable=SC2154 # of the session and the load, which are being played
# Copies: a slave beside each broker, in the sessions that want one. Sourced by bench/compare.
#
# The session's row says which role its masters have ($session_role; a dash: nobody has a slave) and
# whose slaves there are ($session_slaves: "all", or one side). A slave is the process SIDE.slave. It
# is stopped and goes on with its side, and what is printed of CPU and memory is its master's.

COPIES_SILENCE=600000 # ms: a side that is stopped for others' turns is not given up

has_slave() {
	[ "${session_role:--}" != - ] && { [ "$session_slaves" = all ] || [ "$session_slaves" = "$1" ]; }
}

# master_of PROCESS: the side
master_of() {
	echo "${1%.slave}"
}

# copies_settings PROCESS: KEY=VALUE of its role; both kinds of brokers know them
copies_settings() {
	[ "${session_role:--}" != - ] || return 0
	echo "haHousekeepingInterval=$COPIES_SILENCE"
	case $1 in
	*.slave)
		echo brokerRole=SLAVE
		echo brokerId=1
		;;
	*) echo "brokerRole=$session_role" ;;
	esac
}

# copies_flags PROCESS: the same as flags of ours
copies_flags() {
	copies_settings "$1" | sed 's/^/-o /'
	case $1 in
	*.slave) echo "-o haMasterAddress=127.0.0.1:$(($(side_port "$(master_of "$1")") + 1))" ;;
	esac
}

# copies_conf PROCESS: the same for the file of Apache's, with what makes its stream strong. From
# release 5 on a SYNC_MASTER waits for nobody unless inSyncReplicas says so, and a slave forgets a
# haMasterAddress: the name server tells it.
copies_conf() {
	[ "${session_role:--}" != - ] || return 0
	copies_settings "$1"
	echo inSyncReplicas=2
	echo totalReplicas=2
	echo haTransferBatchSize=262144
	echo haSendHeartbeatInterval=1000
}

# slave_exec SIDE FLUSH: without waiting
slave_exec() {
	if is_ours "$1"; then
		twinmq_exec "$1.slave" "$2"
	else
		apache_start_broker "$1.slave" "$2"
	fi
}

# copies_start SIDE FLUSH: its master was started, and its slave is now
copies_start() {
	t_wait 60 copies_listen "$1" || die "the master of side $1 does not start"
	port_take "$1.slave"
	slave_exec "$1" "$2"
	copies_wait "$1"
}

copies_listen() {
	! port_is_free "$(side_port "$1")" || ! kill -0 "$(pid "$1")"
}

# copies_wait SIDE: until its slave has all, and gets what comes
copies_wait() {
	t_wait 180 copies_level_or_dead "$1"
	copies_are_level "$1" && return
	tail -n 20 "$T_DIR/$1.log" "$T_DIR/$1.slave.log" >&2
	die "the slave of side $1 does not follow its master"
}

copies_level_or_dead() {
	copies_are_level "$1" || ! kill -0 "$(pid "$1")" || ! kill -0 "$(pid "$1.slave")"
}

copies_are_level() {
	"$BUILDDIR/mqbench" send -N 1 -t ready -A "127.0.0.1:$(side_port "$1")" --json -Q | grep -Eq '"failed": *0[,}]' || return
	copies_tries=20
	until slave_has "$1" "$(log_end "$1")"; do
		copies_tries=$((copies_tries - 1))
		[ $copies_tries -gt 0 ] || return
		sleep 0.1
	done
}

# log_end PROCESS: of a broker of any kind; 0 when it does not say
log_end() {
	log_end=$("$BUILDDIR/mqadmin" brokerStatus -b "127.0.0.1:$(side_port "$1")" 2>/dev/null |
		awk '$1 == "commitLogMaxOffset" { print $2 }')
	echo "${log_end:-0}"
}

# slave_has SIDE POSITION
slave_has() {
	[ "$(log_end "$1.slave")" -ge "$2" ]
}

# slave_kill SIDE: with its store
slave_kill() {
	side_kill "$1.slave"
	rm -rf "$T_DIR/$1.slave.store" "$T_DIR/$1.slave.home"
}

# slave_begin_anew SIDE: its slave has an empty store; $copies_end is what there is to copy
slave_begin_anew() {
	slave_kill "$1"
	copies_end=$(log_end "$1")
	sync
	copies_since=$(date +%s%3N)
	slave_exec "$1" "$session_flush"
}

# @catch_up: an empty slave copies all that its master has
special_catch_up() {
	slave_begin_anew "$1"
	t_wait 300 slave_has "$1" "$copies_end" || return 2
	copied_json "$copies_end"
}

# @copying WORDS ...: mqbench while an empty slave copies
special_copying() {
	copying_side=$1
	slave_begin_anew "$1"
	t_wait 60 slave_has "$1" 1 || return 2
	measure_mqbench "$@" # into the same file
	[ "$measure_status" -eq 0 ] || return "$measure_status"
	copying_at=$(log_end "$copying_side.slave")
	sed -i "s/}\$/,$(copied_json "$copying_at" | sed 's/^{//')/" "$T_DIR/json"
	[ -n "$messages" ] || [ "$copying_at" -lt "$copies_end" ] ||
		note "$(line_of "$load") ($load): the slave had all before the sends ended."
}

# copied_json POSITION: an empty slave has got so far since it began anew
copied_json() {
	printf '{"copied_bytes_per_second":%d}\n' $(($1 * 1000 / ($(date +%s%3N) - copies_since)))
}

# @witness: a quorum of two name servers and a witness that knows nothing yet
special_witness() {
	witness_peers=
	for witness in 1 2 3; do
		port_take "witness.$witness"
		witness_peers="$witness_peers$witness-127.0.0.1:$(side_port "witness.$witness");"
	done
	for witness in 1 2 3; do
		"$BUILDDIR/mqnamesrv" -o listenPort="$(side_port "witness.$witness")" -o httpPort=0 -o consolePort=0 \
			-o bindAddress=127.0.0.1 -o storePath="$T_DIR/witness.$witness.store" -o quorumId="$witness" \
			-o quorumPeers="${witness_peers%;}" -o witness="$([ "$witness" = 3 ] && echo true || echo false)" \
			2>"$T_DIR/witness.$witness.log" &
		t_remember "witness.$witness" $!
	done
	t_wait 30 witness_votes && sleep 2 && awk '
		/^VmRSS:/ { resident = $2 * 1024 }
		/^RssAnon:/ { anonymous = $2 * 1024 }
		END { printf "{\"brokers\":{\"resident_bytes\":%d,\"anonymous_bytes\":%d}}\n", resident, anonymous }
	' "/proc/$(pid witness.3)/status"
	witness_status=$?
	[ $witness_status -eq 0 ] || tail -n 5 "$T_DIR"/witness.?.log >&2
	for witness in 1 2 3; do
		side_kill "witness.$witness"
		rm -rf "$T_DIR/witness.$witness.store" "$T_DIR/taken.$(side_port "witness.$witness")"
	done
	[ $witness_status -eq 0 ] || return 2
}

witness_votes() {
	cat "$T_DIR"/witness.?.log | grep -q 'leads the quorum'
}
