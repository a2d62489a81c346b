#include "config.h"

#include "t/fuzz/badframes.h"

#include <stdlib.h>
#define ZLIB_CONST
#include <zlib.h>

#include "common/protocol/command.h"
#include "common/protocol/registration.h"

static void
put_frame(struct buf *out, unsigned codec, struct slice header, struct slice body)
{
	buf_put_u32(out, (uint32_t)(4 + header.len + body.len));
	buf_put_u32(out, (uint32_t)(codec << 24 | header.len));
	buf_append_slice(out, header);
	buf_append_slice(out, body);
}

static void
put_text(struct buf *out, const char *header)
{
	put_frame(out, FRAME_JSON, slice_of(header), SLICE(""));
}

/* A request whose opaque is known; ext is what stands between the braces of extFields. */
static void
put_request(struct buf *out, int code, const char *ext, struct slice body)
{
	struct buf header = { 0 };

	buf_printf(&header,
	    "{\"code\":%d,\"flag\":0,\"language\":\"JAVA\",\"opaque\":%d,\"version\":407,", code,
	    BADFRAMES_OPAQUE);
	buf_printf(&header, "\"extFields\":{%s}}", ext);
	put_frame(out, FRAME_JSON, buf_slice(&header), body);
	buf_release(&header);
}

static void
put_repeated(struct buf *out, const char *text, size_t n)
{
	while (n-- > 0)
		buf_append_text(out, text);
}

/* ---- the outermost layer ---- */

static void
nothing_but_length(struct buf *out)
{
	buf_append(out, "\0\0", 2);
}

static void
cut_short(struct buf *out)
{
	put_request(out, 105, "\"topic\":\"T\"", SLICE(""));
	out->len -= 9;
}

static void
length_zero(struct buf *out)
{
	buf_put_u32(out, 0);
	put_repeated(out, "x", 100);
}

static void
length_negative(struct buf *out)
{
	buf_put_u32(out, 0xFFFFFFF0u);
	put_repeated(out, "x", 100);
}

static void
length_over_limit(struct buf *out)
{
	buf_put_u32(out, FRAME_MAX_BYTES - 3);
	buf_put_u32(out, 10);
}

static void
header_longer_than_frame(struct buf *out)
{
	buf_put_u32(out, 20);
	buf_put_u32(out, 0xFFFFFF);
	put_repeated(out, "x", 16);
}

static void
codec_unknown(struct buf *out)
{
	put_frame(out, 9, SLICE("{\"code\":105,\"opaque\":77}"), SLICE(""));
}

