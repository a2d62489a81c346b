#include "config.h"

#include "nameserver/quorum/quorum_leases.h"

#include <stdlib.h>

#include "common/base/mem.h"
#include "common/base/strmap.h"

struct heard {
	int64_t id;
	int64_t at_ms;
	int64_t position;
};

/* Of one broker name. */
struct name_lease {
	int64_t granted_ms; /* 0: not by this leader; -1: given up */
	int64_t designated, designated_ms;
	size_t n_heard;
	struct heard heard[QUORUM_REPLICAS_MAX];
};

struct quorum_leases {
	int64_t lease_ms, margin_ms;
	int64_t began_ms;
	struct strmap by_name;
};

struct quorum_leases *
quorum_leases_new(int64_t lease_ms, int64_t margin_ms)
{
	struct quorum_leases *leases = mem_zalloc(sizeof *leases);

	leases->lease_ms = lease_ms;
	leases->margin_ms = margin_ms;
	return leases;
}

void
quorum_leases_free(struct quorum_leases *leases)
{
	if (leases == NULL)
		return;
	strmap_release(&leases->by_name, free);
	free(leases);
}

void
quorum_leases_restart(struct quorum_leases *leases, int64_t now_ms)
{
	strmap_release(&leases->by_name, free);
	leases->by_name = (struct strmap){ 0 };
	leases->began_ms = now_ms;
}

/* Names are those of the state, which are limited. */
static struct name_lease *
get_lease(struct quorum_leases *leases, struct slice name)
{
	struct strmap_entry *entry = strmap_get(&leases->by_name, name);

	if (entry->value == NULL)
		entry->value = mem_zalloc(sizeof(struct name_lease));
	return entry->value;
}

static const struct heard *
find_heard(const struct quorum_leases *leases, struct slice name, int64_t id)
{
	const struct name_lease *lease = strmap_find(&leases->by_name, name);

	for (size_t i = 0; lease != NULL && i < lease->n_heard; i++)
		if (lease->heard[i].id == id)
			return &lease->heard[i];
	return NULL;
}

void
quorum_leases_heard(
    struct quorum_leases *leases, struct slice name, int64_t id, int64_t position, int64_t now_ms)
{
	struct name_lease *lease = get_lease(leases, name);
	size_t i = 0, oldest = 0;

	for (; i < lease->n_heard && lease->heard[i].id != id; i++)
		if (lease->heard[i].at_ms < lease->heard[oldest].at_ms)
			oldest = i;
	/* Replicas that were cleaned leave their places. */
	if (i == QUORUM_REPLICAS_MAX)
		i = oldest;
	else if (i == lease->n_heard)
		lease->n_heard++;
	lease->heard[i] = (struct heard){ id, now_ms, position };
}

void
quorum_leases_granted(struct quorum_leases *leases, struct slice name, int64_t now_ms)
{
	get_lease(leases, name)->granted_ms = now_ms;
}

void
quorum_leases_given_up(struct quorum_leases *leases, struct slice name)
{
	get_lease(leases, name)->granted_ms = -1;
}

bool
quorum_leases_gave_up(const struct quorum_leases *leases, struct slice name)
{
	const struct name_lease *lease = strmap_find(&leases->by_name, name);

	return lease != NULL && lease->granted_ms == -1;
}

bool
quorum_leases_over(const struct quorum_leases *leases, struct slice name, int64_t now_ms)
{
	const struct name_lease *lease = strmap_find(&leases->by_name, name);
	int64_t granted_ms = lease != NULL ? lease->granted_ms : 0;

	if (granted_ms == -1)
		return true;
	if (granted_ms == 0)
		granted_ms = leases->began_ms;
	return now_ms >= granted_ms + leases->lease_ms + leases->margin_ms;
}

void
quorum_leases_designate(struct quorum_leases *leases, struct slice name, int64_t id, int64_t now_ms)
{
	struct name_lease *lease = get_lease(leases, name);

	lease->designated = id;
	lease->designated_ms = now_ms;
}

int64_t
quorum_leases_designated(
    const struct quorum_leases *leases, const struct quorum_group *group, int64_t now_ms)
{
	const struct name_lease *lease = strmap_find(&leases->by_name, slice_of(group->name));

	if (lease == NULL || lease->designated == 0 || lease->designated == group->master ||
	    now_ms - lease->designated_ms > 2 * (leases->lease_ms + leases->margin_ms))
		return 0;
	return lease->designated;
}

bool
quorum_leases_alive(
    const struct quorum_leases *leases, struct slice name, int64_t id, int64_t now_ms)
{
	const struct heard *heard = find_heard(leases, name, id);

	return heard != NULL && now_ms - heard->at_ms < leases->lease_ms;
}

int64_t
quorum_leases_position(const struct quorum_leases *leases, struct slice name, int64_t id)
{
	const struct heard *heard = find_heard(leases, name, id);

	return heard != NULL ? heard->position : -1;
}

int64_t
quorum_leases_candidate(const struct quorum_leases *leases, const struct quorum_group *group,
    bool unclean, int64_t now_ms)
{
	struct slice name = slice_of(group->name);
	int64_t best = 0, best_position = -1;

	for (size_t i = 0; i < group->n_replicas; i++) {
		const struct quorum_replica *replica = &group->replicas[i];
		int64_t position = quorum_leases_position(leases, name, replica->id);

		if ((replica->in_sync || unclean) && position > best_position &&
		    quorum_leases_alive(leases, name, replica->id, now_ms)) {
			best = replica->id;
			best_position = position;
		}
	}
	return best;
}
