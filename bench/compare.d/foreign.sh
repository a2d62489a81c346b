# shellcheck shell=sh
# Redis Streams and NATS JetStream, each with its own generator. Sourced by bench/compare.

# Both are built by go into the cache, as Debian has no natscli.
NATS_SERVER=v2.14.9
NATS_CLI=v0.4.0
NATS_BIN=${TWINMQ_CACHE:-$HOME/.cache/twinmq}/nats-$NATS_SERVER-$NATS_CLI
PATH=$PATH:$NATS_BIN

is_foreign() {
	[ "$1" = redis ] || [ "$1" = nats ]
}

# foreign_there SIDE: it is, or is fetched; else why not is in $foreign_why
foreign_there() {
	foreign_why=
	case $1 in
	redis)
		for foreign_tool in redis-server redis-benchmark redis-cli; do
			command -v $foreign_tool >/dev/null || foreign_why="$foreign_tool is not installed: apt-get install redis-server"
		done
		;;
	nats)
		! command -v nats-server >/dev/null || ! command -v nats >/dev/null || return 0
		foreign_why="go cannot build nats-server $NATS_SERVER and nats $NATS_CLI"
		command -v go >/dev/null || return 1
		say "go builds nats-server and nats, once"
		GOBIN=$NATS_BIN go install "github.com/nats-io/nats-server/v2@$NATS_SERVER" >&2 &&
			GOBIN=$NATS_BIN go install "github.com/nats-io/natscli/nats@$NATS_CLI" >&2 && foreign_why=
		;;
	esac
	[ -z "$foreign_why" ]
}

# foreign_start SIDE FLUSH: as near to the two flush modes as they have it
foreign_start() {
	mkdir -p "$T_DIR/$1.store"
	case $1,$2 in
	redis,ASYNC_FLUSH) foreign_sync=everysec ;;
	nats,ASYNC_FLUSH) foreign_sync=1s ;;
	*) foreign_sync=always ;;
	esac
	case $1 in
	redis)
		redis-server --port "$(side_port redis)" --bind 127.0.0.1 --dir "$T_DIR/redis.store" --appendonly yes \
			--appendfsync "$foreign_sync" --save '' >"$T_DIR/redis.log" 2>&1 &
		;;
	nats)
		cat >"$T_DIR/nats.conf" <<-END
			listen: "127.0.0.1:$(side_port nats)"
			jetstream { store_dir: "$T_DIR/nats.store", max_file_store: 40GB, sync_interval: "$foreign_sync" }
		END
		nats-server -c "$T_DIR/nats.conf" >"$T_DIR/nats.log" 2>&1 &
		;;
	esac
	t_remember "$1" $!
	t_wait 30 foreign_listens "$1" || die "$1 does not start: $(tail -n 3 "$T_DIR/$1.log")"
}

foreign_listens() {
	! port_is_free "$(side_port "$1")"
}

# @foreign SIDE CONNECTIONS DEPTH SECONDS
special_foreign() {
	python3 "$compare/foreign.py" "$1" "$(pid "$1")" "$(side_port "$1")" "$2" "$3" "${4:-1}" "$T_DIR/guess.$1.$session.$2.$3"
}
