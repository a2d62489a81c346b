#include "config.h"

#include "bench/consumer.h"

#include <stdio.h>
#include <stdlib.h>

#include "bench/bench.h"
#include "bench/ranges.h"
#include "bench/target.h"
#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"
#include "common/protocol/heartbeat.h"
#include "common/protocol/lock_batch.h"
#include "common/protocol/name_list.h"

#define HOLD_MS 15000
#define BEAT_S 20
#define LOCK_S 20  /* as often as Java's clients */
#define COMMIT_S 5 /* as often as Java's clients */
#define QUIET_US 10000000
#define JOIN_TRIES 100
#define JOIN_PAUSE_MS 50
#define COMMITTED_TRIES 200
#define WAIT_STEP_MS 5

static struct consumer *
consumer_of(const struct link *link)
{
	return (struct consumer *)link->links->context;
}

/* ---- being a member ---- */

static struct slice
heartbeat_body(
    const struct consumer *consumer, const struct group_member *member, struct arena *arena)
{
	const struct settings *settings = consumer->bench->settings;
	struct subscription *list = arena_zalloc(arena, settings->n_topics * sizeof *list);
	struct heartbeat_consumer group = {
		.group = slice_of(settings->group),
		.type = CONSUME_PASSIVELY,
		.model = MODEL_CLUSTERING,
		.from = CONSUME_FROM_FIRST_OFFSET,
		.subscriptions = list,
		.n_subscriptions = settings->n_topics,
	};
	const struct heartbeat heartbeat = {
		.client_id = slice_of(member->client_id),
		.consumers = &group,
		.n_consumers = 1,
	};
	struct buf body = { 0 };
	struct json_out out;

	for (uint32_t i = 0; i < settings->n_topics; i++)
		list[i] = (struct subscription){
			.topic = arena_printf(arena, "%s-%05u", settings->topic, i),
			.expression = bench_subscription(consumer->bench),
			.expression_type = settings->filters ? SLICE("SQL92") : SLICE("TAG"),
			.version = clock_wall_ms(),
		};
	json_out_init(&out, &body);
	heartbeat_write(&out, &heartbeat);
	struct slice text = arena_copy(arena, buf_slice(&body));
	buf_release(&body);
	return text;
}

static void
beat(struct link *link, call_done_fn *done)
{
	struct consumer *consumer = consumer_of(link);
	const struct command request = { .code = REQUEST_HEART_BEAT };
	struct arena arena = { 0 };
	struct slice body = heartbeat_body(consumer, link->context, &arena);

	conn_request(link->conn, &request, body, consumer->bench->settings->timeout_ms, done, link);
	arena_release(&arena);
}

static void
beat_again(struct link *link)
{
	beat(link, NULL);
}

/* Counts a reply that joining waits for. */
static void
joined(struct consumer *consumer, bool ok, const char *what, const struct command *reply)
{
	if (!ok)
		consumer->failed =
		    bench_fail(consumer->bench, "a broker does not answer %s (code %d)", what,
			reply != NULL ? (int)reply->code : TWINMQ_TIMEOUT) == -1;
	if (--consumer->n_waiting == 0)
		loop_stop(&consumer->bench->loop);
}

static int
wait_replies(struct consumer *consumer)
{
	while (consumer->n_waiting != 0)
		loop_run(&consumer->bench->loop);
	return consumer->failed ? -1 : 0;
}

static void
on_beat_reply(void *arg, const struct command *reply, struct slice body)
{
	struct link *link = arg;

	(void)body;
	joined(consumer_of(link), reply != NULL && reply->code == RESPONSE_SUCCESS,
	    "a consumer's heartbeat", reply);
}

static int
beat_all(struct consumer *consumer)
{
	struct links *links = &consumer->load.links;

	consumer->n_waiting = (uint32_t)links->n;
	for (size_t i = 0; i < links->n; i++) {
		if (link_connect(&links->all[i]) == NULL)
			return bench_fail(
			    consumer->bench, "no connection to %s", links->all[i].address);
		beat(&links->all[i], on_beat_reply);
	}
	return wait_replies(consumer);
}

