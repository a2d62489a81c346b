#include "config.h"

#include "nameserver/routes.h"

#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "nameserver/route_tables.h"

#define LOST_KEPT_MS (24 * 3600 * 1000LL) /* a topic without brokers is explained for a day */
#define LOST_MAX 100000                   /* ... and so many topics are */
#define SWEEP_MS 60000

/* Every RocketMQ broker has this topic. A table without it is an increment, not the whole. */
#define TOPIC_OF_EVERY_BROKER "SELF_TEST_TOPIC"

static const char *const leave_reasons[] = {
	[LEAVE_UNREGISTERED] = "unregistered",
	[LEAVE_CLOSED] = "connection closed",
	[LEAVE_SILENT] = "silent for too long",
	[LEAVE_MOVED] = "its address joined as another broker",
	[LEAVE_DROPPED] = "topic deleted",
};

struct routes *
routes_new(const struct route_limits *limits)
{
	struct routes *routes = mem_zalloc(sizeof *routes);

	routes->limits = limits;
	routes->started_wall_ms = clock_wall_ms();
	return routes;
}

static void
topic_forget(struct route_topic *topic)
{
	for (int i = 0; i < ROUTE_DIALECTS; i++)
		topic->replies[i].len = 0;
}

static void
topic_free(void *value)
{
	struct route_topic *topic = value;

	for (int i = 0; i < ROUTE_DIALECTS; i++)
		buf_release(&topic->replies[i]);
	free(topic->lost_broker);
	free(topic);
}

static void
member_set_filter_servers(struct route_member *member, const struct slice *servers, size_t n)
{
	for (size_t i = 0; i < member->n_filter_servers; i++)
		free(member->filter_servers[i]);
	free(member->filter_servers);
	member->filter_servers = n != 0 ? mem_alloc(n * sizeof *member->filter_servers) : NULL;
	member->n_filter_servers = n;
	for (size_t i = 0; i < n; i++)
		member->filter_servers[i] = slice_dup(servers[i]);
}

static void
member_free(void *value)
{
	struct route_member *member = value;

	member_set_filter_servers(member, NULL, 0);
	free(member->ha_address);
	free(member);
}

static void
broker_free(void *value)
{
	struct route_broker *broker = value;

	strmap_release(&broker->placements, free);
	free(broker->cluster);
	free(broker->zone);
	free(broker);
}

void
routes_free(struct routes *routes)
{
	strmap_release(&routes->topics, topic_free);
	strmap_release(&routes->members, member_free);
	strmap_release(&routes->brokers, broker_free);
	buf_release(&routes->cluster_info);
	free(routes);
}

/* Addresses, zones or permissions of a broker changed: replies that name it are old. */
static void
brokers_changed(struct routes *routes)
{
	routes->cluster_info.len = 0;
	routes->epoch++;
}

void
routes_forget(struct routes *routes, struct slice name)
{
	struct route_topic *topic = strmap_find(&routes->topics, name);

	if (topic != NULL)
		topic_forget(topic);
}

void
routes_forget_all(struct routes *routes)
{
	brokers_changed(routes);
}

/* ---- Placements ---- */

static struct route_topic *
topic_get(struct routes *routes, struct slice name)
{
	struct strmap_entry *entry = strmap_get(&routes->topics, name);
	struct route_topic *topic = entry->value;

	if (topic != NULL)
		return topic;
	topic = mem_zalloc(sizeof *topic);
	topic->entry = entry;
	entry->value = topic;
	routes->n_lost++; /* until its first placement */
	return topic;
}

static struct placement *
placement_get(struct routes *routes, struct route_broker *broker, struct slice name)
{
	struct strmap_entry *entry = strmap_get(&broker->placements, name);
	struct placement *placement = entry->value;

	if (placement != NULL)
		return placement;
	placement = mem_zalloc(sizeof *placement);
	placement->entry = entry;
	entry->value = placement;
	placement->broker = broker;
	placement->topic = topic_get(routes, name);
	LIST_INSERT_HEAD(&placement->topic->placements, placement, of_topic);
	if (placement->topic->n_placements++ == 0)
		routes->n_lost--;
	topic_forget(placement->topic);
	routes->n_placements++;
	return placement;
}

