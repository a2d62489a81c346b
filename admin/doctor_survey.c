#include "config.h"

/* Asks every name server and broker once for what the checks look at. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "admin/doctor.h"
#include "common/base/clock.h"
#include "common/net/resolve.h"
#include "common/protocol/kv_table.h"
#include "common/protocol/name_list.h"

#define CONNECT_TIMEOUT_MS 2000
#define REST_MS 2000 /* for the checks after one that watches */

/* ---- for checks -------------------------------------------------------- */

const char *
doctor_copy(struct doctor *doctor, struct slice text)
{
	char *copy = arena_alloc(&doctor->admin->arena, text.len + 1);

	if (text.len != 0)
		memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	return copy;
}

const char *
doctor_text(struct doctor *doctor, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	struct slice text = arena_vprintf(&doctor->admin->arena, format, args);
	va_end(args);
	return doctor_copy(doctor, text);
}

static struct slice
pair_text(const struct ext *pairs, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (slice_is(pairs[i].key, name))
			return slice_trim(pairs[i].value);
	return SLICE_NONE;
}

const char *
doctor_setting(struct doctor *doctor, const struct doctor_daemon *daemon, const char *name)
{
	struct slice text = pair_text(daemon->settings, daemon->n_settings, name);

	return text.data != NULL ? doctor_copy(doctor, text) : NULL;
}

int64_t
doctor_counter(const struct doctor_daemon *daemon, const char *name)
{
	int64_t value = 0;

	slice_to_int64(pair_text(daemon->counters, daemon->n_counters, name), &value);
	return value;
}

int
doctor_ask(struct doctor *doctor, const struct doctor_broker *broker,
    const struct admin_request *ask, struct twinmq_reply *reply)
{
	struct admin_request one = *ask;

	if (!broker->daemon.answered)
		return -1;
	one.address = slice_of(broker->daemon.address);
	return admin_ask(doctor->admin, &one, reply);
}

struct doctor_daemon *
doctor_daemon_at(struct doctor *doctor, size_t index)
{
	if (index < doctor->n_name_servers)
		return &doctor->name_servers[index].daemon;
	index -= doctor->n_name_servers;
	return index < doctor->n_brokers ? &doctor->brokers[index].daemon : NULL;
}

struct doctor_broker *
doctor_master_at(struct doctor *doctor, size_t index)
{
	for (size_t i = 0; i < doctor->n_brokers; i++) {
		struct doctor_broker *broker = &doctor->brokers[i];

		if (broker->id == MASTER_ID && broker->daemon.answered && index-- == 0)
			return broker;
	}
	return NULL;
}

bool
doctor_is_loopback(const char *address)
{
	return strncmp(address, "127.", 4) == 0 || strncmp(address, "[::1]", 5) == 0 ||
	       strcmp(address, "::1") == 0 || strncmp(address, "localhost", 9) == 0;
}

const char *
doctor_host_of(struct doctor *doctor, const char *address)
{
	const char *colon = strrchr(address, ':');

	return doctor_copy(doctor,
	    (struct slice){ address, colon != NULL ? (size_t)(colon - address) : strlen(address) });
}

int64_t
doctor_until(const struct doctor *doctor)
{
	int64_t until_ms = clock_mono_ms() + doctor->interval_ms;
	int64_t deadline_ms = doctor->admin->limits.deadline_ms;

	if (deadline_ms != 0 && deadline_ms - REST_MS < until_ms)
		return deadline_ms - REST_MS;
	return until_ms;
}

bool
doctor_port_open(struct doctor *doctor, const char *address, const char **why)
{
	struct sockaddr_storage to;
	socklen_t len, size = sizeof(int);
	int error = 0;

	if (doctor->admin->limits.registered_only)
		return true;
	if (resolve(address, false, &to, &len, why) == -1)
		return false;
	int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1) {
		*why = strerror(errno);
		return false;
	}
	if (connect(fd, (struct sockaddr *)&to, len) == -1)
		error = errno;
	if (error == EINPROGRESS) {
		struct pollfd ready = { .fd = fd, .events = POLLOUT };

		if (poll(&ready, 1, CONNECT_TIMEOUT_MS) <= 0)
			error = ETIMEDOUT;
		else
			getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
	}
	close(fd);
	*why = strerror(error);
	return error == 0;
}

