#!/bin/sh
# A send of traces makes their topic on one master. No request may make a system topic, so the other master is not
# asked to.
# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"

start ns mqnamesrv -o storePath="$T_DIR/ns" || exit 1
for name in a b; do
	start $name mqbroker -n "$(address ns)" -o brokerName=$name -o brokerIP1=127.0.0.1 -o bindAddress=127.0.0.1 \
		-o storePathRootDir="$T_DIR/$name" || exit 1
done
send() { # TOPIC
	rawcall -B body "$(address b)" 310 a=P b="$1" c=TBW102 d=4 e=0 f=0 g=1700000000000 h=0 i= j=0 k=false m=false | field code
}
# Who has the topic: the brokers of its route.
has() { # BROKER TOPIC
	rawcall "$(address ns)" 105 topic="$2" | field body | grep -q "\"brokerName\":\"$1\",\"perm\""
}
both() { has a TBW102 && has b TBW102; }
t_ok 'two masters' t_wait 60 both
t_is 'traces go to one' "$(send RMQ_SYS_TRACE_TOPIC)" 0
t_ok 'which makes their topic' t_wait 60 has b RMQ_SYS_TRACE_TOPIC
t_is 'so does a message' "$(send Ordinary)" 0
t_ok 'whose topic comes to the other as well' t_wait 60 has a Ordinary
t_is 'nobody was asked for the topic of traces' "$(grep -c 'refuses a topic' "$T_DIR/b.log")" 0
t_ok 'one stops' stop a
t_ok 'the other, too' stop b
stop ns
t_done