/* The last broker of a topic left it. The topic keeps that broker's name, or goes too. */
static void
topic_lose(
    struct routes *routes, struct route_topic *topic, const char *broker, enum leave_reason why)
{
	if (++routes->n_lost > LOST_MAX) {
		routes->n_lost--;
		topic_free(strmap_remove(&routes->topics, topic->entry));
		return;
	}
	free(topic->lost_broker);
	topic->lost_broker = mem_strdup(broker);
	topic->lost_why = why;
	topic->lost_wall_ms = clock_wall_ms();
	topic->lost_ms = clock_mono_ms();
}

/* Frees a placement. The caller has removed it from the broker's table. */
static void
placement_drop(struct routes *routes, struct placement *placement, enum leave_reason why)
{
	struct route_topic *topic = placement->topic;

	LIST_REMOVE(placement, of_topic);
	topic_forget(topic);
	routes->n_placements--;
	if (--topic->n_placements == 0)
		topic_lose(routes, topic, placement->broker->entry->key, why);
	free(placement);
}

static void
placement_set(struct placement *placement, const struct queue_data *queues)
{
	if (placement->read_queues == queues->read_queues &&
	    placement->write_queues == queues->write_queues && placement->perm == queues->perm &&
	    placement->sys_flag == queues->sys_flag)
		return;
	placement->read_queues = queues->read_queues;
	placement->write_queues = queues->write_queues;
	placement->perm = queues->perm;
	placement->sys_flag = queues->sys_flag;
	topic_forget(placement->topic);
}

static void
drop_unseen(struct routes *routes, struct route_broker *broker)
{
	struct strmap_entry *next;

	for (struct strmap_entry *at = strmap_next(&broker->placements, NULL); at != NULL;
	     at = next) {
		struct placement *placement = at->value;

		next = strmap_next(&broker->placements, at);
		if (placement->seen == routes->round)
			continue;
		strmap_remove(&broker->placements, at);
		placement_drop(routes, placement, LEAVE_DROPPED);
	}
}

static bool
table_has_topic(const struct topic_table *table, const char *name)
{
	for (size_t i = 0; i < table->n_topics; i++)
		if (slice_is(table->topics[i].name, name))
			return true;
	return false;
}

static void
broker_take_table(struct routes *routes, struct route_broker *broker,
    const struct topic_table *table, bool drop_missing)
{
	bool increment = strmap_find(&broker->placements, SLICE(TOPIC_OF_EVERY_BROKER)) != NULL &&
	                 !table_has_topic(table, TOPIC_OF_EVERY_BROKER);

	routes->round++;
	for (size_t i = 0; i < table->n_topics; i++) {
		const struct topic_config *topic = &table->topics[i];
		struct placement *placement = placement_get(routes, broker, topic->name);

		placement->seen = routes->round;
		placement_set(placement, &(struct queue_data){ .read_queues = topic->read_queues,
					     .write_queues = topic->write_queues,
					     .perm = topic->perm,
					     .sys_flag = topic->sys_flag });
	}
	if (drop_missing && !increment)
		drop_unseen(routes, broker);
}

/* Whether n more placements are within the limit. */
static bool
has_room(struct routes *routes, size_t n)
{
	if (n == 0 || routes->n_placements + n <= (size_t)routes->limits->max_topics)
		return true;
	routes->n_refused++;
	return false;
}

bool
routes_add_topic(
    struct routes *routes, struct slice topic, const struct queue_data *queues, size_t n_queues)
{
	size_t n_new = 0;