static const char *const system_topics[] = { "TBW102", "AUTO_CREATE_TOPIC_KEY", "SELF_TEST_TOPIC",
	"OFFSET_MOVED_EVENT", "BenchmarkTest", "SCHEDULE_TOPIC_XXXX", "TRANS_CHECK_MAX_TIME_TOPIC",
	"DefaultHeartBeatSyncerTopic", NULL };
static const char *const system_prefixes[] = { "RMQ_SYS_", "rmq_sys_", "%RETRY%", "%DLQ%", "%SYS%",
	NULL };

bool
admin_is_system_topic(struct slice topic, struct slice broker_name, struct slice cluster)
{
	for (size_t i = 0; system_topics[i] != NULL; i++)
		if (slice_is(topic, system_topics[i]))
			return true;
	for (size_t i = 0; system_prefixes[i] != NULL; i++)
		if (slice_starts(topic, system_prefixes[i]))
			return true;
	if (slice_equal(topic, broker_name) || slice_equal(topic, cluster))
		return true;
	if (cluster.len == 0 || topic.len <= cluster.len ||
	    memcmp(topic.data, cluster.data, cluster.len) != 0)
		return false;
	topic.data += cluster.len;
	topic.len -= cluster.len;
	return slice_is(topic, "_REPLY_TOPIC");
}

bool
doctor_is_system_topic(const struct doctor *doctor, struct slice topic)
{
	if (admin_is_system_topic(topic, SLICE_NONE, SLICE_NONE))
		return true;
	for (size_t i = 0; i < doctor->n_brokers; i++)
		if (admin_is_system_topic(topic, slice_of(doctor->brokers[i].name),
			slice_of(doctor->brokers[i].cluster)))
			return true;
	return false;
}

/* ---- the survey -------------------------------------------------------- */

/* Adds the name to the list that is separated by ; unless it is there or is an address. */
static void
add_name(struct buf *list, struct slice name)
{
	struct slice rest = buf_slice(list), one;
	size_t n = 0;

	while (n < name.len && strchr("0123456789.:[]", name.data[n]) != NULL)
		n++;
	if (n == name.len)
		return;
	while (rest.len != 0 && slice_next(&rest, ';', &one))
		if (slice_equal(one, name))
			return;
	buf_append_slice(list, name);
	buf_append_char(list, ';');
}

/* The names of hosts that all daemons should resolve alike. */
static struct slice
names_of_hosts(struct doctor *doctor)
{
	struct buf list = { 0 };
	struct slice more = slice_of(doctor->names), one;
	const char *address;

	for (size_t n = 0; (address = twinmq_name_server(doctor->admin->mq, n)) != NULL; n++)
		add_name(&list, slice_of(doctor_host_of(doctor, address)));
	while (more.len != 0 && slice_next(&more, ';', &one))
		add_name(&list, one);
	struct slice names = arena_copy(&doctor->admin->arena, buf_slice(&list));
	buf_release(&list);
	return names;
}

static int
ask_daemon(struct doctor *doctor, const struct doctor_daemon *daemon, enum request_code code,
    struct twinmq_reply *reply)
{
	struct admin_request ask = { .address = slice_of(daemon->address), .code = code };

	return admin_ask(doctor->admin, &ask, reply);
}

