#include "config.h"

/* The reading side of the API: the broker and its settings, topics, groups, producers. */

#include <stdlib.h>
#include <string.h>

#include "broker/http/api.h"
#include "broker/http/survey.h"
#include "broker/state/client.h"
#include "broker/state/group.h"
#include "broker/state/stats.h"
#include "broker/state/topic.h"
#include "broker/store/store.h"
#include "common/base/clock.h"
#include "common/base/mem.h"

#define GROUPS_A_LOCK 128
#define PAGE_MAX 1000 /* entries of a list in one answer */

/* ---- pages ------------------------------------------------------------ */

/* Lists are in order of names; a page begins behind a name. */
struct page {
	struct slice after;
	int64_t max;
	int64_t n;
	struct slice last; /* name in the page, when more follow */
	bool more;
};

static int
page_read(struct http_exchange *exchange, struct page *page)
{
	*page = (struct page){ .after = http_request_parameter(&exchange->request, "after") };
	return http_number(exchange, "max", 1, PAGE_MAX, PAGE_MAX, &page->max);
}

/* Whether the page has this entry. */
static bool
page_takes(struct page *page, struct slice name)
{
	if (page->after.data != NULL && slice_compare(name, page->after) <= 0)
		return false;
	if (page->n == page->max) {
		page->more = true;
		return false;
	}
	page->n++;
	page->last = name;
	return true;
}

static void
page_write_end(struct json_out *out, const struct page *page)
{
	json_close_array(out);
	if (page->more)
		json_member_put_slice(out, "next", page->last);
	json_close_object(out);
}

static void
page_write_begin(struct json_out *out, struct buf *body, const char *list)
{
	json_out_init(out, body);
	json_open_object(out);
	json_key(out, list);
	json_open_array(out);
}

static void
put_double(struct json_out *out, const char *name, double value)
{
	json_key(out, name);
	json_put_double(out, value);
}

/* ---- the broker ------------------------------------------------------- */

static void
write_store(struct json_out *out, const struct broker *broker)
{
	struct store_stats stats;

	store_get_stats(broker->store, &stats);
	json_key(out, "store");
	json_open_object(out);
	json_member_put_bool(out, "writable", stats.writable);
	if (stats.write_block != NULL)
		json_member_put_text(out, "writeBlock", stats.write_block);
	json_member_put_int(out, "minPosition", stats.min_position);
	json_member_put_int(out, "maxPosition", stats.max_position);
	json_member_put_int(out, "earliestTimestamp", stats.earliest_ms);
	json_member_put_int(out, "segments", stats.n_segments);
	json_member_put_int(out, "diskTotalBytes", stats.disk_total);
	json_member_put_int(out, "diskFreeBytes", stats.disk_free);
	json_close_object(out);
}

static void
write_rates(struct json_out *out, const struct broker *broker)
{
	struct stats_summary summary;

	stats_summarize(broker->stats, &summary);
	put_double(out, "messagesInPerSecond", summary.put_tps[1]);
	put_double(out, "messagesOutPerSecond", summary.got_tps[1]);
	json_member_put_int(out, "messagesIn", (int64_t)summary.totals.put_messages);
	json_member_put_int(out, "messagesOut", (int64_t)summary.totals.got_messages);
}

static void
serve_broker(struct http_exchange *exchange)
{
	const struct broker *broker = exchange_broker(exchange);
	const struct broker_settings *settings = broker->settings;
	struct client_counts clients;
	struct buf body = { 0 };
	struct json_out out;

	clients_get_counts(broker->clients, &clients);
	json_out_init(&out, &body);
	json_open_object(&out);
	json_member_put_text(&out, "name", settings->broker_name);
	json_member_put_text(&out, "cluster", settings->broker_cluster_name);
	json_member_put_text(&out, "address", broker->address);
	json_member_put_text(&out, "version", PACKAGE_VERSION);
	json_member_put_text(
	    &out, "flush", settings->flush_disk_type == FLUSH_SYNC ? "SYNC_FLUSH" : "ASYNC_FLUSH");
	json_member_put_int(&out, "startTimestamp", broker->boot_ms);
	json_member_put_int(&out, "upSeconds", (clock_wall_ms() - broker->boot_ms) / 1000);
	json_member_put_int(&out, "connections", server_counts(broker->server).connections);
	json_member_put_int(&out, "topics", (int64_t)topics_count(broker->topics));
	json_member_put_int(&out, "groups", (int64_t)groups_count(broker->groups));
	json_member_put_int(&out, "groupsOnline", (int64_t)clients.n_consumer_groups);
	json_member_put_int(&out, "producerGroupsOnline", (int64_t)clients.n_producer_groups);
	write_rates(&out, broker);
	write_store(&out, broker);
	json_close_object(&out);
	http_answer_json(exchange, 200, &body);
}

