#include "config.h"

#include "admin/runtime.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/protocol/kv_table.h"

int
runtime_ask(struct admin *admin, struct slice address, struct runtime *runtime)
{
	struct admin_request ask = { .address = address, .code = REQUEST_GET_BROKER_RUNTIME_INFO };
	struct twinmq_reply reply;

	if (admin_must(admin, &ask, &reply) == -1)
		return -1;
	if (kv_table_read(&admin->arena, reply.body, &runtime->pairs, &runtime->n) == -1)
		return admin_bad_body(admin, &ask);
	return 0;
}

struct slice
runtime_text(const struct runtime *runtime, const char *name)
{
	for (size_t i = 0; i < runtime->n; i++)
		if (slice_is(runtime->pairs[i].key, name))
			return slice_trim(runtime->pairs[i].value);
	return SLICE_NONE;
}

int64_t
runtime_int(const struct runtime *runtime, const char *name)
{
	int64_t value = 0;

	slice_to_int64(runtime_text(runtime, name), &value);
	return value;
}

double
runtime_rate(const struct runtime *runtime, const char *name, const char *other_name)
{
	struct slice text = runtime_text(runtime, name);
	char number[32];

	if (text.data == NULL && other_name != NULL)
		text = runtime_text(runtime, other_name);
	snprintf(number, sizeof number, "%.*s", text.len < sizeof number ? (int)text.len : 0,
	    text.data != NULL ? text.data : "");
	return strtod(number, NULL);
}

static const struct {
	const char *cause, *before, *after; /* the peer */
} causes[] = {
	{ "lost", ": took over from ", ", which was lost" },
	{ "gaveWay", ": took over from ", ", which gave way" },
	{ "replaced", ": ", " took over from it" },
};

static struct slice
cause_text(struct arena *arena, struct slice cause, struct slice peer)
{
	if (peer.len == 0)
		peer = SLICE("another broker");
	for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++)
		if (slice_is(cause, causes[i].cause))
			return arena_printf(arena, "%s%.*s%s", causes[i].before, (int)peer.len,
			    peer.data, causes[i].after);
	return SLICE("");
}

struct slice
runtime_role_text(struct arena *arena, const struct runtime *runtime)
{
	int64_t since_ms = runtime_int(runtime, "roleSince");
	int64_t epoch = runtime_int(runtime, "replicaEpoch");
	bool slave = slice_is(runtime_text(runtime, "brokerRole"), "SLAVE");
	struct slice when = time_text(arena, since_ms);

	if (since_ms == 0)
		return SLICE("");
	struct slice why = cause_text(
	    arena, runtime_text(runtime, "roleCause"), runtime_text(runtime, "rolePeer"));

	return arena_printf(arena, "%s since %.*s, epoch %" PRId64 "%.*s",
	    slave ? "slave" : "master", (int)when.len, when.data, epoch, (int)why.len, why.data);
}
