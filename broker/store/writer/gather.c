#include "config.h"

#include "broker/store/writer/gather.h"

#define GAP_WEIGHT 8 /* a new gap counts for one in so many */
#define GAP_MAX_US 100000
#define GAPS_OF_SILENCE 3

void
gather_init(struct gather *gather, int64_t window_us)
{
	*gather = (struct gather){
		.window_us = window_us,
		.gap_us = GAP_MAX_US,
		.want = 1,
		.pause_us = GATHER_PAUSE_MIN_US,
	};
}

/* Enough come in a window to be worth a try. */
static bool
has_company(const struct gather *gather)
{
	return 2 * gather->gap_us <= gather->window_us;
}

void
gather_add(struct gather *gather, size_t n, int64_t now_us)
{
	int64_t gap_us = (now_us - gather->last_us) / (int64_t)n;

	if (gap_us < 0 || gap_us > GAP_MAX_US)
		gap_us = GAP_MAX_US;
	gather->gap_us += (gap_us - gather->gap_us) / GAP_WEIGHT;
	gather->last_us = now_us;
	if (gather->n == 0) {
		gather->first_us = now_us;
		gather->tries = now_us >= gather->try_us && has_company(gather);
	}
	gather->n += n;
}

int64_t
gather_until(const struct gather *gather, int64_t now_us)
{
	bool many = gather->n >= GATHER_ENOUGH / 2;
	int64_t end_us = gather->first_us + gather->window_us / (many ? 2 : 1);
	int64_t silence_us = gather->last_us + GAPS_OF_SILENCE * gather->gap_us;

	if (gather->n >= GATHER_ENOUGH || (gather->n >= gather->want && !gather->tries))
		return now_us;
	if (gather->first_us > now_us)
		return now_us; /* the clock was set back */
	if (silence_us < end_us)
		end_us = silence_us;
	return end_us > now_us ? end_us : now_us;
}

void
gather_end(struct gather *gather, int64_t now_us)
{
	if (gather->tries) {
		if (gather->n > gather->want)
			gather->pause_us = GATHER_PAUSE_MIN_US;
		else if (gather->pause_us < GATHER_PAUSE_MAX_US)
			gather->pause_us *= 2;
		gather->try_us = now_us + gather->pause_us;
		gather->want = gather->n;
	} else if (gather->n < gather->want) {
		gather->want = gather->n > 1 ? (gather->want + gather->n) / 2 : 1;
	}
	gather->n = 0;
}

void
gather_cut(struct gather *gather)
{
	gather->n = 0;
}
