#include "config.h"

#include "nameserver/routes.h"

#include <stdlib.h>
#include <time.h>

#include "common/json/json_body.h"
#include "nameserver/route_tables.h"

#define FAQ "\nSee http://rocketmq.apache.org/docs/faq/ for further details."
#define TOPIC_AUTO_CREATE "TBW102"

static const char *const lost_reasons[] = {
	[LEAVE_UNREGISTERED] = "it was shut down",
	[LEAVE_CLOSED] = "its connection closed",
	[LEAVE_SILENT] = "it was silent for too long",
	[LEAVE_MOVED] = "its address joined as another broker",
};

const struct data_version *
routes_version(const struct routes *routes, struct slice address)
{
	const struct route_member *member = strmap_find(&routes->members, address);

	return member != NULL ? &member->version : NULL;
}

bool
routes_master(const struct routes *routes, struct slice broker_name, struct slice *address,
    struct slice *ha_address)
{
	const struct route_broker *broker = strmap_find(&routes->brokers, broker_name);

	if (broker == NULL || broker->members->id != MASTER_ID)
		return false;
	*address = strmap_key(broker->members->entry);
	*ha_address = slice_of(broker->members->ha_address);
	return true;
}

size_t
routes_broker_count(const struct routes *routes)
{
	return routes->brokers.n;
}

struct route_counts
routes_counts(const struct routes *routes)
{
	return (struct route_counts){
		.brokers = routes->members.n,
		.topics = routes->n_placements,
		.lost = routes->n_lost,
		.refused = routes->n_refused,
	};
}

struct slice
routes_any_address(const struct routes *routes)
{
	const struct strmap_entry *any = strmap_next(&routes->members, NULL);

	return any != NULL ? strmap_key(any) : SLICE_NONE;
}

/* ---- Composing ---- */

static struct broker_data
describe_broker(struct arena *arena, const struct route_broker *broker)
{
	struct broker_data data = {
		.cluster = slice_of(broker->cluster),
		.name = strmap_key(broker->entry),
		.zone = slice_of(broker->zone),
		.acting_master = broker->acting_master,
	};
	struct broker_address *addresses;

	for (const struct route_member *at = broker->members; at != NULL; at = at->next)
		data.n_addresses++;
	addresses = arena_alloc(arena, data.n_addresses * sizeof *addresses);
	data.addresses = addresses;
	for (const struct route_member *at = broker->members; at != NULL; at = at->next)
		*addresses++ = (struct broker_address){ at->id, strmap_key(at->entry) };
	return data;
}

static struct queue_data
describe_queues(const struct placement *placement)
{
	return (struct queue_data){
		.broker_name = strmap_key(placement->broker->entry),
		.read_queues = placement->read_queues,
		.write_queues = placement->write_queues,
		.perm = placement->broker->write_forbidden ? placement->perm & ~PERM_WRITE
		                                           : placement->perm,
		.sys_flag = placement->sys_flag,
	};
}

static size_t
add_filter_servers(
    struct arena *arena, const struct route_broker *broker, struct route_filter_server *list)
{
	size_t n = 0;

	for (const struct route_member *at = broker->members; at != NULL; at = at->next) {
		if (at->n_filter_servers == 0)
			continue;

		struct slice *servers = arena_alloc(arena, at->n_filter_servers * sizeof *servers);

		for (size_t i = 0; i < at->n_filter_servers; i++)
			servers[i] = slice_of(at->filter_servers[i]);
		list[n++] = (struct route_filter_server){ strmap_key(at->entry), servers,
			at->n_filter_servers };
	}
	return n;
}

static int
by_broker_name(const void *a, const void *b)
{
	const struct placement *const *left = a;
	const struct placement *const *right = b;

	return slice_compare(
	    strmap_key((*left)->broker->entry), strmap_key((*right)->broker->entry));
}

static bool
in_zone(const struct route_broker *broker, struct slice zone)
{
	return zone.data == NULL || broker->members->id != MASTER_ID ||
	       slice_equal_nocase(slice_of(broker->zone), zone);
}

