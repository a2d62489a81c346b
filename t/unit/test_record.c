#include "config.h"

#include "common/protocol/name.h"
#include "common/protocol/record.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>

TestSuite(record, .timeout = 10);

static const struct host v4 = { { 127, 0, 0, 1 }, 4, 10911 };
static const struct host v6 = { { 0xFE, 0x80, [15] = 1 }, 16, 10911 };

static struct record
sample(void)
{
	return (struct record){
		.queue_id = 3,
		.flag = -2,
		.queue_offset = 5,
		.position = 6,
		.sys_flag = SYS_FLAG_COMPRESSED,
		.born_timestamp = 1795340436407,
		.born_host = v4,
		.store_timestamp = 1795340436408,
		.store_host = v4,
		.reconsume_times = 1,
		.prepared_offset = 7,
		.body = SLICE("hello"),
		.topic = SLICE("T"),
		.properties = SLICE("TAGS\1A\2"),
	};
}

static struct buf
encode(const struct record *record)
{
	struct buf buf = { 0 };

	buf_reserve(&buf, record_size(record));
	record_encode(record, buf.data);
	buf.len = record_size(record);
	return buf;
}

Test(record, its_bytes)
{
	/* clang-format off */
	static const unsigned char expected[] = {
		0, 0, 0, 104, 0xDA, 0xA3, 0x20, 0xA7, 0x36, 0x10, 0xA6, 0x86, 0, 0, 0, 3,
		0xFF, 0xFF, 0xFF, 0xFE, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 1,
		0, 0, 1, 0xA2, 0x02, 0xA1, 0x03, 0xB7, 127, 0, 0, 1, 0, 0, 0x2A, 0x9F,
		0, 0, 1, 0xA2, 0x02, 0xA1, 0x03, 0xB8, 127, 0, 0, 1, 0, 0, 0x2A, 0x9F,
		0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 5, 'h', 'e', 'l', 'l', 'o',
		1, 'T', 0, 7, 'T', 'A', 'G', 'S', 1, 'A', 2,
	};
	/* clang-format on */
	struct record record = sample();
	struct buf buf = encode(&record);

	cr_assert_eq(buf.len, sizeof expected);
	for (size_t i = 0; i < sizeof expected; i++)
		cr_assert_eq((unsigned char)buf.data[i], expected[i], "byte %zu", i);
	buf_release(&buf);
}

static void
assert_same(const struct record *a, const struct record *b)
{
	cr_assert_eq(a->queue_id, b->queue_id);
	cr_assert_eq(a->flag, b->flag);
	cr_assert_eq(a->queue_offset, b->queue_offset);
	cr_assert_eq(a->position, b->position);
	cr_assert_eq(a->born_timestamp, b->born_timestamp);
	cr_assert_eq(a->store_timestamp, b->store_timestamp);
	cr_assert_eq(memcmp(&a->born_host, &b->born_host, sizeof a->born_host), 0);
	cr_assert_eq(memcmp(&a->store_host, &b->store_host, sizeof a->store_host), 0);
	cr_assert_eq(a->reconsume_times, b->reconsume_times);
	cr_assert_eq(a->prepared_offset, b->prepared_offset);
	cr_assert(slice_equal(a->body, b->body));
	cr_assert(slice_equal(a->topic, b->topic));
	cr_assert(slice_equal(a->properties, b->properties));
}

Test(record, round_trip_with_all_kinds_of_hosts_and_topics)
{
	char long_topic[200];
	struct record records[5] = { sample(), sample(), sample(), sample(), sample() };

	memset(long_topic, 't', sizeof long_topic);
	records[1].born_host = v6;
	records[2].store_host = v6;
	records[3].born_host = v6;
	records[3].store_host = v6;
	/* two bytes of length */
	records[3].topic = (struct slice){ long_topic, sizeof long_topic };
	records[4].body = SLICE("");
	records[4].topic = SLICE("");
	records[4].properties = SLICE_NONE;
	for (size_t i = 0; i < 5; i++) {
		struct buf buf = encode(&records[i]);
		struct record again;

		cr_assert_eq(record_decode(buf.data, buf.len, &again), 0, "%zu", i);
		cr_assert(slice_equal(record_topic(buf.data), again.topic), "%zu", i);
		cr_assert_eq(again.size, buf.len);
		cr_assert(record_check(&again));
		assert_same(&records[i], &again);
		record_place(buf.data, 100, 200, 300);
		cr_assert_eq(record_decode(buf.data, buf.len, &again), 0);
		records[i].queue_offset = 100;
		records[i].position = 200;
		records[i].store_timestamp = 300;
		assert_same(&records[i], &again);
		buf_release(&buf);
	}
}

