#ifndef COMMON_FILTER_H
#define COMMON_FILTER_H

/*
 * SQL92 filters on the properties of messages. An expression is compiled once, into steps of a
 * small stack machine, and evaluated in place on a record's encoded properties: no allocation, one
 * walk over the properties, then one over the steps. What it accepts and what it finds is what
 * RocketMQ 5.3.3 does (SelectorParser.jj and the expression classes of its filter module):
 *
 *   - a property is a text. It becomes a number or a boolean where it meets one, as Java's
 *     Integer, Long, Double and Boolean.valueOf read it; a text that is none is an error;
 *   - a missing property is unknown, and AND, OR, NOT know three values; CONTAINS, STARTSWITH and
 *     ENDSWITH (4.9 has none of these) are false for it;
 *   - the expression ends where the grammar cannot go on: what stands behind it is not looked at.
 *
 * A filter never changes once it is compiled: any thread may evaluate it, and references may be
 * taken and dropped by any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/slice.h"

#define FILTER_LENGTH_MAX 16384 /* bytes of an expression */
#define FILTER_NAMES_MAX 64     /* different properties in one */

struct filter;

/* Why an expression was refused. */
struct filter_fault {
	size_t character; /* where, from 1 on */
	char text[160];   /* a sentence with the place and the reason */
};

enum filter_result {
	FILTER_FALSE,
	FILTER_TRUE,
	FILTER_UNKNOWN,
	FILTER_ERROR, /* a text that had to be a number and is none, and the like */
};

/* NULL: refused; time and memory are linear in its length. The caller owns the one reference. */
struct filter *filter_compile(struct slice expression, struct filter_fault *fault);
struct filter *filter_ref(const struct filter *filter);
void filter_unref(const struct filter *filter); /* NULL: nothing */

/* Whether a message with these properties (record.h) passes: only FILTER_TRUE does. */
bool filter_matches(const struct filter *filter, struct slice properties);
/* values[i] is that of filter_name(filter, i); absent when there is none. */
enum filter_result filter_evaluate(const struct filter *filter, const struct slice *values);
size_t filter_names(const struct filter *filter);
struct slice filter_name(const struct filter *filter, size_t i);

/* As it was given; lent. */
struct slice filter_expression(const struct filter *filter);
/* Bytes behind the end of what counts; RocketMQ ignores them too. */
size_t filter_ignored(const struct filter *filter);
/* The memory that it takes, bytes. */
size_t filter_size(const struct filter *filter);
/*
 * What filter_matches costs for so many bytes of properties, at most, in about nanoseconds. A
 * caller that evaluates many messages stops when the sum is too high.
 */
int64_t filter_cost(const struct filter *filter, size_t properties_len);

#endif
