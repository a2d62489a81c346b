#include "config.h"

/* What would not come along, or is not ready, when a slave moves in. */

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "admin/doctor.h"
#include "admin/move.h"

#define LISTED_MAX 5 /* names in one sentence */

static struct slice __attribute__((format(printf, 2, 3)))
text(struct move *move, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	struct slice result = arena_vprintf(&move->admin->arena, format, args);
	va_end(args);
	return result;
}

static void
find(struct move *move, const char *id, enum move_weight weight, struct slice what,
    struct slice advice)
{
	struct move_finding *finding = arena_alloc(&move->admin->arena, sizeof *finding);

	*finding = (struct move_finding){ NULL, id, weight, what, advice };
	*move->last = finding;
	move->last = &finding->next;
	move->n_stops += weight == MOVE_STOPS;
}

/* "a, b, c and 7 more" */
struct name_list {
	struct buf buf;
	size_t n;
};

static void
add_name(struct name_list *list, struct slice name)
{
	if (list->n++ < LISTED_MAX)
		buf_printf(&list->buf, "%s%.*s", list->n > 1 ? ", " : "", (int)name.len, name.data);
}

/* A finding when there are names; the list is empty afterwards. */
static void
find_names(struct move *move, const char *id, enum move_weight weight, const char *what,
    struct name_list *list, struct slice advice)
{
	if (list->n > LISTED_MAX)
		buf_printf(&list->buf, " and %zu more", list->n - LISTED_MAX);
	if (list->n != 0)
		find(move, id, weight, text(move, "%s: %s", what, buf_text(&list->buf)), advice);
	buf_release(&list->buf);
	*list = (struct name_list){ 0 };
}

static int64_t
counter(const struct move_side *side, const char *name)
{
	int64_t value = -1;

	for (size_t i = 0; i < side->n_counters; i++)
		if (slice_is(side->counters[i].key, name))
			slice_to_int64(slice_trim(side->counters[i].value), &value);
	return value;
}

static bool
is_on(const struct move_side *side, const char *name)
{
	return slice_is(move_setting(side, name), "true");
}

/* ---- the log ----------------------------------------------------------- */

static void
check_copying(struct move *move)
{
	const struct move_in_status *view = &move->view;

	if (view->state == MOVE_IN_MOVING)
		find(move, "moving", MOVE_DIFFERS, SLICE("the slave is about to become the master"),
		    SLICE("nothing: look again"));
	else if (view->behind_bytes > 0 && view->master_answers)
		find(move, "behind", MOVE_DIFFERS,
		    text(move, "the slave is %" PRId64 " bytes behind", view->behind_bytes),
		    SLICE("nothing: the switch waits until it has all"));
	else if (view->behind_bytes > 0)
		find(move, "behind", MOVE_STOPS,
		    text(move,
			"%" PRId64 " bytes that the old master has are not here, and it does not "
			"answer",
			view->behind_bytes),
		    SLICE("start the old master again until the slave has them"));
	else if (!view->master_answers && (move->master.answers || view->state == MOVE_IN_COPYING))
		find(move, "not-copying", MOVE_STOPS,
		    SLICE("the slave does not copy the old master"),
		    SLICE("its log says why; it connects to the replication port, listenPort+1 of "
			  "the master"));
}

static void
check_begin(struct move *move)
{
	int64_t theirs = counter(&move->master, "commitLogMinOffset");
	int64_t ours = counter(&move->slave, "commitLogMinOffset");

	if (theirs > 0)
		find(move, "deleted", MOVE_DIFFERS,
		    text(move, "RocketMQ has deleted the first %" PRId64 " bytes of its log by age",
			theirs),
		    SLICE("nothing: they cannot be read there either"));
	if (theirs >= 0 && ours > theirs)
		find(move, "log-begin", MOVE_STOPS,
		    text(move, "the first %" PRId64 " bytes of the old master's log are not here",
			ours - theirs),
		    SLICE("start the slave with an empty store: it copies all then"));
}

