#include "config.h"

/* For machines without libraft: a name server that takes part in no quorum. */

#include "common/base/log.h"
#include "nameserver/quorum/quorum.h"

struct quorum *
quorum_start(const struct quorum_options *options)
{
	(void)options;
	log_error("quorumPeers is set, but this mqnamesrv was built without libraft: install "
		  "libraft-dev and libuv1-dev and build it again, or remove quorumPeers");
	return NULL;
}

void
quorum_stop(struct quorum *quorum)
{
	(void)quorum;
}

void
quorum_post(struct quorum *quorum, struct quorum_job *job)
{
	(void)quorum;
	(void)job;
}

const struct quorum_peer *
quorum_leader(const struct quorum *quorum)
{
	(void)quorum;
	return NULL;
}

bool
quorum_is_leader(const struct quorum *quorum)
{
	(void)quorum;
	return false;
}

const struct quorum_peers *
quorum_servers(const struct quorum *quorum)
{
	(void)quorum;
	return NULL;
}

int64_t
quorum_id(const struct quorum *quorum)
{
	(void)quorum;
	return 0;
}

void
quorum_set_unclean(struct quorum *quorum, bool unclean)
{
	(void)quorum;
	(void)unclean;
}

bool
quorum_is_automatic(const struct quorum *quorum)
{
	(void)quorum;
	return false;
}
