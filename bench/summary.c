#include "config.h"

#include "bench/summary.h"

#include <inttypes.h>

#include "bench/bench.h"
#include "common/json/json.h"
#include "common/protocol/codes.h"

#define SATURATED_BELOW 0.99

/* Figures for both forms; has_... == false: unknown. */
struct derived {
	double seconds, rate, bytes_rate;
	double user_us, system_us, self_us; /* per message */
	double written;                     /* bytes per message */
	bool has_cpu, has_written;
};

static double
per(double value, uint64_t n)
{
	return n != 0 ? value / (double)n : 0;
}

static struct derived
derive(const struct bench *bench)
{
	const struct counts *counts = &bench->counts;
	const struct usage *before = &bench->before, *after = &bench->after;
	uint64_t n = counts->n_good;
	double seconds = counts_seconds(counts);

	return (struct derived){
		.seconds = seconds,
		.rate = counts_rate(counts),
		.bytes_rate = seconds > 0 ? (double)counts->n_bytes / seconds : 0,
		.user_us = per((after->user_s - before->user_s) * 1e6, n),
		.system_us = per((after->system_s - before->system_s) * 1e6, n),
		.self_us = per((bench->self_after.user_s + bench->self_after.system_s -
				   bench->self_before.user_s - bench->self_before.system_s) *
				   1e6,
		    n),
		.written = per((double)(after->written_bytes - before->written_bytes), n),
		.has_cpu = bench->has_usage && n != 0,
		.has_written =
		    bench->has_usage && n != 0 && before->has_written && after->has_written,
	};
}

bool
summary_is_saturated(const struct bench *bench)
{
	int64_t rate = bench->settings->rate;

	return rate > 0 && counts_rate(&bench->counts) < SATURATED_BELOW * (double)rate;
}

static const char *
failure_name(int32_t code)
{
	static const struct {
		int32_t code;
		const char *name;
	} own[] = {
		{ TWINMQ_UNREACHABLE, "CONNECTION_LOST" },
		{ TWINMQ_TIMEOUT, "TIMEOUT" },
		{ TWINMQ_BAD_ANSWER, "BAD_ANSWER" },
	};

	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
		if (own[i].code == code)
			return own[i].name;
	return response_code_name(code);
}

static const char *
verdict(const struct bench *bench)
{
	return proof_holds(&bench->proof) ? "holds" : bench->proof.done ? "void" : "none";
}

/* ---- for people ---- */

static void
text_latency(const struct histogram *latency, struct buf *out)
{
	buf_printf(out,
	    "  latency    p50 %.3f ms, p99 %.3f ms, p99.9 %.3f ms, max %.3f ms, mean %.3f ms\n",
	    (double)histogram_quantile(latency, 0.5) / 1e3,
	    (double)histogram_quantile(latency, 0.99) / 1e3,
	    (double)histogram_quantile(latency, 0.999) / 1e3, (double)latency->max_us / 1e3,
	    histogram_mean_us(latency) / 1e3);
}

static void
text_failures(const struct counts *counts, struct buf *out)
{
	buf_printf(out, "  failed     %" PRIu64, counts->n_failed);
	for (size_t i = 0; i < FAILURE_KINDS && counts->failures[i].n != 0; i++)
		buf_printf(out, "%s%" PRIu64 " %s", i == 0 ? ": " : ", ", counts->failures[i].n,
		    failure_name(counts->failures[i].code));
	buf_append_char(out, '\n');
}

/* How late requests began: that part of a latency is the generator's, or waits for a free slot. */
static void
text_late(const struct counts *sent, struct buf *out)
{
	buf_printf(out,
	    "             began late: p50 %.3f ms, p99 %.3f ms, max %.3f ms; %" PRIu64
	    " of %" PRIu64 " waited for a free slot of --window\n",
	    (double)histogram_quantile(&sent->late, 0.5) / 1e3,
	    (double)histogram_quantile(&sent->late, 0.99) / 1e3, (double)sent->late.max_us / 1e3,
	    sent->n_waited, sent->late.n);
}

