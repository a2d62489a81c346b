#include "config.h"

#include "common/protocol/ha.h"

#include <criterion/criterion.h>

#include "common/json/json_body.h"

TestSuite(ha, .timeout = 10);

static struct arena arena;

Test(ha, apache_head)
{
	char bytes[HA_APACHE_HEAD_BYTES];

	ha_apache_head_write(&(struct ha_apache_head){ 0x0102030405060708, 9 }, bytes);
	cr_assert_arr_eq(bytes, "\1\2\3\4\5\6\7\10\0\0\0\11", sizeof bytes);
	cr_assert_eq(ha_apache_head_read(bytes).position, 0x0102030405060708);
	cr_assert_eq(ha_apache_head_read(bytes).size, 9);
}

Test(ha, report)
{
	char bytes[HA_REPORT_BYTES];

	ha_report_write(&(struct ha_report){ 1, -1, 3 }, bytes);
	struct ha_report report = ha_report_read(bytes);

	cr_assert_eq(report.position, 1);
	cr_assert_eq(report.meta_seq, -1);
	cr_assert_eq(report.wall_ms, 3);
}

static void
write_frame(struct buf *buf)
{
	const struct slice pieces[] = { SLICE("pay"), SLICE("load") };
	const struct ha_frame frame = { HA_BLOCK, 7, 100, 5, 200, 1234, SLICE_NONE };

	ha_frame_head_write(&frame, pieces, 2, buf_reserve(buf, HA_FRAME_HEAD_BYTES));
	buf->len += HA_FRAME_HEAD_BYTES;
	buf_append_text(buf, "payload");
}

Test(ha, frame_comes_back)
{
	struct buf buf = { 0 };
	struct ha_frame frame;
	size_t wanted;

	write_frame(&buf);
	cr_assert_eq(ha_frame_read(buf_slice(&buf), &frame, &wanted), (int64_t)buf.len);
	cr_assert_eq(frame.kind, HA_BLOCK);
	cr_assert_eq(frame.epoch, 7);
	cr_assert_eq(frame.position, 100);
	cr_assert_eq(frame.meta_seq, 5);
	cr_assert_eq(frame.max_position, 200);
	cr_assert_eq(frame.wall_ms, 1234);
	cr_assert(slice_is(frame.payload, "payload"));
	buf_release(&buf);
}

Test(ha, frame_that_is_cut_off_waits_for_the_rest)
{
	struct buf buf = { 0 };
	struct ha_frame frame;
	size_t wanted;

	write_frame(&buf);
	for (size_t len = 0; len < buf.len; len++) {
		cr_assert_eq(ha_frame_read((struct slice){ buf.data, len }, &frame, &wanted), 0);
		cr_assert_eq(wanted, len < HA_FRAME_HEAD_BYTES ? HA_FRAME_HEAD_BYTES : buf.len);
	}
	buf_release(&buf);
}

Test(ha, frame_with_any_other_bit_is_refused)
{
	struct buf buf = { 0 };
	struct ha_frame frame;
	size_t wanted;

	write_frame(&buf);
	for (size_t bit = 0; bit < 8 * buf.len; bit++) {
		buf.data[bit / 8] ^= (char)(1 << bit % 8);
		cr_assert_leq(ha_frame_read(buf_slice(&buf), &frame, &wanted), 0, "bit %zu", bit);
		buf.data[bit / 8] ^= (char)(1 << bit % 8);
	}
	buf_release(&buf);
}

Test(ha, block)
{
	const struct ha_tag tags[] = { { 10, -1 }, { 20, 7 } };
	struct ha_block block;
	struct buf buf = { 0 };

	ha_tags_write(&buf, tags, 2);
	buf_append_text(&buf, "records");
	cr_assert_eq(ha_block_read(buf_slice(&buf), &block), 0);
	cr_assert_eq(block.n_tags, 2);
	cr_assert_eq(ha_block_tag(&block, 1).position, 20);
	cr_assert_eq(ha_block_tag(&block, 0).hash, -1);
	cr_assert(slice_is(block.records, "records"));
	cr_assert_eq(ha_block_read((struct slice){ buf.data, 4 + 31 }, &block), -1);
	cr_assert_eq(ha_block_read((struct slice){ buf.data, 3 }, &block), -1);
	buf_release(&buf);
}