/* The placements that count, by name of their broker, so that all name servers answer the same
 * bytes. */
static const struct placement **
sorted_placements(struct arena *arena, const struct route_topic *topic, struct slice zone,
    size_t *n, size_t *n_members)
{
	const struct placement **list = arena_alloc(arena, topic->n_placements * sizeof *list);

	*n = 0;
	*n_members = 0;
	const struct placement *at;

	LIST_FOREACH(at, &topic->placements, of_topic) {
		if (!in_zone(at->broker, zone))
			continue;
		list[(*n)++] = at;
		for (const struct route_member *member = at->broker->members; member != NULL;
		     member = member->next)
			(*n_members)++;
	}
	qsort(list, *n, sizeof *list, by_broker_name);
	return list;
}

static void
compose(struct arena *arena, const struct route_topic *topic, struct slice order_conf,
    struct slice zone, enum route_dialect dialect, struct buf *buf)
{
	size_t n, n_members;
	const struct placement **placements = sorted_placements(arena, topic, zone, &n, &n_members);
	struct queue_data *queues = arena_alloc(arena, (n + 1) * sizeof *queues);
	struct broker_data *brokers = arena_alloc(arena, (n + 1) * sizeof *brokers);
	struct route_filter_server *filters = arena_alloc(arena, (n_members + 1) * sizeof *filters);
	struct route route = {
		.order_conf = order_conf,
		.queues = queues,
		.n_queues = n,
		.brokers = brokers,
		.n_brokers = n,
		.filter_servers = filters,
	};
	struct json_out out;

	for (size_t i = 0; i < n; i++) {
		queues[i] = describe_queues(placements[i]);
		brokers[i] = describe_broker(arena, placements[i]->broker);
		route.n_filter_servers += add_filter_servers(
		    arena, placements[i]->broker, &filters[route.n_filter_servers]);
	}
	json_out_init(&out, buf);
	route_write(&out, &route, dialect);
}

/* ---- Why there is no route ---- */

static struct slice
time_text(struct arena *arena, int64_t wall_ms)
{
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm local;

	localtime_r(&seconds, &local);
	return arena_printf(arena, "%02d:%02d:%02d", local.tm_hour, local.tm_min, local.tm_sec);
}

static const char *
auto_creation(const struct routes *routes)
{
	const struct route_topic *topic = strmap_find(&routes->topics, SLICE(TOPIC_AUTO_CREATE));

	return topic != NULL && topic->n_placements != 0
	           ? "automatic creation is on (" TOPIC_AUTO_CREATE
	             " is there): the first message sent to the topic creates it"
	           : "automatic creation is off (no broker offers " TOPIC_AUTO_CREATE
	             "): create the topic with mqadmin updateTopic";
}

static struct slice
explain_lost(const struct routes *routes, struct arena *arena, const struct route_topic *topic)
{
	struct slice at = time_text(arena, topic->lost_wall_ms);

	if (topic->lost_why == LEAVE_DROPPED)
		return arena_printf(arena,
		    "it was deleted from %s, the last broker that had it, at %.*s; %s",
		    topic->lost_broker, (int)at.len, at.data, auto_creation(routes));
	return arena_printf(arena, "%s, the last broker that had it, left at %.*s (%s)",
	    topic->lost_broker, (int)at.len, at.data, lost_reasons[topic->lost_why]);
}

static enum route_status
explain(const struct routes *routes, struct arena *arena, struct slice name,
    const struct route_topic *topic, struct slice *why)
{
	enum route_status status = ROUTE_NO_TOPIC;
	struct slice reason;

	if (topic != NULL) {
		status = ROUTE_LOST;
		reason = explain_lost(routes, arena, topic);
	} else if (routes->brokers.n == 0) {
		struct slice start = time_text(arena, routes->started_wall_ms);

		status = ROUTE_NO_BROKER;
		reason = arena_printf(arena,
		    "no broker is registered with this name server (running since %.*s)",
		    (int)start.len, start.data);
	} else {
		reason = arena_printf(arena, "%zu broker%s registered, none has this topic; %s",
		    routes->brokers.n, routes->brokers.n == 1 ? " is" : "s are",
		    auto_creation(routes));
	}
	*why =
	    arena_printf(arena, "No topic route info in name server for the topic: %.*s: %.*s" FAQ,
		(int)name.len, name.data, (int)reason.len, reason.data);
	return status;
}

