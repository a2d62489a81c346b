# For the scripts that run an example: a cluster of its own, programs that are kept alive, faults, the
# table at the end. The caller sets program (its name), build, dir, and sources it.
# shellcheck shell=sh disable=SC2154
keepers=''

usage() {
	sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0" >&2
	exit 2
}

fail() {
	echo "$program: $*" >&2
	exit 2
}

# number WORD: prints it if it is one
number() {
	case ${1-} in
	'' | 0* | *[!0-9]*) return 1 ;;
	esac
	echo "$1"
}

# use_directory DIR: an empty one; '' makes one that goes when all went well
use_directory() {
	dir=$1 temporary=''
	if [ "$dir" ]; then
		mkdir -p "$dir" && [ -z "$(ls -A "$dir")" ] || fail "$dir is not empty"
	else
		temporary=yes
		dir=$(mktemp -d "${TMPDIR:-/tmp}/$program.XXXXXX") || exit 2
	fi
	trap clean_up EXIT
	trap 'exit 2' INT TERM HUP
}

# Nothing that was started here goes on; the books of a run that went well are not kept.
clean_up() {
	status=$?
	stop_programs
	[ ! -d "$dir/cluster/run" ] || mqcluster stop >/dev/null 2>&1
	if [ "$temporary" ] && [ $status -ne 1 ]; then
		rm -rf "$dir"
	else
		echo "  Books and logs are in $dir"
	fi
}

# ---- the cluster -----------------------------------------------------------

# find_cluster: one answers at $NAMESRV_ADDR or where ./quickstart has its own
find_cluster() {
	"$build/mqadmin" clusterList >/dev/null 2>"$dir/cluster.log" ||
		fail "no cluster answers ($(tail -n 1 "$dir/cluster.log")): ./quickstart starts one$1"
}

# make_topic NAME QUEUES
make_topic() {
	"$build/mqadmin" updateTopic -t "$1" -r "$2" -w "$2" >"$dir/topic.log" 2>&1 ||
		fail "the topic $1 cannot be made: $(tail -n 1 "$dir/topic.log")"
}

# mqcluster COMMAND ...: of the cluster of its own
mqcluster() {
	cluster_command=$1
	shift
	"$build/mqcluster" "$cluster_command" -l -c "$dir/cluster/cluster.ini" -d "$dir/cluster/run" "$@"
}

# role NAME: its section in cluster.ini; its own file is what comes in
role() {
	printf '[%s]\nhost = here\nconfig = %s.ini\n' "$1" "$1" >>"$dir/cluster/cluster.ini"
	cat >"$dir/cluster/$1.ini"
}

# write_cluster PORT: its files, each listening there and above
write_cluster() {
	printf '[cluster]\nname = example\n' >"$dir/cluster/cluster.ini"
	for name in namesrv-1 namesrv-2; do
		printf '[namesrv]\nlistenPort = %d\n' "$1" | role $name
	done
	for name in broker-a broker-b; do
		role $name <<-END
			[broker]
			brokerName = $name
			brokerClusterName = example
			listenPort = $(($1 + 10))
			transactionTimeOut = 1000
			transactionCheckInterval = 1000
			transactionCheckMax = 1000
			messageDelayLevel = 1s 1s 1s 1s 2s 2s 2s 2s 2s
		END
	done
	NAMESRV_ADDR="127.0.0.1:$1;127.0.0.1:$(($1 + 1))"
	export NAMESRV_ADDR
}

start_cluster() {
	mkdir "$dir/cluster" || exit 2
	for attempt in 1 2 3 4 5; do
		write_cluster "$(awk -v seed="$$$attempt" 'BEGIN { srand(seed); print 20000 + int(rand() * 10000) }')"
		mqcluster start >"$dir/cluster/start.log" 2>&1 && return
		grep -q 'in use' "$dir/cluster/start.log" || break
		mqcluster stop >/dev/null 2>&1
	done
	fail "its cluster does not start: $(tail -n 1 "$dir/cluster/start.log")"
}

# ---- the programs ----------------------------------------------------------

# keep NAME COMMAND ...: runs it, and again whenever it dies
keep() {
	kept=$1
	shift
	until [ -e "$dir/stop" ]; do
		"$@" >>"$dir/$kept.log" 2>&1 &
		echo $! >"$dir/$kept.pid"
		wait $!
		rm -f "$dir/$kept.pid"
		[ -e "$dir/stop" ] || echo "$kept" >>"$dir/died"
		sleep 0.2
	done
}

in_background() {
	"$@" 2>/dev/null &
	keepers="$keepers $!"
}

# Each program that keep started ends, and is not started again.
stop_programs() {
	touch "$dir/stop"
	for pid_file in "$dir"/*.pid; do
		kill "$(cat "$pid_file" 2>/dev/null)" 2>/dev/null
	done
	for keeper in $keepers; do
		wait "$keeper"
	done
	keepers=''
}

# ---- faults ----------------------------------------------------------------

# plant_faults SEED N VICTIM ...: N deaths, one a second: each victim in its turn. A broker is away
# for up to a second, a program until keep starts it again.
plant_faults() {
	awk 'BEGIN {
		srand(ARGV[1])
		for (i = 0; i < ARGV[2]; i++)
			printf "%.2f %s %.2f\n", 0.3 + rand(), ARGV[3 + i % (ARGC - 3)], rand()
	}' "$@" | while read -r wait victim absence && [ ! -e "$dir/stop" ]; do
		sleep "$wait"
		case $victim in
		broker*)
			kill -9 "$(head -n 1 "$dir/cluster/run/$victim.pid")" && echo "$victim" >>"$dir/killed"
			sleep "$absence"
			mqcluster start >>"$dir/cluster/start.log" 2>&1 ||
				tail -n 1 "$dir/cluster/start.log" >>"$dir/not-started"
			;;
		*) kill -9 "$(cat "$dir/$victim.pid")" && echo "$victim" >>"$dir/killed" ;;
		esac
	done
}

# ---- the table -------------------------------------------------------------

# lines FILE WORD: how many
lines() {
	grep -cx "$2" "$dir/$1" 2>/dev/null
}

show_row() {
	printf '  %-26s %9d\n' "$1" "$2"
}

# show_deaths VICTIM ...
show_deaths() {
	echo
	echo "  Deaths"
	for name; do
		show_row "$name killed" "$(lines killed "$name")"
	done
	[ ! -e "$dir/not-started" ] || sed 's/^/  not started again: /' "$dir/not-started"
}
