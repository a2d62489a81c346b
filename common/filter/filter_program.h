#ifndef COMMON_FILTER_PROGRAM_H
#define COMMON_FILTER_PROGRAM_H

/* Internal to this room: a compiled filter, and what its steps do. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/filter/filter.h"

#define FILTER_STACK_MAX 48 /* values at once */
#define FILTER_SLOTS 64     /* of the table of names; a power of two */

enum value_type {
	VALUE_NULL,
	VALUE_BOOLEAN,
	VALUE_INT, /* of Java's int: it reads texts as such */
	VALUE_LONG,
	VALUE_DOUBLE,
	VALUE_TEXT,
};

struct value {
	enum value_type type;
	union {
		bool boolean;
		int64_t number; /* INT, LONG */
		double real;
		struct slice text;
	};
};

enum filter_op {
	FILTER_PROPERTY, /* push the property `arg` */
	FILTER_CONSTANT, /* push the constant `arg` */
	FILTER_TO_NULL,  /* top := unknown */
	FILTER_CAST,     /* a property as a condition: false, or unknown when missing */
	FILTER_NOT,      /* top := not top */
	FILTER_IS_NULL,  /* top := top is unknown */
	FILTER_EQUAL,    /* two -> one */
	FILTER_LESS,     /* two -> one, as the next three */
	FILTER_LESS_EQUAL,
	FILTER_GREATER,
	FILTER_GREATER_EQUAL,
	FILTER_CONTAINS, /* top := top contains the constant `arg` */
	FILTER_STARTS,
	FILTER_ENDS,
	FILTER_IN,       /* top := top is one of `n` constants from `arg` on */
	FILTER_IF_NULL,  /* top is unknown: go to `arg`, top stays */
	FILTER_IF_FALSE, /* top is false: go to `arg`, top stays */
	FILTER_IF_TRUE,
	FILTER_AND, /* two -> one */
	FILTER_OR,
	FILTER_BETWEEN_LOW,  /* value, low -> value, result; decided: result, and go to `arg` */
	FILTER_BETWEEN_HIGH, /* value, result, high -> result */
};

struct filter_step {
	uint8_t op;
	bool negated; /* NOT BETWEEN, NOT IN, <>, ... */
	uint16_t n;
	uint32_t arg;
};

struct filter {
	_Atomic uint32_t n_refs;
	uint32_t n_steps, n_constants, n_names;
	size_t size;    /* of all in this block, bytes */
	size_t ignored; /* bytes at the end of the expression */
	const struct filter_step *steps;
	const struct value *constants; /* texts point to what is behind */
	const struct slice *names;
	struct slice expression;
	uint8_t first_name[FILTER_SLOTS]; /* 1 + its number; 0: none */
	uint8_t next_name[FILTER_NAMES_MAX];
};

/* Where a name stands in first_name. */
static inline unsigned
filter_slot(struct slice name)
{
	unsigned char first = (unsigned char)name.data[0];
	unsigned char last = (unsigned char)name.data[name.len - 1];

	return (first + 7u * last + 3u * (unsigned)name.len) % FILTER_SLOTS;
}

/* Less than, equal to, greater than 0. Two numbers; integers stay exact among themselves. */
int value_compare_numbers(const struct value *a, const struct value *b);

#endif
