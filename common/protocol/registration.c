#include "config.h"

#include "common/protocol/registration.h"

#define ZLIB_CONST
#include <zlib.h>

#include "common/base/crc.h"
#include "common/base/log.h"
#include "common/base/wire.h"
#include "common/json/json_body.h"
#include "common/json/json_scan.h"
#include "common/protocol/frame.h"
#include "common/protocol/name.h"

#define STEP_BYTES 65536
#define FIRST_TOPICS 64

static const char *const filter_types[] = { "SINGLE_TAG", "MULTI_TAG" };

/*
 * The compressed form, inflated as it is read: nonsense is refused after the first step, however
 * much it would inflate to, and only the step that is read now is in memory.
 */
struct inflater {
	z_stream stream;
	struct buf text; /* inflated, from `at` on not read yet */
	size_t at;
	size_t total; /* inflated so far */
	bool whole;   /* the stream has ended as it should */
};

/* The next step. -1: there is none, or it goes beyond the limit. */
static int
inflate_step(struct inflater *inflater)
{
	struct buf *text = &inflater->text;
	int status;

	if (inflater->whole || inflater->total > REGISTRATION_MAX_BYTES)
		return -1;
	if (inflater->at != 0) {
		memmove(text->data, text->data + inflater->at, text->len - inflater->at);
		text->len -= inflater->at;
		inflater->at = 0;
	}
	if (buf_try_grow(text, STEP_BYTES) == -1)
		return -1;
	inflater->stream.next_out = (Bytef *)text->data + text->len;
	inflater->stream.avail_out = STEP_BYTES;
	status = inflate(&inflater->stream, Z_NO_FLUSH);
	text->len += STEP_BYTES - inflater->stream.avail_out;
	inflater->total += STEP_BYTES - inflater->stream.avail_out;
	inflater->whole = status == Z_STREAM_END;
	return status == Z_OK || status == Z_STREAM_END ? 0 : -1;
}

/* The next `len` bytes, valid until the next take. */
static int
take(struct inflater *inflater, size_t len, struct slice *bytes)
{
	while (inflater->text.len - inflater->at < len)
		if (len > REGISTRATION_MAX_BYTES || inflate_step(inflater) == -1)
			return -1;
	*bytes = (struct slice){ inflater->text.data + inflater->at, len };
	inflater->at += len;
	return 0;
}

static int
take_number(struct inflater *inflater, uint32_t *number)
{
	struct slice bytes;

	if (take(inflater, 4, &bytes) == -1)
		return -1;
	*number = be32_get(bytes.data);
	return 0;
}

static int
take_text(struct inflater *inflater, struct slice *text)
{
	uint32_t len;

	return take_number(inflater, &len) == -1 ? -1 : take(inflater, len, text);
}

static bool
is_object(struct slice text)
{
	struct json_scan scan = { text.data, text.data + text.len, NULL };

	return json_scan_peek(&scan) == '{' && json_scan_skip(&scan, JSON_DEPTH_MAX) == 0 &&
	       json_scan_peek(&scan) == '\0' && scan.at == scan.end;
}

/* "name read write perm SINGLE_TAG[ attributes]" */
static int
read_topic_line(struct slice line, struct topic_config *topic)
{
	struct slice read, write, perm, filter;

	*topic = (struct topic_config){ 0 };
	if (!slice_next(&line, ' ', &topic->name) || !slice_next(&line, ' ', &read) ||
	    !slice_next(&line, ' ', &write) || !slice_next(&line, ' ', &perm) ||
	    !slice_next(&line, ' ', &filter) || topic->name.len == 0)
		return -1;
	topic->multi_tag = slice_is(filter, filter_types[1]);
	if (line.data != NULL && is_object(line))
		topic->attributes = line;
	if (slice_to_int32(read, &topic->read_queues) == -1 ||
	    slice_to_int32(write, &topic->write_queues) == -1)
		return -1;
	return slice_to_int32(perm, &topic->perm);
}

/* The topics, in an array that grows as they come: a count alone takes no memory. */
static struct topic_config *
read_topics(struct arena *arena, struct inflater *inflater, uint32_t n_topics)
{
	struct topic_config *topics = NULL;
	size_t cap = 0;

	for (size_t i = 0; i < n_topics; i++) {
		struct slice line;
		char *copy;

		if (i == cap) {
			struct topic_config *old = topics;

			cap = cap != 0 ? 2 * cap : FIRST_TOPICS;
			topics = arena_try_alloc(arena, cap * sizeof *topics);
			if (topics == NULL)
				return NULL;
			if (old != NULL)
				memcpy(topics, old, i * sizeof *topics);
		}
		if (take_text(inflater, &line) == -1 ||
		    (copy = arena_try_alloc(arena, line.len)) == NULL)
			return NULL;
		memcpy(copy, line.data, line.len);
		if (read_topic_line((struct slice){ copy, line.len }, &topics[i]) == -1)
			return NULL;
	}
	return topics != NULL ? topics : arena_try_alloc(arena, sizeof *topics);
}

