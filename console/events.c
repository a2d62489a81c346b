#include "config.h"

#include "console/events.h"

#include <stdlib.h>
#include <string.h>

#include "common/account/account_http.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/mem.h"
#include "console/command_run.h"
#include "console/console_private.h"

#define VIEWERS_MAX 100
#define SAMPLE_MS 2000
#define UNSENT_MAX ((size_t)1 << 20)

/* One who looks; in the arena of the exchange. */
struct viewer {
	LIST_ENTRY(viewer) entry;
	struct http_exchange *exchange;
};

/* One look at the cluster, by a worker. */
struct sample {
	struct work work;
	struct task task; /* home */
	struct events *events;
	struct arena arena;
	struct command_run run;
	bool in_time;
};

struct events {
	struct console *console;
	LIST_HEAD(, viewer) viewers;
	int n_viewers;
	uint64_t n_samples;
	struct timer next;
	bool sampling; /* the sample is with a worker */
	struct sample sample;
};

/* ---- the sampler ------------------------------------------------------ */

#define ASK_MS 1000 /* one that does not answer must not hold up the rest */

static void
report_name_servers(struct admin *admin)
{
	const struct column columns[] = { { "address", "Name server", COLUMN_TEXT },
		{ "up", "Up", COLUMN_INT }, { NULL } };
	const char *address;
	struct grid grid;

	grid_open(&grid, &admin->report, "nameServers", columns);
	for (size_t i = 0; (address = twinmq_name_server(admin->mq, i)) != NULL; i++) {
		const struct admin_request ask = { slice_of(address),
			REQUEST_GET_BROKER_CLUSTER_INFO, NULL, NULL, SLICE("") };
		struct twinmq_reply reply;

		grid_text(&grid, slice_of(address));
		grid_int(&grid, admin_ask(admin, &ask, &reply) == 0);
	}
	grid_close(&grid);
}

/* What clusterList reports, and which name servers answer. */
static int
run_cluster(struct admin *admin)
{
	if (admin_find_command("clusterList")->run(admin) == -1) {
		report_open_list(&admin->report, "brokers");
		report_close_list(&admin->report);
	}
	report_name_servers(admin);
	return 0;
}

static const struct flag no_flags[] = { { 'c', "clusterName", FLAG_TEXT, "CLUSTER", 0, 0, 0, "" },
	{ 'm', "moreStats", FLAG_SWITCH, NULL, 0, 0, 0, "" }, { 0 } };
static const struct subcommand sample_command = { "cluster", no_flags, run_cluster,
	"a sample for those who look", HTTP_MAY_READ, ASK_MS };

static void
run_sample(struct work *work, bool in_time)
{
	struct sample *sample = container_of(work, struct sample, work);

	sample->in_time = in_time;
	if (in_time)
		command_run_execute(&sample->run);
	loop_post(http_loop(sample->events->console->http), &sample->task);
}

static void
start_sample(struct events *events)
{
	struct sample *sample = &events->sample;

	arena_reset(&sample->arena);
	sample->run = (struct command_run){
		.arena = &sample->arena,
		.command = &sample_command,
		.args.flags = no_flags,
	};
	sample->run.name_servers = events->console->name_servers;
	sample->run.stop = &events->console->stopping;
	events->sampling = workers_submit(events->console->commands, &sample->work) == 0;
}

static void
arm(struct events *events, int64_t after_ms)
{
	loop_set_timer(http_loop(events->console->http), &events->next, clock_mono_ms() + after_ms);
}

static void
on_next(struct timer *timer)
{
	struct events *events = container_of(timer, struct events, next);

	if (events->n_viewers == 0)
		return;
	if (!events->sampling)
		start_sample(events);
	arm(events, SAMPLE_MS);
}

/* ---- those who look --------------------------------------------------- */

static void
remove_viewer(struct viewer *viewer)
{
	struct events *events = console_of(viewer->exchange)->events;

	LIST_REMOVE(viewer, entry);
	events->n_viewers--;
	http_stream_end(viewer->exchange);
}

static void
on_gone(struct http_exchange *exchange)
{
	remove_viewer(exchange->state);
}

/* Who logged out, or lost his account, sees nothing more. */
static bool
may_look(const struct viewer *viewer)
{
	const struct http_exchange *exchange = viewer->exchange;
	struct http_principal principal = { .rights = 0 };
	struct arena arena = { 0 };

	if (http_request_field(&exchange->request, "Authorization").data == NULL)
		return console_session(exchange) != NULL;
	account_identify(console_of(exchange)->accounts, &exchange->request, &arena, &principal);
	arena_release(&arena);
	return (principal.rights & HTTP_MAY_READ) != 0;
}

static void
tell_all(struct events *events, struct slice text)
{
	struct viewer *viewer, *next;

	for (viewer = LIST_FIRST(&events->viewers); viewer != NULL; viewer = next) {
		next = LIST_NEXT(viewer, entry);
		if (!may_look(viewer))
			remove_viewer(viewer);
		else
			/* One that is dropped says so itself. */
			http_stream_send(viewer->exchange, text, UNSENT_MAX);
	}
}

static void
on_sampled(struct task *task, void *receiver)
{
	struct sample *sample = container_of(task, struct sample, task);
	struct events *events = sample->events;
	struct command_run *run = &sample->run;
	struct buf text = { 0 };

	(void)receiver;
	events->sampling = false;
	if (sample->in_time && run->status == 200) {
		while (run->body.len != 0 && run->body.data[run->body.len - 1] == '\n')
			run->body.len--;
		buf_printf(&text,
		    "id: %llu\nevent: cluster\ndata: ", (unsigned long long)++events->n_samples);
		buf_append_slice(&text, buf_slice(&run->body));
		buf_append_text(&text, "\n\n");
	} else {
		buf_append_text(&text, ": no news\n\n"); /* the heartbeat */
	}
	tell_all(events, buf_slice(&text));
	buf_release(&text);
	buf_release(&run->body);
	arena_release(&sample->arena);
}

static void
serve_events(struct http_exchange *exchange)
{
	struct events *events = console_of(exchange)->events;
	struct viewer *viewer;

	if (events->n_viewers >= VIEWERS_MAX) {
		http_add_field(exchange, "Retry-After", SLICE("30"));
		http_problem(exchange, 503, "%d pages look at the events already.", VIEWERS_MAX);
		return;
	}
	http_add_field(exchange, "X-Accel-Buffering", SLICE("no"));
	if (http_stream_begin(exchange, "text/event-stream", on_gone) == -1)
		return;
	viewer = arena_zalloc(&exchange->arena, sizeof *viewer);
	viewer->exchange = exchange;
	exchange->state = viewer;
	LIST_INSERT_HEAD(&events->viewers, viewer, entry);
	events->n_viewers++;
	http_stream_send(exchange, SLICE("retry: 3000\n\n"), UNSENT_MAX);
	arm(events, 0);
}

/* ---- life ------------------------------------------------------------- */

struct events *
events_new(struct console *console)
{
	struct events *events = mem_zalloc(sizeof *events);

	events->console = console;
	events->next.due = on_next;
	events->sample.work.run = run_sample;
	events->sample.task.run = on_sampled;
	events->sample.events = events;
	LIST_INIT(&events->viewers);
	return events;
}

void
events_free(struct events *events)
{
	if (events == NULL)
		return;
	arena_release(&events->sample.arena);
	buf_release(&events->sample.run.body);
	free(events);
}

const struct http_route event_routes[] = {
	{ "GET", "/api/events", HTTP_MAY_READ, NULL, serve_events, .always = false },
	{ NULL },
};