static void
http(struct buf *out)
{
	buf_append_text(out, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
}

static void
tls_hello(struct buf *out)
{
	buf_append(out, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);
	put_repeated(out, "x", 200);
}

static void
full_of_noise(struct buf *out)
{
	uint32_t state = 2463534242u;

	for (int i = 0; i < 65536; i++) {
		state ^= state << 13;
		state ^= state >> 17;
		state ^= state << 5;
		buf_append_char(out, (char)state);
	}
}

/* ---- headers ---- */

static void
header_empty(struct buf *out)
{
	put_text(out, "");
}

static void
header_no_json(struct buf *out)
{
	put_text(out, "this is no JSON at all");
}

static void
header_array(struct buf *out)
{
	put_text(out, "[105,77]");
}

static void
header_cut(struct buf *out)
{
	put_text(out, "{\"code\":105,\"opaque\":77,\"extFields\":{\"topic\":\"T");
}

static void
header_deep(struct buf *out)
{
	struct buf header = { 0 };

	buf_append_text(&header, "{\"code\":105,\"opaque\":77,\"other\":");
	put_repeated(&header, "[", 100000);
	put_frame(out, FRAME_JSON, buf_slice(&header), SLICE(""));
	buf_release(&header);
}

static void
header_deep_whole(struct buf *out)
{
	struct buf header = { 0 };

	buf_append_text(&header, "{\"code\":105,\"opaque\":77,\"other\":");
	put_repeated(&header, "{\"a\":", 50000);
	buf_append_text(&header, "1");
	put_repeated(&header, "}", 50001);
	put_frame(out, FRAME_JSON, buf_slice(&header), SLICE(""));
	buf_release(&header);
}

static void
code_of_wrong_type(struct buf *out)
{
	put_text(out, "{\"code\":\"many\",\"flag\":0,\"opaque\":77,\"version\":407}");
}

static void
code_missing(struct buf *out)
{
	put_text(out, "{\"flag\":0,\"opaque\":77,\"version\":407}");
}

void
badframes_unknown_code(struct buf *out)
{
	put_request(out, 31999, "", SLICE(""));
}

static void
code_huge(struct buf *out)
{
	put_text(out, "{\"code\":99999999999999999999,\"flag\":0,\"opaque\":77,\"version\":407}");
}

static void
numbers_at_the_ends(struct buf *out)
{
	put_text(out, "{\"code\":9223372036854775807,\"flag\":-9223372036854775808,"
		      "\"opaque\":-9223372036854775808,\"version\":9999999999999999999}");
}

static void
ext_of_wrong_type(struct buf *out)
{
	put_text(
	    out, "{\"code\":105,\"flag\":0,\"opaque\":77,\"version\":407,\"extFields\":[1,2]}");
}

static void
ext_nested(struct buf *out)
{
	put_request(out, 105, "\"topic\":{\"a\":[1,{\"b\":2}]}", SLICE(""));
}

static void
ext_too_many(struct buf *out)
{
	struct buf ext = { 0 };

	for (int i = 0; i < 20000; i++)
		buf_printf(&ext, "%s\"k%d\":\"v\"", i == 0 ? "" : ",", i);
	put_request(out, 105, buf_text(&ext), SLICE(""));
	buf_release(&ext);
}

static void
bad_utf8(struct buf *out)
{
	put_request(out, 105, "\"topic\":\"\xff\xfe\x80\xc0\"", SLICE(""));
}

static void
reply_to_nothing(struct buf *out)
{
	put_text(out, "{\"code\":0,\"flag\":1,\"opaque\":12345,\"version\":407}");
	put_request(out, 31998, "", SLICE(""));
}

/* The ROCKETMQ header: code, language, version, opaque, flag, then what the case adds. */
static void
put_binary(struct buf *out, const void *rest, size_t len)
{
	struct buf header = { 0 };

	buf_put_u16(&header, 105);
	buf_append_char(&header, 0);
	buf_put_u16(&header, 407);
	buf_put_u32(&header, BADFRAMES_OPAQUE);
	buf_put_u32(&header, 0);
	buf_append(&header, rest, len);
	put_frame(out, FRAME_BINARY, buf_slice(&header), SLICE(""));
	buf_release(&header);
}

static void
binary_short(struct buf *out)
{
	put_frame(out, FRAME_BINARY, SLICE("\0i\0"), SLICE(""));
}

static void
binary_remark_negative(struct buf *out)
{
	put_binary(out, "\xff\xff\xff\xff\0\0\0\0", 8);
}

static void
binary_ext_beyond(struct buf *out)
{
	put_binary(out, "\0\0\0\0\x7f\xff\xff\xff\0\5topic", 15);
}

static void
binary_value_beyond(struct buf *out)
{
	put_binary(out, "\0\0\0\0\0\0\0\x0d\0\5topic\x7f\xff\xff\xff\0\0", 21);
}

/* ---- requests ---- */

static void
fields_missing(struct buf *out)
{
	put_request(out, 105, "", SLICE(""));
}

static void
send_without_fields(struct buf *out)
{
	put_request(out, 310, "\"b\":\"T\"", SLICE("body"));
}

static void
send_with(struct buf *out, const char *queue, const char *topic, struct slice body)
{
	struct buf ext = { 0 };

	buf_printf(&ext,
	    "\"a\":\"PG\",\"b\":\"%s\",\"c\":\"TBW102\",\"d\":\"4\",\"e\":\"%s\",\"f\":\"0\",",
	    topic, queue);
	buf_append_text(
	    &ext, "\"g\":\"1\",\"h\":\"0\",\"i\":\"\",\"j\":\"0\",\"k\":\"false\",\"m\":\"false\"");
	put_request(out, 310, buf_text(&ext), body);
	buf_release(&ext);
}

static void
queue_no_number(struct buf *out)
{
	send_with(out, "zero", "BadFrames", SLICE("body"));
}

static void
queue_huge(struct buf *out)
{
	send_with(out, "99999999999", "BadFrames", SLICE("body"));
}

static void
queue_out_of_range(struct buf *out)
{
	send_with(out, "1000000", "BadFrames", SLICE("body"));
}

static void
topic_path(struct buf *out)
{
	send_with(out, "0", "../../etc/passwd", SLICE("body"));
}

static void
topic_long(struct buf *out)
{
	struct buf topic = { 0 };

	put_repeated(&topic, "t", 300);
	send_with(out, "0", buf_text(&topic), SLICE("body"));
	buf_release(&topic);
}

static void
topic_cut_in_a_character(struct buf *out)
{
	struct buf topic = { 0 };

	put_repeated(&topic, "\xe4\xb8\xad", 67);
	send_with(out, "0", buf_text(&topic), SLICE("body"));
	buf_release(&topic);
}

static void
option_cut_in_a_character(struct buf *out)
{
	struct buf body = { 0 };

	put_repeated(&body, "\xe4\xb8\xad", 400);
	buf_append_text(&body, "=1\nbrokerPermission=a");
	put_repeated(&body, "\xe4\xb8\xad", 400);
	put_request(out, 25, "", buf_slice(&body));
	buf_release(&body);
}

static void
body_over_limit(struct buf *out)
{
	struct buf body = { 0 };

	put_repeated(&body, "0123456789abcdef", (5 << 20) / 16);
	send_with(out, "0", "BadFrames", buf_slice(&body));
	buf_release(&body);
}

static void
properties_over_limit(struct buf *out)
{
	struct buf ext = { 0 };

	buf_append_text(&ext, "\"a\":\"PG\",\"b\":\"BadFrames\",\"c\":\"TBW102\",\"d\":\"4\",\"e\":"
			      "\"0\",\"f\":\"0\",");
	buf_append_text(&ext, "\"g\":\"1\",\"h\":\"0\",\"i\":\"k\\u0001");
	put_repeated(&ext, "p", 40000);
	buf_append_text(&ext, "\",\"j\":\"0\"");
	put_request(out, 310, buf_text(&ext), SLICE("body"));
	buf_release(&ext);
}

static void
batch_with(struct buf *out, struct slice body)
{
	put_request(out, 320,
	    "\"a\":\"PG\",\"b\":\"BadFrames\",\"c\":\"TBW102\",\"d\":\"4\",\"e\":\"0\",\"f\":\"0\","
	    "\"g\":\"1\",\"h\":\"0\","
	    "\"i\":\"\",\"j\":\"0\",\"k\":\"false\",\"m\":\"true\"",
	    body);
}

static void
batch_cut(struct buf *out)
{
	batch_with(out, SLICE("\0\0\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x10short"));
}

static void
batch_negative(struct buf *out)
{
	batch_with(out, SLICE("\xff\xff\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0\xff\xff\xff\xff\0\0"));
}

static void
heartbeat_no_json(struct buf *out)
{
	put_request(out, 34, "", SLICE("{\"clientID\":"));
}

static void
heartbeat_deep(struct buf *out)
{
	struct buf body = { 0 };

	put_repeated(&body, "[", 1000000);
	put_request(out, 34, "", buf_slice(&body));
	buf_release(&body);
}

static void
heartbeat_wrong_types(struct buf *out)
{
	put_request(out, 34, "",
	    SLICE("{\"clientID\":{\"a\":1},\"consumerDataSet\":\"x\",\"producerDataSet\":7}"));
}

static void
heartbeat_many_elements(struct buf *out)
{
	struct buf body = { 0 };

	buf_append_text(&body, "{\"clientID\":\"c\",\"producerDataSet\":[");
	put_repeated(&body, "{},", 1000000);
	buf_append_text(&body, "{}]}");
	put_request(out, 34, "", buf_slice(&body));
	buf_release(&body);
}

static void
heartbeat_many_keys(struct buf *out)
{
	struct buf body = { 0 };

	buf_append_text(&body, "{\"clientID\":\"c\"");
	for (int i = 0; i < 500000; i++)
		buf_printf(&body, ",\"k%d\":%d", i, i);
	buf_append_text(&body, "}");
	put_request(out, 34, "", buf_slice(&body));
	buf_release(&body);
}

static void
registration_no_json(struct buf *out)
{
	put_request(out, 103,
	    "\"brokerName\":\"b\",\"brokerAddr\":\"127.0.0.1:1\",\"clusterName\":\"c\","
	    "\"brokerId\":\"0\"",
	    SLICE("{{{{"));
}

/* ---- names that are none ---- */

#define BROKER_EXT(name, address)                                                                  \
	{ { "brokerName", 10 }, { name, sizeof(name) - 1 } },                                      \
	    { { "brokerAddr", 10 }, { address, sizeof(address) - 1 } },                            \
	    { { "clusterName", 11 }, { "c", 1 } },                                                 \
	    { { "haServerAddr", 12 }, { "127.0.0.1:2", 11 } },                                     \
	{                                                                                          \
		{ "brokerId", 8 },                                                                 \
		{                                                                                  \
			"0", 1                                                                     \
		}                                                                                  \
	}

static void
put_registration(
    struct buf *out, enum frame_codec codec, const struct ext *ext, size_t n_ext, struct slice body)
{
	const struct command command = { .codec = codec,
		.code = 103,
		.opaque = BADFRAMES_OPAQUE,
		.version = 407,
		.ext = ext,
		.n_ext = n_ext };

	command_encode(out, &command, body, body.len);
}

static void
broker_name_nul(struct buf *out)
{
	static const struct ext ext[] = { BROKER_EXT("\0", "127.0.0.1:1") };

	put_registration(out, FRAME_JSON, ext, 5, SLICE(""));
}

static void
broker_name_nul_binary(struct buf *out)
{
	static const struct ext ext[] = { BROKER_EXT("\0", "127.0.0.1:1") };

	put_registration(out, FRAME_BINARY, ext, 5, SLICE(""));
}

static void
broker_address_nul(struct buf *out)
{
	static const struct ext ext[] = { BROKER_EXT("b", "\0:9") };

	put_registration(out, FRAME_JSON, ext, 5, SLICE(""));
}

static void
broker_name_of_escapes(struct buf *out)
{
	static const struct ext ext[] = { BROKER_EXT("b\n<0>forged\x1b[2J", "127.0.0.1:1") };

	put_registration(out, FRAME_JSON, ext, 5, SLICE(""));
}

static void
put_registered_topic(struct buf *out, bool compressed)
{
	static const struct ext ext[] = { BROKER_EXT("b", "127.0.0.1:1"),
		{ { "compressed", 10 }, { "true", 4 } } };
	static const struct topic_config topic = { .name = { "T\0", 2 } };
	const struct registration registration = { .table = { .topics = &topic, .n_topics = 1 } };
	struct buf body = { 0 };
	struct json_out json;

	json_out_init(&json, &body);
	if (compressed)
		registration_write_compressed(&body, &registration);
	else
		registration_write(&json, &registration);
	put_registration(out, FRAME_JSON, ext, compressed ? 6 : 5, buf_slice(&body));
	buf_release(&body);
}

static void
registered_topic_nul(struct buf *out)
{
	put_registered_topic(out, false);
}

static void
registered_topic_nul_compressed(struct buf *out)
{
	put_registered_topic(out, true);
}

static void
added_topic_nul(struct buf *out)
{
	put_request(
	    out, 217, "\"topic\":\"\\u0000\"", SLICE("{\"queueDatas\":[],\"brokerDatas\":[]}"));
}

static void
route_of_escapes(struct buf *out)
{
	put_request(out, 105, "\"topic\":\"T\\n<0>forged\\u001b[2J\"", SLICE(""));
}

static void
topic_nul(struct buf *out)
{
	send_with(out, "0", "T\\u0000", SLICE("body"));
}

static void
client_id_nul(struct buf *out)
{
	put_request(out, 34, "",
	    SLICE("{\"clientID\":\"\\u0000\",\"producerDataSet\":[{\"groupName\":\"P\"}]}"));
}

static void
subscribed_topic_nul(struct buf *out)
{
	put_request(out, 34, "",
	    SLICE("{\"clientID\":\"c\",\"consumerDataSet\":[{\"groupName\":\"G\","
		  "\"subscriptionDataSet\":[{\"topic\":\"\\u0000\"}]}]}"));
}

static void
offset_of_group_nul(struct buf *out)
{
	put_request(out, 15,
	    "\"consumerGroup\":\"G\\u0000\",\"topic\":\"BadFrames\",\"queueId\":\"0\","
	    "\"commitOffset\":\"0\"",
	    SLICE(""));
}

static void
half_of_group_nul(struct buf *out)
{
	put_request(out, 310,
	    "\"a\":\"PG\",\"b\":\"BadFrames\",\"c\":\"TBW102\",\"d\":\"4\",\"e\":\"0\",\"f\":\"4\","
	    "\"g\":\"1\",\"h\":\"0\",\"j\":\"0\",\"k\":\"false\",\"m\":\"false\","
	    "\"i\":\"TRAN_MSG\\u0001true\\u0002PGROUP\\u0001P\\u0000\\u0002\"",
	    SLICE("body"));
}

static void
topic_with_huge_counts(struct buf *out)
{
	put_request(out, 17,
	    "\"topic\":\"BadCounts\",\"defaultTopic\":\"TBW102\",\"readQueueNums\":\"2147483647\","
	    "\"writeQueueNums\":\"-5\",\"perm\":\"6\",\"topicFilterType\":\"SINGLE_TAG\","
	    "\"topicSysFlag\":\"0\","
	    "\"order\":\"false\"",
	    SLICE(""));
}

static void
pull_out_of_range(struct buf *out)
{
	put_request(out, 11,
	    "\"consumerGroup\":\"CG\",\"topic\":\"BadFrames\",\"queueId\":\"-1\",\"queueOffset\":"
	    "\"-9223372036854775808\","
	    "\"maxMsgNums\":\"2147483647\",\"sysFlag\":\"4\",\"commitOffset\":\"0\","
	    "\"suspendTimeoutMillis\":\"0\","
	    "\"subscription\":\"*\",\"subVersion\":\"0\"",
	    SLICE(""));
}

#define LEAST "\"-9223372036854775808\""
#define MOST "\"9223372036854775807\""

static void
pull_at_the_end(struct buf *out)
{
	put_request(out, 11,
	    "\"consumerGroup\":\"CG\",\"topic\":\"TBW102\",\"queueId\":\"0\",\"queueOffset\":" MOST
	    ",\"maxMsgNums\":\"-2147483648\",\"sysFlag\":\"7\",\"commitOffset\":" MOST
	    ",\"suspendTimeoutMillis\":" MOST ",\"subscription\":\"*\",\"subVersion\":" LEAST
	    ",\"maxMsgBytes\":\"-2147483648\"",
	    SLICE(""));
}

static void
search_at_the_ends(struct buf *out)
{
	put_request(out, 29, "\"topic\":\"TBW102\",\"queueId\":\"2147483647\",\"timestamp\":" LEAST,
	    SLICE(""));
	put_request(
	    out, 29, "\"topic\":\"TBW102\",\"queueId\":\"0\",\"timestamp\":" MOST, SLICE(""));
	put_request(out, 12,
	    "\"topic\":\"TBW102\",\"key\":\"k\",\"maxNum\":\"2147483647\",\"beginTimestamp\":" LEAST
	    ",\"endTimestamp\":" MOST,
	    SLICE(""));
}

static void
offsets_at_the_ends(struct buf *out)
{
	static const char *const offsets[] = { MOST, LEAST };

	for (int i = 0; i < 2; i++) {
		struct buf ext = { 0 };

		buf_printf(&ext,
		    "\"consumerGroup\":\"CG\",\"topic\":\"TBW102\",\"queueId\":\"0\","
		    "\"commitOffset\":%s",
		    offsets[i]);
		put_request(out, 15, buf_text(&ext), SLICE(""));
		buf_release(&ext);
	}
	put_request(out, 208, "\"consumerGroup\":\"CG\"", SLICE(""));
	put_request(out, 317, "\"isOrder\":\"false\"", SLICE(""));
	put_request(out, 222,
	    "\"topic\":\"TBW102\",\"group\":\"CG\",\"timestamp\":" LEAST
	    ",\"isForce\":\"true\",\"offset\":" MOST,
	    SLICE(""));
}

/* Numbers of a message: its times, its delay level, how often it came back. */
static void
message_at_the_ends(struct buf *out)
{
	put_request(out, 310,
	    "\"a\":\"PG\",\"b\":\"BadFrames\",\"c\":\"TBW102\",\"d\":\"-2147483648\",\"e\":\"0\","
	    "\"f\":\"2147483647\",\"g\":" LEAST ",\"h\":\"-2147483648\",\"j\":\"2147483647\","
	    "\"k\":\"false\",\"l\":\"-2147483648\",\"m\":\"false\","
	    "\"i\":\"DELAY\\u00019223372036854775807\\u0002CHECK_IMMUNITY_TIME_IN_SECONDS"
	    "\\u00019223372036854775807\\u0002\"",
	    SLICE("body"));
	put_request(out, 36,
	    "\"offset\":" MOST ",\"group\":\"CG\",\"delayLevel\":\"-2147483648\","
	    "\"maxReconsumeTimes\":\"-2147483648\"",
	    SLICE(""));
	put_request(out, 33, "\"offset\":" LEAST, SLICE(""));
}

static void
heartbeat_at_the_ends(struct buf *out)
{
	put_request(out, 34, "",
	    SLICE("{\"clientID\":\"c\",\"heartbeatFingerprint\":" LEAST
		  ",\"consumerDataSet\":[{\"groupName\":\"G\",\"consumeType\":" MOST
		  ",\"messageModel\":" LEAST ",\"consumeFromWhere\":" MOST
		  ",\"subscriptionDataSet\":[{\"topic\":\"T\",\"subVersion\":" MOST
		  ",\"codeSet\":[" LEAST "," MOST "]}]}]}"));
}

/* Puts a registration whose compressed body is one text, many times. */
static void
put_bomb(struct buf *out, struct slice head, struct slice text, size_t n)
{
	static const struct ext ext[] = { BROKER_EXT("b", "127.0.0.1:1"),
		{ { "compressed", 10 }, { "true", 4 } } };
	struct buf packed = { 0 };
	z_stream stream = { 0 };

	if (deflateInit(&stream, Z_BEST_COMPRESSION) != Z_OK)
		abort();
	buf_reserve(&packed, 1 << 20);
	stream.next_out = (Bytef *)packed.data;
	stream.avail_out = 1 << 20;
	for (size_t i = 0; i <= n; i++) {
		struct slice part = i == 0 ? head : text;

		stream.next_in = (Bytef *)(uintptr_t)part.data;
		stream.avail_in = (uInt)part.len;
		if (deflate(&stream, Z_NO_FLUSH) != Z_OK)
			abort();
	}
	if (deflate(&stream, Z_FINISH) != Z_STREAM_END)
		abort();
	packed.len = stream.total_out;
	deflateEnd(&stream);
	put_registration(out, FRAME_JSON, ext, 6, buf_slice(&packed));
	buf_release(&packed);
}

static void
bomb_of_zeros(struct buf *out)
{
	static const char zeros[1 << 20];

	put_bomb(out, SLICE(""), (struct slice){ zeros, sizeof zeros }, 128);
}

/* Topics as they should be, more than any broker has. */
static void
bomb_of_topics(struct buf *out)
{
	struct buf million = { 0 };

	for (int i = 0; i < 10000; i++)
		buf_append_slice(&million, SLICE("\0\0\0\x12T 1 1 6 SINGLE_TAG"));
	put_bomb(out, SLICE("\0\0\0\2{}\0\5\0\0"), buf_slice(&million), 20);
	buf_release(&million);
}

/* Attributes of a topic that are a list of a million numbers. */
static void
bomb_of_attributes(struct buf *out)
{
	struct buf numbers = { 0 };

	put_repeated(&numbers, "1,", 100000);
	put_bomb(out, SLICE("\0\0\0\2{}\0\0\0\1\0\x20\0\0T 1 1 6 SINGLE_TAG {\"a\":["),
	    buf_slice(&numbers), 15);
	buf_release(&numbers);
}

static void
count_of_nothing(struct buf *out)
{
	put_bomb(out, SLICE("\0\0\0\2{}\x7f\xff\xff\xff\0\0\0\1x"), SLICE(""), 0);
}

static void
registration_at_the_ends(struct buf *out)
{
	static const struct ext ext[] = { BROKER_EXT("b", "127.0.0.1:1"),
		{ { "heartbeatTimeoutMillis", 22 }, { "9223372036854775807", 19 } } };

	put_registration(out, FRAME_JSON, ext, 6,
	    SLICE("{\"filterServerList\":[],\"topicConfigSerializeWrapper\":{\"dataVersion\":"
		  "{\"counter\":" MOST ",\"timestamp\":" LEAST "},\"topicConfigTable\":{\"T\":"
		  "{\"topicName\":\"T\",\"perm\":" MOST ",\"readQueueNums\":" LEAST
		  ",\"writeQueueNums\":" MOST "}}}}"));
	put_request(out, 105, "\"topic\":\"T\"", SLICE(""));
}

/* ---- transactions ---- */

static void
end_with(struct buf *out, const char *position, const char *outcome)
{
	struct buf ext = { 0 };

	buf_printf(&ext, "\"producerGroup\":\"PG\",\"tranStateTableOffset\":\"0\",");
	buf_printf(&ext, "\"commitLogOffset\":%s,\"commitOrRollback\":%s,\"msgId\":\"x\"", position,
	    outcome);
	put_request(out, 37, buf_text(&ext), SLICE(""));
	buf_release(&ext);
}

static void
end_cut(struct buf *out)
{
	end_with(out, "\"0\"", "\"8\"");
	out->len -= 20;
}

static void
end_at_the_end(struct buf *out)
{
	end_with(out, MOST, "\"8\"");
}

static void
end_of_nothing(struct buf *out)
{
	end_with(out, "\"4096\"", "\"8\"");
}

static void
end_long_position(struct buf *out)
{
	struct buf position = { 0 };

	buf_append_text(&position, "\"");
	put_repeated(&position, "9", 100000);
	buf_append_text(&position, "\"");
	end_with(out, buf_text(&position), "\"8\"");
	buf_release(&position);
}

static void
end_nested(struct buf *out)
{
	end_with(out, "{\"a\":[0]}", "[8]");
}

static void
end_without_fields(struct buf *out)
{
	put_request(out, 37, "", SLICE(""));
}

/* A half message whose properties end within a name, and say TRAN_MSG once more without a value. */
static void
half_odd_properties(struct buf *out)
{
	put_request(out, 310,
	    "\"a\":\"PG\",\"b\":\"BadFrames\",\"c\":\"TBW102\",\"d\":\"4\",\"e\":\"0\",\"f\":\"4\","
	    "\"g\":\"1\",\"h\":\"0\",\"j\":\"0\",\"k\":\"false\",\"m\":\"false\","
	    "\"i\":\"TRAN_MSG\\u0001true\\u0002PGROUP\\u0001\\u0002\\u0001\\u0001\\u0002TRAN_MSG\"",
	    SLICE("body"));
}

const struct bad badframes_cases[] = {
	{ "two bytes of a length", nothing_but_length, CLOSED, NULL },
	{ "a frame cut short", cut_short, CLOSED, NULL },
	{ "length 0", length_zero, CLOSED, NULL },
	{ "a negative length", length_negative, CLOSED, NULL },
	{ "a length over 16 MiB", length_over_limit, CLOSED, NULL },
	{ "a header longer than its frame", header_longer_than_frame, CLOSED, NULL },
	{ "an unknown codec", codec_unknown, CLOSED, NULL },
	{ "HTTP", http, CLOSED, NULL },
	{ "a TLS hello", tls_hello, CLOSED, NULL },
	{ "64 KB of noise", full_of_noise, CLOSED, NULL },
	{ "an empty header", header_empty, CLOSED, NULL },
	{ "a header that is no JSON", header_no_json, CLOSED, NULL },
	{ "a header that is an array", header_array, CLOSED, NULL },
	{ "a header that ends in a string", header_cut, EITHER, NULL },
	{ "a header 100,000 deep, open", header_deep, EITHER, NULL },
	{ "a header 50,000 deep, whole", header_deep_whole, EITHER, NULL },
	{ "a code that is a text", code_of_wrong_type, EITHER, NULL },
	{ "no code", code_missing, EITHER, NULL },
	{ "an unknown code", badframes_unknown_code, REFUSED, NULL },
	{ "a code of 20 digits", code_huge, EITHER, NULL },
	{ "numbers of 64 bits, the least and the largest", numbers_at_the_ends, EITHER, NULL },
	{ "extFields that are a list", ext_of_wrong_type, EITHER, NULL },
	{ "a field that is an object", ext_nested, EITHER, NULL },
	{ "20,000 fields", ext_too_many, EITHER, NULL },
	{ "a field that is no UTF-8", bad_utf8, EITHER, NULL },
	{ "an answer that nobody asked for, then a request", reply_to_nothing, REFUSED, NULL },
	{ "a binary header of 3 bytes", binary_short, CLOSED, NULL },
	{ "a binary header with a negative remark", binary_remark_negative, EITHER, NULL },
	{ "a binary header with fields beyond its end", binary_ext_beyond, EITHER, NULL },
	{ "a binary header with a value beyond its end", binary_value_beyond, EITHER, NULL },
	{ "a route of no topic", fields_missing, REFUSED, "namesrv" },
	{ "a registration that is no JSON", registration_no_json, REFUSED, "namesrv" },
	{ "a broker named NUL", broker_name_nul, REFUSED, "namesrv" },
	{ "a broker named NUL, binary", broker_name_nul_binary, REFUSED, "namesrv" },
	{ "a broker at NUL", broker_address_nul, REFUSED, "namesrv" },
	{ "a broker named by a line of the log", broker_name_of_escapes, REFUSED, "namesrv" },
	{ "a registered topic with NUL", registered_topic_nul, REFUSED, "namesrv" },
	{ "a registered topic with NUL, compressed", registered_topic_nul_compressed, REFUSED,
	    "namesrv" },
	{ "an added topic with NUL", added_topic_nul, REFUSED, "namesrv" },
	{ "a route of a line of the log", route_of_escapes, REFUSED, "namesrv" },
	{ "a topic with NUL", topic_nul, REFUSED, "broker" },
	{ "a client id that is NUL", client_id_nul, REFUSED, "broker" },
	{ "a subscription to NUL", subscribed_topic_nul, REFUSED, "broker" },
	{ "an offset of a group with NUL", offset_of_group_nul, REFUSED, "broker" },
	{ "a half message of a group with NUL", half_of_group_nul, REFUSED, "broker" },
	{ "a send without fields", send_without_fields, REFUSED, "broker" },
	{ "a queue that is no number", queue_no_number, REFUSED, "broker" },
	{ "a queue of 11 digits", queue_huge, REFUSED, "broker" },
	{ "a queue that does not exist", queue_out_of_range, REFUSED, "broker" },
	{ "a topic that is a path", topic_path, REFUSED, "broker" },
	{ "a topic of 300 characters", topic_long, REFUSED, "broker" },
	{ "a topic that is cut within a character", topic_cut_in_a_character, REFUSED, "broker" },
	{ "an option that is cut within a character", option_cut_in_a_character, REFUSED,
	    "broker" },
	{ "a body of 5 MB", body_over_limit, REFUSED, "broker" },
	{ "properties of 40,000 bytes", properties_over_limit, REFUSED, "broker" },
	{ "a batch cut short", batch_cut, REFUSED, "broker" },
	{ "a batch with negative sizes", batch_negative, REFUSED, "broker" },
	{ "a heartbeat cut short", heartbeat_no_json, REFUSED, "broker" },
	{ "a heartbeat 1,000,000 deep", heartbeat_deep, REFUSED, "broker" },
	{ "a heartbeat with wrong types", heartbeat_wrong_types, ANSWERED, "broker" },
	{ "a heartbeat with 1,000,000 elements", heartbeat_many_elements, ANSWERED, "broker" },
	{ "a heartbeat with 500,000 members", heartbeat_many_keys, ANSWERED, "broker" },
	{ "a topic with impossible counts", topic_with_huge_counts, REFUSED, "broker" },
	{ "a pull out of every range", pull_out_of_range, REFUSED, "broker" },
	{ "a pull at the end of all numbers", pull_at_the_end, ANSWERED, "broker" },
	{ "searches at the ends of all numbers", search_at_the_ends, ANSWERED, "broker" },
	{ "offsets at the ends of all numbers", offsets_at_the_ends, ANSWERED, "broker" },
	{ "messages at the ends of all numbers", message_at_the_ends, ANSWERED, "broker" },
	{ "a heartbeat at the ends of all numbers", heartbeat_at_the_ends, ANSWERED, "broker" },
	{ "a registration of 128 MiB of zeros, compressed", bomb_of_zeros, REFUSED, "namesrv" },
	{ "a registration of 327,680 topics, compressed", bomb_of_topics, REFUSED, "namesrv" },
	{ "a registration with a million attributes, compressed", bomb_of_attributes, REFUSED,
	    "namesrv" },
	{ "a registration of 2,147,483,647 topics, compressed", count_of_nothing, REFUSED,
	    "namesrv" },
	{ "a registration at the ends of all numbers", registration_at_the_ends, ANSWERED,
	    "namesrv" },
	{ "an END at the end of all numbers", end_at_the_end, REFUSED, "broker" },
	{ "an END cut short", end_cut, CLOSED, "broker" },
	{ "an END of nothing", end_of_nothing, REFUSED, "broker" },
	{ "an END with a position of 100,000 digits", end_long_position, REFUSED, "broker" },
	{ "an END whose fields are an object and a list", end_nested, EITHER, "broker" },
	{ "an END without fields", end_without_fields, REFUSED, "broker" },
	{ "a half message with odd properties", half_odd_properties, REFUSED, "broker" },
	{ .name = NULL },
};