Test(ha, changes)
{
	struct buf buf = { 0 };
	struct ha_change change;

	ha_change_write(&buf, &(struct ha_change){ .op = HA_SET,
				  .table = HA_OFFSET,
				  .key = SLICE("group"),
				  .topic = SLICE("topic"),
				  .queue_id = 3,
				  .offset = 99 });
	ha_change_write(&buf, &(struct ha_change){ .op = HA_DROP_TOPIC, .topic = SLICE("gone") });
	struct slice rest = buf_slice(&buf);

	cr_assert_eq(ha_change_next(&rest, &change), 1);
	cr_assert_eq(change.op, HA_SET);
	cr_assert_eq(change.table, HA_OFFSET);
	cr_assert(slice_is(change.key, "group"));
	cr_assert_eq(change.value.len, 0);
	cr_assert(slice_is(change.topic, "topic"));
	cr_assert_eq(change.queue_id, 3);
	cr_assert_eq(change.offset, 99);
	cr_assert_eq(ha_change_next(&rest, &change), 1);
	cr_assert_eq(change.op, HA_DROP_TOPIC);
	cr_assert(slice_is(change.topic, "gone"));
	cr_assert_eq(ha_change_next(&rest, &change), 0);
	for (size_t len = 1; len < buf.len; len++) {
		int more;

		rest = (struct slice){ buf.data, len };
		while ((more = ha_change_next(&rest, &change)) == 1)
			;
		cr_assert_eq(more, len == 16 + 12 + 10 ? 0 : -1);
	}
	buf.data[0] = N_HA_OPS;
	rest = buf_slice(&buf);
	cr_assert_eq(ha_change_next(&rest, &change), -1);
	buf_release(&buf);
}

/* ---- where the stream begins ----------------------------------------- */

static const struct ha_epoch three[] = { { 1, 100 }, { 2, 200 }, { 4, 400 } };
static const struct ha_epoch other[] = { { 1, 100 }, { 3, 250 } };

static int64_t
stream_from(struct ha_log slave, struct ha_log master)
{
	return ha_stream_from(&slave, &master);
}

Test(ha, stream_continues_the_slaves_log)
{
	cr_assert_eq(stream_from((struct ha_log){ 0, 70, NULL, 0, false },
			 (struct ha_log){ 0, 90, NULL, 0, false }),
	    70);
	cr_assert_eq(stream_from((struct ha_log){ 0, 450, three, 3, false },
			 (struct ha_log){ 0, 900, three, 3, false }),
	    450);
	/* it has not heard of the newest epoch yet */
	cr_assert_eq(stream_from((struct ha_log){ 0, 400, three, 2, false },
			 (struct ha_log){ 0, 900, three, 3, false }),
	    400);
}

Test(ha, empty_log_begins_where_the_masters_does)
{
	cr_assert_eq(stream_from((struct ha_log){ 0, 0, NULL, 0, false },
			 (struct ha_log){ 30, 90, NULL, 0, false }),
	    30);
}

Test(ha, log_that_is_ahead_is_cut)
{
	cr_assert_eq(stream_from((struct ha_log){ 0, 95, NULL, 0, false },
			 (struct ha_log){ 0, 90, NULL, 0, false }),
	    90);
	/* an old master wrote on behind the start of the new one */
	cr_assert_eq(stream_from((struct ha_log){ 0, 500, three, 2, false },
			 (struct ha_log){ 0, 900, three, 3, false }),
	    400);
	/* two went on from epoch 1 */
	cr_assert_eq(stream_from((struct ha_log){ 0, 500, three, 3, false },
			 (struct ha_log){ 0, 900, other, 2, false }),
	    200);
}

Test(ha, log_that_the_master_cannot_continue_starts_empty)
{
	cr_assert_eq(stream_from((struct ha_log){ 0, 70, NULL, 0, false },
			 (struct ha_log){ 80, 90, NULL, 0, false }),
	    HA_START_EMPTY);
	cr_assert_eq(stream_from((struct ha_log){ 210, 500, three, 3, false },
			 (struct ha_log){ 0, 900, other, 2, false }),
	    HA_START_EMPTY);
}

/* Lists of epochs that do not begin with the first one. */
static const struct ha_epoch five[] = { { 1, 100 }, { 2, 200 }, { 4, 400 }, { 7, 700 },
	{ 8, 800 } };

/* Some of these epochs. */
static struct ha_log
with(int64_t max_position, size_t first, size_t n)
{
	return (struct ha_log){ 0, max_position, five + first, n, first != 0 };
}

Test(ha, epochs_that_the_master_forgot_are_not_compared)
{
	cr_assert_eq(stream_from(with(750, 0, 4), with(900, 2, 3)), 750);
	/* an old master wrote on behind the start of the new one */
	cr_assert_eq(stream_from(with(950, 0, 4), with(990, 2, 3)), 800);
	/* the slave's last epoch is forgotten: where its log parted nobody knows */
	cr_assert_eq(stream_from(with(300, 0, 2), with(900, 2, 3)), HA_START_EMPTY);
	/* a log of a time without epochs */
	cr_assert_eq(stream_from(with(90, 0, 0), with(900, 2, 3)), HA_START_EMPTY);
}

