#include "config.h"

#include "bench/print.h"

#include <string.h>

#define COLUMNS 11

static const char *const headings[COLUMNS] = { "id", "scenario", "ratio (95 %)", "TwinMQ", "other",
	"which", "CPU us", "memory MB", "written B", "target (stretch)", "met" };

static void
put_ratio(const struct judgement *judgement, struct buf *out)
{
	const struct side_figures *other = judgement->strongest;

	if (other == NULL || other->n_pairs == 0)
		return;
	buf_printf(out, "%.2f", other->ratio);
	if (other->n_pairs > 1)
		buf_printf(out, " (%.2f-%.2f)", other->interval.low, other->interval.high);
}

/* ours / theirs */
static void
put_both(double ours, double theirs, double factor, int decimals, struct buf *out)
{
	if (isnan(ours))
		return;
	buf_printf(out, "%.*f", decimals, ours * factor);
	if (isnan(theirs))
		return;
	buf_append_text(out, " / ");
	buf_printf(out, "%.*f", decimals, theirs * factor);
}

static const char *
verdict_text(enum verdict verdict)
{
	static const char *const texts[] = {
		[VERDICT_NONE] = "",
		[VERDICT_MISSED] = "NO",
		[VERDICT_MET] = "yes",
		[VERDICT_STRETCH] = "yes, stretch",
	};

	return texts[verdict];
}

static void
fill_cells(const struct sheet *sheet, const struct judgement *judgement, struct buf cells[COLUMNS])
{
	const struct side_figures *ours = &judgement->ours, *other = judgement->strongest;
	struct side_figures none = {
		.value = NAN, .cpu_us = NAN, .anonymous_bytes = NAN, .written_bytes = NAN
	};
	const struct sheet_line *line = judgement->line;

	buf_append_slice(&cells[0], line->id);
	buf_append_slice(&cells[1], line->what);
	put_ratio(judgement, &cells[2]);
	print_value(line->unit, ours->value, &cells[3]);
	if (other != NULL) {
		print_value(line->unit, other->value, &cells[4]);
		buf_append_slice(&cells[5], sheet_label(sheet, other->side));
	} else {
		other = &none;
	}
	put_both(ours->cpu_us, other->cpu_us, 1, 1, &cells[6]);
	put_both(ours->anonymous_bytes, other->anonymous_bytes, 1e-6, 1, &cells[7]);
	put_both(ours->written_bytes, other->written_bytes, 1, 0, &cells[8]);
	print_target(line, &cells[9]);
	buf_append_text(&cells[10], verdict_text(judgement->verdict));
}

static void
put_row(const size_t widths[COLUMNS], struct buf cells[COLUMNS], struct buf *out)
{
	for (size_t i = 0; i < COLUMNS; i++)
		buf_printf(out, "| %-*s ", (int)widths[i], buf_text(&cells[i]));
	buf_append_text(out, "|\n");
}

static void
put_rule(const size_t widths[COLUMNS], struct buf *out)
{
	for (size_t i = 0; i < COLUMNS; i++) {
		buf_append_char(out, '|');
		for (size_t n = 0; n < widths[i] + 2; n++)
			buf_append_char(out, '-');
	}
	buf_append_text(out, "|\n");
}

/* Row 0 is the heading. */
static void
put_rows(struct buf rows[][COLUMNS], size_t n_rows, struct buf *out)
{
	size_t widths[COLUMNS] = { 0 };

	for (size_t row = 0; row < n_rows; row++)
		for (size_t i = 0; i < COLUMNS; i++)
			if (rows[row][i].len > widths[i])
				widths[i] = rows[row][i].len;
	for (size_t row = 0; row < n_rows; row++) {
		put_row(widths, rows[row], out);
		if (row == 0)
			put_rule(widths, out);
	}
}

static void
put_table(const struct sheet *sheet, struct buf *out)
{
	struct arena arena = { 0 };
	struct buf(*rows)[COLUMNS] = arena_zalloc(&arena, (sheet->n_lines + 1) * sizeof *rows);
	size_t n_rows = 1;

	for (size_t i = 0; i < COLUMNS; i++)
		buf_append_text(&rows[0][i], headings[i]);
	for (size_t i = 0; i < sheet->n_lines; i++) {
		struct judgement judgement;

		if (judge_line(sheet, &sheet->lines[i], &judgement))
			fill_cells(sheet, &judgement, rows[n_rows++]);
	}
	put_rows(rows, n_rows, out);
	for (size_t row = 0; row < n_rows; row++)
		for (size_t i = 0; i < COLUMNS; i++)
			buf_release(&rows[row][i]);
	arena_release(&arena);
}

void
print_table(const struct sheet *sheet, struct buf *out)
{
	const struct slice facts[] = { sheet->title, sheet->when, sheet->machine, sheet->version };

	for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++)
		if (facts[i].len != 0)
			buf_printf(out, "%.*s  \n", (int)facts[i].len, facts[i].data);
	print_state(sheet, out);
	buf_append_text(out, "\n\n");
	put_table(sheet, out);
	buf_append_text(out, "\nRatios are medians of pairs, ours divided by theirs; for CPU, "
			     "memory, bytes and times less "
			     "is better.\nCPU and bytes written are of the brokers, for each good "
			     "message; memory is "
			     "anonymous.\n");
	for (size_t i = 0; i < sheet->n_notes; i++)
		buf_printf(out, "- %.*s\n", (int)sheet->notes[i].len, sheet->notes[i].data);
}
