#include "config.h"

#include "broker/state/replies.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "common/base/mem.h"

struct replies {
	_Atomic uint64_t delivered;
	_Atomic uint64_t undelivered;
	_Atomic uint64_t bytes;
};

struct replies *
replies_new(void)
{
	return mem_zalloc(sizeof(struct replies));
}

void
replies_free(struct replies *replies)
{
	free(replies);
}

uint64_t
replies_begin(struct replies *replies, uint64_t bytes)
{
	return atomic_fetch_add(&replies->bytes, bytes) + bytes;
}

void
replies_end(struct replies *replies, uint64_t bytes)
{
	atomic_fetch_sub(&replies->bytes, bytes);
}

void
replies_count(struct replies *replies, bool delivered)
{
	atomic_fetch_add(delivered ? &replies->delivered : &replies->undelivered, 1);
}

void
replies_get_counts(const struct replies *replies, struct reply_counts *counts)
{
	*counts = (struct reply_counts){
		.delivered = atomic_load(&replies->delivered),
		.undelivered = atomic_load(&replies->undelivered),
		.bytes = atomic_load(&replies->bytes),
	};
}
