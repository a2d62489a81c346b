#ifndef COMMON_FILTER_BUILD_H
#define COMMON_FILTER_BUILD_H

/*
 * Internal to this room: what the grammar calls while it reads. Steps come out in the order of the
 * text, operands before their operation, so a reduction only has to append. The first fault stays;
 * what is called after it does no harm.
 */

#include "common/base/buf.h"
#include "common/filter/filter_program.h"

/* What RocketMQ's rules ask of an operand. */
enum operand_kind {
	OPERAND_PROPERTY,
	OPERAND_CONSTANT,
	OPERAND_CONDITION,
	OPERAND_NEGATED, /* a minus stands before it: no constant for any rule */
};

struct operand {
	enum operand_kind kind;
	uint32_t first;    /* its first step; it ends with the last one */
	uint32_t constant; /* OPERAND_CONSTANT: its number */
	size_t at;         /* where it begins, bytes */
};

struct filter_build {
	struct slice text;
	size_t at;                   /* of the next token */
	size_t token_at;             /* of the last token */
	size_t end;                  /* of what counts */
	struct buf steps, constants; /* of struct filter_step, struct value */
	struct slice names[FILTER_NAMES_MAX];
	uint32_t n_names;
	uint32_t height; /* values on the stack after the last step */
	char *texts;     /* room for decoded literals: the text's length is enough */
	size_t texts_len;
	bool no_line_ends, no_comment_ends; /* from here on: so nobody searches for one again */
	bool failed;
	struct filter_fault *fault;
};

/* The first fault, at this byte of the text. */
void build_fail(struct filter_build *build, size_t at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

struct operand build_property(struct filter_build *build, struct slice name);
struct operand build_text(struct filter_build *build, struct slice literal);
struct operand build_integer(struct filter_build *build, struct slice digits);
struct operand build_real(struct filter_build *build, struct slice digits);
struct operand build_boolean(struct filter_build *build, bool value);
struct operand build_null(struct filter_build *build);

struct operand build_negate(struct filter_build *build, struct operand operand);
struct operand build_not(struct filter_build *build, struct operand operand);
struct operand build_equal(
    struct filter_build *build, struct operand left, struct operand right, bool negated);
struct operand build_is_null(struct filter_build *build, struct operand operand, bool negated);
/* Between the operands of an order, of AND and of OR: the place of a step that may skip. */
uint32_t build_skip(struct filter_build *build, enum filter_op op);
struct operand build_order(struct filter_build *build, struct operand left, uint32_t skip,
    struct operand right, enum filter_op op);
/* op: CONTAINS, STARTS, ENDS */
struct operand build_search(struct filter_build *build, struct operand operand,
    struct slice literal, enum filter_op op, bool negated);
/* The low end is there; returns the place of the step that decides. */
uint32_t build_between_low(struct filter_build *build, bool negated);
struct between {
	uint32_t skip, low_step;
	struct operand low;
};
struct operand build_between(struct filter_build *build, struct operand value,
    const struct between *between, struct operand high);
/* Texts that build_item took, from constant `first` on. */
struct operand build_in(
    struct filter_build *build, struct operand operand, uint32_t first, bool negated);
uint32_t build_item(struct filter_build *build, struct slice literal);
/* The operand as a condition. */
struct operand build_condition(struct filter_build *build, struct operand operand);
struct operand build_logic(struct filter_build *build, struct operand left, uint32_t skip,
    struct operand right, enum filter_op op);

#endif
