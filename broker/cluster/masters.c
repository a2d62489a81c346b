#include "config.h"

#include "broker/cluster/masters.h"

#include <pthread.h>
#include <stdlib.h>

#include "broker/state/topic.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/strmap.h"
#include "common/net/resolve.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

#define TIMEOUT_MS 5000
#define PENDING_MAX 100000 /* unsent topics for one master */

struct master {
	struct masters *masters;
	char *name;
	char *address;
	bool alive;           /* in the name server's last list */
	struct conn *conn;    /* NULL: none */
	struct strmap copies; /* topic -> struct topic_copy */
};

struct topic_copy {
	struct master *master;
	bool asked;
	char topic[];
};

struct masters {
	struct broker *broker;
	struct loop *loop;
	struct strmap table; /* broker name -> struct master, including dead ones */
	pthread_mutex_t lock;
	struct strmap fresh; /* under the lock: topics created since the last masters_update */
};

struct masters *
masters_new(struct broker *broker)
{
	struct masters *masters = mem_zalloc(sizeof *masters);

	masters->broker = broker;
	masters->loop = broker_main_loop(broker);
	pthread_mutex_init(&masters->lock, NULL);
	return masters;
}

static void
master_free(void *value)
{
	struct master *master = value;

	if (master->conn != NULL)
		conn_close(master->conn, "stopped");
	strmap_release(&master->copies, free);
	free(master->name);
	free(master->address);
	free(master);
}

void
masters_free(struct masters *masters)
{
	if (masters == NULL)
		return;
	strmap_release(&masters->table, master_free);
	strmap_release(&masters->fresh, NULL);
	pthread_mutex_destroy(&masters->lock);
	free(masters);
}

void
masters_tell(struct masters *masters, struct slice topic)
{
	pthread_mutex_lock(&masters->lock);
	strmap_put(&masters->fresh, topic, masters);
	pthread_mutex_unlock(&masters->lock);
}

/* ---- telling one master ---------------------------------------------- */

static void
on_request(struct conn *conn, const struct command *command, struct slice body)
{
	(void)conn; /* other masters send no requests here */
	(void)command;
	(void)body;
}

static void
on_lost(struct conn *conn, const char *why)
{
	struct master *master = conn_context(conn);

	log_debug("connection to another master ended name=%s why=\"%s\"", master->name, why);
	master->conn = NULL;
}

static const struct conn_events events = {
	.on_request = on_request,
	.on_close = on_lost,
};

static struct conn *
connection_to(struct master *master)
{
	struct sockaddr_storage address;
	socklen_t len;

	/* Only a literal address: resolving a name would block the loop. */
	if (master->conn == NULL && resolve(master->address, true, &address, &len, NULL) == 0)
		master->conn = conn_connect(master->masters->loop,
		    (const struct sockaddr *)&address, len, TIMEOUT_MS, &events, master);
	return master->conn;
}

static void
copy_end(struct topic_copy *copy)
{
	free(strmap_take(&copy->master->copies, slice_of(copy->topic)));
}

static void
on_told(void *arg, const struct command *reply, struct slice body)
{
	struct topic_copy *copy = arg;

	(void)body;
	copy->asked = false;
	if (reply == NULL)
		return; /* the next masters_update retries */
	if (reply->code != RESPONSE_SUCCESS)
		log_warn(
		    "another master refuses a topic master=%s topic=%s code=%d remark=\"%.*s\"",
		    copy->master->name, copy->topic, reply->code, (int)reply->remark.len,
		    reply->remark.data != NULL ? reply->remark.data : "");
	else
		log_debug("topic exists on another master too topic=%s master=%s", copy->topic,
		    copy->master->name);
	copy_end(copy);
}

static void
ask_to_create(struct conn *conn, const struct topic *topic, struct topic_copy *copy)
{
	struct arena arena = { 0 };
	struct create_topic_header header = {
		.topic = slice_of(topic->name),
		.default_topic = SLICE(""),
		.read_queues = topic->read_queues,
		.write_queues = topic->write_queues,
		.perm = topic->perm,
		.topic_filter_type = topic->multi_tag ? SLICE("MULTI_TAG") : SLICE("SINGLE_TAG"),
		.topic_sys_flag = topic->sys_flag,
		.order = topic->order,
		.attributes = attributes_request(&topic->attributes, &arena),
	};
	struct command command = command_request(REQUEST_UPDATE_AND_CREATE_TOPIC);

	fields_encode(create_topic_header_fields, &header, &arena, &command);
	struct ext *ext = arena_alloc(&arena, (command.n_ext + 1) * sizeof *ext);

	memcpy(ext, command.ext, command.n_ext * sizeof *ext);
	ext[command.n_ext++] = (struct ext){ SLICE(MASTERS_IF_ABSENT), SLICE("true") };
	command.ext = ext;
	copy->asked = true;
	conn_request(conn, &command, SLICE(""), TIMEOUT_MS, on_told, copy);
	arena_release(&arena);
}