/* Brokers must know all members before these share the queues. */
static void
on_members(void *arg, const struct command *reply, struct slice body)
{
	struct consumer *consumer = arg;
	struct arena arena = { 0 };
	const struct slice *names;
	size_t n_names = 0;
	bool ok = reply != NULL && reply->code == RESPONSE_SUCCESS &&
	          name_list_read(&arena, body, "consumerIdList", &names, &n_names) == 0;

	consumer->again |= ok && n_names < consumer->n_members;
	if (ok && n_names > consumer->n_members)
		consumer->failed =
		    bench_fail(consumer->bench, "group %s has members that are not mqbench's",
			consumer->bench->settings->group) == -1;
	arena_release(&arena);
	joined(consumer, ok, "the list of members", reply);
}

static int
wait_members(struct consumer *consumer)
{
	const struct consumer_group_header header = {
		.consumer_group = slice_of(consumer->bench->settings->group),
	};
	struct links *links = &consumer->load.links;
	struct command request = { .code = REQUEST_GET_CONSUMER_LIST_BY_GROUP };
	struct arena arena = { 0 };
	int status = 0;

	fields_encode(consumer_group_header_fields, &header, &arena, &request);
	for (int i = 0; i < JOIN_TRIES; i++) {
		consumer->again = false;
		consumer->n_waiting = (uint32_t)links->n;
		for (size_t j = 0; j < links->n; j++)
			conn_request(links->all[j].conn, &request, SLICE(""),
			    consumer->bench->settings->timeout_ms, on_members, consumer);
		status = wait_replies(consumer);
		if (status == -1 || !consumer->again)
			break;
		twinmq_run(consumer->bench->mq, JOIN_PAUSE_MS);
	}
	arena_release(&arena);
	if (status == 0 && consumer->again)
		return bench_fail(consumer->bench, "the brokers do not know all consumers");
	return status;
}

/* ---- sharing ---- */

/* The member of the i-th of n queues, as in RocketMQ's AllocateMessageQueueAveragely. */
static uint32_t
member_of(uint32_t i, uint32_t n, uint32_t n_members)
{
	uint32_t most = n / n_members + 1, n_with_most = n % n_members;

	if (i < most * n_with_most)
		return i / most;
	return n_with_most + (i - most * n_with_most) / (most - 1);
}

static uint32_t
owner_of(const struct consumer *consumer, uint32_t queue)
{
	uint32_t n = consumer->bench->n_brokers * consumer->bench->settings->n_queues;

	return member_of(queue % n, n, consumer->n_members);
}

/* Each queue is the operation of one slot of its member. */
static void
share_queues(struct consumer *consumer)
{
	const struct bench *bench = consumer->bench;

	consumer->shares = mem_zalloc(bench->n_queues * sizeof *consumer->shares);
	for (uint32_t i = 0; i < bench->n_queues; i++) {
		struct group_member *member = &consumer->members[owner_of(consumer, i)];
		struct link *link = &member->links[bench->queues[i].broker];

		consumer->shares[i] = (struct share){ i, bench->queues[i].begin };
		link->slots[link->turn++].context = &consumer->shares[i];
	}
}

/* ---- locking ---- */

static struct lock_batch
lock_batch_of(const struct consumer *consumer, const struct link *link, struct arena *arena)
{
	const struct bench *bench = consumer->bench;
	const struct group_member *member = link->context;
	struct message_queue *list = arena_zalloc(arena, (bench->n_queues + 1) * sizeof *list);
	struct lock_batch batch = { slice_of(bench->settings->group), slice_of(member->client_id),
		list, 0 };

	for (uint32_t i = 0; i < bench->n_queues; i++) {
		const struct bench_queue *queue = &bench->queues[i];

		if (queue->broker == link->broker &&
		    &consumer->members[owner_of(consumer, i)] == member)
			list[batch.n_queues++] = (struct message_queue){
				.topic = arena_printf(
				    arena, "%s-%05u", bench->settings->topic, queue->topic),
				.broker_name = slice_of(bench->brokers[queue->broker].name),
				.id = queue->id,
			};
	}
	return batch;
}

static void
on_locked(void *arg, const struct command *reply, struct slice body)
{
	struct consumer *consumer = consumer_of(arg);
	struct arena arena = { 0 };
	size_t n_wanted = lock_batch_of(consumer, arg, &arena).n_queues, n = 0;
	const struct message_queue *list;
	bool ok = reply != NULL && reply->code == RESPONSE_SUCCESS &&
	          lock_reply_read(&arena, body, &list, &n) == 0 && n == n_wanted;

	arena_release(&arena);
	joined(consumer, ok, "the locks", reply);
}

