#!/bin/sh
# mqadmin doctor: of each fault that is planted in name servers, brokers and topics its diagnosis and no
# other. t/6805-doctor-groups.t has those of groups, t/6810-doctor-hosts.t those of hosts.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/lib/namesrv.sh
. "${SRCDIR:-.}/t/lib/namesrv.sh"
# shellcheck source=t/lib/doctor.sh
. "${SRCDIR:-.}/t/lib/doctor.sh"

# ---- name servers ----

doc "$both;127.0.0.1:1"
says "a name server that does not answer" name-server-silent "127.0.0.1:1" "Connection refused"
t_is "is a finding" $doc_status 1
doc 127.0.0.1:1
t_is "none at all: it cannot look" $doc_status 2
t_has "and says why" "$(cat "$T_DIR/doc")" "no name server answers"
name_server lonely
doc "$(address lonely)"
says "a name server without brokers" no-broker "knows 0 brokers"

start broker-c mqbroker -o brokerName=broker-c -o brokerIP1=127.0.0.1 -o storePathRootDir="$STORES/c" \
	-o namesrvAddr="$(address lonely);127.0.0.1:1" -o diskMaxUsedSpaceRatio=95 -o maxConnections=60 || exit 1
t_ok "broker-c is registered" t_wait 30 has_route broker-c lonely
doc "$(address lonely)"
says "a name server in a broker's settings that does not answer" broker-name-server "namesrvAddr=" "127.0.0.1:1: Connection refused"
stop broker-c
name_server other
start broker-c mqbroker -o brokerName=broker-c -o brokerIP1=127.0.0.1 -o storePathRootDir="$STORES/c" \
	-o namesrvAddr="$(address lonely)" -o diskMaxUsedSpaceRatio=95 -o maxConnections=60 || exit 1
t_ok "broker-c is registered again" t_wait 30 has_route broker-c lonely
doc "$(address lonely);$(address other)"
t_is "a broker that only one of two name servers knows" "$found" "routes-differ "
[ -n "$found" ] || sed 's/^/# /' "$T_DIR/doc"
start impostor mqbroker -o brokerName=broker-c -o brokerIP1=127.0.0.1 -o storePathRootDir="$STORES/impostor" \
	-o namesrvAddr="$(address other)" -o diskMaxUsedSpaceRatio=95 -o maxConnections=60 || exit 1
t_ok "another broker-c is registered" t_wait 30 has_route broker-c other
doc "$(address lonely);$(address other)"
says "two brokers with one name" name-taken "$(address broker-c) and $(address impostor)"
stop impostor

# ---- daemons ----

kill9 broker-c
start broker-c mqbroker -o brokerName=broker-c -o brokerIP1=127.0.0.1 -o storePathRootDir="$STORES/c" \
	-o namesrvAddr="$(address lonely)" -o diskMaxUsedSpaceRatio=95 -o maxConnections=60 || exit 1
t_ok "broker-c is there after a kill -9" t_wait 30 has_route broker-c lonely
doc "$(address lonely)"
says "a daemon that was killed" unclean-stop "abort was there"
stop broker-c
start broker-c mqbroker -o brokerName=broker-c -o brokerIP1=127.0.0.1 -o storePathRootDir="$STORES/c" \
	-o namesrvAddr="$(address lonely)" -o diskMaxUsedSpaceRatio=95 -o maxConnections=1000000 || exit 1
t_ok "broker-c is there again" t_wait 30 has_route broker-c lonely
doc "$(address lonely)"
if [ "$found" = "" ]; then
	t_skip "few descriptors" "there are more than a million"
else
	says "few descriptors for many connections" file-limit-low "maxConnections=1000000"
fi
stop broker-c
start broker-c mqbroker -o brokerName=broker-c -o brokerIP1=127.0.0.1 -o storePathRootDir="$STORES/c" \
	-o namesrvAddr="$(address lonely)" -o diskMaxUsedSpaceRatio=95 -o maxConnections=60 -o maxTopics=8 || exit 1
t_ok "broker-c is there with a limit" t_wait 30 has_route broker-c lonely
make_topic X1 broker-c
make_topic X2 broker-c
make_topic X3 broker-c
make_topic X4 broker-c
make_topic X5 broker-c
make_topic X6 broker-c
make_topic X7 broker-c
make_topic X8 broker-c
doc "$(address lonely)"
says "requests over a limit" limits-refuse "refusedTopics="
stop broker-c