	for (size_t i = 0; i < n_queues; i++) {
		struct route_broker *broker = strmap_find(&routes->brokers, queues[i].broker_name);

		n_new += broker != NULL && strmap_find(&broker->placements, topic) == NULL;
	}
	if (!has_room(routes, n_new))
		return false;
	for (size_t i = 0; i < n_queues; i++) {
		struct route_broker *broker = strmap_find(&routes->brokers, queues[i].broker_name);

		if (broker != NULL)
			placement_set(placement_get(routes, broker, topic), &queues[i]);
	}
	return true;
}

void
routes_delete_topic(struct routes *routes, struct slice name, struct slice cluster)
{
	struct route_topic *topic = strmap_find(&routes->topics, name);
	struct placement *next;

	for (struct placement *at = topic != NULL ? LIST_FIRST(&topic->placements) : NULL;
	     at != NULL; at = next) {
		next = LIST_NEXT(at, of_topic);
		if (cluster.len != 0 && !slice_is(cluster, at->broker->cluster))
			continue;
		strmap_remove(&at->broker->placements, at->entry);
		placement_drop(routes, at, LEAVE_DROPPED);
	}
}

static int32_t
set_write_forbidden(struct routes *routes, struct slice broker_name, bool forbidden)
{
	struct route_broker *broker = strmap_find(&routes->brokers, broker_name);

	if (broker == NULL)
		return 0;
	broker->write_forbidden = forbidden;
	brokers_changed(routes);
	log_info("write permission of a broker changed broker=%s write=%s", broker->entry->key,
	    forbidden ? "no" : "yes");
	return (int32_t)broker->placements.n;
}

int32_t
routes_forbid_write(struct routes *routes, struct slice broker_name)
{
	return set_write_forbidden(routes, broker_name, true);
}

int32_t
routes_allow_write(struct routes *routes, struct slice broker_name)
{
	return set_write_forbidden(routes, broker_name, false);
}

/* ---- Members ---- */

static void
broker_drop(struct routes *routes, struct route_broker *broker, enum leave_reason why)
{
	for (struct strmap_entry *at = strmap_next(&broker->placements, NULL); at != NULL;
	     at = strmap_next(&broker->placements, at))
		placement_drop(routes, at->value, why);
	strmap_release(&broker->placements, NULL);
	broker_free(strmap_remove(&routes->brokers, broker->entry));
}

static void
member_leave(struct routes *routes, struct route_member *member, enum leave_reason why)
{
	struct route_broker *broker = member->broker;
	struct route_member **link = &broker->members;

	log_info("broker left name=%s id=%lld address=%s why=%s", broker->entry->key,
	    (long long)member->id, member->entry->key, leave_reasons[why]);
	while (*link != member)
		link = &(*link)->next;
	*link = member->next;
	brokers_changed(routes);
	if (member->id == MASTER_ID)
		broker->write_forbidden = false;
	if (broker->members == NULL)
		broker_drop(routes, broker, why);
	member_free(strmap_remove(&routes->members, member->entry));
}

static struct route_member *
member_by_id(const struct route_broker *broker, int64_t id)
{
	struct route_member *member = broker != NULL ? broker->members : NULL;

	while (member != NULL && member->id != id)
		member = member->next;
	return member;
}

static struct route_broker *
broker_get(struct routes *routes, struct slice name)
{
	struct strmap_entry *entry = strmap_get(&routes->brokers, name);
	struct route_broker *broker = entry->value;

	if (broker != NULL)
		return broker;
	broker = mem_zalloc(sizeof *broker);
	broker->entry = entry;
	entry->value = broker;
	return broker;
}

static bool
same_text(const char *kept, struct slice told)
{
	return kept == NULL ? told.data == NULL : slice_is(told, kept);
}

static void
replace_text(char **kept, struct slice told)
{
	free(*kept);
	*kept = slice_dup(told);
}

static bool
has_master(const struct route_broker *broker)
{
	return broker->members != NULL && broker->members->id == MASTER_ID;
}