enum route_status
routes_reply(struct routes *routes, struct arena *arena, struct slice name, struct slice order_conf,
    enum route_dialect dialect, struct slice *body, struct slice *why)
{
	struct route_topic *topic = strmap_find(&routes->topics, name);

	if (topic == NULL || topic->n_placements == 0)
		return explain(routes, arena, name, topic, why);
	if (topic->replies[dialect].len == 0 || topic->reply_epochs[dialect] != routes->epoch) {
		topic->replies[dialect].len = 0;
		compose(arena, topic, order_conf, SLICE_NONE, dialect, &topic->replies[dialect]);
		topic->reply_epochs[dialect] = routes->epoch;
	}
	*body = buf_slice(&topic->replies[dialect]);
	return ROUTE_FOUND;
}

enum route_status
routes_reply_zone(struct routes *routes, struct arena *arena, struct slice name,
    struct slice order_conf, enum route_dialect dialect, struct slice zone, struct slice *body,
    struct slice *why)
{
	const struct route_topic *topic = strmap_find(&routes->topics, name);
	struct buf text = { 0 };

	if (topic == NULL || topic->n_placements == 0)
		return explain(routes, arena, name, topic, why);
	compose(arena, topic, order_conf, zone, dialect, &text);
	*body = arena_copy(arena, buf_slice(&text));
	buf_release(&text);
	return ROUTE_FOUND;
}

/* ---- The cluster ---- */

static int
by_cluster_and_name(const void *a, const void *b)
{
	const struct route_broker *const *left = a;
	const struct route_broker *const *right = b;
	int order = strcmp((*left)->cluster, (*right)->cluster);

	return order != 0 ? order
	                  : slice_compare(strmap_key((*left)->entry), strmap_key((*right)->entry));
}

static const struct route_broker **
sorted_brokers(const struct routes *routes, struct arena *arena)
{
	const struct route_broker **list =
	    arena_alloc(arena, (routes->brokers.n + 1) * sizeof *list);
	size_t n = 0;

	for (struct strmap_entry *at = strmap_next(&routes->brokers, NULL); at != NULL;
	     at = strmap_next(&routes->brokers, at))
		list[n++] = at->value;
	qsort(list, n, sizeof *list, by_cluster_and_name);
	return list;
}

/* Clusters are runs of the sorted brokers: names holds all of them, each cluster points to its
 * part. */
static struct cluster_members *
list_clusters(
    struct arena *arena, const struct route_broker **brokers, size_t n, size_t *n_clusters)
{
	struct cluster_members *clusters = arena_alloc(arena, (n + 1) * sizeof *clusters);
	struct slice *names = arena_alloc(arena, (n + 1) * sizeof *names);

	*n_clusters = 0;
	for (size_t i = 0; i < n; i++) {
		names[i] = strmap_key(brokers[i]->entry);
		if (i == 0 || strcmp(brokers[i]->cluster, brokers[i - 1]->cluster) != 0)
			clusters[(*n_clusters)++] =
			    (struct cluster_members){ slice_of(brokers[i]->cluster), &names[i], 0 };
		clusters[*n_clusters - 1].n_broker_names++;
	}
	return clusters;
}

struct slice
routes_cluster_info(struct routes *routes)
{
	struct arena arena = { 0 };
	const struct route_broker **sorted;
	struct broker_data *brokers;
	struct cluster_info info = { .n_brokers = routes->brokers.n };
	struct json_out out;

	if (routes->cluster_info.len != 0)
		return buf_slice(&routes->cluster_info);
	sorted = sorted_brokers(routes, &arena);
	brokers = arena_alloc(&arena, (info.n_brokers + 1) * sizeof *brokers);
	for (size_t i = 0; i < info.n_brokers; i++)
		brokers[i] = describe_broker(&arena, sorted[i]);
	info.brokers = brokers;
	info.clusters = list_clusters(&arena, sorted, info.n_brokers, &info.n_clusters);
	json_out_init(&out, &routes->cluster_info);
	cluster_info_write(&out, &info);
	arena_release(&arena);
	return buf_slice(&routes->cluster_info);
}