/* ---- settings: only loop 0 may read them, as it changes them ----------- */

static void
answer_settings(struct http_exchange *exchange, struct loop *loop)
{
	(void)loop;
	http_answer_json(exchange, 200, exchange->state);
}

static void
read_settings(struct http_exchange *exchange, struct loop *loop)
{
	const struct daemon *daemon = exchange_broker(exchange)->daemon;
	struct json_out out;

	(void)loop;
	json_out_init(&out, exchange->state);
	daemon_write_settings(daemon, &exchange->arena, &out);
	http_return(exchange, answer_settings);
}

static void
serve_settings(struct http_exchange *exchange)
{
	exchange->state = arena_zalloc(&exchange->arena, sizeof(struct buf));
	http_go(exchange, broker_main_loop(exchange_broker(exchange)), read_settings);
}

/* ---- topics ----------------------------------------------------------- */

static const char *
kind_of(const struct surveyed_topic *topic)
{
	if (slice_starts(topic->name, TOPIC_RETRY_PREFIX))
		return "retry";
	if (slice_starts(topic->name, TOPIC_DEAD_PREFIX))
		return "dead";
	return topic->system ? "system" : "normal";
}

static void
write_topic(struct json_out *out, const struct surveyed_topic *topic)
{
	json_member_put_slice(out, "topic", topic->name);
	json_member_put_text(out, "kind", kind_of(topic));
	json_member_put_int(out, "readQueues", topic->read_queues);
	json_member_put_int(out, "writeQueues", topic->write_queues);
	json_member_put_int(out, "perm", topic->perm);
	json_member_put_bool(out, "order", topic->order);
	json_member_put_int(out, "messages", topic->sum_max - topic->sum_min);
	json_member_put_int(out, "lastTimestamp", topic->last_timestamp);
}

static void
answer_topics(struct http_exchange *exchange, struct survey *survey)
{
	struct slice kind = http_request_parameter(&exchange->request, "kind");
	struct page page;
	struct buf body = { 0 };
	struct json_out out;

	if (page_read(exchange, &page) == -1) {
		survey_free(survey);
		return;
	}
	page_write_begin(&out, &body, "topics");
	for (size_t i = 0; i < survey->n_topics; i++) {
		const struct surveyed_topic *topic = survey->topics[i];

		if ((kind.data != NULL && !slice_is(kind, kind_of(topic))) ||
		    !page_takes(&page, topic->name))
			continue;
		json_open_object(&out);
		write_topic(&out, topic);
		json_close_object(&out);
	}
	page_write_end(&out, &page);
	survey_free(survey);
	http_answer_json(exchange, 200, &body);
}

static void
serve_topics(struct http_exchange *exchange)
{
	survey_begin(exchange, answer_topics);
}

static void
write_queues(struct json_out *out, const struct surveyed_topic *topic)
{
	int32_t n =
	    topic->read_queues > topic->write_queues ? topic->read_queues : topic->write_queues;

	json_key(out, "queues");
	json_open_array(out);
	for (int32_t i = 0; i < n; i++) {
		const struct surveyed_queue *queue = surveyed_queue(topic, i);

		json_open_object(out);
		json_member_put_int(out, "queueId", i);
		json_member_put_int(out, "minOffset", queue != NULL ? queue->min_offset : 0);
		json_member_put_int(out, "maxOffset", queue != NULL ? queue->max_offset : 0);
		json_member_put_int(
		    out, "lastTimestamp", queue != NULL ? queue->last_timestamp : 0);
		json_close_object(out);
	}
	json_close_array(out);
}

