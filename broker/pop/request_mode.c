#include "config.h"

#include "broker/pop/request_mode.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/base/strmap.h"
#include "common/json/json_body.h"

#define ROW_PREFIX "requestMode:"
#define SEPARATOR '@' /* in no name of a topic or group */

struct kept_mode {
	enum request_mode mode;
	int32_t share_queues;
};

struct request_modes {
	pthread_mutex_t lock;
	struct strmap table; /* topic@group -> struct kept_mode */
};

struct request_modes *
request_modes_new(void)
{
	struct request_modes *modes = mem_zalloc(sizeof *modes);

	pthread_mutex_init(&modes->lock, NULL);
	return modes;
}

void
request_modes_free(struct request_modes *modes)
{
	if (modes == NULL)
		return;
	strmap_release(&modes->table, free);
	pthread_mutex_destroy(&modes->lock);
	free(modes);
}

static struct slice
key_of(struct arena *arena, struct slice topic, struct slice group)
{
	return arena_printf(
	    arena, "%.*s%c%.*s", (int)topic.len, topic.data, SEPARATOR, (int)group.len, group.data);
}

static void
set(struct request_modes *modes, struct slice key, const struct request_mode_setting *setting)
{
	struct strmap_entry *entry = strmap_get(&modes->table, key);

	if (entry->value == NULL)
		entry->value = mem_alloc(sizeof(struct kept_mode));
	*(struct kept_mode *)entry->value =
	    (struct kept_mode){ setting->mode, setting->share_queues };
}

bool
request_modes_load(struct request_modes *modes, struct slice name, struct slice value)
{
	struct arena arena = { 0 };
	struct request_mode_setting setting;

	if (!slice_starts(name, ROW_PREFIX))
		return false;
	if (request_mode_read(&arena, value, &setting) == 0)
		set(modes, key_of(&arena, setting.topic, setting.group), &setting);
	arena_release(&arena);
	return true;
}

bool
request_modes_find(struct request_modes *modes, struct slice topic, struct slice group,
    struct request_mode_setting *setting)
{
	struct arena arena = { 0 };
	struct slice key = key_of(&arena, topic, group);

	pthread_mutex_lock(&modes->lock);
	const struct kept_mode *mode = strmap_find(&modes->table, key);

	if (mode != NULL) {
		setting->mode = mode->mode;
		setting->share_queues = mode->share_queues;
	}
	pthread_mutex_unlock(&modes->lock);
	arena_release(&arena);
	return mode != NULL;
}

bool
request_modes_put(struct request_modes *modes, const struct request_mode_setting *setting,
    size_t max, struct meta_job *job)
{
	struct arena arena = { 0 };
	struct slice key = key_of(&arena, setting->topic, setting->group);
	struct slice row = arena_printf(&arena, ROW_PREFIX "%.*s", (int)key.len, key.data);
	struct buf text = { 0 };
	struct json_out out;

	json_out_init(&out, &text);
	request_mode_write(&out, setting);
	meta_job_put(job, META_SETTING, row, buf_slice(&text));
	buf_release(&text);
	pthread_mutex_lock(&modes->lock);
	bool fits = modes->table.n < max || strmap_find(&modes->table, key) != NULL;

	if (fits)
		set(modes, key, setting);
	pthread_mutex_unlock(&modes->lock);
	arena_release(&arena);
	return fits;
}

const struct request_mode_setting *
request_modes_list(struct request_modes *modes, struct arena *arena, size_t *n)
{
	pthread_mutex_lock(&modes->lock);
	struct strmap_entry **sorted = strmap_sorted(&modes->table);
	struct request_mode_setting *list =
	    arena_zalloc(arena, (modes->table.n + 1) * sizeof *list);

	*n = modes->table.n;
	for (size_t i = 0; i < *n; i++) {
		const struct kept_mode *mode = sorted[i]->value;
		struct slice rest = arena_copy(arena, strmap_key(sorted[i]));

		slice_next(&rest, SEPARATOR, &list[i].topic);
		list[i].group = rest;
		list[i].mode = mode->mode;
		list[i].share_queues = mode->share_queues;
	}
	free(sorted);
	pthread_mutex_unlock(&modes->lock);
	return list;
}
