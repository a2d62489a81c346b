#ifndef UNIT_VECTORS_H
#define UNIT_VECTORS_H

/* The recorded frames (t/lib/recording.h) in tests with Criterion. */

#include "t/lib/recording.h"

/* Skips the test with the reason when there is no recording. */
void vectors_require(void);
/* Calls back for each frame; the test fails where a file cannot be read or there is none. */
void vectors_each(void (*check)(const struct vector *vector, void *arg), void *arg);

#endif