static void
lock(struct link *link, call_done_fn *done)
{
	struct consumer *consumer = consumer_of(link);
	const struct command request = { .code = REQUEST_LOCK_BATCH_MQ };
	struct arena arena = { 0 };
	struct lock_batch batch = lock_batch_of(consumer, link, &arena);
	struct buf body = { 0 };
	struct json_out out;

	json_out_init(&out, &body);
	lock_batch_write(&out, &batch);
	conn_request(link->conn, &request, buf_slice(&body), consumer->bench->settings->timeout_ms,
	    done, link);
	buf_release(&body);
	arena_release(&arena);
}

/* A broker locks queues of its own name only. */
static void
name_broker(struct bench *bench)
{
	struct arena arena = { 0 };

	if (bench->settings->address != NULL) {
		free(bench->brokers[0].name);
		bench->brokers[0].name = slice_dup(target_ask_name(bench, &arena));
	}
	arena_release(&arena);
}

static int
lock_all(struct consumer *consumer)
{
	struct links *links = &consumer->load.links;

	name_broker(consumer->bench);
	consumer->n_waiting = (uint32_t)links->n;
	for (size_t i = 0; i < links->n; i++)
		lock(&links->all[i], on_locked);
	return wait_replies(consumer);
}

/* ---- consuming ---- */

static void
on_pulled(struct slot *slot, int32_t code, const struct command *reply, struct slice body)
{
	struct consumer *consumer = consumer_of(slot->link);
	struct bench *bench = consumer->bench;
	struct share *share = slot->context;
	struct histogram *latency = &consumer->load.counts.latency;
	int64_t now_us = clock_mono_us(), due_us;
	uint64_t n = 0, n_bytes = 0;
	struct record record;

	(void)reply;
	while (code == RESPONSE_SUCCESS && record_decode(body.data, body.len, &record) == 0) {
		body.data += record.size;
		body.len -= record.size;
		due_us = proof_take(bench, share->queue, share->next++, &record);
		if (due_us != PROOF_NOT_OURS && load_times(consumer->timed_by, due_us))
			histogram_add(latency, now_us - due_us);
		n++;
		n_bytes += record.body.len;
	}
	consumer->n_consumed += n;
	/* A pull that was held and found nothing. */
	if (code == RESPONSE_PULL_NOT_FOUND || code == RESPONSE_PULL_RETRY_IMMEDIATELY)
		code = RESPONSE_SUCCESS;
	load_done(slot, code, code == RESPONSE_SUCCESS ? n : 1, n_bytes);
}

static void
begin(struct load *load, struct slot *slot)
{
	struct consumer *consumer = (struct consumer *)load;
	const struct share *share = slot->context;

	if (share == NULL) {
		load_rest(slot);
		return;
	}
	const struct bench_queue *queue = &consumer->bench->queues[share->queue];
	stencil_put(&consumer->pull, SPOT_TOPIC, queue->topic);
	stencil_put(&consumer->pull, SPOT_QUEUE, (uint64_t)queue->id);
	stencil_put(&consumer->pull, SPOT_OFFSET, (uint64_t)share->next);
	slot_send(slot, &consumer->pull, SLICE(""), on_pulled);
}

static void
commit(struct consumer *consumer)
{
	const struct bench *bench = consumer->bench;

	for (uint32_t i = 0; i < bench->n_queues; i++) {
		const struct bench_queue *queue = &bench->queues[i];
		struct group_member *member = &consumer->members[owner_of(consumer, i)];

		stencil_put(&consumer->commit, SPOT_TOPIC, queue->topic);
		stencil_put(&consumer->commit, SPOT_QUEUE, (uint64_t)queue->id);
		stencil_put(&consumer->commit, SPOT_OFFSET, (uint64_t)consumer->shares[i].next);
		link_send_oneway(&member->links[queue->broker], &consumer->commit, SLICE(""));
	}
}

static void
on_second(struct load *load)
{
	struct consumer *consumer = (struct consumer *)load;
	struct links *links = &load->links;

	consumer->seconds++;
	if (consumer->seconds % COMMIT_S == 0)
		commit(consumer);
	for (size_t i = 0; consumer->seconds % BEAT_S == 0 && i < links->n; i++)
		if (links->all[i].conn != NULL)
			beat(&links->all[i], NULL);
	if (!consumer->bench->settings->orderly || consumer->seconds % LOCK_S != 0)
		return;
	for (size_t i = 0; i < links->n; i++)
		if (links->all[i].conn != NULL)
			lock(&links->all[i], NULL);
}