static void
text_usage(const struct bench *bench, const struct derived *derived, struct buf *out)
{
	if (derived->has_cpu)
		buf_printf(out,
		    "  brokers    CPU %.2f us a message: user %.2f, system %.2f\n"
		    "             anonymous %.1f MB (before %.1f, highest %.1f), file-backed %.1f "
		    "MB\n",
		    derived->user_us + derived->system_us, derived->user_us, derived->system_us,
		    (double)bench->after.anonymous_bytes / 1e6, (double)bench->anonymous_idle / 1e6,
		    (double)bench->anonymous_max / 1e6, (double)bench->after.file_bytes / 1e6);
	if (derived->has_written)
		buf_printf(out, "  written    %.0f bytes a message\n", derived->written);
	buf_printf(out, "  generator  CPU %.2f us a message\n", derived->self_us);
	if (bench->settings->rate > 0)
		text_late(&bench->sent, out);
}

static void
text_proof(const struct bench *bench, struct buf *out)
{
	const struct proof *proof = &bench->proof;

	if (proof_holds(proof))
		buf_printf(out,
		    "  proof      holds: %" PRIu64 " sent, %" PRIu64 " acknowledged, %" PRIu64
		    " of these read back; all visible %.1f ms after the last answer\n",
		    proof->n_sent, proof->n_acknowledged, proof->n_found,
		    (double)proof->visible_us / 1e3);
	else
		buf_printf(out, "  proof      THIS RUN IS VOID: %s\n",
		    proof->why[0] != '\0' ? proof->why : "nothing was proven");
}

void
summary_text(const struct bench *bench, struct buf *out)
{
	struct derived derived = derive(bench);
	const struct counts *counts = &bench->counts;

	buf_printf(
	    out, "mqbench %s: %.0f %s/s", bench->mode->name, derived.rate, bench->mode->unit);
	if (counts->n_bytes != 0)
		buf_printf(out, ", %.1f MB/s", derived.bytes_rate / 1e6);
	buf_printf(out, " (%" PRIu64 " in %.2f s)%s\n", counts->n_good, derived.seconds,
	    summary_is_saturated(bench) ? " SATURATED: the rate was not reached" : "");
	if (counts->n_behind != 0)
		buf_printf(out,
		    "  behind     %" PRIu64 " requests were due and not yet begun in the end\n",
		    counts->n_behind);
	text_latency(&counts->latency, out);
	text_failures(counts, out);
	for (size_t i = 0; i < bench->n_figures; i++)
		buf_printf(out, "  %s %.6g\n", bench->figures[i].name, bench->figures[i].value);
	text_usage(bench, &derived, out);
	text_proof(bench, out);
}

/* ---- for programs ---- */

static void
put_number(struct json_out *out, const char *name, double value)
{
	struct buf text = { 0 };

	buf_printf(&text, "%.6g", value);
	json_key(out, name);
	json_put_raw(out, buf_slice(&text));
	buf_release(&text);
}

static void
json_settings(const struct settings *settings, struct json_out *out)
{
	json_key(out, "settings");
	json_open_object(out);
	json_member_put_int(out, "connections", settings->n_connections);
	json_member_put_int(out, "window", settings->window);
	json_member_put_int(out, "size_bytes", settings->size);
	json_member_put_int(out, "batch", settings->batch);
	json_member_put_int(out, "topics", settings->n_topics);
	json_member_put_int(out, "queues", settings->n_queues);
	json_member_put_int(out, "rate", settings->rate);
	json_member_put_bool(out, "oneway", settings->oneway);
	json_member_put_text(out, "header", settings->codec == FRAME_BINARY ? "ROCKETMQ" : "JSON");
	json_close_object(out);
}

static void
json_latency(const char *name, const struct histogram *latency, struct json_out *out)
{
	json_key(out, name);
	json_open_object(out);
	json_member_put_int(out, "p50", histogram_quantile(latency, 0.5));
	json_member_put_int(out, "p90", histogram_quantile(latency, 0.9));
	json_member_put_int(out, "p99", histogram_quantile(latency, 0.99));
	json_member_put_int(out, "p99_9", histogram_quantile(latency, 0.999));
	json_member_put_int(out, "max", latency->max_us);
	put_number(out, "mean", histogram_mean_us(latency));
	json_close_object(out);
}