static void
write_groups_of(
    struct json_out *out, const struct survey *survey, const struct surveyed_topic *topic)
{
	json_key(out, "groups");
	json_open_array(out);
	for (size_t i = 0; i < survey->n_progress; i++) {
		if (survey->progress[i].topic != topic)
			continue;
		json_open_object(out);
		json_member_put_slice(out, "group", survey->progress[i].group);
		json_member_put_int(out, "lag", survey->progress[i].lag);
		json_close_object(out);
	}
	json_close_array(out);
}

static void
answer_topic(struct http_exchange *exchange, struct survey *survey)
{
	const struct surveyed_topic *topic = strmap_find(&survey->table, http_part(exchange, 0));
	struct buf body = { 0 };
	struct json_out out;

	if (topic != NULL && topic->known) {
		json_out_init(&out, &body);
		json_open_object(&out);
		write_topic(&out, topic);
		write_queues(&out, topic);
		write_groups_of(&out, survey, topic);
		json_close_object(&out);
		http_answer_json(exchange, 200, &body);
	} else {
		http_problem(exchange, 404, "There is no such topic on this broker.");
	}
	survey_free(survey);
}

static void
serve_topic(struct http_exchange *exchange)
{
	if (api_check_name(exchange, "topic", NAME_TOPIC, http_part(exchange, 0)) == 0)
		survey_begin(exchange, answer_topic);
}

/* ---- groups ----------------------------------------------------------- */

/* Copied by portions of the lock, then sorted. */
struct group_list {
	struct group *list;
	size_t n, cap;
};

static void
on_group(void *arg, const struct group *group)
{
	struct group_list *groups = arg;

	if (groups->n == groups->cap) {
		groups->cap = groups->cap != 0 ? 2 * groups->cap : 64;
		groups->list = mem_realloc(groups->list, groups->cap * sizeof *groups->list);
	}
	groups->list[groups->n++] = *group;
}

static int
by_group_name(const void *a, const void *b)
{
	return strcmp(((const struct group *)a)->name, ((const struct group *)b)->name);
}

static struct group_list
list_groups(struct groups *groups)
{
	struct group_list result = { 0 };
	struct strmap_cursor cursor = { 0 };

	while (groups_visit(groups, &cursor, GROUPS_A_LOCK, on_group, &result))
		;
	if (result.n != 0)
		qsort(result.list, result.n, sizeof *result.list, by_group_name);
	return result;
}

static void
serve_groups(struct http_exchange *exchange)
{
	const struct broker *broker = exchange_broker(exchange);
	struct page page;
	struct buf body = { 0 };
	struct json_out out;

	if (page_read(exchange, &page) == -1)
		return;
	struct group_list all = list_groups(broker->groups);
	struct group *groups = all.list;

	page_write_begin(&out, &body, "groups");
	for (size_t i = 0; i < all.n; i++) {
		struct slice name = slice_of(groups[i].name);
		size_t n_members = 0;

		/* A table that grew meanwhile was walked anew. */
		if ((i != 0 && strcmp(groups[i].name, groups[i - 1].name) == 0) ||
		    !page_takes(&page, name))
			continue;
		clients_list_ids(broker->clients, name, &exchange->arena, &n_members);
		json_open_object(&out);
		json_member_put_slice(&out, "group", name);
		json_member_put_int(&out, "members", (int64_t)n_members);
		json_member_put_bool(&out, "consumeEnable", groups[i].consume_enable);
		json_member_put_int(&out, "retryMaxTimes", groups[i].retry_max);
		json_close_object(&out);
	}
	page_write_end(&out, &page);
	free(groups);
	http_answer_json(exchange, 200, &body);
}

static void
write_client(struct json_out *out, const struct client *client)
{
	json_open_object(out);
	json_member_put_slice(out, "clientId", client->id);
	json_member_put_slice(out, "address", client->address);
	json_member_put_int(out, "version", client->version);
	json_member_put_int(out, "lastSeenTimestamp", client->last_seen_ms);
	json_close_object(out);
}

