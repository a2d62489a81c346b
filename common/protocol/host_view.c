#include "config.h"

#include "common/protocol/host_view.h"

#include "common/json/json_body.h"

void
host_view_write(struct json_out *out, const struct host_view *view)
{
	json_open_object(out);
	json_member_put_slice(out, "program", view->program);
	json_member_put_slice(out, "version", view->version);
	json_member_put_slice(out, "host", view->host);
	json_member_put_int(out, "now", view->now_ms);
	json_member_put_int(out, "started", view->started_ms);
	json_member_put_bool(out, "unclean", view->unclean);
	json_member_put_int(out, "fileLimit", view->file_limit);
	json_member_put_int(out, "memoryLimit", view->memory_limit);
	json_member_put_slice(out, "store", view->store);
	json_member_put_slice(out, "fileSystem", view->file_system);
	json_member_put_int(out, "diskTotal", view->disk_total);
	json_member_put_int(out, "diskFree", view->disk_free);
	json_key(out, "names");
	json_open_object(out);
	for (size_t i = 0; i < view->n_names; i++) {
		json_key_slice(out, view->names[i].name);
		json_open_array(out);
		for (size_t j = 0; j < view->names[i].n_addresses; j++)
			json_put_slice(out, view->names[i].addresses[j]);
		json_close_array(out);
	}
	json_close_object(out);
	json_close_object(out);
}

static void
read_entry(struct arena *arena, const struct json *json, struct host_entry *entry)
{
	struct slice *addresses = arena_alloc(arena, (json->n_children + 1) * sizeof *addresses);

	*entry = (struct host_entry){ .name = json->name, .addresses = addresses };
	for (const struct json *one = json->first; one != NULL; one = one->next)
		if (json_text(one).data != NULL)
			addresses[entry->n_addresses++] = json_text(one);
}

int
host_view_read(struct arena *arena, struct slice body, struct host_view *view)
{
	const struct json *json = json_parse(arena, body);
	const struct json *names = json_member(json, "names");

	if (json == NULL || !json_is_object(json))
		return -1;
	*view = (struct host_view){
		.program = json_member_text(json, "program"),
		.version = json_member_text(json, "version"),
		.host = json_member_text(json, "host"),
		.now_ms = json_member_int64(json, "now", 0),
		.started_ms = json_member_int64(json, "started", 0),
		.unclean = json_member_bool(json, "unclean", false),
		.file_limit = json_member_int64(json, "fileLimit", -1),
		.memory_limit = json_member_int64(json, "memoryLimit", -1),
		.store = json_member_text(json, "store"),
		.file_system = json_member_text(json, "fileSystem"),
		.disk_total = json_member_int64(json, "diskTotal", 0),
		.disk_free = json_member_int64(json, "diskFree", 0),
	};
	if (names == NULL || names->type != JSON_OBJECT)
		return 0;
	struct host_entry *entries = arena_alloc(arena, (names->n_children + 1) * sizeof *entries);
	for (const struct json *one = names->first; one != NULL; one = one->next)
		if (one->name.data != NULL)
			read_entry(arena, one, &entries[view->n_names++]);
	view->names = entries;
	return 0;
}
