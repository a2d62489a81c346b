#include "config.h"

#include "common/protocol/heartbeat.h"

#include <criterion/criterion.h>
#include <stdio.h>

TestSuite(heartbeat, .timeout = 10);

static struct arena arena;

static int
read_text(const char *text, struct heartbeat *heartbeat)
{
	return heartbeat_read(&arena, slice_of(text), heartbeat);
}

/* As C++ clients write it: ordinals, numbers as texts, sets that are missing. */
Test(heartbeat, tolerates_what_others_write)
{
	struct heartbeat heartbeat;
	const struct heartbeat_consumer *consumer;
	const struct subscription *subscription;

	cr_assert_eq(
	    read_text(
		"{\"clientID\":\"c@1\",\"consumerDataSet\":[{\"groupName\":\"G\",\"consumeType\":1,"
		"\"messageModel\":0,\"consumeFromWhere\":4,\"subscriptionDataSet\":[{\"topic\":"
		"\"T\","
		"\"subString\":\"A||B\",\"subVersion\":\"17\",\"codeSet\":[\"65\",\"-66\"],"
		"\"tagsSet\":[\"A\",\"B\"]}]}]}\n",
		&heartbeat),
	    0);
	cr_assert(slice_is(heartbeat.client_id, "c@1"));
	cr_assert_eq(heartbeat.n_producers, 0);
	cr_assert_eq(heartbeat.n_consumers, 1);
	consumer = &heartbeat.consumers[0];
	cr_assert_eq(consumer->type, CONSUME_PASSIVELY);
	cr_assert_eq(consumer->model, MODEL_BROADCASTING);
	cr_assert_eq(consumer->from, CONSUME_FROM_FIRST_OFFSET);
	subscription = &consumer->subscriptions[0];
	cr_assert_eq(subscription->version, 17);
	cr_assert_eq(subscription->n_codes, 2);
	cr_assert_eq(subscription->codes[1], -66);
	cr_assert(slice_is(subscription->expression_type, "TAG"));
	cr_assert(slice_is(subscription->tags[1], "B"));
}

Test(heartbeat, newer_and_stranger_ones)
{
	struct heartbeat heartbeat;

	cr_assert_eq(
	    read_text("{\"clientID\":\"c\",\"heartbeatFingerprint\":-5,\"withoutSub\":true,"
		      "\"producerDataSet\":[{\"groupName\":\"P\"},{\"groupName\":\"Q\"}],"
		      "\"consumerDataSet\":[{\"groupName\":\"G\",\"consumeType\":\"CONSUME_POP\","
		      "\"messageModel\":\"NOBODY_KNOWS\",\"consumeFromWhere\":77,"
		      "\"subscriptionDataSet\":null}],\"new\":[{}]}",
		&heartbeat),
	    0);
	cr_assert_eq(heartbeat.fingerprint, -5);
	cr_assert(heartbeat.without_sub);
	cr_assert(slice_is(heartbeat.producers[1], "Q"));
	cr_assert_eq(heartbeat.consumers[0].type, CONSUME_POP);
	cr_assert_eq(heartbeat.consumers[0].model, MODEL_CLUSTERING);
	cr_assert_eq(heartbeat.consumers[0].from, CONSUME_FROM_LAST_OFFSET);
	cr_assert_eq(heartbeat.consumers[0].n_subscriptions, 0);
}

Test(heartbeat, refuses_what_is_none)
{
	static const char *const texts[] = {
		"",
		"null",
		"[]",
		"7",
		"{}",
		"{\"clientID\":\"\"}",
		"{\"clientID\":\"c\",\"producerDataSet\":{}}",
	};
	struct heartbeat heartbeat;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		cr_expect_eq(read_text(texts[i], &heartbeat), -1, "%s", texts[i]);
}

/* An odd element takes none of the others along. */
Test(heartbeat, elements_without_a_name_are_left_out)
{
	struct heartbeat heartbeat;
	const struct heartbeat_consumer *consumer;

	cr_assert_eq(
	    read_text("{\"clientID\":\"c\",\"producerDataSet\":[{},{\"groupName\":\"P\"},7,null,"
		      "{\"groupName\":\"\"}],\"consumerDataSet\":[{\"groupName\":null,"
		      "\"subscriptionDataSet\":[{\"topic\":\"X\"}]},{\"groupName\":\"G\","
		      "\"subscriptionDataSet\":[{\"topic\":\"\",\"subString\":\"a\"},"
		      "{\"topic\":\"T\"},{\"topic\":null},{},null,{\"topic\":\"U\"}]}]}",
		&heartbeat),
	    0);
	cr_assert_eq(heartbeat.n_producers, 1);
	cr_assert(slice_is(heartbeat.producers[0], "P"));
	cr_assert_eq(heartbeat.n_consumers, 1);
	consumer = &heartbeat.consumers[0];
	cr_assert(slice_is(consumer->group, "G"));
	cr_assert_eq(consumer->n_subscriptions, 2);
	cr_assert(slice_is(consumer->subscriptions[0].topic, "T"));
	cr_assert_null(consumer->subscriptions[0].expression.data);
	cr_assert(slice_is(consumer->subscriptions[1].topic, "U"));
}