static void
check_master(struct move *move)
{
	const struct move_side *master = &move->master;

	if (master->address.len == 0)
		find(move, "master-unknown", MOVE_STOPS,
		    SLICE("neither the name servers nor the slave know the old master: nobody can "
			  "tell whether all of its log is here"),
		    SLICE("start it again; if it was stopped cleanly while the slave copied, go on "
			  "(-f)"));
	else if (!master->answers && move->view.master_answers)
		find(move, "master-unreachable", MOVE_STOPS,
		    text(move,
			"the slave hears the old master, and from here it cannot be told to "
			"take no more messages: %.*s",
			(int)master->why.len, master->why.data),
		    SLICE("run this where its port for clients can be reached"));
	else if (!master->answers)
		find(move, "master-silent", MOVE_STOPS,
		    text(move,
			"the old master does not answer, so nobody can tell whether all of its log "
			"is here: %.*s",
			(int)master->why.len, master->why.data),
		    SLICE("start it again; if it was stopped cleanly while the slave copied, go on "
			  "(-f)"));
	else if (master->n_settings == 0)
		find(move, "settings-untold", MOVE_DIFFERS,
		    text(move, "%.*s does not tell its settings", (int)master->address.len,
			master->address.data),
		    SLICE("compare its broker.conf with the slave's broker.ini by hand"));
}

/* ---- what RocketMQ has and TwinMQ lacks -------------------------------- */

static void
check_kinds(struct move *move)
{
	const struct move_side *master = &move->master;
	struct slice plugin = move_setting(master, "messageStorePlugIn");

	if (plugin.len != 0)
		find(move, "tiered", MOVE_STOPS,
		    text(move, "messages that %.*s keeps outside the log do not come along",
			(int)plugin.len, plugin.data),
		    SLICE("let all groups consume them first, or go on without them (-f)"));
	if (is_on(master, "popConsumerKVServiceEnable"))
		find(move, "pop-records", MOVE_STOPS,
		    SLICE("popConsumerKVServiceEnable: the old master keeps what clients have "
			  "popped in a file of its own, and what they do not acknowledge in time "
			  "would not come again"),
		    SLICE("stop the pop consumers until all is acknowledged, then go on (-f)"));
	if (is_on(master, "enableMultiDispatch") || is_on(master, "enableLmq"))
		find(move, "light-queues", MOVE_LOSES,
		    SLICE("the light queues (%LMQ%) of MQTT clients do not come along"),
		    SLICE("keep a RocketMQ broker for them"));
	if (is_on(master, "aclEnable") || is_on(master, "authenticationEnabled") ||
	    is_on(master, "authorizationEnabled"))
		find(move, "access", MOVE_LOSES,
		    SLICE("users and rights do not come along: everyone who reaches the broker's "
			  "ports may read and write"),
		    SLICE("keep the ports behind a firewall; clients may go on signing"));
	if (is_on(master, "enableDLegerCommitLog") || is_on(master, "enableControllerMode"))
		find(move, "replicas", MOVE_DIFFERS,
		    SLICE("the old master is one of a group that elects its master"),
		    SLICE("stop its other replicas and its controllers, too, or another one "
			  "takes the name"));
}

static void
check_static_topics(struct move *move)
{
	const struct json *table = json_member(move->master.topics, "topicQueueMappingDetailMap");
	struct name_list names = { 0 };

	for (const struct json *one = table != NULL ? table->first : NULL; one != NULL;
	     one = one->next)
		add_name(&names, one->name);
	find_names(move, "static-topics", MOVE_STOPS,
	    "static topics, whose queues are spread over brokers", &names,
	    SLICE("move their consumers to ordinary topics first"));
}

/* ---- tables ------------------------------------------------------------ */

static bool
is_wanted_group(const struct move *move, struct slice group)
{
	(void)move;
	return !slice_starts(group, "CID_RMQ_SYS_") && !slice_starts(group, "CID_ONS") &&
	       !slice_is(group, "TOOLS_CONSUMER") && !slice_is(group, "SELF_TEST_C_GROUP") &&
	       !slice_is(group, "FILTERSRV_CONSUMER");
}

/* With the topics of groups that are wanted. */
static bool
is_wanted_topic(const struct move *move, struct slice topic)
{
	static const char *const of_groups[] = { "%RETRY%", "%DLQ%" };

	for (size_t i = 0; i < sizeof of_groups / sizeof of_groups[0]; i++)
		if (slice_starts(topic, of_groups[i])) {
			size_t len = strlen(of_groups[i]);

			return is_wanted_group(
			    move, (struct slice){ topic.data + len, topic.len - len });
		}
	return !admin_is_system_topic(topic, move->broker_name, move->cluster);
}

static int
compare_names(const void *left, const void *right)
{
	return slice_compare(*(const struct slice *)left, *(const struct slice *)right);
}