/* How many ms its clock is ahead of ours; asked when there is a connection already. */
static void
ask_clock(struct doctor *doctor, struct doctor_daemon *daemon)
{
	struct admin_request ask = { .address = slice_of(daemon->address),
		.code = REQUEST_GET_HOST_VIEW };
	struct twinmq_reply reply;
	struct host_view now;
	int64_t before = clock_wall_ms();

	if (admin_ask(doctor->admin, &ask, &reply) == -1)
		return;
	int64_t after = clock_wall_ms();
	if (host_view_read(&doctor->admin->arena, reply.body, &now) == -1)
		return;
	daemon->has_clock = true;
	daemon->clock_ms = now.now_ms - (before + after) / 2;
	daemon->clock_error_ms = (after - before) / 2 + 1;
}

/*
 * What it sees of its host. A daemon of RocketMQ refuses; that is an answer, too. A name server of
 * RocketMQ 4 is silent, so it is asked `plain`, which daemons of its kind know.
 */
static void
look_at(struct doctor *doctor, struct doctor_daemon *daemon, struct slice names,
    enum request_code plain)
{
	struct host_view_header header = { names };
	struct admin_request ask = { slice_of(daemon->address), REQUEST_GET_HOST_VIEW,
		host_view_header_fields, &header, SLICE("") };
	struct twinmq_reply reply;

	if (admin_ask(doctor->admin, &ask, &reply) == 0) {
		daemon->answered = true;
		daemon->has_view =
		    host_view_read(&doctor->admin->arena, reply.body, &daemon->view) == 0;
		ask_clock(doctor, daemon);
	} else {
		const struct twinmq_error *error = twinmq_error(doctor->admin->mq);

		daemon->unreachable = error->code == TWINMQ_UNREACHABLE;
		daemon->why = doctor_text(doctor, "%s", error->text);
		daemon->answered =
		    error->code > 0 || (error->code == TWINMQ_TIMEOUT &&
					   ask_daemon(doctor, daemon, plain, &reply) == 0);
	}
	if (daemon->answered && (daemon->has_view || plain == REQUEST_GET_BROKER_RUNTIME_INFO) &&
	    ask_daemon(doctor, daemon, REQUEST_GET_BROKER_RUNTIME_INFO, &reply) == 0)
		kv_table_read(
		    &doctor->admin->arena, reply.body, &daemon->counters, &daemon->n_counters);
}

static void
survey_name_server(struct doctor *doctor, const char *address, struct slice names)
{
	struct doctor_name_server *server = &doctor->name_servers[doctor->n_name_servers++];
	struct doctor_daemon *daemon = &server->daemon;
	struct twinmq_reply reply;
	struct topic_list list;

	*server = (struct doctor_name_server){ 0 };
	daemon->address = doctor_text(doctor, "%s", address);
	daemon->title = doctor_text(doctor, "name server %s", address);
	look_at(doctor, daemon, names, REQUEST_GET_BROKER_CLUSTER_INFO);
	if (!daemon->answered)
		return;
	if (ask_daemon(doctor, daemon, REQUEST_GET_NAMESRV_CONFIG, &reply) == 0)
		daemon->n_settings = admin_settings(doctor->admin, reply.body, &daemon->settings);
	if (ask_daemon(doctor, daemon, REQUEST_GET_BROKER_CLUSTER_INFO, &reply) == -1 ||
	    cluster_info_read(&doctor->admin->arena, reply.body, &server->cluster) == -1) {
		daemon->answered = false;
		daemon->why = "it does not tell the brokers it knows";
		return;
	}
	if (ask_daemon(doctor, daemon, REQUEST_GET_ALL_TOPIC_LIST_FROM_NAMESERVER, &reply) == 0 &&
	    topic_list_read(&doctor->admin->arena, reply.body, &list) == 0) {
		server->topics = list.topics;
		server->n_topics = list.n_topics;
	}
}