/* What breaks a rule takes nothing along either, and is told. */
Test(heartbeat, odd_elements_are_left_out_and_told)
{
	static const struct {
		const char *text, *fault;
		size_t n_producers, n_consumers, n_subscriptions;
	} rows[] = {
		{ "\"producerDataSet\":[{\"groupName\":\"P\\n\"},{\"groupName\":\"P\"}]",
		    "has a control character", 1, 0, 0 },
		{ "\"consumerDataSet\":[{\"groupName\":\"\\u001b[2J\"},{\"groupName\":\"G\"}]",
		    "has a control character", 0, 1, 0 },
		{ "\"consumerDataSet\":[{\"groupName\":\"G\",\"subscriptionDataSet\":"
		  "[{\"topic\":\"T\"},{\"topic\":\"\\u0000\"},{\"topic\":\"U\"}]}]",
		    "has a control character", 0, 1, 2 },
		{ "\"consumerDataSet\":[{\"groupName\":\"G\",\"subscriptionDataSet\":"
		  "[{\"topic\":\"T\",\"codeSet\":[\"x\"]},{\"topic\":\"U\"}]}]",
		    NULL, 0, 1, 1 },
		{ "\"consumerDataSet\":[{\"groupName\":\"G\",\"subscriptionDataSet\":"
		  "[{\"topic\":\"T\",\"tagsSet\":[{}]},{\"topic\":\"U\"}]}]",
		    NULL, 0, 1, 1 },
		{ "\"consumerDataSet\":[{\"groupName\":\"H\",\"subscriptionDataSet\":7},"
		  "{\"groupName\":\"G\",\"subscriptionDataSet\":[{\"topic\":\"U\"}]}]",
		    NULL, 0, 1, 1 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct heartbeat heartbeat;
		char text[512];

		snprintf(text, sizeof text, "{\"clientID\":\"c\",%s}", rows[i].text);
		cr_assert_eq(read_text(text, &heartbeat), 0, "%s", text);
		cr_expect_eq(heartbeat.n_producers, rows[i].n_producers, "%s", text);
		cr_expect_eq(heartbeat.n_consumers, rows[i].n_consumers, "%s", text);
		if (rows[i].n_consumers != 0)
			cr_expect_eq(heartbeat.consumers[0].n_subscriptions,
			    rows[i].n_subscriptions, "%s", text);
		cr_expect_eq(heartbeat.fault != NULL, rows[i].fault != NULL, "%s", text);
		if (heartbeat.fault != NULL)
			cr_expect_str_eq(heartbeat.fault, rows[i].fault);
	}
}

Test(heartbeat, a_bad_client_id_is_told)
{
	struct heartbeat heartbeat;

	cr_expect_eq(read_text("{\"clientID\":\"c\\u0000\"}", &heartbeat), -1);
	cr_expect_str_eq(heartbeat.fault, "has a control character");
	cr_expect_eq(read_text("{}", &heartbeat), -1);
	cr_expect_null(heartbeat.fault);
}

Test(heartbeat, is_written_as_java_writes_it)
{
	static const char text[] =
	    "{\"clientID\":\"c\",\"consumerDataSet\":[{\"consumeFromWhere\":\"CONSUME_FROM_"
	    "TIMESTAMP\","
	    "\"consumeType\":\"CONSUME_ACTIVELY\",\"groupName\":\"G\",\"messageModel\":"
	    "\"CLUSTERING\","
	    "\"subscriptionDataSet\":[{\"classFilterMode\":false,\"codeSet\":[65],"
	    "\"expressionType\":\"SQL92\","
	    "\"subString\":\"a > "
	    "1\",\"subVersion\":3,\"tagsSet\":[\"A\"],\"topic\":\"T\"}],\"unitMode\":true}],"
	    "\"producerDataSet\":[{\"groupName\":\"P\"}]}";
	struct heartbeat heartbeat;
	struct buf buf = { 0 };
	struct json_out out;

	cr_assert_eq(read_text(text, &heartbeat), 0);
	json_out_init(&out, &buf);
	heartbeat_write(&out, &heartbeat);
	cr_assert_str_eq(buf_text(&buf), text);
	buf_release(&buf);
}
