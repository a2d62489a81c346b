#include "config.h"

/*
 * What a filter costs: nanoseconds for compiling it, and for looking at a message with twelve
 * properties of 190 bytes.
 */

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "common/filter/filter.h"

#define N_LOOKS 1000000
#define N_COMPILES 20000

static const char *const expressions[] = {
	"a = 6",
	"a > 5 AND b = 'x' AND region IN ('north', 'south')",
	"price BETWEEN 1.5 AND 99.5 AND region = 'south' AND vip = TRUE",
	"region CONTAINS 'out' AND TAGS STARTSWITH 'Tag' OR nowhere IS NOT NULL",
};

static int64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void
measure(struct slice expression, struct slice properties)
{
	struct filter_fault fault;
	struct filter *filter = NULL;
	int64_t n_passed = 0, start_ns = now_ns();

	for (int i = 0; i < N_COMPILES; i++) {
		filter_unref(filter);
		filter = filter_compile(expression, &fault);
	}
	if (filter == NULL) {
		printf("%.*s: %s\n", (int)expression.len, expression.data, fault.text);
		return;
	}
	int64_t compiled_ns = now_ns();

	for (int i = 0; i < N_LOOKS; i++)
		n_passed += filter_matches(filter, properties);
	printf("%6" PRId64 " ns compile  %4" PRId64 " ns a message  %s  %.*s\n",
	    (compiled_ns - start_ns) / N_COMPILES, (now_ns() - compiled_ns) / N_LOOKS,
	    n_passed != 0 ? "passes" : "drops ", (int)expression.len, expression.data);
	filter_unref(filter);
}

int
main(void)
{
	struct slice properties =
	    SLICE("KEYS\1order-1234567\2UNIQ_KEY\1"
		  "7F0000010A2B18B4AAC2123456780001\2WAIT\1true\2TAGS\1TagA\2a\1"
		  "6\2b\1x\2region\1south\2price\1"
		  "12.75\2vip\1true\2CLUSTER\1DefaultCluster\2TRACE_ON\1true\2MSG_REGION\1"
		  "DefaultRegion\2");

	for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++)
		measure(slice_of(expressions[i]), properties);
	return 0;
}