/* The master says what all members share; while there is none, a slave does. */
static void
broker_describe(
    struct routes *routes, struct route_broker *broker, const struct member_identity *sender)
{
	if (sender->id != MASTER_ID && has_master(broker))
		return;
	if (same_text(broker->cluster, sender->cluster) && same_text(broker->zone, sender->zone) &&
	    broker->acting_master == sender->acting_master)
		return;
	replace_text(&broker->cluster, sender->cluster);
	replace_text(&broker->zone, sender->zone);
	broker->acting_master = sender->acting_master;
	brokers_changed(routes);
}

static struct route_member *
member_add(struct routes *routes, struct route_broker *broker, const struct member_identity *sender)
{
	struct route_member *member = mem_zalloc(sizeof *member);
	struct route_member **link = &broker->members;

	member->broker = broker;
	member->entry = strmap_get(&routes->members, sender->address);
	member->entry->value = member;
	member->id = sender->id;
	while (*link != NULL && (*link)->id < sender->id)
		link = &(*link)->next;
	member->next = *link;
	*link = member;
	brokers_changed(routes);
	log_info("broker joined name=%s id=%lld address=%s cluster=%s", broker->entry->key,
	    (long long)member->id, member->entry->key, broker->cluster);
	return member;
}

/*
 * The topics of a broker are its master's. A name server that starts while the master is gone hears
 * of them from a slave, so that they can be read.
 */
static bool
tells_topics(const struct route_broker *broker, int64_t id)
{
	return id == MASTER_ID || broker == NULL || !broker->told_by_master;
}

static void
member_take_registration(struct routes *routes, struct route_member *member, bool first,
    const struct registration *registration, bool drop_missing)
{
	const struct topic_table *table = &registration->table;

	if (member->n_filter_servers != 0 || registration->n_filter_servers != 0) {
		member_set_filter_servers(
		    member, registration->filter_servers, registration->n_filter_servers);
		brokers_changed(routes);
	}
	if (!first && data_version_equal(&member->version, &table->version))
		return;
	if (tells_topics(member->broker, member->id)) {
		broker_take_table(
		    routes, member->broker, table, drop_missing && member->id == MASTER_ID);
		member->broker->told_by_master |= member->id == MASTER_ID;
	}
	/*
	 * A broker of 5.x registers a new topic alone. If it never registered its whole table,
	 * leave the version open, so that the next table counts.
	 */
	if (!first || table->n_topics != 1)
		member->version = table->version;
}

/* Topics of the table that the broker does not have yet. */
static size_t
count_new_topics(const struct route_broker *broker, const struct topic_table *table)
{
	size_t n = 0;

	if (broker == NULL)
		return table->n_topics;
	for (size_t i = 0; i < table->n_topics; i++)
		n += strmap_find(&broker->placements, table->topics[i].name) == NULL;
	return n;
}

static enum join_status
check_room(struct routes *routes, const struct member_identity *sender,
    const struct route_broker *broker, const struct topic_table *table, bool known)
{
	if (!known && routes->members.n >= (size_t)routes->limits->max_brokers) {
		routes->n_refused++;
		return JOIN_MANY_BROKERS;
	}
	if (tells_topics(broker, sender->id) && !has_room(routes, count_new_topics(broker, table)))
		return JOIN_MANY_TOPICS;
	return JOIN_OK;
}

