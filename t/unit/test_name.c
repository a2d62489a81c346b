#include "config.h"

#include "common/protocol/name.h"

#include <criterion/criterion.h>

#include "common/protocol/headers.h"

TestSuite(name, .timeout = 10);

#define N(array) (sizeof(array) / sizeof *(array))

/* The length counts, not the NUL, so that names with NUL in them can be written. */
#define ROW(text, fault)                                                                           \
	{                                                                                          \
		{ text, sizeof(text) - 1 }, fault                                                  \
	}

static const struct row {
	struct slice name;
	const char *fault;
} received[] = {
	ROW("", NULL),
	ROW("T", NULL),
	ROW("%RETRY%g", NULL),
	ROW("CID_ONS-HTTP-PROXY", NULL),
	ROW("DEFAULT_PRODUCER", NULL),
	ROW("192.168.0.7@4711#1029384756@unit", NULL),
	ROW("[::1%eth0]:10911", NULL),
	ROW("a name with blanks, and more than one word", NULL),
	ROW("\xe4\xb8\xad\xe6\x96\x87", NULL),
	ROW("~", NULL),
	ROW("\0", "has a control character"),
	ROW("T\0", "has a control character"),
	ROW("1234567\0", "has a control character"),
	ROW("12345678\0", "has a control character"),
	ROW("12345678901234567\n890", "has a control character"),
	ROW("\x1b[2J", "has a control character"),
	ROW("abc\x7f", "has a control character"),
	ROW("abcdefgh\x7f", "has a control character"),
	ROW("\xc2\x85", "has a control character"),
	ROW("\xc2\xa0", NULL),
	ROW("\xff", "is not UTF-8"),
	ROW("abc\xe4\xb8", "is not UTF-8"),
	ROW("\xc0\x80", "is not UTF-8"),
	ROW("\xed\xa0\x80", "is not UTF-8"),
	ROW("\xf4\x90\x80\x80", "is not UTF-8"),
};

static void
expect(const char *found, const char *wanted, struct slice name)
{
	if (wanted == NULL)
		cr_expect_null(found, "%.*s: %s", (int)name.len, name.data, found);
	else
		cr_expect_str_eq(found, wanted, "%.*s", (int)name.len, name.data);
}

Test(name, received_ones_are_utf8_without_control_characters)
{
	for (int kind = 0; kind < N_NAME_KINDS; kind++)
		for (size_t i = 0; i < N(received); i++)
			expect(name_fault((enum name_kind)kind, received[i].name),
			    received[i].fault, received[i].name);
}

/* Each byte at each place of names of each length up to three words. */
Test(name, no_place_is_overlooked)
{
	char text[25];

	for (size_t len = 1; len < sizeof text; len++)
		for (size_t at = 0; at < len; at++)
			for (int byte = 0; byte < 0x80; byte++) {
				bool odd = byte < ' ' || byte == 0x7f;

				memset(text, 'x', sizeof text);
				text[at] = (char)byte;
				cr_assert_eq(
				    name_fault(NAME_TOPIC, (struct slice){ text, len }) != NULL,
				    odd, "%d at %zu of %zu", byte, at, len);
			}
}

static const struct limit_row {
	enum name_kind kind;
	size_t max_new, max_received;
} limits[] = {
	{ NAME_TOPIC, 127, 300 },
	{ NAME_GROUP, 120, 255 },
	{ NAME_BROKER, 255, 255 },
	{ NAME_CLUSTER, 255, 255 },
	{ NAME_CLIENT_ID, 1024, 1024 },
	{ NAME_LABEL, 1024, 1024 },
};

Test(name, lengths_on_both_sides_of_the_line)
{
	static char text[2000];

	memset(text, 'x', sizeof text);
	for (size_t i = 0; i < N(limits); i++) {
		const struct limit_row *row = &limits[i];

		cr_expect_null(name_new_fault(row->kind, (struct slice){ text, row->max_new }));
		cr_expect_not_null(
		    name_new_fault(row->kind, (struct slice){ text, row->max_new + 1 }));
		cr_expect_null(name_fault(row->kind, (struct slice){ text, row->max_received }));
		cr_expect_not_null(
		    name_fault(row->kind, (struct slice){ text, row->max_received + 1 }));
	}
}

#define CHARACTERS "has a character other than letters, digits, %, |, - and _"

static const struct row topics[] = {
	ROW("T", NULL),
	ROW("%RETRY%g|-_09azAZ", NULL),
	ROW("", "is empty"),
	ROW("a b", CHARACTERS),
	ROW("a.b", CHARACTERS),
	ROW("../../etc/passwd", CHARACTERS),
	ROW("T\0", CHARACTERS),
	ROW("\xe4\xb8\xad", CHARACTERS),
};

static const struct row addresses[] = {
	ROW("127.0.0.1:10911", NULL),
	ROW("host-1.example.org:65535", NULL),
	ROW("[::1%eth0]:1", NULL),
	ROW("", "is empty"),
	ROW(":10911", "is no HOST:PORT"),
	ROW("127.0.0.1", "is no HOST:PORT"),
	ROW("a b:1", "is no HOST:PORT"),
	ROW("a,b:1", "is no HOST:PORT"),
	ROW("\0:9", "is no HOST:PORT"),
	ROW("a:0", "is no HOST:PORT: a port is 1 to 65535"),
	ROW("a:65536", "is no HOST:PORT: a port is 1 to 65535"),
	ROW("a:", "is no HOST:PORT: a port is 1 to 65535"),
	ROW("a:9x", "is no HOST:PORT: a port is 1 to 65535"),
};