static int
read_inflated(struct arena *arena, struct inflater *inflater, struct registration *registration)
{
	struct topic_table *table = &registration->table;
	struct slice version, servers;
	uint32_t n_topics;

	if (take_text(inflater, &version) == -1 ||
	    data_version_read(json_parse(arena, version), &table->version) == -1)
		return -1;
	if (take_number(inflater, &n_topics) == -1 || n_topics > REGISTRATION_MAX_TOPICS)
		return -1;
	table->topics = read_topics(arena, inflater, n_topics);
	table->n_topics = n_topics;
	if (table->topics == NULL || take_text(inflater, &servers) == -1)
		return -1;
	registration->filter_servers = json_texts(
	    arena, json_parse(arena, arena_copy(arena, servers)), &registration->n_filter_servers);
	/* What 5.x adds behind, queue mappings, is of no use here; but the checksum is behind it.
	 */
	while (!inflater->whole) {
		inflater->at = inflater->text.len;
		if (inflate_step(inflater) == -1)
			return -1;
	}
	return registration->filter_servers != NULL ? 0 : -1;
}

static int
read_compressed(struct arena *arena, struct slice body, struct registration *registration)
{
	struct inflater inflater = { .stream.next_in = (const Bytef *)body.data,
		.stream.avail_in = (uInt)body.len };
	int result;

	if (body.len > FRAME_MAX_BYTES || inflateInit(&inflater.stream) != Z_OK)
		return -1;
	result = read_inflated(arena, &inflater, registration);
	inflateEnd(&inflater.stream);
	buf_release(&inflater.text);
	return result;
}

static int
read_json(struct arena *arena, struct slice body, int32_t sender_version,
    struct registration *registration)
{
	const struct json *json = json_parse(arena, body);

	if (sender_version < REGISTRATION_TABLE_ONLY_BEFORE)
		return topic_table_read(arena, json, &registration->table);
	registration->filter_servers = json_texts(
	    arena, json_member(json, "filterServerList"), &registration->n_filter_servers);
	if (registration->filter_servers == NULL)
		return -1;
	return topic_table_read(
	    arena, json_member(json, "topicConfigSerializeWrapper"), &registration->table);
}

static const char *
fault_of_names(const struct registration *registration)
{
	const char *fault = NULL;

	for (size_t i = 0; i < registration->table.n_topics && fault == NULL; i++)
		fault = name_fault(NAME_TOPIC, registration->table.topics[i].name);
	for (size_t i = 0; i < registration->n_filter_servers && fault == NULL; i++)
		fault = name_fault(NAME_ADDRESS, registration->filter_servers[i]);
	return fault;
}

int
registration_read(struct arena *arena, struct slice body, bool compressed, int32_t sender_version,
    struct registration *registration)
{
	int status;

	*registration = (struct registration){ 0 };
	if (body.len == 0)
		return 0;
	status = compressed ? read_compressed(arena, body, registration)
	                    : read_json(arena, body, sender_version, registration);
	if (status == 0)
		registration->fault = fault_of_names(registration);
	return registration->fault == NULL ? status : -1;
}

void
registration_write(struct json_out *out, const struct registration *registration)
{
	json_open_object(out);
	json_key(out, "filterServerList");
	json_put_texts(out, registration->filter_servers, registration->n_filter_servers);
	json_key(out, "topicConfigSerializeWrapper");
	topic_table_write(out, &registration->table);
	json_close_object(out);
}

static void
put_text(struct buf *buf, struct slice text)
{
	buf_put_u32(buf, (uint32_t)text.len);
	buf_append_slice(buf, text);
}

static void
put_topic_line(struct buf *buf, const struct topic_config *topic)
{
	struct buf line = { 0 };

	buf_append_slice(&line, topic->name);
	buf_printf(&line, " %d %d %d %s", topic->read_queues, topic->write_queues, topic->perm,
	    filter_types[topic->multi_tag]);
	if (topic->attributes.data != NULL) {
		buf_append_char(&line, ' ');
		buf_append_slice(&line, topic->attributes);
	}
	put_text(buf, buf_slice(&line));
	buf_release(&line);
}

static void
put_plain(struct buf *buf, const struct registration *registration)
{
	struct buf text = { 0 };
	struct json_out out;

	json_out_init(&out, &text);
	data_version_write(&out, &registration->table.version);
	put_text(buf, buf_slice(&text));
	buf_put_u32(buf, (uint32_t)registration->table.n_topics);
	for (size_t i = 0; i < registration->table.n_topics; i++)
		put_topic_line(buf, &registration->table.topics[i]);
	text.len = 0;
	json_out_init(&out, &text);
	json_put_texts(&out, registration->filter_servers, registration->n_filter_servers);
	put_text(buf, buf_slice(&text));
	buf_release(&text);
}

void
registration_write_compressed(struct buf *buf, const struct registration *registration)
{
	struct buf plain = { 0 };

	put_plain(&plain, registration);

	uLongf len = compressBound(plain.len);

	if (compress2((Bytef *)buf_reserve(buf, len), &len, (const Bytef *)plain.data, plain.len,
		Z_BEST_SPEED) != Z_OK)
		fatal("cannot compress a registration bytes=%zu", plain.len);
	buf->len += len;
	buf_release(&plain);
}

int32_t
registration_crc(struct slice body)
{
	return (int32_t)crc_of(body);
}