enum join_status
routes_join(struct routes *routes, const struct member_identity *sender,
    const struct registration *registration, bool drop_missing, int64_t now_ms, struct slice *other)
{
	struct route_member *member = strmap_find(&routes->members, sender->address);
	struct route_broker *broker = strmap_find(&routes->brokers, sender->broker_name);
	struct route_member *twin = member_by_id(broker, sender->id);
	enum join_status status;
	bool first;

	if (twin != NULL && twin != member && sender->epoch > twin->epoch) {
		member_leave(routes, twin, LEAVE_MOVED);
		/* Nobody else of this name may be left. */
		broker = strmap_find(&routes->brokers, sender->broker_name);
		twin = NULL;
	}
	if (twin != NULL && twin != member) {
		*other = strmap_key(twin->entry);
		return JOIN_DUPLICATE;
	}
	if (sender->id != MASTER_ID && broker != NULL && has_master(broker) &&
	    !same_text(broker->cluster, sender->cluster)) {
		if (member != NULL)
			member_leave(routes, member, LEAVE_MOVED);
		*other = slice_of(broker->cluster);
		return JOIN_OTHER_CLUSTER;
	}
	status = check_room(routes, sender, broker, &registration->table, member != NULL);
	if (status != JOIN_OK)
		return status;
	if (member != NULL && member != twin) {
		member_leave(routes, member, LEAVE_MOVED);
		member = NULL;
	}
	first = member == NULL;

	broker = broker_get(routes, sender->broker_name);
	broker_describe(routes, broker, sender);
	if (first)
		member = member_add(routes, broker, sender);
	if (!same_text(member->ha_address, sender->ha_address))
		replace_text(&member->ha_address, sender->ha_address);
	member->timeout_ms = sender->timeout_ms;
	member->seen_ms = now_ms;
	member->connection = sender->connection;
	member->epoch = sender->epoch;
	member_take_registration(routes, member, first, registration, drop_missing);
	return JOIN_OK;
}

bool
routes_leave(struct routes *routes, struct slice broker_name, int64_t id, struct slice address)
{
	struct route_member *member = strmap_find(&routes->members, address);

	if (member == NULL || member->id != id ||
	    !slice_equal(broker_name, strmap_key(member->broker->entry)))
		return false;
	member_leave(routes, member, LEAVE_UNREGISTERED);
	return true;
}

void
routes_connection_closed(struct routes *routes, uint64_t connection)
{
	struct strmap_entry *next;

	for (struct strmap_entry *at = strmap_next(&routes->members, NULL); at != NULL; at = next) {
		struct route_member *member = at->value;

		next = strmap_next(&routes->members, at);
		if (member->connection == connection)
			member_leave(routes, member, LEAVE_CLOSED);
	}
}

bool
routes_touch(struct routes *routes, struct slice address, int64_t timeout_ms, int64_t now_ms)
{
	struct route_member *member = strmap_find(&routes->members, address);

	if (member == NULL)
		return false;
	member->seen_ms = now_ms;
	if (timeout_ms > 0)
		member->timeout_ms = timeout_ms;
	return true;
}

static void
sweep_lost(struct routes *routes, int64_t now_ms)
{
	struct strmap_entry *next;

	if (routes->n_lost == 0 || now_ms - routes->swept_ms < SWEEP_MS)
		return;
	routes->swept_ms = now_ms;
	for (struct strmap_entry *at = strmap_next(&routes->topics, NULL); at != NULL; at = next) {
		struct route_topic *topic = at->value;

		next = strmap_next(&routes->topics, at);
		if (topic->n_placements != 0 || now_ms - topic->lost_ms < LOST_KEPT_MS)
			continue;
		routes->n_lost--;
		topic_free(strmap_remove(&routes->topics, at));
	}
}

void
routes_expire(struct routes *routes, int64_t now_ms,
    void (*on_silent)(void *arg, uint64_t connection), void *arg)
{
	uint64_t *connections = mem_alloc((routes->members.n + 1) * sizeof *connections);
	struct strmap_entry *next;
	size_t n = 0;

	for (struct strmap_entry *at = strmap_next(&routes->members, NULL); at != NULL; at = next) {
		struct route_member *member = at->value;

		next = strmap_next(&routes->members, at);
		if (now_ms - member->seen_ms <= member->timeout_ms)
			continue;
		connections[n++] = member->connection;
		member_leave(routes, member, LEAVE_SILENT);
	}
	/* After the walk: closing a connection takes its other members along. */
	for (size_t i = 0; i < n; i++)
		on_silent(arg, connections[i]);
	free(connections);
	sweep_lost(routes, now_ms);
}
