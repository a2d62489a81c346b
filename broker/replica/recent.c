#include "config.h"

#include "broker/replica/recent.h"

void
recent_init(struct recent *recent, size_t max_bytes)
{
	*recent = (struct recent){ .max_bytes = max_bytes };
}

static struct store_news *
at(const struct recent *recent, size_t i)
{
	return recent->ring[(recent->first + i) % RECENT_NEWS];
}

static size_t
size_of(const struct store_news *news)
{
	return sizeof *news + (news->chunk != NULL ? news->chunk->len : 0) +
	       news->n_tags * sizeof news->tags[0] + news->changes.cap;
}

static void
drop_oldest(struct recent *recent)
{
	struct store_news *oldest = at(recent, 0);

	recent->bytes -= size_of(oldest);
	recent->lost_seq = oldest->meta_seq;
	recent->first = (recent->first + 1) % RECENT_NEWS;
	recent->n--;
	store_news_free(oldest);
}

void
recent_clear(struct recent *recent)
{
	while (recent->n != 0)
		drop_oldest(recent);
}

void
recent_add(struct recent *recent, struct store_news *news)
{
	size_t size = size_of(news);

	while (recent->n == RECENT_NEWS ||
	       (recent->n != 0 && recent->bytes + size > recent->max_bytes))
		drop_oldest(recent);
	recent->ring[(recent->first + recent->n++) % RECENT_NEWS] = news;
	recent->bytes += size;
}

/* The first i for which beyond(news, value) holds; n when there is none. */
static size_t
search(const struct recent *recent, bool (*beyond)(const struct store_news *news, int64_t value),
    int64_t value)
{
	size_t low = 0, high = recent->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (beyond(at(recent, middle), value))
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static bool
ends_behind(const struct store_news *news, int64_t position)
{
	return news->position > position;
}

const struct store_news *
recent_find(const struct recent *recent, int64_t position)
{
	size_t i = search(recent, ends_behind, position);

	return i < recent->n && at(recent, i)->chunk->position <= position ? at(recent, i) : NULL;
}

static bool
is_newer(const struct store_news *news, int64_t meta_seq)
{
	return news->meta_seq > meta_seq;
}

const struct store_news *
recent_after(const struct recent *recent, int64_t meta_seq)
{
	size_t i = search(recent, is_newer, meta_seq);

	return i < recent->n ? at(recent, i) : NULL;
}