/* Names of theirs that ours lacks. */
static void
missing_names(const struct move *move, const struct json *theirs, const struct json *ours,
    bool (*wanted)(const struct move *move, struct slice name), struct name_list *list)
{
	size_t n = ours != NULL ? ours->n_children : 0, i = 0;
	struct slice *here = arena_alloc(&move->admin->arena, (n + 1) * sizeof *here);

	for (const struct json *one = n != 0 ? ours->first : NULL; one != NULL; one = one->next)
		here[i++] = one->name;
	if (n != 0)
		qsort(here, n, sizeof *here, compare_names);
	for (const struct json *one = theirs != NULL ? theirs->first : NULL; one != NULL;
	     one = one->next)
		if (wanted(move, one->name) &&
		    (n == 0 || bsearch(&one->name, here, n, sizeof *here, compare_names) == NULL))
			add_name(list, one->name);
}

static void
missing_topics(const struct move *move, struct name_list *list)
{
	missing_names(move, json_member(move->master.topics, "topicConfigTable"),
	    json_member(move->slave.topics, "topicConfigTable"), is_wanted_topic, list);
}

static void
missing_groups(const struct move *move, struct name_list *list)
{
	missing_names(move, json_member(move->master.groups, "subscriptionGroupTable"),
	    json_member(move->slave.groups, "subscriptionGroupTable"), is_wanted_group, list);
}

bool
move_has_tables(const struct move *move)
{
	struct name_list list = { 0 };

	missing_topics(move, &list);
	missing_groups(move, &list);
	buf_release(&list.buf);
	return list.n == 0;
}

static void
check_tables(struct move *move)
{
	const struct slice advice =
	    SLICE("nothing: the slave asks for them each 10 seconds, and the "
		  "switch waits for them");
	struct name_list topics = { 0 }, groups = { 0 };

	missing_topics(move, &topics);
	missing_groups(move, &groups);
	find_names(move, "topics", MOVE_DIFFERS, "topics that the slave lacks", &topics, advice);
	find_names(
	    move, "groups", MOVE_DIFFERS, "consumer groups that the slave lacks", &groups, advice);
}

static bool
has_address(struct slice list, struct slice address)
{
	for (struct slice one; list.len != 0 && slice_next(&list, ';', &one);)
		if (slice_equal(slice_trim(one), address))
			return true;
	return false;
}

static void
check_name_servers(struct move *move)
{
	struct slice theirs = move_setting(&move->master, "namesrvAddr"), one;
	struct slice ours = move_setting(&move->slave, "namesrvAddr");
	struct name_list missing = { 0 };

	while (theirs.len != 0 && slice_next(&theirs, ';', &one))
		if (slice_trim(one).len != 0 && !has_address(ours, slice_trim(one)))
			add_name(&missing, slice_trim(one));
	find_names(move, "name-servers", MOVE_STOPS,
	    "name servers of the old master that the slave does not have", &missing,
	    SLICE("add them to namesrvAddr of the slave: clients that ask them would not find the "
		  "new master"));
}

/* ---- settings ---------------------------------------------------------- */

struct compared {
	const char *name;
	bool only_less; /* more here is no difference that anybody feels */
	const char *effect;
};

static const struct compared compared[] = {
	{ "messageDelayLevel", false,
	    "delayed messages, also those that wait now, come after other times" },
	{ "maxMessageSize", true, "messages that were taken before are refused" },
	{ "autoCreateTopicEnable", false, "a send to a topic that does not exist ends otherwise" },
	{ "autoCreateSubscriptionGroup", false,
	    "a consumer of a group that does not exist is treated otherwise" },
	{ "defaultTopicQueueNums", false, "topics that a send creates get other queues" },
	{ "transactionTimeOut", false, "half messages are checked after another time" },
	{ "transactionCheckMax", false, "half messages are given up after other many checks" },
	{ "transactionCheckInterval", false, "half messages are checked at other intervals" },
	{ "rejectTransactionMessage", false, "transaction messages are treated otherwise" },
	{ "timerMaxDelaySec", true, "timed messages that were taken before are refused" },
	{ "flushDiskType", false, "what is confirmed before it is on disk differs" },
	{ "fileReservedTime", true, "messages leave earlier" },
	{ "enablePropertyFilter", false, "subscriptions by SQL92 end otherwise" },
	{ "enableTopicMessageTypeCheck", false,
	    "messages that do not fit the type of their topic are treated otherwise" },
	{ "longPollingEnable", false, "pulls that find nothing wait otherwise" },
	{ "msgTraceTopicName", false, "traces go to another topic" },
	{ "traceTopicEnable", false, "clients that trace find another topic" },
	{ "regionId", false, "traces name another region" },
};

