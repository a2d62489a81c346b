# shellcheck shell=sh
# Real clients against a two-master cluster, as TAP. Sourced by t/90*.t.
#
# Jars are fetched once, by Maven, into ${TWINMQ_CACHE:-$HOME/.cache/twinmq}.

# shellcheck source=t/lib/lib.sh
. "${SRCDIR:-.}/t/lib/lib.sh"
# shellcheck source=t/interop/cluster.sh
. "$SRCDIR/t/interop/cluster.sh"

INTEROP_CACHE=${TWINMQ_CACHE:-$HOME/.cache/twinmq}

# Nothing can be tested: a skip, which in CI is a failure.
interop_skip() {
	if [ "${CI-}" = true ]; then
		t_result 1 "$1, and nothing of this may be skipped in CI"
		t_done
		exit 1
	fi
	t_skip_all "$1"
}

interop_need() { # COMMAND...
	for tool; do
		command -v "$tool" >/dev/null 2>&1 || interop_skip "$tool is not installed"
	done
}

# interop_jars GROUP ARTIFACT VERSION: prints the folder with the artifact and all that it needs.
interop_jars() {
	jars=$INTEROP_CACHE/$2-$3
	[ -d "$jars" ] || interop_fetch "$jars" interop_maven "$@" || return 1
	echo "$jars"
}

interop_maven() { # FOLDER GROUP ARTIFACT VERSION
	mvn -q -B -f "$SRCDIR/t/interop/java/pom.xml" dependency:copy-dependencies \
		-Dmq.group="$2" -Dmq.artifact="$3" -Dmq.version="$4" -DoutputDirectory="$1"
}

# interop_fetch FOLDER COMMAND WORD...: COMMAND puts what is fetched into the folder that it gets as its first
# word. Three tries, as networks are; one at a time on a machine: Maven's own cache has no lock.
interop_fetch() {
	fetch_folder=$1 fetch_command=$2
	shift 2
	mkdir -p "$INTEROP_CACHE"
	for fetch_try in 1 2 3; do
		fetched=$(mktemp -d "$INTEROP_CACHE/fetch.XXXXXX") || return 1
		(
			flock 9
			[ ! -d "$fetch_folder" ] || exit 0
			$fetch_command "$fetched" "$@" && mv -T "$fetched" "$fetch_folder"
		) 9>"$INTEROP_CACHE/lock" >&2 && break
		echo "# fetching $fetch_folder failed, try $fetch_try" >&2
	done
	rm -rf "$fetched"
	[ -d "$fetch_folder" ]
}