static void
json_failures(const struct counts *counts, struct json_out *out)
{
	json_key(out, "failures");
	json_open_object(out);
	for (size_t i = 0; i < FAILURE_KINDS && counts->failures[i].n != 0; i++)
		json_member_put_int(
		    out, failure_name(counts->failures[i].code), (int64_t)counts->failures[i].n);
	json_close_object(out);
}

static void
json_usage(const struct bench *bench, const struct derived *derived, struct json_out *out)
{
	json_key(out, "brokers");
	if (!derived->has_cpu) {
		json_put_null(out);
		return;
	}
	json_open_object(out);
	put_number(out, "cpu_us_per_message", derived->user_us + derived->system_us);
	put_number(out, "user_us_per_message", derived->user_us);
	put_number(out, "system_us_per_message", derived->system_us);
	json_member_put_int(out, "anonymous_bytes", bench->after.anonymous_bytes);
	json_member_put_int(out, "anonymous_bytes_before", bench->anonymous_idle);
	json_member_put_int(out, "anonymous_bytes_highest", bench->anonymous_max);
	json_member_put_int(out, "file_bytes", bench->after.file_bytes);
	if (derived->has_written)
		put_number(out, "written_bytes_per_message", derived->written);
	json_close_object(out);
}

static void
json_proof(const struct bench *bench, struct json_out *out)
{
	const struct proof *proof = &bench->proof;
	const struct {
		const char *name;
		uint64_t n;
	} rows[] = {
		{ "sent", proof->n_sent },
		{ "acknowledged", proof->n_acknowledged },
		{ "counted_by_offsets", proof->n_counted },
		{ "found", proof->n_found },
		{ "unacknowledged", proof->n_unacknowledged },
		{ "lost", proof->n_lost },
		{ "elsewhere", proof->n_elsewhere },
		{ "twice", proof->n_twice },
		{ "withheld", proof->n_withheld },
		{ "corrupt", proof->n_corrupt },
		{ "foreign", proof->n_foreign },
		{ "unreadable", proof->n_unreadable },
		{ "visible_us", (uint64_t)proof->visible_us },
	};

	json_key(out, "proof");
	json_open_object(out);
	json_member_put_text(out, "verdict", verdict(bench));
	if (!proof_holds(proof))
		json_member_put_text(out, "why", proof->why);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		json_member_put_int(out, rows[i].name, (int64_t)rows[i].n);
	json_close_object(out);
}

void
summary_json(const struct bench *bench, struct buf *text)
{
	struct derived derived = derive(bench);
	const struct counts *counts = &bench->counts;
	struct json_out out;

	json_out_init(&out, text);
	json_open_object(&out);
	json_member_put_text(&out, "mode", bench->mode->name);
	json_settings(bench->settings, &out);
	json_member_put_text(&out, "unit", bench->mode->unit);
	put_number(&out, "seconds", derived.seconds);
	json_member_put_int(&out, "good", (int64_t)counts->n_good);
	put_number(&out, "good_per_second", derived.rate);
	put_number(&out, "bytes_per_second", derived.bytes_rate);
	json_member_put_bool(&out, "saturated", summary_is_saturated(bench));
	json_member_put_int(&out, "behind", (int64_t)counts->n_behind);
	if (bench->settings->rate > 0) {
		json_latency("begin_late_us", &bench->sent.late, &out);
		json_member_put_int(&out, "waited_for_slot", (int64_t)bench->sent.n_waited);
	}
	json_latency("latency_us", &counts->latency, &out);
	json_member_put_int(&out, "failed", (int64_t)counts->n_failed);
	json_failures(counts, &out);
	for (size_t i = 0; i < bench->n_figures; i++)
		put_number(&out, bench->figures[i].name, bench->figures[i].value);
	json_usage(bench, &derived, &out);
	put_number(&out, "generator_cpu_us_per_message", derived.self_us);
	json_proof(bench, &out);
	json_close_object(&out);
	buf_append_char(text, '\n');
}
