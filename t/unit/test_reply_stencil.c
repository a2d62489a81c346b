#include "config.h"

#include "common/protocol/reply_stencil.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "common/protocol/headers.h"

TestSuite(reply_stencil, .timeout = 10);

static const char *const differ[] = { "msgId", "queueId", "queueOffset", NULL };

static struct command
answer(const struct send_answer *header, int32_t opaque)
{
	return (struct command){
		.code = 0,
		.flag = COMMAND_FLAG_RESPONSE,
		.version = COMMAND_VERSION,
		.opaque = opaque,
		.fields = send_reply_fields,
		.header = header,
	};
}

/* Both ways to write one answer, behind other bytes. */
static void
compare(const struct reply_stencil *stencil, const struct send_answer *header, int32_t opaque)
{
	struct command command = answer(header, opaque);
	struct buf general = { 0 }, quick = { 0 };

	buf_append_text(&general, "before");
	buf_append_text(&quick, "before");
	command_encode(&general, &command, SLICE(""), 0);
	reply_stencil_put(stencil, &quick, opaque, header);
	cr_assert(slice_equal(buf_slice(&general), buf_slice(&quick)), "%s: %s",
	    buf_text(&general) + 14, buf_text(&quick) + 14);
	buf_release(&general);
	buf_release(&quick);
}

static int64_t
any_number(void)
{
	int64_t number = (int64_t)random() << 32 ^ random();

	return number >> random() % 64;
}

static void
compare_many(struct slice region)
{
	struct send_answer header = {
		.msg_id = SLICE(""), .msg_region = region, .trace_on = SLICE("true")
	};
	struct command sample = answer(&header, 0);
	struct reply_stencil stencil;
	char id[64];

	memset(id, 'A', sizeof id);
	reply_stencil_init(&stencil, &sample, differ);
	for (int i = 0; i < 2000; i++) {
		header.msg_id = (struct slice){ id, (size_t)random() % sizeof id };
		header.queue_id = (int32_t)any_number();
		header.queue_offset = any_number();
		compare(&stencil, &header, (int32_t)any_number());
	}
	header.queue_offset = INT64_MIN;
	header.queue_id = INT32_MIN;
	compare(&stencil, &header, INT32_MIN);
	reply_stencil_release(&stencil);
}

Test(reply_stencil, writes_what_the_general_way_writes)
{
	compare_many(SLICE("DefaultRegion"));
	compare_many(SLICE(""));
	compare_many(SLICE_NONE);
}

/* A fixed value that looks like the beginning of one that differs. */
Test(reply_stencil, fixed_values_do_not_confuse_it)
{
	compare_many(SLICE("\",\"opaque\":7,\"queueOffset\":\"8\\"));
	compare_many(SLICE(",\"opaque\":"));
}
