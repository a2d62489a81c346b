#ifndef T_CRASH_PROOF_H
#define T_CRASH_PROOF_H

/* What the programs share that load a broker and then prove what must hold. One thread. */

#include <stddef.h>
#include <stdint.h>

#include "common/base/slice.h"

/* Something does not hold: a line on stderr; of very many, the first ones only. */
void breach(const char *format, ...) __attribute__((format(printf, 1, 2)));
uint64_t breaches(void); /* so far */

#define NUMBERED_BODY_MIN 16

/* A body whose length (up to max) and bytes follow from its number, so that nothing of it has to be
 * remembered. */
struct slice numbered_body(char *room, uint64_t number, size_t max);
/* UINT64_MAX: it is too short to have one. */
uint64_t body_number(struct slice body);

/* Ends the program when the text is not a number in these bounds. */
size_t number_argument(const char *text, size_t min, size_t max);

#endif