Test(ha, epochs_that_the_slave_forgot_are_not_compared)
{
	cr_assert_eq(stream_from(with(850, 3, 2), with(900, 0, 5)), 850);
	cr_assert_eq(stream_from(with(850, 3, 2), with(900, 0, 4)), 800);
	cr_assert_eq(stream_from(with(850, 4, 1), with(900, 0, 4)), HA_START_EMPTY);
	/* ... all of them, as its log was cut */
	cr_assert_eq(
	    stream_from((struct ha_log){ 0, 850, NULL, 0, true }, with(900, 0, 5)), HA_START_EMPTY);
}

Test(ha, epochs_that_both_forgot_are_not_compared)
{
	static const struct ha_epoch elsewhere[] = { { 4, 400 }, { 7, 720 } };

	cr_assert_eq(stream_from(with(850, 1, 4), with(900, 3, 2)), 850);
	cr_assert_eq(stream_from(with(850, 3, 2), with(900, 1, 4)), 850);
	cr_assert_eq(stream_from(with(760, 1, 3), with(900, 2, 3)), 760);
	cr_assert_eq(
	    stream_from((struct ha_log){ 0, 850, elsewhere, 2, true }, with(900, 1, 4)), 700);
	cr_assert_eq(stream_from((struct ha_log){ 0, 850, elsewhere, 2, true }, with(900, 3, 2)),
	    HA_START_EMPTY);
	/* an empty log needs no comparison */
	cr_assert_eq(stream_from(with(0, 1, 2), with(900, 3, 2)), 0);
}

/* ---- the bodies ------------------------------------------------------ */

static const char hello_text[] =
    "{\"brokerName\":\"broker-a\",\"brokerId\":1,\"clusterName\":\"C\",\"version\":\"1.0\","
    "\"canReadMeta\":true,\"minPosition\":0,\"maxPosition\":70,\"epochs\":[[1,10],[2,60]]}";

Test(ha, hello)
{
	struct ha_hello hello;
	struct buf buf = { 0 };
	struct json_out out;

	cr_assert_eq(ha_hello_read(&arena, slice_of(hello_text), &hello), 0);
	cr_assert(slice_is(hello.broker_name, "broker-a"));
	cr_assert_eq(hello.broker_id, 1);
	cr_assert_eq(hello.log.n_epochs, 2);
	cr_assert_eq(hello.log.epochs[1].start, 60);
	json_out_init(&out, &buf);
	ha_hello_write(&out, &hello);
	cr_assert_str_eq(buf_text(&buf), hello_text);
	hello.log.forgot = true;
	buf_release(&buf);
	buf = (struct buf){ 0 };
	json_out_init(&out, &buf);
	ha_hello_write(&out, &hello);
	cr_assert_eq(ha_hello_read(&arena, buf_slice(&buf), &hello), 0);
	cr_assert(hello.log.forgot);
	buf_release(&buf);
}

Test(ha, welcome)
{
	static const char text[] =
	    "{\"role\":\"MASTER\",\"streamFrom\":-1,\"token\":\"0123456789abcdef\",\"haAddress\":"
	    "\"127.0.0.1:10912\",\"minPosition\":80,\"maxPosition\":90,\"epochs\":[]}";
	struct ha_welcome welcome;
	struct buf buf = { 0 };
	struct json_out out;

	cr_assert_eq(ha_welcome_read(&arena, slice_of(text), &welcome), 0);
	cr_assert_eq(welcome.stream_from, HA_START_EMPTY);
	cr_assert_eq(welcome.log.min_position, 80);
	json_out_init(&out, &buf);
	ha_welcome_write(&out, &welcome);
	cr_assert_str_eq(buf_text(&buf), text);
	buf_release(&buf);
}

Test(ha, bodies_of_another_form_are_refused)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{}",
		"{\"brokerName\":\"a\",\"clusterName\":\"C\"}",
		"{\"brokerName\":\"a\",\"clusterName\":\"C\",\"minPosition\":5,\"maxPosition\":4}",
		"{\"brokerName\":\"a\",\"clusterName\":\"C\",\"minPosition\":0,\"maxPosition\":4,"
		"\"epochs\":[[1]]}",
		"{\"brokerName\":\"a\",\"clusterName\":\"C\",\"minPosition\":0,\"maxPosition\":4,"
		"\"epochs\":[[2,1],[1,2]]}",
		"{\"brokerName\":\"a\",\"clusterName\":\"C\",\"minPosition\":0,\"maxPosition\":4,"
		"\"epochs\":[[1,2],[2,1]]}",
	};
	struct ha_hello hello;
	struct ha_welcome welcome;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		cr_assert_eq(ha_hello_read(&arena, slice_of(bad[i]), &hello), -1, "%s", bad[i]);
		cr_assert_eq(ha_welcome_read(&arena, slice_of(bad[i]), &welcome), -1);
	}
}