static void
note_broker(struct doctor *doctor, size_t name_server, const struct broker_data *data,
    const struct broker_address *address)
{
	struct doctor_broker *broker = doctor->brokers;

	while (broker < doctor->brokers + doctor->n_brokers &&
	       !(slice_is(address->address, broker->daemon.address) &&
		   slice_is(data->name, broker->name)))
		broker++;
	if (broker == doctor->brokers + DOCTOR_BROKERS_MAX)
		return;
	if (broker == doctor->brokers + doctor->n_brokers) {
		doctor->n_brokers++;
		*broker = (struct doctor_broker){
			.name = doctor_copy(doctor, data->name),
			.cluster = doctor_copy(doctor, data->cluster),
			.id = address->id,
			.daemon.address = doctor_copy(doctor, address->address),
		};
		broker->daemon.title =
		    doctor_text(doctor, "%s (%s)", broker->name, broker->daemon.address);
	}
	broker->known_by |= UINT64_C(1) << name_server;
}

/* RocketMQ's brokers tell when they began, and for how many seconds they run. */
static void
guess_clock(struct doctor_daemon *daemon)
{
	struct slice text = pair_text(daemon->counters, daemon->n_counters, "runtime");
	char copy[128];
	long long days, hours, minutes, seconds;
	int64_t boot_ms = doctor_counter(daemon, "bootTimestamp");

	snprintf(copy, sizeof copy, "%.*s", text.len < sizeof copy ? (int)text.len : 0, text.data);
	if (boot_ms == 0 || sscanf(copy, "[ %lld days, %lld hours, %lld minutes, %lld seconds ]",
				&days, &hours, &minutes, &seconds) != 4)
		return;
	int64_t up_s = ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
	daemon->has_clock = true;
	daemon->clock_ms = boot_ms + up_s * 1000 + 500 - clock_wall_ms();
	daemon->clock_error_ms = 2500;
}

static void
survey_broker(struct doctor *doctor, struct doctor_broker *broker, struct slice names)
{
	struct doctor_daemon *daemon = &broker->daemon;
	struct twinmq_reply reply;

	look_at(doctor, daemon, names, REQUEST_GET_BROKER_RUNTIME_INFO);
	if (!daemon->answered)
		return;
	if (!daemon->has_clock)
		guess_clock(daemon);
	if (ask_daemon(doctor, daemon, REQUEST_GET_BROKER_CONFIG, &reply) == 0)
		daemon->n_settings = admin_settings(doctor->admin, reply.body, &daemon->settings);
	if (ask_daemon(doctor, daemon, REQUEST_GET_ALL_TOPIC_CONFIG, &reply) == 0)
		topic_table_read(&doctor->admin->arena,
		    json_parse(&doctor->admin->arena, reply.body), &broker->topics);
}

static int
by_name(const void *left, const void *right)
{
	const struct doctor_broker *a = left, *b = right;
	int order = strcmp(a->name, b->name);

	return order != 0 ? order : (a->id > b->id) - (a->id < b->id);
}

int
doctor_survey(struct doctor *doctor)
{
	struct slice names = names_of_hosts(doctor);
	const char *address;
	size_t n_answered = 0;

	for (size_t n = 0;
	     n < DOCTOR_SERVERS_MAX && (address = twinmq_name_server(doctor->admin->mq, n)) != NULL;
	     n++)
		survey_name_server(doctor, address, names);
	for (size_t i = 0; i < doctor->n_name_servers; i++) {
		const struct doctor_name_server *server = &doctor->name_servers[i];

		n_answered += server->daemon.answered;
		for (size_t j = 0; j < server->cluster.n_brokers; j++)
			for (size_t k = 0; k < server->cluster.brokers[j].n_addresses; k++)
				note_broker(doctor, i, &server->cluster.brokers[j],
				    &server->cluster.brokers[j].addresses[k]);
	}
	if (doctor->n_brokers != 0)
		qsort(doctor->brokers, doctor->n_brokers, sizeof doctor->brokers[0], by_name);
	for (size_t i = 0; i < doctor->n_brokers; i++)
		survey_broker(doctor, &doctor->brokers[i], names);
	doctor_survey_groups(doctor);
	return n_answered != 0 ? 0 : -1;
}