/* Numbers as such, texts word by word. */
static bool
is_same(struct slice a, struct slice b, bool only_less)
{
	int64_t theirs, ours;
	struct slice word, other;

	if (slice_to_int64(a, &theirs) == 0 && slice_to_int64(b, &ours) == 0)
		return theirs == ours || (only_less && ours > theirs);
	while (a.len != 0 || b.len != 0) {
		word = other = SLICE("");
		while (word.len == 0 && a.len != 0)
			slice_next(&a, ' ', &word);
		while (other.len == 0 && b.len != 0)
			slice_next(&b, ' ', &other);
		if (!slice_equal(word, other))
			return false;
	}
	return true;
}

static void
check_settings(struct move *move)
{
	for (size_t i = 0; i < sizeof compared / sizeof compared[0]; i++) {
		const struct compared *one = &compared[i];
		struct slice theirs = move_setting(&move->master, one->name);
		struct slice ours = move_setting(&move->slave, one->name);

		if (theirs.len == 0 || ours.data == NULL || is_same(theirs, ours, one->only_less))
			continue;
		find(move, one->name, MOVE_DIFFERS,
		    text(move, "%s is %.*s there and %.*s here: %s", one->name, (int)theirs.len,
			theirs.data, (int)ours.len, ours.data, one->effect),
		    text(move, "%s=%.*s in the slave's broker.ini, and restart it", one->name,
			(int)theirs.len, theirs.data));
	}
}

static void
check_role(struct move *move)
{
	struct slice theirs = move_setting(&move->master, "brokerRole"), role = move_role(move);

	if (theirs.len != 0 && !slice_equal(theirs, role))
		find(move, "role", MOVE_DIFFERS,
		    text(move, "the old master is a %.*s, the new one will be a %.*s",
			(int)theirs.len, theirs.data, (int)role.len, role.data),
		    text(move, "-m %.*s", (int)theirs.len, theirs.data));
	if (slice_is(role, "SYNC_MASTER") && move->n_other_slaves == 0)
		find(move, "no-copy", MOVE_DIFFERS,
		    SLICE("the new SYNC_MASTER has no other slave: sends are stored, and answered "
			  "SLAVE_NOT_AVAILABLE"),
		    SLICE("start a second slave before, or -m ASYNC_MASTER until there is one"));
	if (move->master.answers && move->n_other_masters == 0)
		find(move, "only-master", MOVE_DIFFERS,
		    SLICE("the cluster has no other master: sends fail from the stop of the old "
			  "one until clients know the new one"),
		    SLICE("clients ask the name servers each 30 s (pollNameServerInterval); their "
			  "own retries last 3 tries"));
}

/* ---- what the slave itself says ---------------------------------------- */

static void
check_left(struct move *move)
{
	for (size_t i = 0; i < move->view.n_left; i++) {
		const struct move_in_left *one = &move->view.left[i];

		find(move, "left", MOVE_LOSES,
		    text(move, "%" PRId64 " %.*s", one->n, (int)one->what.len, one->what.data),
		    one->why);
	}
}

static void (*const checks[])(struct move *move) = {
	check_copying,
	check_begin,
	check_name_servers,
	check_tables,
	check_static_topics,
	check_kinds,
	check_left,
	check_master,
	check_role,
	check_settings,
};

void
move_check(struct move *move)
{
	move->first = NULL;
	move->last = &move->first;
	move->n_stops = 0;
	for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
		checks[i](move);
}

/* ---- what came of it --------------------------------------------------- */

static const char *const titles[] = {
	[MOVE_STOPS] = "STOPS  ",
	[MOVE_LOSES] = "LOSES  ",
	[MOVE_DIFFERS] = "DIFFERS",
};

static const char *const weights[] = {
	[MOVE_STOPS] = "stops",
	[MOVE_LOSES] = "loses",
	[MOVE_DIFFERS] = "differs",
};

static void
report_finding(struct report *report, const struct move_finding *one)
{
	if (!report->as_json) {
		report_note(report, "%s  %s: %.*s", titles[one->weight], one->id,
		    (int)one->what.len, one->what.data);
		report_note(report, "         to do: %.*s", (int)one->advice.len, one->advice.data);
		return;
	}
	report_enter(report, NULL, NULL);
	report_text(report, "check", "", slice_of(one->id));
	report_text(report, "weight", "", slice_of(weights[one->weight]));
	report_text(report, "what", "", one->what);
	report_text(report, "advice", "", one->advice);
	report_leave(report);
}

void
move_report(const struct move *move)
{
	struct report *report = &move->admin->report;

	report_open_list(report, "findings");
	for (enum move_weight weight = MOVE_STOPS; weight <= MOVE_DIFFERS; weight++)
		for (const struct move_finding *one = move->first; one != NULL; one = one->next)
			if (one->weight == weight)
				report_finding(report, one);
	report_close_list(report);
}
