#include "config.h"

#include <criterion/criterion.h>

#include "broker/transaction/check/check_table.h"

TestSuite(check_table, .timeout = 20);

/* What is done next. A pair that does not stand here is impossible. */
static const struct {
	enum check_state state;
	enum check_event event;
	const char *action;
} rows[] = {
	{ CHECK_READING, CHECK_FOUND, "consider" },
	{ CHECK_READING, CHECK_MISSING, "read_copy" },
	{ CHECK_READING, CHECK_UNREADABLE, "retry_soon" },
	{ CHECK_READING, CHECK_STOPPED, "finish" },
	{ CHECK_READING_COPY, CHECK_FOUND, "consider" },
	{ CHECK_READING_COPY, CHECK_MISSING, "park_unreadable" },
	{ CHECK_READING_COPY, CHECK_UNREADABLE, "retry_soon" },
	{ CHECK_READING_COPY, CHECK_STOPPED, "finish" },
	{ CHECK_SEARCHING, CHECK_FOUND, "ask_master" },
	{ CHECK_SEARCHING, CHECK_MISSING, "choose_url" },
	{ CHECK_SEARCHING, CHECK_OCCUPIED, "wait_for_member" },
	{ CHECK_SEARCHING, CHECK_STOPPED, "finish" },
	{ CHECK_ASKING, CHECK_STORED, "leave" },
	{ CHECK_ASKING, CHECK_NOT_OPEN, "finish" },
	{ CHECK_ASKING, CHECK_NOT_STORED, "retry_soon" },
	{ CHECK_ASKING, CHECK_STOPPED, "finish" },
	{ CHECK_PUSHING, CHECK_SENT, "finish" },
	{ CHECK_PUSHING, CHECK_NOT_SENT, "choose_again" },
	{ CHECK_PUSHING, CHECK_STOPPED, "finish" },
	{ CHECK_PARKING, CHECK_STORED, "end_parked" },
	{ CHECK_PARKING, CHECK_NOT_OPEN, "finish" },
	{ CHECK_PARKING, CHECK_NOT_STORED, "retry_soon" },
	{ CHECK_PARKING, CHECK_STOPPED, "finish" },
};

static const char *
expected(enum check_state state, enum check_event event)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].state == state && rows[i].event == event)
			return rows[i].action;
	return "impossible";
}

Test(check_table, each_pair_is_a_row_or_impossible)
{
	for (enum check_state state = 0; state < N_CHECK_STATES; state++)
		for (enum check_event event = 0; event < N_CHECK_EVENTS; event++)
			cr_assert_str_eq(check_action_name(state, event), expected(state, event),
			    "%s, %s", check_state_name(state), check_event_name(event));
}

Test(check_table, states_and_events_have_names_of_their_own)
{
	for (enum check_state i = 0; i < N_CHECK_STATES; i++)
		for (enum check_state k = 0; k < i; k++)
			cr_assert_str_neq(check_state_name(i), check_state_name(k));
	for (enum check_event i = 0; i < N_CHECK_EVENTS; i++)
		for (enum check_event k = 0; k < i; k++)
			cr_assert_str_neq(check_event_name(i), check_event_name(k));
}
