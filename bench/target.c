#include "config.h"

#include "bench/target.h"

#include <stdlib.h>

#include "bench/bench.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

#define FLYING 32 /* requests at once */
#define PERM_READ_WRITE 6

/* Many requests, some at a time; all must succeed. */
struct bulk {
	struct bench *bench;
	uint32_t n, next, n_flying;
	bool failed;
	int32_t no_error; /* a code that also counts as success */
	/* Makes the i-th request; returns the index of its broker. */
	uint32_t (*make)(
	    struct bulk *bulk, uint32_t i, struct arena *arena, struct command *request);
	void (*take)(struct bulk *bulk, uint32_t i, const struct command *reply);
};

struct bulk_call {
	struct bulk *bulk;
	uint32_t i;
};

static void fly(struct bulk *bulk);

static void
on_bulk_reply(
    void *arg, const struct twinmq_error *error, const struct command *reply, struct slice body)
{
	struct bulk_call call = *(struct bulk_call *)arg;
	struct bulk *bulk = call.bulk;

	(void)body;
	free(arg);
	bulk->n_flying--;
	if (error != NULL)
		bulk->failed = bench_fail(bulk->bench, "%s", error->text) == -1;
	else if (reply->code != RESPONSE_SUCCESS && reply->code != bulk->no_error)
		bulk->failed = bench_fail(bulk->bench, "a broker says: %.*s (code %d, %s)",
				   reply->remark.len > 200 ? 200 : (int)reply->remark.len,
				   reply->remark.data != NULL ? reply->remark.data : "",
				   (int)reply->code, response_code_name(reply->code)) == -1;
	else if (bulk->take != NULL)
		bulk->take(bulk, call.i, reply);
	fly(bulk);
	if (bulk->n_flying == 0)
		loop_stop(&bulk->bench->loop);
}

static void
fly(struct bulk *bulk)
{
	while (!bulk->failed && bulk->n_flying < FLYING && bulk->next < bulk->n) {
		struct bulk_call *call = mem_alloc(sizeof *call);
		struct command request = { 0 };
		struct arena arena = { 0 };
		uint32_t broker = bulk->make(bulk, bulk->next, &arena, &request);

		*call = (struct bulk_call){ bulk, bulk->next++ };
		bulk->n_flying++;
		twinmq_call_async(bulk->bench->mq, slice_of(bulk->bench->brokers[broker].address),
		    &request, SLICE(""), bulk->bench->settings->timeout_ms + 10000, on_bulk_reply,
		    call);
		arena_release(&arena);
	}
}

static int
run_bulk(struct bulk *bulk)
{
	fly(bulk);
	while (bulk->n_flying != 0)
		loop_run(&bulk->bench->loop);
	return bulk->failed ? -1 : 0;
}

/* The broker of --brokerAddr; name servers are not asked. */
static int
take_address(struct bench *bench)
{
	bench->brokers = mem_zalloc(sizeof *bench->brokers);
	bench->brokers[0].name = mem_strdup(bench->settings->address);
	bench->brokers[0].address = mem_strdup(bench->settings->address);
	bench->n_brokers = 1;
	return 0;
}

struct slice
target_ask_name(const struct bench *bench, struct arena *arena)
{
	const struct command request = { .code = REQUEST_GET_BROKER_CONFIG };
	struct twinmq_reply reply;
	struct slice line;

	if (twinmq_call(bench->mq, slice_of(bench->brokers[0].address), &request, SLICE(""), arena,
		&reply) == -1)
		return SLICE("");
	while (slice_next(&reply.body, '\n', &line)) {
		struct slice key;

		if (slice_next(&line, '=', &key) && slice_is(key, "brokerName"))
			return slice_trim(line);
	}
	return SLICE("");
}

int
target_find_brokers(struct bench *bench)
{
	struct arena arena = { 0 };
	struct cluster_info info;

	if (bench->settings->address != NULL)
		return take_address(bench);
	if (twinmq_cluster_info(bench->mq, &arena, &info) == -1) {
		arena_release(&arena);
		return bench_fail_mq(bench, "the brokers are not known");
	}
	bench->brokers = mem_zalloc((info.n_brokers + 1) * sizeof *bench->brokers);
	for (size_t i = 0; i < info.n_brokers; i++) {
		const struct broker_data *data = &info.brokers[i];

		if (bench->settings->broker != NULL &&
		    !slice_is(data->name, bench->settings->broker))
			continue;
		for (size_t j = 0; j < data->n_addresses; j++)
			if (data->addresses[j].id == MASTER_ID)
				bench->brokers[bench->n_brokers++] =
				    (struct bench_broker){ slice_dup(data->name),
					    slice_dup(data->addresses[j].address) };
	}
	arena_release(&arena);
	if (bench->n_brokers != 0)
		return 0;
	return bench_fail(bench, "the name servers know no master%s%s",
	    bench->settings->broker != NULL ? " called " : "",
	    bench->settings->broker != NULL ? bench->settings->broker : "");
}

