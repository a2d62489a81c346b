#include "config.h"

#include "bench/print.h"

#include <math.h>

/*
 * A bar for each line that has a ratio: how many times better than the strongest of the others, on
 * a log axis, with the interval, the target and the stretch target as marks.
 */

#define WIDTH 1100
#define BARS_AT 330 /* from here to BARS_END */
#define BARS_END 860
#define TOP 92
#define STEP 24
#define BAR 14
#define BOTTOM 64

struct chart {
	struct buf *out;
	double least, most; /* of the axis */
};

static const struct {
	const char *fill, *means;
} colours[] = {
	[VERDICT_NONE] = { "#8a94a0", "no target" },
	[VERDICT_MISSED] = { "#d9822b", "target missed" },
	[VERDICT_MET] = { "#3a8a57", "target met" },
	[VERDICT_STRETCH] = { "#1f5fa8", "stretch target met" },
};

static void
put_escaped(struct slice text, struct buf *out)
{
	for (size_t i = 0; i < text.len; i++)
		switch (text.data[i]) {
		case '&':
			buf_append_text(out, "&amp;");
			break;
		case '<':
			buf_append_text(out, "&lt;");
			break;
		case '>':
			buf_append_text(out, "&gt;");
			break;
		default:
			buf_append_char(out, text.data[i]);
		}
}

static void
put_text(struct chart *chart, double x, double y, const char *attributes, struct slice text)
{
	buf_printf(chart->out, "<text x=\"%.1f\" y=\"%.1f\" %s>", x, y, attributes);
	put_escaped(text, chart->out);
	buf_append_text(chart->out, "</text>\n");
}

static void
put_stroke(struct chart *chart, double x1, double y1, double x2, double y2, const char *attributes)
{
	buf_printf(chart->out, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" %s/>\n", x1,
	    y1, x2, y2, attributes);
}

static double
x_of(const struct chart *chart, double advantage)
{
	double part = log(advantage / chart->least) / log(chart->most / chart->least);

	return BARS_AT + (BARS_END - BARS_AT) * (part < 0 ? 0 : part > 1 ? 1 : part);
}

static bool
is_shown(const struct judgement *judgement)
{
	return judgement->strongest != NULL && judgement->strongest->n_pairs != 0 &&
	       judgement->strongest->ratio > 0 &&
	       (judgement->line->of_ratio || isnan(judgement->line->target));
}

static void
widen(struct chart *chart, double advantage)
{
	if (isnan(advantage) || isinf(advantage) || advantage <= 0)
		return;
	while (chart->most < advantage * 1.05)
		chart->most *= 2;
	while (chart->least > advantage / 1.05)
		chart->least /= 2;
}

static size_t
set_axis(const struct sheet *sheet, struct chart *chart)
{
	struct judgement judgement;
	size_t n = 0;

	chart->least = 0.5;
	chart->most = 4;
	for (size_t i = 0; i < sheet->n_lines; i++) {
		const struct sheet_line *line = &sheet->lines[i];

		if (!judge_line(sheet, line, &judgement) || !is_shown(&judgement))
			continue;
		n++;
		widen(chart, judge_advantage(line, judgement.strongest->ratio));
		widen(chart, judge_advantage(line, judgement.strongest->interval.low));
		widen(chart, judge_advantage(line, judgement.strongest->interval.high));
		if (line->of_ratio)
			widen(chart, judge_advantage(line, line->target));
	}
	return n;
}

static void
put_axis(struct chart *chart, double bottom)
{
	for (double at = chart->least; at <= chart->most * 1.001; at *= 2) {
		struct buf label = { 0 };
		double x = x_of(chart, at);

		buf_printf(&label, "%gx", at);
		put_stroke(chart, x, TOP - 8, x, bottom,
		    at == 1 ? "stroke=\"#333\" stroke-width=\"1.5\"" : "stroke=\"#ddd\"");
		put_text(chart, x, bottom + 16, "text-anchor=\"middle\" fill=\"#555\"",
		    buf_slice(&label));
		buf_release(&label);
	}
}

static void
put_marks(struct chart *chart, const struct sheet_line *line, double y)
{
	const struct {
		double wanted;
		const char *attributes;
	} marks[] = {
		{ line->target, "stroke=\"#000\" stroke-width=\"2.5\"" },
		{ line->stretch, "stroke=\"#000\" stroke-width=\"1.5\" stroke-dasharray=\"3 2\"" },
	};

	for (size_t i = 0; line->of_ratio && i < sizeof marks / sizeof marks[0]; i++) {
		double advantage = judge_advantage(line, marks[i].wanted);

		if (!isnan(advantage) && advantage <= chart->most)
			put_stroke(chart, x_of(chart, advantage), y - 3, x_of(chart, advantage),
			    y + BAR + 3, marks[i].attributes);
	}
}

