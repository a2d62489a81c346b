#include "config.h"

#include "broker/state/replica.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/base/mem.h"

struct replica {
	pthread_mutex_t lock;
	struct replica_state state;
};

struct replica *
replica_new(void)
{
	struct replica *replica = mem_zalloc(sizeof *replica);

	pthread_mutex_init(&replica->lock, NULL);
	return replica;
}

void
replica_free(struct replica *replica)
{
	if (replica == NULL)
		return;
	pthread_mutex_destroy(&replica->lock);
	free(replica);
}

void
replica_get(struct replica *replica, struct replica_state *state)
{
	pthread_mutex_lock(&replica->lock);
	*state = replica->state;
	pthread_mutex_unlock(&replica->lock);
}

void
replica_set(struct replica *replica, const struct replica_state *state)
{
	pthread_mutex_lock(&replica->lock);
	replica->state = *state;
	pthread_mutex_unlock(&replica->lock);
}

const char *
replica_phase_name(enum replica_phase phase)
{
	static const char *const names[] = {
		[REPLICA_SEARCHING] = "searching",
		[REPLICA_REFUSED] = "refused",
		[REPLICA_COPYING] = "copying",
	};

	return names[phase];
}