Test(name, new_topics_groups_and_addresses)
{
	for (size_t i = 0; i < N(topics); i++) {
		expect(name_new_fault(NAME_TOPIC, topics[i].name), topics[i].fault, topics[i].name);
		expect(name_new_fault(NAME_GROUP, topics[i].name), topics[i].fault, topics[i].name);
	}
	for (size_t i = 0; i < N(addresses); i++)
		expect(name_new_fault(NAME_ADDRESS, addresses[i].name), addresses[i].fault,
		    addresses[i].name);
	cr_expect_null(name_new_fault(NAME_BROKER, SLICE("broker a")));
	cr_expect_str_eq(name_new_fault(NAME_BROKER, SLICE("a\nb")), "has a control character");
}

/* ---- header fields, in both codecs ---- */

static struct arena arena;

/* What decoding a header finds that went over the wire in this codec; NULL: it is sound. */
static const char *
fault_over_the_wire(enum frame_codec codec, const struct field *fields, struct command command)
{
	_Alignas(max_align_t) char header[1024];
	struct buf buf = { 0 };
	struct frame frame;
	struct command again;
	const char *bad = NULL, *fault = NULL;
	size_t need;

	command.codec = codec;
	command_encode(&buf, &command, SLICE(""), 0);
	cr_assert_eq(frame_read(buf.data, buf.len, &frame, &need), FRAME_OK);
	cr_assert_eq(command_decode(&arena, &frame, &again), COMMAND_OK);
	if (fields_decode(fields, &again, header, &bad) == -1) {
		cr_assert_str_eq(bad, "brokerName");
		fault = fields_fault(fields, &again, bad);
	}
	buf_release(&buf);
	return fault;
}

Test(name, a_header_field_is_refused_in_both_codecs)
{
	for (int codec = FRAME_JSON; codec <= FRAME_BINARY; codec++) {
		struct ext ext[] = { { SLICE("clusterName"), SLICE("c") },
			{ SLICE("brokerName"), SLICE("\0") } };

		for (size_t i = 0; i < N(received); i++) {
			ext[1].value = received[i].name;
			expect(
			    fault_over_the_wire((enum frame_codec)codec, member_group_header_fields,
				(struct command){ .ext = ext, .n_ext = 2 }),
			    received[i].fault, received[i].name);
		}
		cr_expect_str_eq(
		    fault_over_the_wire((enum frame_codec)codec, member_group_header_fields,
			(struct command){ .ext = ext, .n_ext = 1 }),
		    "is missing");
	}
	arena_release(&arena);
}

/* What ends so, in the headers of requests, is a name. */
static const char *const name_endings[] = { "opic", "roup", "rokerName", "bname", "lusterName",
	"Addr", "Host", "lientId", "lientID", "namespace", "ZONE_NAME", "statsKey", "roupName" };

static bool
sounds_like_a_name(const char *key)
{
	for (size_t i = 0; i < N(name_endings); i++) {
		size_t len = strlen(key), tail = strlen(name_endings[i]);

		if (len >= tail && strcmp(key + len - tail, name_endings[i]) == 0)
			return true;
	}
	return false;
}

static const struct field *const tables[] = {
	send_header_fields,
	end_transaction_header_fields,
	pull_header_fields,
	send_back_header_fields,
	query_offset_header_fields,
	update_offset_header_fields,
	search_offset_header_fields,
	queue_header_fields,
	view_message_header_fields,
	query_message_header_fields,
	unregister_client_header_fields,
	consumer_group_header_fields,
	producer_group_header_fields,
	check_transaction_header_fields,
	reset_offset_header_fields,
	consumer_status_header_fields,
	running_info_header_fields,
	consume_directly_header_fields,
	push_reply_header_fields,
	route_header_fields,
	kv_header_fields,
	put_kv_header_fields,
	namespace_header_fields,
	register_broker_header_fields,
	register_broker_reply_fields,
	broker_identity_header_fields,
	broker_heartbeat_header_fields,
	member_group_header_fields,
	cluster_header_fields,
	broker_name_header_fields,
	delete_route_header_fields,
	topic_header_fields,
	create_topic_header_fields,
	group_header_fields,
	delete_group_header_fields,
	consume_stats_header_fields,
	topic_group_header_fields,
	correction_offset_header_fields,
	clone_offset_header_fields,
	view_stats_header_fields,
	query_queue_header_fields,
	resume_check_header_fields,
	list_transactions_header_fields,
	producer_group_settings_header_fields,
	relay_check_header_fields,
};

Test(name, every_table_of_fields_says_which_ones_are_names)
{
	for (size_t i = 0; i < N(tables); i++)
		for (const struct field *field = tables[i]; !field_is_end(field); field++)
			cr_expect(field->type != FIELD_TEXT || !sounds_like_a_name(field->key),
			    "%s is FIELD_TEXT", field->key);
	for (const struct field *field = send_header_v2_fields; !field_is_end(field); field++)
		cr_expect_eq(field->type, send_header_fields[field - send_header_v2_fields].type);
}
