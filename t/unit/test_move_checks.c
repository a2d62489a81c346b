#include "config.h"

#include <criterion/criterion.h>
#include <string.h>

#include "admin/move.h"

TestSuite(move_checks, .timeout = 10);

/* A slave that has all of a master that answers, and nothing to say about either. */
struct rig {
	struct admin admin;
	struct move move;
};

static void
begin(struct rig *rig)
{
	*rig = (struct rig){ 0 };
	rig->move.admin = &rig->admin;
	rig->move.view =
	    (struct move_in_status){ .state = MOVE_IN_CAUGHT_UP, .master_answers = true };
	rig->move.broker_name = SLICE("broker-a");
	rig->move.cluster = SLICE("C");
	rig->move.master.address = SLICE("10.0.0.1:10911");
	rig->move.master.answers = true;
	rig->move.n_other_masters = 1;
}

static void
settings(struct rig *rig, struct move_side *side, const char *lines)
{
	side->n_settings = admin_settings(&rig->admin, slice_of(lines), &side->settings);
}

static const struct json *
body(struct rig *rig, const char *text)
{
	const struct json *json = json_parse(&rig->admin.arena, slice_of(text));

	cr_assert_not_null(json, "%s", text);
	return json;
}

/* "id id " of the findings of this weight, which lives until the next call. */
static const char *
found(struct rig *rig, enum move_weight weight)
{
	static char ids[512];

	move_check(&rig->move);
	ids[0] = '\0';
	for (const struct move_finding *one = rig->move.first; one != NULL; one = one->next) {
		cr_assert(one->what.len != 0 && one->advice.len != 0, "%s", one->id);
		if (one->weight != weight)
			continue;
		strcat(ids, one->id);
		strcat(ids, " ");
	}
	return ids;
}

/* What it says, in the arena. */
static const char *
what(struct rig *rig, const char *id)
{
	for (const struct move_finding *one = rig->move.first; one != NULL; one = one->next)
		if (strcmp(one->id, id) == 0)
			return arena_printf(
			    &rig->admin.arena, "%.*s%c", (int)one->what.len, one->what.data, '\0')
			    .data;
	return "";
}

static void
end(struct rig *rig)
{
	arena_release(&rig->admin.arena);
}

#define SAME "namesrvAddr=10.0.0.9:9876\nmaxMessageSize=4194304\nmessageDelayLevel=1s 5s\n"

Test(move_checks, nothing_is_found_between_brokers_that_are_alike)
{
	struct rig rig;

	begin(&rig);
	settings(&rig, &rig.move.master, SAME "brokerRole=ASYNC_MASTER\n");
	settings(&rig, &rig.move.slave, SAME);
	cr_assert_str_eq(found(&rig, MOVE_STOPS), "");
	cr_assert_str_eq(found(&rig, MOVE_LOSES), "");
	cr_assert_str_eq(found(&rig, MOVE_DIFFERS), "");
	end(&rig);
}

Test(move_checks, a_log_that_is_not_here)
{
	struct rig rig;

	begin(&rig);
	settings(&rig, &rig.move.master, SAME);
	rig.move.view.behind_bytes = 7;
	cr_assert_str_eq(found(&rig, MOVE_STOPS), "name-servers ");
	settings(&rig, &rig.move.slave, SAME);
	cr_assert_str_eq(found(&rig, MOVE_STOPS), "", "it is waited for");
	cr_assert_str_eq(found(&rig, MOVE_DIFFERS), "behind ");
	rig.move.view.master_answers = false;
	rig.move.master.answers = false;
	cr_assert_str_eq(found(&rig, MOVE_STOPS), "behind master-silent ");
	cr_assert_eq(rig.move.n_stops, 2);
	rig.move.view.behind_bytes = 0;
	cr_assert_str_eq(found(&rig, MOVE_STOPS), "master-silent ");
	rig.move.view.state = MOVE_IN_COPYING;
	cr_assert_str_eq(found(&rig, MOVE_STOPS), "not-copying master-silent ");
	rig.move.view.master_answers = true;
	cr_assert_str_eq(found(&rig, MOVE_STOPS), "master-unreachable ");
	rig.move.master.address = SLICE_NONE;
	cr_assert_str_eq(found(&rig, MOVE_STOPS), "master-unknown ");
	end(&rig);
}

Test(move_checks, the_begin_of_the_log)
{
	const struct ext theirs[] = { { SLICE("commitLogMinOffset"), SLICE("100") } };
	const struct ext ours[] = { { SLICE("commitLogMinOffset"), SLICE("150") } };
	struct rig rig;

	begin(&rig);
	settings(&rig, &rig.move.master, SAME);
	settings(&rig, &rig.move.slave, SAME);
	rig.move.master.counters = theirs;
	rig.move.slave.counters = theirs;
	rig.move.master.n_counters = rig.move.slave.n_counters = 1;
	cr_assert_str_eq(found(&rig, MOVE_STOPS), "");
	cr_assert_str_eq(found(&rig, MOVE_DIFFERS), "deleted ");
	rig.move.slave.counters = ours;
	cr_assert_str_eq(found(&rig, MOVE_STOPS), "log-begin ");
	cr_assert_str_eq(
	    what(&rig, "log-begin"), "the first 50 bytes of the old master's log are not here");
	end(&rig);
}

