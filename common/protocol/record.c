#include "config.h"

#include "common/protocol/record.h"

#include "common/base/crc.h"
#include "common/base/log.h"
#include "common/base/wire.h"

#define V6_EXTRA 12              /* what an IPv6 host takes more than an IPv4 one */
#define AT_BORN_HOST 48          /* from here on, positions depend on the hosts */
#define TEXT_LENGTHS (4 + 1 + 2) /* those of body, topic, properties */

static bool
is_v6(const struct host *host)
{
	return host->ip_len == 16;
}

static size_t
host_bytes(bool v6)
{
	return v6 ? 16 + 4 : 4 + 4;
}

/* Only 5.x reads two bytes of length, so they are used only where one does not do. */
static bool
needs_v2(const struct record *record)
{
	return record->topic.len > RECORD_TOPIC_MAX;
}

/* Size without body, topic, properties, and the second byte of a v2 topic length. */
static size_t
bare_size(bool born_v6, bool store_v6)
{
	return RECORD_MIN_BYTES + (born_v6 ? V6_EXTRA : 0u) + (store_v6 ? V6_EXTRA : 0u);
}

/* The last pair may lack its end, which separates it from the added ones. */
static bool
lacks_end(const struct record *record)
{
	return record->added.len != 0 && record->properties.len != 0 &&
	       record->properties.data[record->properties.len - 1] != '\x02';
}

static size_t
properties_len(const struct record *record)
{
	return record->properties.len + (lacks_end(record) ? 1u : 0u) + record->added.len;
}

bool
record_properties_exceed(const struct record *record)
{
	return properties_len(record) > RECORD_PROPERTIES_MAX;
}

size_t
record_size(const struct record *record)
{
	return bare_size(is_v6(&record->born_host), is_v6(&record->store_host)) +
	       (needs_v2(record) ? 1u : 0u) + record->body.len + record->topic.len +
	       properties_len(record);
}

static char *
put_u16(char *at, size_t value)
{
	be16_put(at, (uint16_t)value);
	return at + 2;
}

static char *
put_u32(char *at, uint32_t value)
{
	be32_put(at, value);
	return at + 4;
}

static char *
put_u64(char *at, int64_t value)
{
	be64_put(at, (uint64_t)value);
	return at + 8;
}

static char *
put_bytes(char *at, struct slice bytes)
{
	if (bytes.len != 0)
		memcpy(at, bytes.data, bytes.len);
	return at + bytes.len;
}

static char *
put_host(char *at, const struct host *host)
{
	if (is_v6(host)) {
		memcpy(at, host->ip, 16);
		at += 16;
	} else {
		memcpy(at, host->ip, 4);
		at += 4;
	}
	return put_u32(at, host->port);
}

static int32_t
sys_flag_with_hosts(const struct record *record)
{
	int32_t flag = record->sys_flag & ~(SYS_FLAG_BORN_HOST_V6 | SYS_FLAG_STORE_HOST_V6);

	if (is_v6(&record->born_host))
		flag |= SYS_FLAG_BORN_HOST_V6;
	if (is_v6(&record->store_host))
		flag |= SYS_FLAG_STORE_HOST_V6;
	return flag;
}

size_t
record_encode(const struct record *record, char *at)
{
	bool v2 = needs_v2(record);
	size_t size = record_size(record), n_properties = properties_len(record);

	if (n_properties > RECORD_PROPERTIES_MAX)
		fatal("record with too long properties len=%zu", n_properties);
	at = put_u32(at, (uint32_t)size);
	at = put_u32(at, v2 ? RECORD_MAGIC_V2 : RECORD_MAGIC_V1);
	at = put_u32(at, record->crc_stands ? record->body_crc : crc_of(record->body));
	at = put_u32(at, (uint32_t)record->queue_id);
	at = put_u32(at, (uint32_t)record->flag);
	at = put_u64(at, record->queue_offset);
	at = put_u64(at, record->position);
	at = put_u32(at, (uint32_t)sys_flag_with_hosts(record));
	at = put_u64(at, record->born_timestamp);
	at = put_host(at, &record->born_host);
	at = put_u64(at, record->store_timestamp);
	at = put_host(at, &record->store_host);
	at = put_u32(at, (uint32_t)record->reconsume_times);
	at = put_u64(at, record->prepared_offset);
	at = put_u32(at, (uint32_t)record->body.len);
	at = put_bytes(at, record->body);
	if (v2)
		at = put_u16(at, record->topic.len);
	else
		*at++ = (char)record->topic.len;
	at = put_bytes(at, record->topic);
	at = put_u16(at, n_properties);
	at = put_bytes(at, record->properties);
	if (lacks_end(record))
		*at++ = '\x02';
	put_bytes(at, record->added);
	return size;
}

void
record_place(char *at, int64_t queue_offset, int64_t position, int64_t store_timestamp)
{
	bool born_v6 = (be32_get(at + RECORD_AT_SYS_FLAG) & SYS_FLAG_BORN_HOST_V6) != 0;

	be64_put(at + RECORD_AT_QUEUE_OFFSET, (uint64_t)queue_offset);
	be64_put(at + RECORD_AT_POSITION, (uint64_t)position);
	be64_put(at + AT_BORN_HOST + host_bytes(born_v6), (uint64_t)store_timestamp);
}