[ "$machine" = none ] && if start broker-c mqbroker -o brokerName=broker-c -o brokerIP1=127.0.0.1 \
	-o storePathRootDir="$STORES/c" -o namesrvAddr="$(address lonely)" -o maxConnections=60 -o diskMaxUsedSpaceRatio=10; then
	t_ok "broker-c has little room" t_wait 30 has_route broker-c lonely
	doc "$(address lonely)"
	if [ "$(df --output=pcent "$STORES" | tr -dc 0-9)" -gt 12 ]; then
		says "a disk above its ratio" disk-above-ratio "diskMaxUsedSpaceRatio=10"
	fi
	stop broker-c
fi
if [ "$(stat -f -c %T /dev/shm 2>/dev/null)" = tmpfs ] && mkdir "/dev/shm/doctor.$$"; then
	trap 't_cleanup; rm -rf "$STORES" "/dev/shm/doctor.$$"' EXIT
	start broker-c mqbroker -o brokerName=broker-c -o brokerIP1=127.0.0.1 -o storePathRootDir="/dev/shm/doctor.$$" \
		-o namesrvAddr="$(address lonely)" -o maxConnections=60 -o diskMaxUsedSpaceRatio=95 || exit 1
	t_ok "broker-c is in memory" t_wait 30 has_route broker-c lonely
	doc "$(address lonely)"
	says "a store in memory" store-in-memory "is on tmpfs"
	stop broker-c
	rm -rf "/dev/shm/doctor.$$"
else
	t_skip "a store in memory" "/dev/shm is no tmpfs"
fi

# ---- HTTP ----

# The port that follows from listenPort is in use: the broker goes on without it.
start other-program mqnamesrv -o storePath="$STORES/other-program" || exit 1
start broker-c mqbroker -o brokerName=broker-c -o brokerIP1=127.0.0.1 -o listenPort=$(($(port other-program) - 3)) -o bindAddress=127.0.0.1 \
	-o storePathRootDir="$STORES/c" -o namesrvAddr="$(address lonely)" -o maxConnections=60 -o diskMaxUsedSpaceRatio=95 || exit 1
t_ok "broker-c is there without HTTP" t_wait 30 has_route broker-c lonely
doc "$(address lonely)"
says "a broker that could not have its HTTP port" no-http "httpPort=-1" "was taken"
stop broker-c
stop other-program

# ---- addresses ----

start broker-c mqbroker -o brokerName=broker-c -o brokerIP1=127.0.0.1 -o bindAddress=127.0.0.2 \
	-o storePathRootDir="$STORES/c" -o namesrvAddr="$(address lonely)" -o maxConnections=60 -o diskMaxUsedSpaceRatio=95 || exit 1
t_ok "broker-c listens elsewhere" t_wait 30 has_route broker-c lonely
doc "$(address lonely)"
says "a broker that is not where it says" broker-unreachable "$(address broker-c)" "Connection refused"
stop broker-c
# shellcheck disable=SC2046 # words
hold ghost -B "$(table 1 ghost)" "$(address lonely)" 103 $(broker_fields ghost 0 "$(port broker-a)")
doc "$(address lonely)"
t_has "another broker at a broker's address" "$found" wrong-broker
t_has "is named" "$(cat "$T_DIR/doc")" "where broker-a answers"
kill9 ghost

# ---- masters that differ ----

rawcall -B maxMessageSize=1000000 "$(address broker-b)" 25 >/dev/null
doc "$both"
says "a setting that differs" settings-differ "broker-a ($(address broker-a)): 4194304; broker-b ($(address broker-b)): 1000000"
rawcall -B maxMessageSize=4194304 "$(address broker-b)" 25 >/dev/null
topic OnlyA # a new topic is created on all masters
rawcall "$(address broker-b)" 215 topic=OnlyA >/dev/null
doc "$both"
says "a topic on one master" topic-on-one-master "mqadmin updateTopic -b broker-b -t OnlyA -r 4 -w 4"
drop_topic OnlyA
topic U 6
doc "$both"
says "numbers of queues that differ" topic-queues-differ "read 6, write 6" "read 4, write 4"
topic U 4 4
doc "$both"
says "a topic without write permission" topic-not-writable "perm R--"
drop_topic U
rawcall "$here" 205 brokerName=broker-a >/dev/null
doc "$both"
says "a broker whose write permission was taken" broker-not-writable "mqadmin addWritePerm -b broker-a"
rawcall "$here" 327 brokerName=broker-a >/dev/null
rawcall -B brokerPermission=4 "$(address broker-b)" 25 >/dev/null
doc "$both"
t_is "a broker that only lets read" "$found" "broker-not-writable settings-differ "
rawcall -B brokerPermission=6 "$(address broker-b)" 25 >/dev/null
doc "$both"
t_is "all is well again" "$found" ""
t_done