static struct slice
topic_name(const struct bench *bench, uint32_t topic, struct arena *arena)
{
	return arena_printf(arena, "%s-%05u", bench->settings->topic, topic);
}

static uint32_t
make_topic(struct bulk *bulk, uint32_t i, struct arena *arena, struct command *request)
{
	const struct bench *bench = bulk->bench;
	int32_t n_queues = (int32_t)bench->settings->n_queues;
	const struct create_topic_header header = {
		.topic = topic_name(bench, i / bench->n_brokers, arena),
		.default_topic = SLICE("TBW102"),
		.read_queues = n_queues,
		.write_queues = n_queues,
		.perm = PERM_READ_WRITE,
		.topic_filter_type = SLICE("SINGLE_TAG"),
	};

	request->code = REQUEST_UPDATE_AND_CREATE_TOPIC;
	fields_encode(create_topic_header_fields, &header, arena, request);
	return i % bench->n_brokers;
}

static uint32_t
make_end(struct bulk *bulk, uint32_t i, struct arena *arena, struct command *request)
{
	const struct bench_queue *queue = &bulk->bench->queues[i];
	const struct queue_header header = {
		.topic = topic_name(bulk->bench, queue->topic, arena),
		.queue_id = queue->id,
	};

	request->code = REQUEST_GET_MAX_OFFSET;
	fields_encode(queue_header_fields, &header, arena, request);
	return queue->broker;
}

static void
take_end(struct bulk *bulk, uint32_t i, const struct command *reply)
{
	struct bench_queue *queue = &bulk->bench->queues[i];

	if (slice_to_int64(command_ext(reply, "offset"), &queue->end) == -1)
		queue->end = queue->begin;
}

static int
ask_ends(struct bench *bench)
{
	struct bulk bulk = {
		.bench = bench, .n = bench->n_queues, .make = make_end, .take = take_end
	};

	return run_bulk(&bulk);
}

int
target_make_topics(struct bench *bench)
{
	const struct settings *settings = bench->settings;
	struct bulk bulk = {
		.bench = bench, .n = settings->n_topics * bench->n_brokers, .make = make_topic
	};

	if ((uint64_t)settings->n_topics * bench->n_brokers * settings->n_queues >=
	    LEDGER_QUEUES_MAX)
		return bench_fail(bench, "more than %u queues", LEDGER_QUEUES_MAX);
	if (!settings->existing && run_bulk(&bulk) == -1)
		return -1;
	bench->n_queues = settings->n_topics * bench->n_brokers * settings->n_queues;
	bench->queues = mem_zalloc(bench->n_queues * sizeof *bench->queues);
	for (uint32_t i = 0; i < bench->n_queues; i++)
		bench->queues[i] = (struct bench_queue){
			.topic = i / settings->n_queues / bench->n_brokers,
			.broker = i / settings->n_queues % bench->n_brokers,
			.id = (int32_t)(i % settings->n_queues),
		};
	if (ask_ends(bench) == -1)
		return -1;
	for (uint32_t i = 0; i < bench->n_queues; i++)
		bench->queues[i].begin = bench->queues[i].end;
	return 0;
}

int
target_ask_ends(struct bench *bench, unsigned long long *n)
{
	if (ask_ends(bench) == -1)
		return -1;
	*n = 0;
	for (uint32_t i = 0; i < bench->n_queues; i++)
		*n += (unsigned long long)(bench->queues[i].end - bench->queues[i].begin);
	return 0;
}

static uint32_t
make_committed(struct bulk *bulk, uint32_t i, struct arena *arena, struct command *request)
{
	const struct bench_queue *queue = &bulk->bench->queues[i];
	const struct query_offset_header header = {
		.consumer_group = slice_of(bulk->bench->settings->group),
		.topic = topic_name(bulk->bench, queue->topic, arena),
		.queue_id = queue->id,
		.set_zero = true,
	};

	request->code = REQUEST_QUERY_CONSUMER_OFFSET;
	fields_encode(query_offset_header_fields, &header, arena, request);
	return queue->broker;
}

static void
take_committed(struct bulk *bulk, uint32_t i, const struct command *reply)
{
	struct bench_queue *queue = &bulk->bench->queues[i];

	if (slice_to_int64(command_ext(reply, "offset"), &queue->committed) == -1)
		queue->committed = -1;
}

int
target_ask_committed(struct bench *bench)
{
	struct bulk bulk = { .bench = bench,
		.n = bench->n_queues,
		.make = make_committed,
		.take = take_committed,
		.no_error = RESPONSE_QUERY_NOT_FOUND };

	return run_bulk(&bulk);
}
