#include "config.h"

#include "t/interleave/content.h"

#include "common/base/buf.h"
#include "t/interleave/plan.h"

#define BODY_MAX 1000
#define NUMBER_PROPERTY "interleaving"
#define TEXT_PROPERTY "text"
#define IMMUNITY_PROPERTY "CHECK_IMMUNITY_TIME_IN_SECONDS"

static struct slice
random_body(uint64_t *state, struct arena *arena)
{
	size_t len = 1 + (size_t)plan_random_below(state, BODY_MAX);
	char *data = arena_alloc(arena, len);

	for (size_t i = 0; i < len; i++)
		data[i] = (char)plan_random(state);
	return (struct slice){ data, len };
}

/* With what tends to be lost: blanks at the ends, signs, and letters of more than a byte. */
static struct slice
random_text(uint64_t *state, struct arena *arena)
{
	static const char *const words[] = { " ", "=", "\"", "\\", "{}", "%s", "\xc3\xa9",
		"\xe9\x93\xb6", "a", "Z", "0", "\t" };
	struct buf buf = { 0 };
	struct slice text;

	for (int n = 1 + plan_random_below(state, 12); n > 0; n--)
		buf_append_text(
		    &buf, words[plan_random_below(state, (int)(sizeof words / sizeof words[0]))]);
	text = arena_copy(arena, buf_slice(&buf));
	buf_release(&buf);
	return text;
}

struct content
content_make(uint64_t seed, uint32_t number, int immunity_s, struct arena *arena)
{
	uint64_t state = ~seed ^ (uint64_t)number << 32;
	struct content content = {
		.keys = arena_printf(arena, "key-%u common-%u", number, number % 10),
		.tags = arena_printf(arena, "tag-%u", number % 7),
		.body = random_body(&state, arena),
		.properties = { { SLICE(NUMBER_PROPERTY), arena_printf(arena, "%u", number) },
		    { SLICE(TEXT_PROPERTY), random_text(&state, arena) } },
		.n_properties = 2,
		.flag = (int32_t)(plan_random(&state) & 0xffff),
	};

	if (immunity_s > 0)
		content.properties[content.n_properties++] =
		    (struct ext){ SLICE(IMMUNITY_PROPERTY), arena_printf(arena, "%d", immunity_s) };
	return content;
}

int64_t
content_number(const struct record *record)
{
	int64_t number;

	if (slice_to_int64(property_find(record->properties, NUMBER_PROPERTY), &number) == -1 ||
	    number < 0 || number > UINT32_MAX)
		return -1;
	return number;
}

static bool
has_property(const struct record *record, const char *name, struct slice value)
{
	struct slice found = property_find(record->properties, name);

	return found.data != NULL && slice_equal(found, value);
}

const char *
content_difference(const struct content *content, const char *unique_id, bool delivered,
    const struct record *record)
{
	if (!record_check(record) || !slice_equal(record->body, content->body))
		return "body";
	if (!has_property(record, "KEYS", content->keys))
		return "keys";
	if (!has_property(record, "TAGS", content->tags))
		return "tags";
	if (!has_property(record, NUMBER_PROPERTY, content->properties[0].value) ||
	    !has_property(record, TEXT_PROPERTY, content->properties[1].value))
		return "property of the user";
	if (unique_id[0] != '\0' && !has_property(record, "UNIQ_KEY", slice_of(unique_id)))
		return "unique id";
	if (!delivered)
		return NULL;
	if (record->flag != content->flag)
		return "flag";
	if ((record->sys_flag & SYS_FLAG_TRANSACTION) != SYS_FLAG_COMMIT)
		return "transaction bits of the system flag";
	return NULL;
}
