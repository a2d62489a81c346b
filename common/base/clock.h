#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

/*
 * Two clocks. What is stored or shown uses the wall clock; what waits uses the
 * monotonic one, so a step of the wall clock moves no deadline. Tests may set
 * both. Any thread.
 */

#include <stdint.h>

int64_t clock_wall_ms(void); /* ms since 1970 */
int64_t clock_mono_ms(void); /* ms since some point in the past */
int64_t clock_mono_us(void);

/* Tests: both clocks are shifted by this much from now on. */
void clock_shift_for_test(int64_t wall_ms, int64_t mono_ms);

#endif
