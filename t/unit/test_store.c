#include "config.h"

#include "broker/store/store.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "t/unit/store_rig.h"

TestSuite(store, .timeout = 60);

static void
flush_case(enum store_flush flush)
{
	struct rig rig;

	rig_init(&rig);
	rig.options.flush = flush;
	rig_open(&rig);
	for (int i = 0; i < 5; i++) {
		struct outcome outcome =
		    rig_append(&rig, &(struct sample){ .topic = "T", .seed = (unsigned)i });

		cr_assert_eq(outcome.status, APPEND_OK);
		cr_assert_eq(outcome.queue_offset, i);
		free(outcome.records);
	}
	cr_assert_eq(rig_check_queue(&rig, "T", 0), 5);
	rig_close(&rig);
	rig_open(&rig);
	cr_assert_eq(rig_check_queue(&rig, "T", 0), 5);
	rig_fill(&rig, &(struct sample){ .topic = "T", .body_len = 1000, .seed = 7 }, 10000);
	cr_assert_eq(rig_check_queue(&rig, "T", 0), 10005);
	rig_release(&rig);
}

Test(store, what_was_appended_is_there_after_a_restart)
{
	flush_case(STORE_FLUSH_SYNC);
	flush_case(STORE_FLUSH_ASYNC);
}
