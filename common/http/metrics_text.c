#include "config.h"

#include "common/http/metrics_text.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define WHOLE_MAX 1e12 /* a million times that is an int64_t */

static const char *const type_names[] = {
	[METRIC_GAUGE] = "gauge",
	[METRIC_COUNTER] = "counter",
	[METRIC_HISTOGRAM] = "histogram",
};

void
metrics_begin(struct metrics_text *metrics, const struct http_exchange *exchange)
{
	struct slice accept = http_request_field(&exchange->request, "Accept");

	*metrics = (struct metrics_text){ 0 };
	metrics->open_metrics =
	    accept.data != NULL &&
	    memmem(accept.data, accept.len, "application/openmetrics-text", 28) != NULL;
}

void
metrics_family(
    struct metrics_text *metrics, const char *name, enum metric_type type, const char *help)
{
	size_t len = strlen(name);

	metrics->family = name;
	if (type == METRIC_COUNTER && metrics->open_metrics)
		len -= strlen("_total");
	buf_printf(&metrics->text, "# TYPE %.*s %s\n", (int)len, name, type_names[type]);
	buf_printf(&metrics->text, "# HELP %.*s %s\n", (int)len, name, help);
}

void
metrics_sample(struct metrics_text *metrics, const char *suffix)
{
	buf_append_text(&metrics->text, metrics->family);
	buf_append_text(&metrics->text, suffix);
	metrics->first = true;
}

static void
append_escaped(struct buf *text, struct slice value)
{
	size_t plain = 0; /* from there on nothing was appended yet */

	for (size_t i = 0; i < value.len; i++) {
		char c = value.data[i];

		if (c != '\n' && c != '\\' && c != '"')
			continue;
		buf_append(text, value.data + plain, i - plain);
		buf_append_char(text, '\\');
		buf_append_char(text, c == '\n' ? 'n' : c);
		plain = i + 1;
	}
	if (plain < value.len)
		buf_append(text, value.data + plain, value.len - plain);
}

void
metrics_label(struct metrics_text *metrics, const char *name, struct slice value)
{
	buf_append_char(&metrics->text, metrics->first ? '{' : ',');
	metrics->first = false;
	buf_append_text(&metrics->text, name);
	buf_append_text(&metrics->text, "=\"");
	append_escaped(&metrics->text, value);
	buf_append_char(&metrics->text, '"');
}

void
metrics_labels(struct metrics_text *metrics, struct slice labels)
{
	buf_append_char(&metrics->text, metrics->first ? '{' : ',');
	metrics->first = false;
	buf_append_slice(&metrics->text, labels);
}

struct slice
metrics_label_text(struct arena *arena, const char *name, struct slice value)
{
	struct metrics_text one = { .first = true };

	metrics_label(&one, name, value);
	struct slice text =
	    arena_copy(arena, (struct slice){ one.text.data + 1, one.text.len - 1 });
	buf_release(&one.text);
	return text;
}

static void
end_labels(struct metrics_text *metrics)
{
	buf_append_text(&metrics->text, metrics->first ? " " : "} ");
}

void
metrics_int(struct metrics_text *metrics, int64_t value)
{
	end_labels(metrics);
	buf_append_int(&metrics->text, value);
	buf_append_char(&metrics->text, '\n');
}

/* A value from 0 to WHOLE_MAX with up to six decimals: a tenth of the time of %.15g. */
static void
append_decimal(struct buf *text, double value)
{
	int64_t micro = (int64_t)(value * 1e6 + 0.5);
	char decimals[8];
	int len;

	buf_append_int(text, micro / 1000000);
	if (micro % 1000000 == 0)
		return;
	decimals[0] = '.';
	for (len = 6, micro %= 1000000; len > 0; len--, micro /= 10)
		decimals[len] = (char)('0' + micro % 10);
	for (len = 7; decimals[len - 1] == '0';)
		len--;
	buf_append(text, decimals, (size_t)len);
}

void
metrics_double(struct metrics_text *metrics, double value)
{
	end_labels(metrics);
	if (value >= 0 && value < WHOLE_MAX)
		append_decimal(&metrics->text, value);
	else
		buf_printf(&metrics->text, "%.15g", value);
	buf_append_char(&metrics->text, '\n');
}

void
metrics_one(struct metrics_text *metrics, const char *name, enum metric_type type, const char *help,
    double value)
{
	metrics_family(metrics, name, type, help);
	metrics_sample(metrics, "");
	metrics_double(metrics, value);
}

void
metrics_answer(struct metrics_text *metrics, struct http_exchange *exchange)
{
	if (metrics->open_metrics)
		buf_append_text(&metrics->text, "# EOF\n");
	http_answer(exchange, 200,
	    metrics->open_metrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
				  : "text/plain; version=0.0.4; charset=utf-8",
	    &metrics->text);
}

/* ---- what every daemon says ------------------------------------------ */

static double
resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	long size, resident = 0;

	if (file == NULL)
		return 0;
	if (fscanf(file, "%ld %ld", &size, &resident) != 2)
		resident = 0;
	fclose(file);
	return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static double
seconds(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

void
metrics_of_process(struct metrics_text *metrics)
{
	struct rusage usage = { 0 };

	getrusage(RUSAGE_SELF, &usage);
	metrics_one(metrics, "process_cpu_seconds_total", METRIC_COUNTER,
	    "CPU time that the process used, of user and system.",
	    seconds(usage.ru_utime) + seconds(usage.ru_stime));
	metrics_one(metrics, "process_resident_memory_bytes", METRIC_GAUGE,
	    "Memory of the process that is in RAM.", resident_bytes());
}

void
metrics_of_http(struct metrics_text *metrics, const struct http_server *server)
{
	struct http_counts counts = http_counts(server);

	metrics_one(metrics, "twinmq_http_connections", METRIC_GAUGE, "HTTP connections now.",
	    counts.connections);
	metrics_one(metrics, "twinmq_http_memory_bytes", METRIC_GAUGE,
	    "Memory of HTTP requests and answers now.", (double)counts.memory);
	metrics_one(metrics, "twinmq_http_requests_total", METRIC_COUNTER,
	    "HTTP requests answered.", (double)counts.requests);
	metrics_one(metrics, "twinmq_http_requests_refused_total", METRIC_COUNTER,
	    "HTTP requests answered with a status from 400 on.", (double)counts.refused);
	metrics_one(metrics, "twinmq_http_connections_over_limit_total", METRIC_COUNTER,
	    "HTTP connections refused, or closed while silent, for httpMaxConnections.",
	    (double)counts.over_limit);
	metrics_one(metrics, "twinmq_http_connections_late_total", METRIC_COUNTER,
	    "HTTP connections closed because a request or a reader was too slow.",
	    (double)counts.late);
}
