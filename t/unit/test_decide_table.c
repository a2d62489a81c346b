#include "config.h"

#include <criterion/criterion.h>

#include "broker/transaction/decide/decide_table.h"

TestSuite(decide_table, .timeout = 20);

/* What is done next. A pair that does not stand here is impossible. */
static const struct {
	enum decide_state state;
	enum decide_event event;
	const char *action;
} rows[] = {
	{ DECIDE_READING, DECIDE_FOUND, "decide_record" },
	{ DECIDE_READING, DECIDE_MISSING, "find_copy" },
	{ DECIDE_READING, DECIDE_UNREADABLE, "fail_unreadable" },
	{ DECIDE_FINDING_COPY, DECIDE_FOUND, "read_half" },
	{ DECIDE_FINDING_COPY, DECIDE_MISSING, "refuse_unknown" },
	{ DECIDE_READING_COPY, DECIDE_FOUND, "decide_record" },
	{ DECIDE_READING_COPY, DECIDE_MISSING, "refuse_expired" },
	{ DECIDE_READING_COPY, DECIDE_UNREADABLE, "fail_unreadable" },
	{ DECIDE_STORING, DECIDE_STORED, "end_decided" },
	{ DECIDE_STORING, DECIDE_NOT_OPEN, "read_events" },
	{ DECIDE_STORING, DECIDE_REVOCABLE, "override" },
	{ DECIDE_STORING, DECIDE_NOT_STORED, "fail_stored" },
	{ DECIDE_READING_EVENTS, DECIDE_FOUND, "keep_late" },
	{ DECIDE_READING_EVENTS, DECIDE_MISSING, "refuse_forgotten" },
	{ DECIDE_READING_EVENTS, DECIDE_UNREADABLE, "fail_unreadable_events" },
	{ DECIDE_KEEPING, DECIDE_STORED, "end_kept" },
	{ DECIDE_KEEPING, DECIDE_NOT_STORED, "fail_stored" },
};

static const char *
expected(enum decide_state state, enum decide_event event)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].state == state && rows[i].event == event)
			return rows[i].action;
	return "impossible";
}

Test(decide_table, each_pair_is_a_row_or_impossible)
{
	for (enum decide_state state = 0; state < N_DECIDE_STATES; state++)
		for (enum decide_event event = 0; event < N_DECIDE_EVENTS; event++)
			cr_assert_str_eq(decide_action_name(state, event), expected(state, event),
			    "%s, %s", decide_state_name(state), decide_event_name(event));
}

Test(decide_table, states_and_events_have_names_of_their_own)
{
	for (enum decide_state i = 0; i < N_DECIDE_STATES; i++)
		for (enum decide_state k = 0; k < i; k++)
			cr_assert_str_neq(decide_state_name(i), decide_state_name(k));
	for (enum decide_event i = 0; i < N_DECIDE_EVENTS; i++)
		for (enum decide_event k = 0; k < i; k++)
			cr_assert_str_neq(decide_event_name(i), decide_event_name(k));
}
