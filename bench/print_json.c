#include "config.h"

#include "bench/print.h"

/* null for what is not known */
static void
put_number(struct json_out *out, const char *name, double value)
{
	struct buf text = { 0 };

	if (isnan(value) || isinf(value))
		buf_append_text(&text, "null");
	else
		buf_printf(&text, "%.6g", value);
	json_key(out, name);
	json_put_raw(out, buf_slice(&text));
	buf_release(&text);
}

static void
put_figures(const struct sheet *sheet, const struct side_figures *figures, struct json_out *out)
{
	json_open_object(out);
	json_member_put_slice(out, "side", sheet_label(sheet, figures->side));
	put_number(out, "value", figures->value);
	put_number(out, "cpu_us_per_message", figures->cpu_us);
	put_number(out, "anonymous_bytes", figures->anonymous_bytes);
	put_number(out, "written_bytes_per_message", figures->written_bytes);
	if (figures->n_pairs != 0) {
		put_number(out, "ratio", figures->ratio);
		put_number(out, "ratio_low", figures->interval.low);
		put_number(out, "ratio_high", figures->interval.high);
		json_member_put_int(out, "pairs", (int64_t)figures->n_pairs);
	}
	json_close_object(out);
}

static void
put_judgement(const struct sheet *sheet, const struct judgement *judgement, struct json_out *out)
{
	static const char *const units[] = {
		[UNIT_RATE] = "per_second",
		[UNIT_US] = "us",
		[UNIT_MS] = "ms",
		[UNIT_BYTES] = "bytes",
		[UNIT_COUNT] = "count",
	};
	const struct sheet_line *line = judgement->line;

	json_open_object(out);
	json_member_put_slice(out, "id", line->id);
	json_member_put_slice(out, "what", line->what);
	json_member_put_slice(out, "load", line->load);
	json_member_put_slice(out, "figure", line->figure);
	json_member_put_text(out, "unit", units[line->unit]);
	json_member_put_text(out, "better", line->higher_is_better ? "higher" : "lower");
	json_member_put_text(out, "target_is", line->of_ratio ? "ratio" : "value");
	put_number(out, "target", line->target);
	put_number(out, "stretch", line->stretch);
	json_key(out, "met");
	if (judgement->verdict == VERDICT_NONE)
		json_put_null(out);
	else
		json_put_bool(out, judgement->verdict != VERDICT_MISSED);
	json_member_put_bool(out, "stretch_met", judgement->verdict == VERDICT_STRETCH);
	json_key(out, "ours");
	put_figures(sheet, &judgement->ours, out);
	json_member_put_slice(out, "strongest",
	    judgement->strongest != NULL ? sheet_label(sheet, judgement->strongest->side)
					 : SLICE_NONE);
	json_key(out, "others");
	json_open_array(out);
	for (size_t i = 0; i < judgement->n_others; i++)
		put_figures(sheet, &judgement->others[i], out);
	json_close_array(out);
	json_close_object(out);
}

static void
put_runs(const struct sheet *sheet, struct json_out *out)
{
	json_key(out, "runs");
	json_open_array(out);
	for (size_t i = 0; i < sheet->n_runs; i++) {
		const struct run *run = &sheet->runs[i];

		json_open_object(out);
		json_member_put_slice(out, "load", run->load);
		json_member_put_slice(out, "side", sheet_label(sheet, run->side));
		json_member_put_int(out, "block", run->block);
		json_key(out, "result");
		json_put_raw(out, run->json->text);
		json_close_object(out);
	}
	json_close_array(out);
}

void
print_json(const struct sheet *sheet, struct buf *text)
{
	struct judgement judgement;
	struct json_out out;
	bool noisy = false;

	json_out_init(&out, text);
	json_open_object(&out);
	json_member_put_slice(&out, "title", sheet->title);
	json_member_put_slice(&out, "when", sheet->when);
	json_member_put_slice(&out, "machine", sheet->machine);
	json_member_put_slice(&out, "version", sheet->version);
	json_member_put_slice(&out, "incomplete", sheet->incomplete);
	json_key(&out, "too_noisy");
	if (judge_noise(sheet, &judgement, &noisy))
		json_put_bool(&out, noisy);
	else
		json_put_null(&out);
	json_key(&out, "lines");
	json_open_array(&out);
	for (size_t i = 0; i < sheet->n_lines; i++)
		if (judge_line(sheet, &sheet->lines[i], &judgement))
			put_judgement(sheet, &judgement, &out);
	json_close_array(&out);
	json_key(&out, "notes");
	json_open_array(&out);
	for (size_t i = 0; i < sheet->n_notes; i++)
		json_put_slice(&out, sheet->notes[i]);
	json_close_array(&out);
	put_runs(sheet, &out);
	json_close_object(&out);
	buf_append_char(text, '\n');
}