struct slice
routes_member_group(
    struct routes *routes, struct arena *arena, struct slice cluster, struct slice broker_name)
{
	const struct route_broker *broker = strmap_find(&routes->brokers, broker_name);
	struct broker_data group = { .cluster = cluster, .name = broker_name };
	struct buf text = { 0 };
	struct json_out out;

	if (broker != NULL) {
		struct broker_data all = describe_broker(arena, broker);

		group.addresses = all.addresses;
		group.n_addresses = all.n_addresses;
	}
	json_out_init(&out, &text);
	json_open_object(&out);
	json_key(&out, "brokerMemberGroup");
	broker_data_write(&out, &group, ROUTE_BARE_KEYS);
	json_close_object(&out);
	return json_finish(&out, arena);
}

/* ---- Lists of topics ---- */

static int
by_text(const void *a, const void *b)
{
	return slice_compare(*(const struct slice *)a, *(const struct slice *)b);
}

static struct slice *
sort_texts(struct slice *list, size_t n)
{
	qsort(list, n, sizeof *list, by_text);
	return list;
}

const struct slice *
routes_topics_flagged(
    struct routes *routes, struct arena *arena, int32_t mask, int32_t flags, size_t *n)
{
	struct slice *list = arena_alloc(arena, (routes->topics.n + 1) * sizeof *list);

	*n = 0;
	for (struct strmap_entry *at = strmap_next(&routes->topics, NULL); at != NULL;
	     at = strmap_next(&routes->topics, at)) {
		const struct route_topic *topic = at->value;

		if (topic->n_placements != 0 &&
		    (LIST_FIRST(&topic->placements)->sys_flag & mask) == flags)
			list[(*n)++] = strmap_key(topic->entry);
	}
	return sort_texts(list, *n);
}

const struct slice *
routes_topics(struct routes *routes, struct arena *arena, size_t *n)
{
	return routes_topics_flagged(routes, arena, 0, 0, n);
}

const struct slice *
routes_topics_of_cluster(
    struct routes *routes, struct arena *arena, struct slice cluster, size_t *n)
{
	struct slice *list = arena_alloc(arena, (routes->topics.n + 1) * sizeof *list);

	*n = 0;
	routes->round++;
	for (struct strmap_entry *at = strmap_next(&routes->brokers, NULL); at != NULL;
	     at = strmap_next(&routes->brokers, at)) {
		const struct route_broker *broker = at->value;

		if (!slice_is(cluster, broker->cluster))
			continue;
		for (struct strmap_entry *one = strmap_next(&broker->placements, NULL); one != NULL;
		     one = strmap_next(&broker->placements, one)) {
			struct route_topic *topic = ((struct placement *)one->value)->topic;

			if (topic->listed == routes->round)
				continue;
			topic->listed = routes->round;
			list[(*n)++] = strmap_key(topic->entry);
		}
	}
	return sort_texts(list, *n);
}

const struct slice *
routes_system_topics(struct routes *routes, struct arena *arena, size_t *n)
{
	const struct route_broker **brokers = sorted_brokers(routes, arena);
	struct slice *list = arena_alloc(arena, (2 * routes->brokers.n + 1) * sizeof *list);
	size_t n_clusters;
	struct cluster_members *clusters =
	    list_clusters(arena, brokers, routes->brokers.n, &n_clusters);

	*n = 0;
	for (size_t i = 0; i < routes->brokers.n; i++)
		list[(*n)++] = strmap_key(brokers[i]->entry);
	for (size_t i = 0; i < n_clusters; i++)
		list[(*n)++] = clusters[i].name;
	return list;
}
