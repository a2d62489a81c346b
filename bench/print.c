#include "config.h"

#include "bench/print.h"

#include <math.h>

/* From so much on a figure is shown with this factor and this name; the smallest comes last. */
struct scale {
	enum unit unit;
	double from, factor;
	const char *name;
};

static const struct scale scales[] = {
	{ UNIT_RATE, 1e6, 1e-6, " M/s" },
	{ UNIT_RATE, 1e3, 1e-3, " k/s" },
	{ UNIT_RATE, 0, 1, "/s" },
	{ UNIT_US, 1e6, 1e-6, " s" },
	{ UNIT_US, 1e3, 1e-3, " ms" },
	{ UNIT_US, 0, 1, " us" },
	{ UNIT_MS, 1e3, 1e-3, " s" },
	{ UNIT_MS, 0, 1, " ms" },
	{ UNIT_BYTES, 1e6, 1e-6, " MB" },
	{ UNIT_BYTES, 1e4, 1e-3, " kB" },
	{ UNIT_BYTES, 0, 1, " B" },
	{ UNIT_COUNT, 0, 1, "" },
};

void
print_value(enum unit unit, double value, struct buf *out)
{
	const struct scale *scale = scales;
	double shown;

	if (isnan(value))
		return;
	while (scale->unit != unit || value < scale->from)
		scale++;
	shown = value * scale->factor;
	/* Three digits that count. */
	if (shown >= 100 || unit == UNIT_COUNT)
		buf_printf(out, "%.0f%s", shown, scale->name);
	else
		buf_printf(out, "%.3g%s", shown, scale->name);
}

static void
put_wanted(const struct sheet_line *line, double wanted, struct buf *out)
{
	if (line->of_ratio)
		buf_printf(out, "%.3gx", wanted);
	else
		print_value(line->unit, wanted, out);
}

void
print_target(const struct sheet_line *line, struct buf *out)
{
	if (isnan(line->target) && isnan(line->stretch))
		return;
	buf_append_text(out, line->higher_is_better ? ">= " : "<= ");
	if (isnan(line->target))
		buf_append_text(out, "-");
	else
		put_wanted(line, line->target, out);
	if (isnan(line->stretch))
		return;
	buf_append_text(out, " (");
	put_wanted(line, line->stretch, out);
	buf_append_text(out, ")");
}

void
print_state(const struct sheet *sheet, struct buf *out)
{
	struct judgement aa;
	bool noisy;

	if (sheet->incomplete.len != 0)
		buf_printf(
		    out, "NOT COMPLETE: %.*s ", (int)sheet->incomplete.len, sheet->incomplete.data);
	if (!judge_noise(sheet, &aa, &noisy)) {
		buf_append_text(out, "A/A check: not made.");
		return;
	}
	buf_printf(out, "A/A check: %.2f (%.2f to %.2f in %zu pairs), ", aa.strongest->ratio,
	    aa.strongest->interval.low, aa.strongest->interval.high, aa.strongest->n_pairs);
	if (noisy)
		buf_append_text(out, "outside of 0.95 to 1.05. THIS MACHINE IS TOO NOISY: NOTHING "
				     "BELOW CAN BE CONCLUDED.");
	else
		buf_append_text(out, "within 0.95 to 1.05.");
}