static void
put_figures(struct chart *chart, const struct judgement *judgement, double y)
{
	struct buf text = { 0 };

	buf_printf(&text, "%.2fx  ", judge_advantage(judgement->line, judgement->strongest->ratio));
	print_value(judgement->line->unit, judgement->ours.value, &text);
	buf_append_text(&text, " : ");
	print_value(judgement->line->unit, judgement->strongest->value, &text);
	put_text(chart, BARS_END + 14, y + BAR - 3, "fill=\"#222\"", buf_slice(&text));
	buf_release(&text);
}

static void
put_bar(struct chart *chart, const struct judgement *judgement, double y)
{
	const struct sheet_line *line = judgement->line;
	const struct side_figures *other = judgement->strongest;
	double one = x_of(chart, 1), x = x_of(chart, judge_advantage(line, other->ratio));
	struct buf name = { 0 };

	buf_printf(&name, "%.*s  %.*s", (int)line->id.len, line->id.data, (int)line->what.len,
	    line->what.data);
	put_text(chart, BARS_AT - 10, y + BAR - 3, "text-anchor=\"end\" fill=\"#222\"",
	    buf_slice(&name));
	buf_release(&name);
	buf_printf(chart->out,
	    "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>\n",
	    x < one ? x : one, y, fabs(x - one), BAR, colours[judgement->verdict].fill);
	put_stroke(chart, x_of(chart, judge_advantage(line, other->interval.low)), y + BAR / 2.0,
	    x_of(chart, judge_advantage(line, other->interval.high)), y + BAR / 2.0,
	    "stroke=\"#111\" stroke-width=\"1.2\"");
	put_marks(chart, line, y);
	put_figures(chart, judgement, y);
}

static void
put_legend(struct chart *chart, double y)
{
	double x = 20;

	for (size_t i = 0; i < sizeof colours / sizeof colours[0]; i++) {
		buf_printf(chart->out,
		    "<rect x=\"%.1f\" y=\"%.1f\" width=\"14\" height=\"14\" fill=\"%s\"/>\n", x, y,
		    colours[i].fill);
		put_text(chart, x + 20, y + 11, "fill=\"#222\"", slice_of(colours[i].means));
		x += 160;
	}
	put_stroke(chart, x + 7, y - 2, x + 7, y + 16, "stroke=\"#000\" stroke-width=\"2.5\"");
	put_text(chart, x + 20, y + 11, "fill=\"#222\"", SLICE("target"));
	put_stroke(chart, x + 97, y - 2, x + 97, y + 16,
	    "stroke=\"#000\" stroke-width=\"1.5\" stroke-dasharray=\"3 2\"");
	put_text(chart, x + 110, y + 11, "fill=\"#222\"", SLICE("stretch target"));
	put_text(chart, x + 230, y + 11, "fill=\"#222\"", SLICE("thin: 95 % interval"));
}

void
print_svg(const struct sheet *sheet, struct buf *out)
{
	struct chart chart = { .out = out };
	size_t n = set_axis(sheet, &chart), row = 0;
	double bottom = TOP + (double)n * STEP;
	struct buf text = { 0 };

	buf_printf(out,
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%.0f\" "
	    "font-family=\"sans-serif\" font-size=\"12\">\n"
	    "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
	    WIDTH, bottom + BOTTOM);
	put_text(&chart, 20, 24, "font-size=\"17\" fill=\"#000\"", sheet->title);
	put_text(&chart, 20, 42, "fill=\"#444\"",
	    SLICE(
		"How many times better TwinMQ is (more to the right is better for TwinMQ); on the "
		"right: the ratio, and TwinMQ : other"));
	buf_printf(&text, "%.*s. %.*s. ", (int)sheet->when.len, sheet->when.data,
	    (int)sheet->machine.len, sheet->machine.data);
	put_text(&chart, 20, 58, "fill=\"#444\" font-size=\"11\"", buf_slice(&text));
	text.len = 0;
	print_state(sheet, &text);
	put_text(&chart, 20, 74, "fill=\"#444\" font-size=\"11\"", buf_slice(&text));
	buf_release(&text);
	put_axis(&chart, bottom);
	for (size_t i = 0; i < sheet->n_lines; i++) {
		struct judgement judgement;

		if (judge_line(sheet, &sheet->lines[i], &judgement) && is_shown(&judgement))
			put_bar(&chart, &judgement, TOP + (double)row++ * STEP);
	}
	put_legend(&chart, bottom + 32);
	buf_append_text(out, "</svg>\n");
}
