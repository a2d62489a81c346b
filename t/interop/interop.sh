# shellcheck shell=sh
# Real clients against a two-master cluster, as TAP. Sourced by t/90*.t.
#
# Jars are fetched once, by Maven, into ${TWINMQ_CACHE:-$HOME/.cache/twinmq}.

# shellcheck source=t/interop/cluster.sh
. "$SRCDIR/t/interop/cluster.sh"

INTEROP_CACHE=${TWINMQ_CACHE:-$HOME/.cache/twinmq}
INTEROP_DIR=$(mktemp -d) || exit 99
interop_count=0
interop_failed=0

interop_clean() {
	[ -z "${interop_client-}" ] || kill -9 "$interop_client" 2>/dev/null
	cluster_clean
	rm -rf "$INTEROP_DIR"
}
trap interop_clean EXIT
trap 'exit 1' HUP INT TERM

# interop_result "ok TEXT" | "not ok TEXT"
interop_result() {
	interop_count=$((interop_count + 1))
	case $1 in
	ok\ *) echo "ok $interop_count - ${1#ok }" ;;
	*)
		interop_failed=$((interop_failed + 1))
		echo "not ok $interop_count - ${1#not ok }"
		;;
	esac
}

interop_check() { # STATUS TEXT
	if [ "$1" -eq 0 ]; then
		interop_result "ok $2"
	else
		interop_result "not ok $2"
	fi
}

interop_done() {
	echo "1..$interop_count"
	[ $interop_failed -eq 0 ]
	exit
}

# Nothing can be tested: a skip, which in CI is a failure.
interop_skip() {
	if [ "${CI-}" = true ]; then
		echo "1..1"
		echo "not ok 1 - $1 (must not be skipped in CI)"
		exit 1
	fi
	echo "1..0 # SKIP $1"
	exit 0
}

interop_need() { # COMMAND...
	for tool; do
		command -v "$tool" >/dev/null 2>&1 || interop_skip "$tool is not installed"
	done
}

# interop_jars GROUP ARTIFACT VERSION: prints the folder with the artifact and all that it needs.
interop_jars() {
	jars=$INTEROP_CACHE/$2-$3
	if [ ! -d "$jars" ]; then
		mkdir -p "$INTEROP_CACHE"
		fetched=$(mktemp -d "$INTEROP_CACHE/fetch.XXXXXX") || return 1
		mvn -q -B -f "$SRCDIR/t/interop/java/pom.xml" dependency:copy-dependencies \
			-Dmq.group="$1" -Dmq.artifact="$2" -Dmq.version="$3" \
			-DoutputDirectory="$fetched" >&2 || return 1
		# Two runs may fetch at once: the first one to finish stays.
		mv -T "$fetched" "$jars" 2>/dev/null || rm -rf "$fetched"
	fi
	echo "$jars"
}

# What the clients of all generations need on a new JVM, and where they may write.
interop_java() { # CLASSPATH ARGUMENT...
	java_path=$1
	shift
	java -Xms64m -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel="${MQ_JIT:-4}" \
		--add-opens=java.base/java.nio=ALL-UNNAMED --add-opens=java.base/sun.nio.ch=ALL-UNNAMED \
		--add-opens=java.base/java.lang=ALL-UNNAMED --add-opens=java.base/java.util=ALL-UNNAMED \
		-Duser.home="$INTEROP_DIR" -Drocketmq.client.rebalance.waitInterval=2000 \
		-cp "$java_path" "$@"
}

# interop_compile VERSION JARS: the scenarios that this generation has, into $INTEROP_DIR/classes.
interop_compile() {
	mkdir -p "$INTEROP_DIR/src"
	cp "$SRCDIR"/t/interop/java/*.java "$INTEROP_DIR/src" || return 1
	chmod -R u+w "$INTEROP_DIR/src"
	case $1 in
	3.*)
		sed -i 's/org\.apache\.rocketmq/com.alibaba.rocketmq/' "$INTEROP_DIR"/src/*.java
		rm "$INTEROP_DIR/src/Batch.java" "$INTEROP_DIR/src/LitePull.java" "$INTEROP_DIR/src/Vip.java"
		;;
	4.2.*) rm "$INTEROP_DIR/src/LitePull.java" ;;
	esac
	javac -nowarn -encoding UTF-8 -cp "$2/*" -d "$INTEROP_DIR/classes" "$INTEROP_DIR"/src/*.java >&2
}

# Runs a program that reports like Interop.java and asks for what the cluster has to do.
interop_drive() { # PREFIX COMMAND...
	drive_prefix=$1
	shift
	rm -f "$INTEROP_DIR/in" "$INTEROP_DIR/out"
	mkfifo "$INTEROP_DIR/in" "$INTEROP_DIR/out"
	"$@" <"$INTEROP_DIR/in" >"$INTEROP_DIR/out" 2>"$INTEROP_DIR/err" &
	interop_client=$!
	exec 3>"$INTEROP_DIR/in" 4<"$INTEROP_DIR/out"
	while IFS= read -r line <&4; do
		case $line in
		"ok "*) interop_result "ok $drive_prefix ${line#ok }" ;;
		"not ok "*) interop_result "not ok $drive_prefix ${line#not ok }" ;;
		"do "*)
			# shellcheck disable=SC2086 # words are what is wanted
			if cluster_do ${line#do } 3>&- 4<&-; then
				echo 'done' >&3
			else
				echo failed >&3
			fi
			;;
		*) echo "# $line" ;;
		esac
	done
	exec 3>&- 4<&-
	wait $interop_client
	drive_status=$?
	interop_client=
	[ $drive_status -eq 0 ] || sed 's/^/# /' "$INTEROP_DIR/err"
	# A client that died says less than it was asked for.
	[ $drive_status -le 1 ] || interop_result "not ok $drive_prefix ended with status $drive_status"
}

# interop_generation GROUP VERSION SCENARIO...: all of a .t file for one generation of the Java client.
interop_generation() {
	generation_group=$1
	generation=$2
	shift 2
	interop_need java javac mvn
	jars=$(interop_jars "$generation_group" rocketmq-client "$generation") ||
		interop_skip "Maven cannot fetch rocketmq-client $generation"
	interop_compile "$generation" "$jars" || interop_skip "the scenarios do not compile"
	cluster_start flushDiskType=ASYNC_FLUSH
	interop_check $? "a two-master cluster starts"
	run=$(echo "$generation" | tr -d .)_$$
	interop_drive "$generation" interop_java "$INTEROP_DIR/classes:$jars/*" Interop "$MQ_NAMESRV" "$run" "$@"
	cluster_stop
	interop_check $? "the cluster stops"
	interop_done
}
