#include "config.h"

#include "console/session.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/base/mem.h"
#include "common/base/strmap.h"

#define ID_BYTES 32

TAILQ_HEAD(session_list, session);

struct sessions {
	int64_t idle_ms, max_ms;
	struct strmap by_id;
	struct session_list by_use; /* the longest unused first */
	size_t n;
};

struct sessions *
sessions_new(int64_t idle_ms, int64_t max_ms)
{
	struct sessions *sessions = mem_zalloc(sizeof *sessions);

	sessions->idle_ms = idle_ms;
	sessions->max_ms = max_ms;
	TAILQ_INIT(&sessions->by_use);
	return sessions;
}

void
session_remove(struct sessions *sessions, struct session *session)
{
	strmap_take(&sessions->by_id, slice_of(session->id));
	TAILQ_REMOVE(&sessions->by_use, session, entry);
	sessions->n--;
	explicit_bzero(session, sizeof *session);
	free(session);
}

void
sessions_free(struct sessions *sessions)
{
	if (sessions == NULL)
		return;
	while (!TAILQ_EMPTY(&sessions->by_use))
		session_remove(sessions, TAILQ_FIRST(&sessions->by_use));
	strmap_release(&sessions->by_id, NULL);
	free(sessions);
}

static int
make_id(char id[SESSION_ID_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[ID_BYTES];

	if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
		return -1;
	for (size_t i = 0; i < sizeof bytes; i++) {
		id[2 * i] = digits[bytes[i] >> 4];
		id[2 * i + 1] = digits[bytes[i] & 15];
	}
	id[2 * sizeof bytes] = '\0';
	return 0;
}

struct session *
session_add(struct sessions *sessions, const struct account *account, int64_t now_ms)
{
	struct session *session = mem_zalloc(sizeof *session);

	if (make_id(session->id) == -1 || make_id(session->csrf) == -1) {
		free(session);
		return NULL;
	}
	if (sessions->n == SESSIONS_MAX)
		session_remove(sessions, TAILQ_FIRST(&sessions->by_use));
	memcpy(session->name, account->name, sizeof session->name);
	session->mark = account->mark;
	session->created_ms = session->used_ms = now_ms;
	strmap_put(&sessions->by_id, slice_of(session->id), session);
	TAILQ_INSERT_TAIL(&sessions->by_use, session, entry);
	sessions->n++;
	return session;
}

struct session *
session_find(struct sessions *sessions, struct accounts *accounts, struct slice id, int64_t now_ms,
    struct account *account)
{
	struct session *session = strmap_find(&sessions->by_id, id);

	if (session == NULL)
		return NULL;
	if (now_ms - session->used_ms > sessions->idle_ms ||
	    now_ms - session->created_ms > sessions->max_ms ||
	    !account_find(accounts, slice_of(session->name), account) ||
	    account->mark != session->mark) {
		session_remove(sessions, session);
		return NULL;
	}
	session->used_ms = now_ms;
	TAILQ_REMOVE(&sessions->by_use, session, entry);
	TAILQ_INSERT_TAIL(&sessions->by_use, session, entry);
	return session;
}
