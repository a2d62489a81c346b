#ifndef COMMON_JAVA_NUMBER_H
#define COMMON_JAVA_NUMBER_H

/*
 * Texts as numbers, by the rules of Java's Integer, Long and Double.valueOf. Digits are those of
 * ASCII only. Any thread.
 */

#include <stdint.h>

#include "common/base/slice.h"

/* Each: 0, or -1 when it throws NumberFormatException. */
int java_int(struct slice text, int32_t *value);
int java_long(struct slice text, int64_t *value);
/* With blanks around it, NaN, Infinity, hexadecimal floats and the suffixes d and f. */
int java_double(struct slice text, double *value);
/* The order of Double.compare: -0.0 < 0.0, and NaN is equal to itself and above all. */
int java_double_compare(double a, double b);

#endif