/* ---- the run ---- */

static void
commit_stencil_init(struct stencil *stencil, const struct bench *bench)
{
	static const struct stencil_mark marks[] = {
		{ "queueId", SPOT_QUEUE },
		{ "commitOffset", SPOT_OFFSET },
		{ NULL, SPOTS },
	};
	const struct command request = { .code = REQUEST_UPDATE_CONSUMER_OFFSET,
		.flag = COMMAND_FLAG_ONEWAY,
		.codec = bench->settings->codec };
	struct buf topic = { 0 };

	buf_printf(&topic, "%s-" STENCIL_MARK_TOPIC, bench->settings->topic);
	const struct update_offset_header header = {
		.consumer_group = slice_of(bench->settings->group),
		.topic = buf_slice(&topic),
	};

	stencil_init(stencil, &request, update_offset_header_fields, &header, marks);
	buf_release(&topic);
}

static void
members_init(struct consumer *consumer)
{
	struct bench *bench = consumer->bench;

	consumer->members = mem_zalloc(consumer->n_members * sizeof *consumer->members);
	for (uint32_t i = 0; i < consumer->n_members; i++) {
		struct group_member *member = &consumer->members[i];

		snprintf(member->client_id, sizeof member->client_id, "127.0.0.1@mqbench#%s#%05u",
		    bench->id_begin, i);
		member->links = &consumer->load.links.all[(size_t)i * bench->n_brokers];
		for (uint32_t j = 0; j < bench->n_brokers; j++) {
			member->links[j].context = member;
			member->links[j].turn = 0;
		}
	}
}

int
consumer_init(struct consumer *consumer, struct bench *bench)
{
	const struct settings *settings = bench->settings;
	uint32_t n_slots = settings->n_topics * settings->n_queues;
	struct load *load = &consumer->load;

	*consumer = (struct consumer){ .bench = bench, .n_members = settings->n_members };
	if (bench_load_init(bench, load, (size_t)settings->n_members * bench->n_brokers, n_slots) ==
	    -1)
		return -1;
	load->begin = begin;
	load->on_second = on_second;
	load->times_itself = true;
	consumer->timed_by = load;
	load->warm_up_ms = LOAD_WARM_UP_UNTIL_TOLD;
	load->links.timeout_ms += HOLD_MS;
	pull_stencil_init(&consumer->pull, bench, settings->max_pulled, HOLD_MS);
	commit_stencil_init(&consumer->commit, bench);
	members_init(consumer);
	share_queues(consumer);
	if (beat_all(consumer) == -1 || wait_members(consumer) == -1 ||
	    (settings->orderly && lock_all(consumer) == -1))
		return -1;
	/* From now on, the heartbeat is the first request over each new connection. */
	for (size_t i = 0; i < load->links.n; i++)
		load->links.all[i].on_open = beat_again;
	return 0;
}

void
consumer_release(struct consumer *consumer)
{
	load_release(&consumer->load);
	stencil_release(&consumer->pull);
	stencil_release(&consumer->commit);
	free(consumer->members);
	free(consumer->shares);
}

void
consumer_wait_all(struct consumer *consumer)
{
	struct bench *bench = consumer->bench;
	uint64_t n_before = consumer->n_consumed;
	int64_t since_us = clock_mono_us();

	while (ledger_missing(&bench->ledger) != 0 && clock_mono_us() - since_us < QUIET_US) {
		twinmq_run(bench->mq, WAIT_STEP_MS);
		if (consumer->n_consumed != n_before)
			since_us = clock_mono_us();
		n_before = consumer->n_consumed;
	}
}

static bool
is_committed(const struct consumer *consumer)
{
	for (uint32_t i = 0; i < consumer->bench->n_queues; i++)
		if (consumer->bench->queues[i].committed != consumer->shares[i].next)
			return false;
	return true;
}

int
consumer_commit_all(struct consumer *consumer)
{
	struct bench *bench = consumer->bench;

	for (int i = 0; i < COMMITTED_TRIES; i++) {
		/* Commit again each time: a broker may process two commits in the wrong order. */
		commit(consumer);
		twinmq_run(bench->mq, WAIT_STEP_MS);
		if (target_ask_committed(bench) == -1)
			return -1;
		if (is_committed(consumer))
			return 0;
	}
	return bench_fail(bench, "the group's offsets at the brokers are not those it committed");
}