Test(move_checks, what_only_rocketmq_has)
{
	struct rig rig;

	begin(&rig);
	settings(&rig, &rig.move.master,
	    SAME "messageStorePlugIn=org.apache.rocketmq.tieredstore.TieredMessageStore\n"
		 "popConsumerKVServiceEnable=true\nenableLmq=true\naclEnable=true\n"
		 "enableControllerMode=true\n");
	settings(&rig, &rig.move.slave, SAME);
	cr_assert_str_eq(found(&rig, MOVE_STOPS), "tiered pop-records ");
	cr_assert_str_eq(found(&rig, MOVE_LOSES), "light-queues access ");
	cr_assert_str_eq(found(&rig, MOVE_DIFFERS), "replicas ");
	end(&rig);
}

Test(move_checks, topics_and_groups)
{
	struct rig rig;

	begin(&rig);
	settings(&rig, &rig.move.master, SAME);
	settings(&rig, &rig.move.slave, SAME);
	rig.move.master.topics =
	    body(&rig, "{\"topicConfigTable\":{\"A\":{},\"B\":{},\"Q\":{},\"TBW102\":{},"
		       "\"broker-a\":{},\"C\":{},\"C_REPLY_TOPIC\":{},\"%RETRY%G\":{},"
		       "\"%RETRY%TOOLS_CONSUMER\":{}},\"topicQueueMappingDetailMap\":{\"S\":{}}}");
	rig.move.slave.topics = body(&rig, "{\"topicConfigTable\":{\"Q\":{},\"B\":{}}}");
	rig.move.master.groups =
	    body(&rig, "{\"subscriptionGroupTable\":{\"G\":{},\"TOOLS_CONSUMER\":{}}}");
	rig.move.slave.groups = body(&rig, "{\"subscriptionGroupTable\":{}}");
	cr_assert_not(move_has_tables(&rig.move));
	cr_assert_str_eq(found(&rig, MOVE_STOPS), "static-topics ");
	cr_assert_str_eq(found(&rig, MOVE_DIFFERS), "topics groups ");
	cr_assert_str_eq(what(&rig, "topics"), "topics that the slave lacks: A, %RETRY%G");
	cr_assert_str_eq(what(&rig, "groups"), "consumer groups that the slave lacks: G");
	rig.move.slave.topics =
	    body(&rig, "{\"topicConfigTable\":{\"Q\":{},\"A\":{},\"B\":{},\"%RETRY%G\":{}}}");
	rig.move.slave.groups = rig.move.master.groups;
	cr_assert(move_has_tables(&rig.move));
	end(&rig);
}

Test(move_checks, long_lists_are_cut)
{
	struct rig rig;

	begin(&rig);
	settings(&rig, &rig.move.master, "namesrvAddr=a:1;b:1;c:1; d:1;e:1;f:1;g:1;\n");
	settings(&rig, &rig.move.slave, "namesrvAddr=d:1\n");
	cr_assert_str_eq(found(&rig, MOVE_STOPS), "name-servers ");
	cr_assert_str_eq(what(&rig, "name-servers"),
	    "name servers of the old master that the slave does not have: a:1, b:1, c:1, e:1, f:1 "
	    "and 1 more");
	end(&rig);
}

Test(move_checks, settings_that_clients_feel)
{
	struct rig rig;

	begin(&rig);
	settings(&rig, &rig.move.master,
	    "namesrvAddr=n:1\nmessageDelayLevel=1s  5s 10s\nmaxMessageSize=65536\n"
	    "transactionCheckMax=15\nfileReservedTime=72\nflushDiskType=ASYNC_FLUSH\n"
	    "brokerRole=SYNC_MASTER\nonlyTheirs=1\n");
	settings(&rig, &rig.move.slave,
	    "namesrvAddr=n:1\nmessageDelayLevel=1s 5s 10s\nmaxMessageSize=4194304\n"
	    "transactionCheckMax=5\nfileReservedTime=48\nflushDiskType=SYNC_FLUSH\n");
	cr_assert_str_eq(found(&rig, MOVE_DIFFERS),
	    "no-copy transactionCheckMax flushDiskType fileReservedTime ");
	rig.move.n_other_slaves = 1;
	rig.move.n_other_masters = 0;
	rig.admin.args.values['m'] = "ASYNC_MASTER";
	cr_assert_str_eq(found(&rig, MOVE_DIFFERS),
	    "role only-master transactionCheckMax flushDiskType fileReservedTime ");
	end(&rig);
}

Test(move_checks, what_the_slave_leaves_behind)
{
	const struct move_in_left left[] = { { SLICE("popped messages"), 4,
	    SLICE("they come again") } };
	struct rig rig;

	begin(&rig);
	settings(&rig, &rig.move.master, SAME);
	settings(&rig, &rig.move.slave, SAME);
	rig.move.view.left = left;
	rig.move.view.n_left = 1;
	cr_assert_str_eq(found(&rig, MOVE_LOSES), "left ");
	cr_assert_str_eq(what(&rig, "left"), "4 popped messages");
	end(&rig);
}