/* The numbers before the body; that they fit was checked. */
static uint32_t
get_u32(const char **at)
{
	*at += 4;
	return be32_get(*at - 4);
}

static int64_t
get_u64(const char **at)
{
	*at += 8;
	return (int64_t)be64_get(*at - 8);
}

static struct host
get_host(const char **at, bool v6)
{
	struct host host = { .ip_len = v6 ? 16 : 4 };

	memcpy(host.ip, *at, host.ip_len);
	*at += host.ip_len;
	host.port = (uint16_t)get_u32(at);
	return host;
}

static void
decode_numbers(const char *at, struct record *record)
{
	record->size = get_u32(&at);
	at += 4; /* magic */
	record->body_crc = get_u32(&at);
	record->crc_stands = false;
	record->added = SLICE_NONE;
	record->queue_id = (int32_t)get_u32(&at);
	record->flag = (int32_t)get_u32(&at);
	record->queue_offset = get_u64(&at);
	record->position = get_u64(&at);
	record->sys_flag = (int32_t)get_u32(&at);
	record->born_timestamp = get_u64(&at);
	record->born_host = get_host(&at, (record->sys_flag & SYS_FLAG_BORN_HOST_V6) != 0);
	record->store_timestamp = get_u64(&at);
	record->store_host = get_host(&at, (record->sys_flag & SYS_FLAG_STORE_HOST_V6) != 0);
	record->reconsume_times = (int32_t)get_u32(&at);
	record->prepared_offset = get_u64(&at);
}

/* Body, topic and properties fill the rest. */
static int
decode_texts(struct slice rest, bool v2, struct record *record)
{
	if (wire_take_counted(&rest, 4, &record->body) == -1 ||
	    wire_take_counted(&rest, v2 ? 2 : 1, &record->topic) == -1 ||
	    wire_take_counted(&rest, 2, &record->properties) == -1)
		return -1;
	return rest.len == 0 && record->properties.len <= RECORD_PROPERTIES_MAX ? 0 : -1;
}

bool
record_is_blank(struct slice bytes)
{
	return bytes.len >= RECORD_BLANK_BYTES && be32_get(bytes.data + 4) == RECORD_MAGIC_BLANK;
}

int
record_decode(const char *data, size_t len, struct record *record)
{
	if (len < RECORD_MIN_BYTES)
		return -1;

	uint32_t size = be32_get(data);
	uint32_t magic = be32_get(data + 4);
	uint32_t sys_flag = be32_get(data + RECORD_AT_SYS_FLAG);
	size_t bare = bare_size(
	    (sys_flag & SYS_FLAG_BORN_HOST_V6) != 0, (sys_flag & SYS_FLAG_STORE_HOST_V6) != 0);

	if (size < bare || size > len || (magic != RECORD_MAGIC_V1 && magic != RECORD_MAGIC_V2))
		return -1;
	decode_numbers(data, record);

	size_t numbers = bare - TEXT_LENGTHS;

	return decode_texts(
	    (struct slice){ data + numbers, size - numbers }, magic == RECORD_MAGIC_V2, record);
}

int
record_properties(const char *data, size_t len, struct slice *properties)
{
	if (len < RECORD_MIN_BYTES)
		return -1;
	uint32_t sys_flag = be32_get(data + RECORD_AT_SYS_FLAG);
	size_t topic_len_size = be32_get(data + 4) == RECORD_MAGIC_V2 ? 2 : 1;
	size_t at = bare_size((sys_flag & SYS_FLAG_BORN_HOST_V6) != 0,
			(sys_flag & SYS_FLAG_STORE_HOST_V6) != 0) -
	            TEXT_LENGTHS;

	if (len < at + TEXT_LENGTHS || be32_get(data + at) > len - at - TEXT_LENGTHS)
		return -1;
	at += 4 + be32_get(data + at);
	size_t topic_len = topic_len_size == 2 ? be16_get(data + at) : (unsigned char)data[at];

	at += topic_len_size + topic_len;
	if (at + 2 > len || be16_get(data + at) > len - at - 2)
		return -1;
	*properties = (struct slice){ data + at + 2, be16_get(data + at) };
	return 0;
}

struct slice
record_topic(const char *at)
{
	uint32_t sys_flag = be32_get(at + RECORD_AT_SYS_FLAG);
	bool v2 = be32_get(at + 4) == RECORD_MAGIC_V2;
	const char *body_len = at +
	                       bare_size((sys_flag & SYS_FLAG_BORN_HOST_V6) != 0,
				   (sys_flag & SYS_FLAG_STORE_HOST_V6) != 0) -
	                       TEXT_LENGTHS;
	const char *len = body_len + 4 + be32_get(body_len);

	if (v2)
		return (struct slice){ len + 2, be16_get(len) };
	return (struct slice){ len + 1, (unsigned char)*len };
}

uint32_t
record_blank(const char *data, size_t len)
{
	if (len < RECORD_BLANK_BYTES || be32_get(data + 4) != RECORD_BLANK_MAGIC)
		return 0;
	uint32_t size = be32_get(data + RECORD_AT_SIZE);

	return size >= RECORD_BLANK_BYTES && size <= INT32_MAX ? size : 0;
}

bool
record_check(const struct record *record)
{
	return crc_of(record->body) == record->body_crc;
}