# The client of Go with its scenarios, as $T_DIR/go/client.
interop_go() {
	interop_need go
	mkdir "$T_DIR/go"
	cp "$SRCDIR"/t/interop/go/* "$T_DIR/go" && chmod -R u+w "$T_DIR/go"
	for go_try in 1 2 3; do
		(cd "$T_DIR/go" && go build -o client . >&2) && return
		echo "# go build failed, try $go_try" >&2
	done
	interop_skip "the client of Go cannot be built"
}

# What was said by the programs and daemons of a test that fails, and in the logs of RocketMQ's clients.
interop_evidence() {
	for evidence in "$T_DIR"/err "$T_DIR"/*.err "$T_DIR"/*.log "$T_DIR"/logs/rocketmqlogs/*.log; do
		[ -s "$evidence" ] || continue
		echo "# ---- the end of ${evidence#"$T_DIR/"}"
		tail -n 60 "$evidence" | cut -c 1-400 | sed 's/^/# /'
	done
}

# What the clients of all generations need on a new JVM, and where they may write. INTEROP_EXEC=exec: in place of this
# shell.
interop_java() { # CLASSPATH ARGUMENT...
	java_path=$1
	shift
	${INTEROP_EXEC-} java -Xms64m -Xmx512m -XX:+UseSerialGC \
		--add-opens=java.base/java.nio=ALL-UNNAMED --add-opens=java.base/sun.nio.ch=ALL-UNNAMED \
		--add-opens=java.base/java.lang=ALL-UNNAMED --add-opens=java.base/java.util=ALL-UNNAMED \
		-Duser.home="$T_DIR" -Drocketmq.client.rebalance.waitInterval=2000 \
		-Drocketmq.client.rebalance.lockInterval=1000 -Drocketmq.client.unlockDelayTimeMills=1000 \
		-cp "$java_path" "$@"
}

interop_without() { # CLASS...
	for class; do
		rm "$T_DIR/src/$class.java"
	done
}

# interop_compile VERSION JARS: the scenarios that this generation has, into $T_DIR/classes.
interop_compile() {
	mkdir -p "$T_DIR/src"
	cp "$SRCDIR"/t/interop/java/*.java "$T_DIR/src" || return 1
	chmod -R u+w "$T_DIR/src"
	case $1 in
	3.*)
		sed -i 's/org\.apache\.rocketmq/com.alibaba.rocketmq/' "$T_DIR"/src/*.java
		interop_without Batch ByListener LitePull Vip Sql SqlPull RequestReply Requester Answers Trace Pop PopMember Assigned MoveIn
		;;
	4.2.*) interop_without ByListener LitePull SqlPull RequestReply Requester Answers Trace Pop PopMember Assigned MoveIn ;;
	4.*) interop_without Pop PopMember Assigned ;;
	5.*) interop_without ArticleProgram Article ByExecuter ;;
	esac
	javac -nowarn -encoding UTF-8 -cp "$2/*" -d "$T_DIR/classes" "$T_DIR"/src/*.java >&2
}

# interop_tools VERSION...: RocketMQ's mqadmin of these versions waits for commands, each in one JVM.
interop_tools() {
	mkdir -p "$T_DIR/conf"
	for tools_log in logback_tools.xml rmq.tools.logback.xml; do
		echo '<configuration><root level="ERROR"/></configuration>' >"$T_DIR/conf/$tools_log"
	done
	for tools_version; do
		tools_jars=$(interop_jars org.apache.rocketmq rocketmq-tools "$tools_version") ||
			interop_skip "Maven cannot fetch rocketmq-tools $tools_version"
		javac -nowarn -cp "$tools_jars/*" -d "$T_DIR/tools-$tools_version" "$SRCDIR/t/interop/tools/Admin.java" >&2 ||
			interop_skip "the driver of the tools does not compile"
		mkfifo "$T_DIR/tools-$tools_version.in" "$T_DIR/tools-$tools_version.out"
		(
			cd "$T_DIR" || exit 1 # where its files go
			interop_java "$T_DIR/tools-$tools_version:$tools_jars/*" -Drocketmq.home.dir="$T_DIR" \
				-Drmq.logback.configurationFile="$T_DIR/conf/rmq.tools.logback.xml" Admin
		) <"$T_DIR/tools-$tools_version.in" >"$T_DIR/tools-$tools_version.out" 2>"$T_DIR/tools-$tools_version.err" &
		t_remember "tools-$tools_version" $!
		case $tools_version in
		4.*) exec 5>"$T_DIR/tools-$tools_version.in" 6<"$T_DIR/tools-$tools_version.out" ;;
		*) exec 7>"$T_DIR/tools-$tools_version.in" 8<"$T_DIR/tools-$tools_version.out" ;;
		esac
	done
}

# interop_tool VERSION PATTERN COMMAND...: succeeds when a line of its output has the pattern
interop_tool() {
	tool_version=$1 tool_pattern=$2
	shift 2
	tool_log=$T_DIR/tools-$tool_version.log
	case $tool_version in
	4.*) echo "$* -n $MQ_NAMESRV" >&5 ;;
	*) echo "$* -n $MQ_NAMESRV" >&7 ;;
	esac
	interop_tool_output "$tool_version" >"$tool_log"
	grep -q -e "$tool_pattern" "$tool_log" || {
		echo "no line of $* has $tool_pattern:"
		cat "$tool_log"
		return 1
	}
}

interop_tool_output() { # VERSION
	while case $1 in
	4.*) IFS= read -r tool_line <&6 ;;
	*) IFS= read -r tool_line <&8 ;;
	esac && [ "$tool_line" != '=== end' ]; do
		echo "$tool_line"
	done
}

# What a program asks for: a command of RocketMQ's mqadmin, or something of the cluster.
interop_do() {
	if [ "$1" = tool ]; then
		shift
		interop_tool "$@"
	else
		cluster_do "$@"
	fi
}

# Runs a program that reports like Interop.java and asks for what the cluster has to do.
interop_drive() { # PREFIX COMMAND...
	drive_prefix=$1
	shift
	rm -f "$T_DIR/in" "$T_DIR/out"
	mkfifo "$T_DIR/in" "$T_DIR/out"
	"$@" <"$T_DIR/in" >"$T_DIR/out" 2>"$T_DIR/err" &
	interop_client=$!
	drive_bad=
	T_PIDS="$T_PIDS $interop_client"
	exec 3>"$T_DIR/in" 4<"$T_DIR/out"
	while IFS= read -r line <&4; do
		case $line in
		"ok "*) t_result 0 "$drive_prefix ${line#ok }" ;;
		"not ok "*)
			drive_bad=yes
			t_result 1 "$drive_prefix ${line#not ok }"
			;;
		"do "*)
			# shellcheck disable=SC2086 # words are what is wanted
			if interop_do ${line#do } >"$T_DIR/do.out" 2>&1 3>&- 4<&-; then
				echo 'done' >&3
			else
				sed 's/^/# /' "$T_DIR/do.out"
				echo failed >&3
			fi
			;;
		*) echo "# $line" ;;
		esac
	done
	exec 3>&- 4<&-
	wait $interop_client
	drive_status=$?
	# A client that died says less than it was asked for.
	[ $drive_status -eq 0 ] || [ "$drive_bad$drive_status" = yes1 ] ||
		t_result 1 "$drive_prefix ended with status $drive_status"
	[ $drive_status -eq 0 ] || interop_evidence
}

# interop_client GROUP VERSION: all that programs of this generation need; its jars in $jars
interop_client() {
	interop_need java javac mvn
	jars=$(interop_jars "$1" rocketmq-client "$2") || interop_skip "Maven cannot fetch rocketmq-client $2"
	interop_compile "$2" "$jars" || interop_skip "the scenarios do not compile"
}

# interop_generation GROUP VERSION SCENARIO...: all of a .t file for one generation of the Java client.
interop_generation() {
	generation=$2
	interop_client "$1" "$2"
	shift 2
	cluster_start flushDiskType=ASYNC_FLUSH mappedFileSizeCommitLog=8388608
	t_result $? "a two-master cluster starts"
	run=$(echo "$generation" | tr -d .)_$$
	interop_drive "$generation" interop_java "$T_DIR/classes:$jars/*" Interop "$MQ_NAMESRV" "$run" "$@"
	# Once more, with headers in the ROCKETMQ codec, which the oldest client does not have.
	[ "$generation" = 3.2.6 ] ||
		interop_drive "$generation binary" interop_java "$T_DIR/classes:$jars/*" \
			-Drocketmq.serialize.type=ROCKETMQ Interop "$MQ_NAMESRV" "${run}_binary" sync tags pull
	cluster_stop
	t_result $? "the cluster stops"
	t_done
}

# A cluster with every kind of message, where retries are fast and a restart is not waited for.
interop_fast_cluster() {
	cluster_start flushDiskType=ASYNC_FLUSH enablePropertyFilter=true traceTopicEnable=true rebalanceLockRestartWait=1000 \
		rebalanceLockMaxLiveTime=5000 \
		transactionTimeOut=1500 transactionCheckInterval=1000 \
		messageDelayLevel="1s 2s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s"
	t_result $? "a two-master cluster starts"
}

# interop_messages GROUP VERSION SCENARIO...: kinds of messages and ways to consume them.
interop_messages() {
	generation=$2
	interop_client "$1" "$2"
	shift 2
	# shellcheck disable=SC2086 # words
	interop_tools ${INTEROP_TOOLS-}
	interop_fast_cluster
	interop_drive "$generation" interop_java "$T_DIR/classes:$jars/*" \
		Interop "$MQ_NAMESRV" "m$(echo "$generation" | tr -d .)_$$" ${INTEROP_ONLY:-"$@"}
	cluster_stop
	t_result $? "the cluster stops"
	t_done
}

# interop_transactions GROUP VERSION TYPE SCENARIO...: the same for transactions, which are checked soon
# and often. TYPE is the Transactor of this generation.
interop_transactions() {
	interop_client "$1" "$2"
	cluster_start flushDiskType=ASYNC_FLUSH transactionTimeOut=1500 transactionCheckInterval=1000 \
		transactionCheckMax=1000
	t_result $? "a two-master cluster starts"
	shift
	interop_transact "$@"
	t_is "no transaction is open" "$(cluster_transactions open)" 0
	t_is "no transaction is parked" "$(cluster_transactions parked)" 0
	cluster_stop
	t_result $? "the cluster stops"
}

# interop_transact VERSION TYPE SCENARIO...
interop_transact() {
	transactor=$2
	generation=$1
	shift 2
	# shellcheck disable=SC2086 # INTEROP_FLAGS are words
	interop_drive "$generation" interop_java "$T_DIR/classes:$jars/*" -Dinterop.transactor="$transactor" \
		${INTEROP_FLAGS-} Interop "$MQ_NAMESRV" "tx_$(echo "$generation" | tr -d .)_$$" "$@"
}

# interop_spring VERSION SCENARIO...: an application with rocketmq-spring-boot-starter
interop_spring() {
	spring_version=$1
	shift
	interop_need java javac mvn
	jars=$(interop_jars org.apache.rocketmq rocketmq-spring-boot-starter "$spring_version") ||
		interop_skip "Maven cannot fetch rocketmq-spring-boot-starter $spring_version"
	javac -nowarn -encoding UTF-8 -cp "$jars/*" -sourcepath "$SRCDIR/t/interop/java" -d "$T_DIR/classes" \
		"$SRCDIR/t/interop/spring/SpringApp.java" >&2 || interop_skip "the application does not compile"
	interop_fast_cluster
	interop_drive "spring $spring_version" interop_java "$T_DIR/classes:$jars/*" SpringApp "$MQ_NAMESRV" \
		"s$(echo "$spring_version" | tr -d .)_$$" ${INTEROP_ONLY:-"$@"}
	cluster_stop
	t_result $? "the cluster stops"
	t_done
}
