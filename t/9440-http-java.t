#!/bin/sh
# Producers and consumers of Java and of HTTP side by side on one topic (D11).
# shellcheck source=t/interop/interop.sh
. "${SRCDIR:-.}/t/interop/interop.sh"
# shellcheck source=t/lib/http.sh
. "$SRCDIR/t/lib/http.sh"

interop_need java javac mvn
unset MQ_NAMESRV # it is our HTTP
cluster_start
t_result $? "a two-master cluster starts"
web=
for role in broker-a broker-b; do
	web="${web:+$web;}$(url $role) $(cat "$T_DIR/$role/http-token")"
done
for version in 4.9.8 5.3.3; do
	jars=$(interop_jars org.apache.rocketmq rocketmq-client $version) || interop_skip "Maven cannot fetch rocketmq-client $version"
	rm -rf "$T_DIR/src" "$T_DIR/classes"
	interop_compile $version "$jars" || interop_skip "the scenarios do not compile"
	interop_drive $version interop_java "$T_DIR/classes:$jars/*" -Dinterop.web="$web" Interop "$MQ_NAMESRV" "${version%%.*}_$$" web
done
cluster_stop
t_result $? "the cluster stops"
t_done
