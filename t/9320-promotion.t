#!/bin/sh
# Real clients, unmodified, through the death of the only master, the return of it as a slave, and the death of the
# next master: Java 4.9.8, Java 5.3.3 and Go at once, at a SYNC_MASTER with one slave and a witness.
# shellcheck source=t/interop/interop.sh
. "${SRCDIR:-.}/t/interop/interop.sh"
# shellcheck source=t/lib/quorum.sh
. "$SRCDIR/t/lib/quorum.sh"
# shellcheck source=t/interop/together.sh
. "$SRCDIR/t/interop/together.sh"

MQ_NAMESRV="$Q1;$Q2"
interop_go
for generation in 4.9.8 5.3.3; do
	rm -rf "$T_DIR/src"
	interop_client org.apache.rocketmq $generation
	mv "$T_DIR/classes" "$T_DIR/classes-$generation"
done

replica() { # NAME ROLE
	broker "$1" -o brokerName=pair -o brokerClusterName=C -o enableControllerMode=true \
		-o namesrvAddr="$Q1;$Q2" -o controllerAddr="$Q1;$Q2;$Q3" -o brokerRole="$2" -o brokerId=1 \
		-o flushDiskType=ASYNC_FLUSH -o httpPort=0 -o transactionTimeOut=1500 -o transactionCheckInterval=1000 \
		-o transactionCheckMax=1000
}
in_sync() {
	[ "$(rawcall -B '["pair"]' "$(leader)" 1006 | field body | sed 's/"notInSyncReplicas.*//' |
		grep -o '"brokerId":' | wc -l)" = 2 ]
}
topics() { # RUN: for one program
	for topic in promotion promotion_ordered promotion_tx; do
		make_topic "T${1}_$topic" one
		t_wait 30 has_route "T${1}_$topic" q1 && t_wait 30 has_route "T${1}_$topic" q2 || return 1
	done
}
java_at() { # GENERATION RUN DESCRIPTOR FLAG...
	java_generation=$1 java_run=$2 java_fd=$3
	shift 3
	together_start "java-$java_generation" "$java_fd" interop_java \
		"$T_DIR/classes-$java_generation:$INTEROP_CACHE/rocketmq-client-$java_generation/*" "$@" \
		Interop "$MQ_NAMESRV" "$java_run" promotion
}

quorum || exit 1
t_ok 'a quorum' t_wait 30 has_leader
replica one SYNC_MASTER && replica two SLAVE || exit 1
t_ok 'the slave is in sync' t_wait 60 in_sync
t_ok 'topics for Go' topics "go_$$"
t_ok 'topics for Java 4' topics "four_$$"
t_ok 'topics for Java 5' topics "five_$$"
together_start go 5 "$T_DIR/go/client" "$MQ_NAMESRV" "$(address one)" "go_$$" promotion
java_at 4.9.8 "four_$$" 7
java_at 5.3.3 "five_$$" 8 -Dinterop.consumes=true

together_stage promote
kill9 one
together_go
together_stage back
replica one SYNC_MASTER
t_result $? 'the former master is started'
t_ok 'it is in sync, as a slave' t_wait 60 in_sync
t_has 'which it heard of the quorum' "$(cat "$T_DIR/one/replica.json")" '"role":"slave"'
together_go
together_stage promote
kill9 two
together_go
together_stage settled
none_open() {
	[ "$(cluster_transactions open)" = 0 ]
}
t_ok 'no transaction is open' t_wait 60 none_open
together_go
together_end
t_ok 'the master stops as asked' stop one
t_done
