# shellcheck shell=sh
# RocketMQ's own mqadmin, 4.9.7, unmodified, in one JVM. Sourced after t/interop/interop.sh.

# tools_start [KEY=VALUE ...]: and a two-master cluster for it; the pairs are settings of both masters.
tools_start() {
	interop_need java javac mvn
	jars=$(interop_jars org.apache.rocketmq rocketmq-tools 4.9.7) || interop_skip "Maven cannot fetch rocketmq-tools"
	javac -nowarn -cp "$jars/*" -d "$T_DIR/classes" "$SRCDIR/t/interop/tools/Tools.java" >&2 ||
		interop_skip "the driver of the tools does not compile"
	cluster_start "$@"
	t_result $? "a two-master cluster starts"
	brokers=$(cluster_brokers)
	# shellcheck disable=SC2034 # for who sources this
	broker_a=${brokers%,*} broker_b=${brokers#*,}

	mkdir -p "$T_DIR/conf"
	echo '<configuration><root level="ERROR"/></configuration>' >"$T_DIR/conf/logback_tools.xml"
	mkfifo "$T_DIR/in" "$T_DIR/out"
	interop_java "$T_DIR/classes:$jars/*" -Drocketmq.home.dir="$T_DIR" Tools <"$T_DIR/in" >"$T_DIR/out" 2>"$T_DIR/tools.err" &
	t_remember tools $!
	exec 3>"$T_DIR/in" 4<"$T_DIR/out"
}

# The tools and the cluster end.
tools_stop() {
	exec 3>&- 4<&-
	cluster_stop
	t_result $? "the cluster stops"
}

# tool COMMAND ...: its output in $out
tool() {
	out=
	tab=$(printf '\t')
	line=$1
	shift
	for word; do
		line="$line$tab$word"
	done
	echo "$line$tab-n$tab$MQ_NAMESRV" >&3
	while IFS= read -r line <&4 && [ "$line" != '=== end' ]; do
		out="$out$line
"
	done
}

# has NAME PATTERN ...: each pattern is in a line of the output
has() {
	has_name=$1
	shift
	for pattern; do
		if ! echo "$out" | grep -q -e "$pattern"; then
			t_result 1 "$has_name" "no line has: $pattern" "$(echo "$out" | head -30)"
			interop_evidence
			return
		fi
	done
	t_result 0 "$has_name"
}

# has_not NAME PATTERN
has_not() {
	if echo "$out" | grep -q -e "$2"; then
		t_result 1 "$1" "a line has: $2" "$(echo "$out" | head -30)"
	else
		t_result 0 "$1"
	fi
}

# eventually NAME PATTERN COMMAND ...: the output of the tool has it before long
eventually() {
	eventually_name=$1 eventually_pattern=$2
	shift 2
	eventually_left=120
	until
		tool "$@"
		echo "$out" | grep -q -e "$eventually_pattern"
	do
		eventually_left=$((eventually_left - 1))
		[ $eventually_left -gt 0 ] || break
		sleep 0.5
	done
	has "$eventually_name" "$eventually_pattern"
}
