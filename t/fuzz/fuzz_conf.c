#include "config.h"

/* Configuration files of either form, and what is printed of them read back. */

#include "broker/options.h"
#include "t/fuzz/fuzz.h"

struct reading {
	struct broker_settings settings;
	struct option_set set;
	struct diagnostics diagnostics;
};

static void
read_text(struct reading *reading, struct slice text)
{
	option_set_init(&reading->set, broker_options, &reading->settings);
	option_load_text(&reading->set, text, "fuzz.ini", broker_sections, &reading->diagnostics);
	broker_options_check(&reading->settings, &reading->diagnostics);
}

static void
release(struct reading *reading)
{
	option_set_release(&reading->set);
	diagnostics_release(&reading->diagnostics);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reading first = { 0 }, second = { 0 };
	struct buf printed = { 0 }, again = { 0 }, said = { 0 };

	read_text(&first, (struct slice){ (const char *)data, size });
	diagnostics_print(&first.diagnostics, &said);
	option_print(&first.set, &printed, false);
	read_text(&second, buf_slice(&printed));
	option_print(&second.set, &again, false);
	must(slice_equal(buf_slice(&printed), buf_slice(&again)));
	must(diagnostics_count(&first.diagnostics, SEVERITY_ERROR) >=
	     diagnostics_count(&second.diagnostics, SEVERITY_ERROR));
	buf_release(&printed);
	buf_release(&again);
	buf_release(&said);
	release(&first);
	release(&second);
	return 0;
}