static void
write_online(struct json_out *out, const struct client_group *online)
{
	json_key(out, "members");
	json_open_array(out);
	for (size_t i = 0; i < online->n_members; i++)
		write_client(out, &online->members[i]);
	json_close_array(out);
	json_key(out, "subscriptions");
	json_open_array(out);
	for (size_t i = 0; i < online->n_subscriptions; i++) {
		json_open_object(out);
		json_member_put_slice(out, "topic", online->subscriptions[i].topic);
		json_member_put_slice(out, "expression", online->subscriptions[i].expression);
		json_close_object(out);
	}
	json_close_array(out);
}

static void
write_progress(struct json_out *out, const struct survey *survey, struct slice group)
{
	int64_t lag = 0;

	json_key(out, "topics");
	json_open_array(out);
	for (size_t i = 0; i < survey->n_progress; i++) {
		const struct surveyed_progress *one = &survey->progress[i];

		if (!slice_equal(one->group, group))
			continue;
		lag += one->lag;
		json_open_object(out);
		json_member_put_slice(out, "topic", one->topic->name);
		json_member_put_int(out, "lag", one->lag);
		json_close_object(out);
	}
	json_close_array(out);
	json_member_put_int(out, "lag", lag);
}

static void
answer_group(struct http_exchange *exchange, struct survey *survey)
{
	const struct broker *broker = exchange_broker(exchange);
	struct slice name = http_part(exchange, 0);
	struct client_group online = { 0 };
	struct buf body = { 0 };
	struct json_out out;
	struct group group;

	if (groups_find(broker->groups, name, &group)) {
		struct slice conflict =
		    clients_find_conflict(broker->clients, name, &exchange->arena);

		clients_find_group(broker->clients, name, &exchange->arena, &online);
		json_out_init(&out, &body);
		json_open_object(&out);
		json_member_put_slice(&out, "group", name);
		json_member_put_bool(&out, "consumeEnable", group.consume_enable);
		json_member_put_int(&out, "retryQueues", group.retry_queues);
		json_member_put_int(&out, "retryMaxTimes", group.retry_max);
		if (conflict.data != NULL)
			json_member_put_slice(&out, "conflict", conflict);
		write_online(&out, &online);
		write_progress(&out, survey, name);
		json_close_object(&out);
		http_answer_json(exchange, 200, &body);
	} else {
		http_problem(exchange, 404, "There is no such group on this broker.");
	}
	survey_free(survey);
}

static void
serve_group(struct http_exchange *exchange)
{
	if (api_check_name(exchange, "group", NAME_GROUP, http_part(exchange, 0)) == 0)
		survey_begin(exchange, answer_group);
}

static void
serve_producers(struct http_exchange *exchange)
{
	const struct broker *broker = exchange_broker(exchange);
	struct arena *arena = &exchange->arena;
	struct page page;
	struct buf body = { 0 };
	struct json_out out;
	size_t n;

	if (page_read(exchange, &page) == -1)
		return;
	const struct slice *names = clients_list_producer_groups(broker->clients, arena, &n);

	page_write_begin(&out, &body, "producers");
	for (size_t i = 0; i < n; i++) {
		size_t n_members = 0;

		if (!page_takes(&page, names[i]))
			continue;
		const struct client *members =
		    clients_list_producers(broker->clients, names[i], arena, &n_members);

		json_open_object(&out);
		json_member_put_slice(&out, "group", names[i]);
		json_key(&out, "members");
		json_open_array(&out);
		for (size_t k = 0; k < n_members; k++)
			write_client(&out, &members[k]);
		json_close_array(&out);
		json_close_object(&out);
	}
	page_write_end(&out, &page);
	http_answer_json(exchange, 200, &body);
}

const struct http_route api_view_routes[] = {
	{ "GET", "/v1/broker", HTTP_MAY_READ, NULL, serve_broker, false },
	{ "GET", "/v1/settings", HTTP_MAY_READ, NULL, serve_settings, false },
	{ "GET", "/v1/topics", HTTP_MAY_READ, NULL, serve_topics, false },
	{ "GET", "/v1/topics/{topic}", HTTP_MAY_READ, NULL, serve_topic, false },
	{ "GET", "/v1/groups", HTTP_MAY_READ, NULL, serve_groups, false },
	{ "GET", "/v1/groups/{group}", HTTP_MAY_READ, NULL, serve_group, false },
	{ "GET", "/v1/producers", HTTP_MAY_READ, NULL, serve_producers, false },
	{ NULL },
};