static void
send_copies(struct master *master)
{
	struct conn *conn;

	if (!master->alive || master->copies.n == 0 || (conn = connection_to(master)) == NULL)
		return;
	for (struct strmap_entry *entry = strmap_next(&master->copies, NULL), *next; entry != NULL;
	     entry = next) {
		struct topic_copy *copy = entry->value;
		struct topic topic;

		next = strmap_next(&master->copies, entry);
		if (copy->asked)
			continue;
		if (topics_find(master->masters->broker->topics, slice_of(copy->topic), &topic))
			ask_to_create(conn, &topic, copy);
		else
			copy_end(copy); /* deleted meanwhile */
	}
}

/* ---- looking at the cluster ------------------------------------------ */

static void
copy_later(struct master *master, struct slice topic)
{
	if (strmap_find(&master->copies, topic) != NULL || master->copies.n >= PENDING_MAX)
		return;
	struct topic_copy *copy = mem_zalloc(sizeof *copy + topic.len + 1);

	copy->master = master;
	memcpy(copy->topic, topic.data, topic.len);
	strmap_put(&master->copies, topic, copy);
}

static void
set_address(struct master *master, struct slice address)
{
	if (master->address != NULL && slice_is(address, master->address))
		return;
	free(master->address);
	master->address = slice_dup(address);
	if (master->conn != NULL)
		conn_close(master->conn, "its address changed");
}

static void
see(struct masters *masters, const struct broker_data *data)
{
	struct master *master = strmap_find(&masters->table, data->name);

	for (size_t i = 0; i < data->n_addresses; i++) {
		if (data->addresses[i].id != MASTER_ID)
			continue;
		if (master == NULL) {
			master = mem_zalloc(sizeof *master);
			master->masters = masters;
			master->name = slice_dup(data->name);
			strmap_put(&masters->table, data->name, master);
		}
		master->alive = true;
		set_address(master, data->addresses[i].address);
	}
}

static struct strmap
take_fresh(struct masters *masters)
{
	pthread_mutex_lock(&masters->lock);
	struct strmap fresh = masters->fresh;

	masters->fresh = (struct strmap){ 0 };
	pthread_mutex_unlock(&masters->lock);
	return fresh;
}

void
masters_update(struct masters *masters, const struct cluster_info *info)
{
	const struct broker_settings *settings = masters->broker->settings;
	struct strmap fresh = take_fresh(masters);

	for (struct strmap_entry *at = strmap_next(&masters->table, NULL); at != NULL;
	     at = strmap_next(&masters->table, at))
		((struct master *)at->value)->alive = false;
	for (size_t i = 0; i < info->n_brokers; i++) {
		const struct broker_data *data = &info->brokers[i];

		if (slice_is(data->cluster, settings->broker_cluster_name) &&
		    !slice_is(data->name, settings->broker_name))
			see(masters, data);
	}
	for (struct strmap_entry *at = strmap_next(&masters->table, NULL); at != NULL;
	     at = strmap_next(&masters->table, at)) {
		for (struct strmap_entry *topic = strmap_next(&fresh, NULL); topic != NULL;
		     topic = strmap_next(&fresh, topic))
			copy_later(at->value, strmap_key(topic));
		send_copies(at->value);
	}
	strmap_release(&fresh, NULL);
}

/* ---- asking one ------------------------------------------------------ */

const struct slice *
masters_list(const struct masters *masters, struct arena *arena, size_t *n)
{
	struct strmap_entry **sorted = strmap_sorted(&masters->table);
	struct slice *names = arena_alloc(arena, masters->table.n * sizeof *names);

	*n = 0;
	for (size_t i = 0; i < masters->table.n; i++) {
		if (((const struct master *)sorted[i]->value)->alive)
			names[(*n)++] = arena_copy(arena, strmap_key(sorted[i]));
	}
	free(sorted);
	return names;
}

bool
masters_ask(struct masters *masters, struct slice name, const struct master_request *request,
    call_done_fn *done, void *arg)
{
	struct master *master = strmap_find(&masters->table, name);
	struct conn *conn = master != NULL && master->alive ? connection_to(master) : NULL;

	if (conn == NULL || !conn_can_write(conn))
		return false;
	conn_request(conn, request->command, request->body, request->timeout_ms, done, arg);
	return true;
}
