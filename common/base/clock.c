#include "config.h"

#include "common/base/clock.h"

#include <stdatomic.h>
#include <time.h>

static _Atomic int64_t wall_shift_ms;
static _Atomic int64_t mono_shift_ms;

static int64_t
now_us(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t
clock_wall_ms(void)
{
	return now_us(CLOCK_REALTIME) / 1000 +
	       atomic_load_explicit(&wall_shift_ms, memory_order_relaxed);
}

int64_t
clock_mono_ms(void)
{
	return clock_mono_us() / 1000;
}

int64_t
clock_mono_us(void)
{
	return now_us(CLOCK_MONOTONIC) +
	       1000 * atomic_load_explicit(&mono_shift_ms, memory_order_relaxed);
}

void
clock_shift_for_test(int64_t wall_ms, int64_t mono_ms)
{
	atomic_store(&wall_shift_ms, wall_ms);
	atomic_store(&mono_shift_ms, mono_ms);
}