Test(record, host_bits_follow_the_hosts)
{
	struct record record = sample();
	struct record again;

	record.sys_flag = SYS_FLAG_BORN_HOST_V6 | SYS_FLAG_COMMIT;
	record.store_host = v6;

	struct buf buf = encode(&record);

	cr_assert_eq(record_decode(buf.data, buf.len, &again), 0);
	cr_assert_eq(again.sys_flag, SYS_FLAG_STORE_HOST_V6 | SYS_FLAG_COMMIT);
	buf_release(&buf);
}

Test(record, what_is_cut_or_changed_is_refused)
{
	struct record record = sample();
	struct buf buf = encode(&record);
	struct record again;
	/* where the lengths are, and what says how to read on: size, magic, sysFlag, body ... */
	static const size_t lengths[] = { 3, 7, 39, 87, 93, 96 };

	for (size_t len = 0; len < buf.len; len++)
		cr_assert_eq(record_decode(buf.data, len, &again), -1, "%zu", len);
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		for (int bit = 1; bit < 256; bit <<= 1) {
			if (lengths[i] == 39 &&
			    (bit & (SYS_FLAG_BORN_HOST_V6 | SYS_FLAG_STORE_HOST_V6)) == 0)
				continue;
			buf.data[lengths[i]] = (char)(buf.data[lengths[i]] ^ bit);
			cr_assert_eq(record_decode(buf.data, buf.len, &again), -1, "%zu %d",
			    lengths[i], bit);
			buf.data[lengths[i]] = (char)(buf.data[lengths[i]] ^ bit);
		}
	}
	buf.data[88]++; /* the body */
	cr_assert_eq(record_decode(buf.data, buf.len, &again), 0);
	cr_assert_not(record_check(&again));
	buf_release(&buf);
}

Test(record, hosts_of_socket_addresses)
{
	struct arena arena = { 0 };
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(10911) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(1) };
	struct sockaddr_storage other = { .ss_family = AF_UNIX };
	struct host host;

	in.sin_addr.s_addr = htonl(0x01020304);
	host = host_of((struct sockaddr *)&in);
	cr_assert(slice_is(host_text(&arena, &host), "1.2.3.4:10911"));
	inet_pton(AF_INET6, "::ffff:1.2.3.4", &in6.sin6_addr);
	host = host_of((struct sockaddr *)&in6);
	cr_assert(slice_is(host_text(&arena, &host), "1.2.3.4:1"));
	inet_pton(AF_INET6, "fe80::1", &in6.sin6_addr);
	host = host_of((struct sockaddr *)&in6);
	cr_assert(slice_is(host_text(&arena, &host), "[fe80::1]:1"));
	host = host_of((struct sockaddr *)&other);
	cr_assert(slice_is(host_text(&arena, &host), "0.0.0.0:0"));
	arena_release(&arena);
}

Test(record, names)
{
	char longest[RECORD_TOPIC_MAX + 1];

	memset(longest, 'a', sizeof longest);
	cr_assert(name_is_valid(SLICE("%RETRY%group-1_x|y")));
	cr_assert(name_is_valid((struct slice){ longest, RECORD_TOPIC_MAX }));
	cr_assert_not(name_is_valid((struct slice){ longest, RECORD_TOPIC_MAX + 1 }));
	cr_assert_not(name_is_valid(SLICE("")));
	cr_assert_not(name_is_valid(SLICE_NONE));
	cr_assert_not(name_is_valid(SLICE("a b")));
	cr_assert_not(name_is_valid(SLICE("../a")));
	cr_assert_not(name_is_valid(SLICE("a\0")));
	cr_assert_not(name_is_valid(SLICE("\303\251")));
}
