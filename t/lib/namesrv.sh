# What the tests of the name server share. Source it after lib.sh.
# shellcheck shell=sh

# table COUNTER TOPIC ...: the body of a registration
table() {
	t_counter=$1
	shift
	printf '{"filterServerList":[],"topicConfigSerializeWrapper":{"dataVersion":'
	printf '{"counter":%s,"timestamp":1},"topicConfigTable":{' "$t_counter"
	t_comma=
	for t_topic in "$@"; do
		printf '%s"%s":{"order":false,"perm":6,"readQueueNums":4,"topicFilterType":"SINGLE_TAG",' \
			"$t_comma" "$t_topic"
		printf '"topicName":"%s","topicSysFlag":0,"writeQueueNums":4}' "$t_topic"
		t_comma=,
	done
	printf '}}}'
}

# broker_fields NAME ID PORT [CLUSTER]: the header of a registration, for word splitting
broker_fields() {
	echo "brokerName=$1 brokerId=$2 brokerAddr=127.0.0.1:$3 clusterName=${4:-C} haServerAddr=127.0.0.1:$(($3 + 1))"
}
