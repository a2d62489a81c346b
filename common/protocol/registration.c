#include "config.h"

#include "common/protocol/registration.h"

#define ZLIB_CONST
#include <zlib.h>

#include "common/base/crc.h"
#include "common/json/json_body.h"
#include "common/base/log.h"
#include "common/protocol/name.h"

static const char *const filter_types[] = { "SINGLE_TAG", "MULTI_TAG" };

/* The whole inflated stream; -1 when it is none, is cut short or grows beyond the limit. */
static int
inflate_all(struct slice packed, struct buf *out)
{
	z_stream stream = { 0 };
	int status = Z_OK;

	if (packed.len > UINT32_MAX || inflateInit(&stream) != Z_OK)
		return -1;
	stream.next_in = (const Bytef *)packed.data;
	stream.avail_in = (uInt)packed.len;
	while (status == Z_OK && out->len <= REGISTRATION_MAX_BYTES) {
		stream.next_out = (Bytef *)buf_reserve(out, 65536);
		stream.avail_out = 65536;
		status = inflate(&stream, Z_NO_FLUSH);
		out->len += 65536 - stream.avail_out;
	}
	inflateEnd(&stream);
	return status == Z_STREAM_END ? 0 : -1;
}

/* Walks the inflated form: each takes its bytes off *rest, -1 when there are not as many. */
static int
take_number(struct slice *rest, uint32_t *number)
{
	if (rest->len < 4)
		return -1;
	*number = be32_get(rest->data);
	rest->data += 4;
	rest->len -= 4;
	return 0;
}

static int
take_text(struct slice *rest, struct slice *text)
{
	uint32_t len;

	if (take_number(rest, &len) == -1 || len > rest->len)
		return -1;
	*text = (struct slice){ rest->data, len };
	rest->data += len;
	rest->len -= len;
	return 0;
}

/* "name read write perm SINGLE_TAG[ attributes]" */
static int
read_topic_line(struct arena *arena, struct slice line, struct topic_config *topic)
{
	struct slice read, write, perm, filter;

	*topic = (struct topic_config){ 0 };
	if (!slice_next(&line, ' ', &topic->name) || !slice_next(&line, ' ', &read) ||
	    !slice_next(&line, ' ', &write) || !slice_next(&line, ' ', &perm) ||
	    !slice_next(&line, ' ', &filter) || topic->name.len == 0)
		return -1;
	topic->multi_tag = slice_is(filter, filter_types[1]);
	if (line.data != NULL && json_is_object(json_parse(arena, line)))
		topic->attributes = line;
	if (slice_to_int32(read, &topic->read_queues) == -1 ||
	    slice_to_int32(write, &topic->write_queues) == -1)
		return -1;
	return slice_to_int32(perm, &topic->perm);
}

static int
read_inflated(struct arena *arena, struct slice rest, struct registration *registration)
{
	struct slice version, line, servers;
	struct topic_config *topics;
	uint32_t n_topics;

	if (take_text(&rest, &version) == -1 ||
	    data_version_read(json_parse(arena, version), &registration->table.version) == -1)
		return -1;
	if (take_number(&rest, &n_topics) == -1 || n_topics > rest.len / 4)
		return -1;
	topics = arena_alloc(arena, (n_topics + 1) * sizeof *topics);
	for (uint32_t i = 0; i < n_topics; i++)
		if (take_text(&rest, &line) == -1 || read_topic_line(arena, line, &topics[i]) == -1)
			return -1;
	registration->table.topics = topics;
	registration->table.n_topics = n_topics;
	if (take_text(&rest, &servers) == -1)
		return -1;
	registration->filter_servers =
	    json_texts(arena, json_parse(arena, servers), &registration->n_filter_servers);
	/* What 5.x adds behind, queue mappings, is of no use here. */
	return registration->filter_servers != NULL ? 0 : -1;
}

static int
read_compressed(struct arena *arena, struct slice body, struct registration *registration)
{
	struct buf inflated = { 0 };
	int result = inflate_all(body, &inflated);

	if (result == 0)
		result =
		    read_inflated(arena, arena_copy(arena, buf_slice(&inflated)), registration);
	buf_release(&inflated);
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
