#include "config.h"

#include "admin/copies.h"

#include <inttypes.h>

#include "admin/runtime.h"
#include "common/protocol/codes.h"
#include "common/protocol/ha_status.h"

#define KIB 1024

/* Whether this entry of a master's answer is about this slave. RocketMQ's do not say who they are.
 */
static bool
is_about(const struct ha_slave_status *slave, const struct target *broker, size_t n_listed)
{
	return slave->broker_id == broker->id || (slave->broker_id == -1 && n_listed == 1);
}

static void
fill_slave(const struct target *broker, const struct ha_status *status, size_t n_listed,
    struct copy_view *view)
{
	view->known = true;
	for (size_t i = 0; i < status->n_slaves; i++) {
		const struct ha_slave_status *slave = &status->slaves[i];

		if (!is_about(slave, broker, n_listed))
			continue;
		view->linked = true;
		view->in_sync = slave->in_sync;
		view->lag_bytes = slave->lag_bytes;
		view->lag_ms = slave->lag_ms;
	}
}

/* Of one master and all its slaves. */
static void
survey_name(
    struct admin *admin, const struct targets *brokers, size_t master, struct copy_view *views)
{
	const struct target *of = &brokers->list[master];
	struct admin_request ask = { .address = of->address, .code = REQUEST_GET_BROKER_HA_STATUS };
	struct ha_status status;
	struct twinmq_reply reply;
	size_t n = 0;

	for (size_t i = 0; i < brokers->n; i++)
		n += slice_equal(brokers->list[i].name, of->name) && i != master;
	views[master].n_listed = n;
	if (n == 0 || admin_ask(admin, &ask, &reply) == -1 ||
	    ha_status_read(&admin->arena, reply.body, &status) == -1 || !status.master)
		return;
	views[master].known = true;
	views[master].n_slaves = status.n_slaves;
	views[master].n_in_sync = (size_t)status.n_in_sync;
	for (size_t i = 0; i < brokers->n; i++)
		if (slice_equal(brokers->list[i].name, of->name) && i != master)
			fill_slave(&brokers->list[i], &status, n, &views[i]);
}

const struct copy_view *
copies_survey(struct admin *admin, const struct targets *brokers)
{
	struct copy_view *views = arena_zalloc(&admin->arena, (brokers->n + 1) * sizeof *views);

	for (size_t i = 0; i < brokers->n; i++)
		if (brokers->list[i].id == MASTER_ID)
			survey_name(admin, brokers, i, views);
	return views;
}

static struct slice
bytes_text(struct arena *arena, int64_t bytes)
{
	if (bytes < KIB)
		return arena_printf(arena, "%" PRId64 " bytes", bytes);
	if (bytes < KIB * KIB)
		return arena_printf(arena, "%" PRId64 " KB", bytes / KIB);
	return arena_printf(arena, "%" PRId64 " MB", bytes / KIB / KIB);
}

struct slice
copy_text(struct arena *arena, const struct target *broker, const struct copy_view *view)
{
	if (!view->known)
		return SLICE("");
	if (broker->id == MASTER_ID)
		return arena_printf(
		    arena, "%zu of %zu slaves in sync", view->n_in_sync, view->n_listed);
	if (!view->linked)
		return SLICE("not connected");
	struct slice behind = bytes_text(arena, view->lag_bytes);

	if (view->lag_bytes == 0)
		return view->in_sync ? SLICE("in sync") : SLICE("not in sync");
	return arena_printf(arena, "%s%.*s, %" PRId64 " s behind",
	    view->in_sync ? "in sync, " : "not in sync, ", (int)behind.len, behind.data,
	    view->lag_ms > 0 ? view->lag_ms / 1000 : 0);
}

static const struct column columns[] = {
	{ "brokerName", "Broker", COLUMN_TEXT },
	{ "brokerId", "BID", COLUMN_INT },
	{ "address", "Address", COLUMN_TEXT },
	{ "copy", "Copy", COLUMN_TEXT },
	{ "lagBytes", "Behind", COLUMN_INT },
	{ "lagMs", "ms", COLUMN_INT },
	{ "role", "Role", COLUMN_TEXT },
	{ NULL },
};

void
copies_show(struct admin *admin, struct report *report, const struct targets *brokers)
{
	const struct copy_view *views = copies_survey(admin, brokers);
	struct grid grid;

	grid_open(&grid, report, "copies", columns);
	for (size_t i = 0; i < brokers->n; i++) {
		const struct target *broker = &brokers->list[i];
		struct slice text = copy_text(&admin->arena, broker, &views[i]);
		struct runtime runtime = { .arena = &admin->arena };

		runtime_ask(admin, broker->address, &runtime);
		grid_text(&grid, broker->name);
		grid_int(&grid, broker->id);
		grid_text(&grid, broker->address);
		grid_text(&grid, text.len != 0 ? text : SLICE("not known"));
		grid_int(&grid, views[i].lag_bytes);
		grid_int(&grid, views[i].lag_ms);
		grid_text(&grid, runtime_role_text(&admin->arena, &runtime));
	}
	grid_close(&grid);
}
