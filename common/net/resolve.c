#include "config.h"

#include "common/net/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/log.h"
#include "common/base/mem.h"

#define PERIOD_S 30
#define HOST_MAX 256

/*
 * What the thread sees. It may sit in a look-up for long after the resolver
 * went, so both hold a reference, as does each task under way.
 */
struct lookups {
	pthread_mutex_t lock;
	pthread_cond_t asked;
	size_t refs;
	bool closed, ask;
	struct loop *loop;
	struct resolver *resolver; /* NULL once it went; the loop's own */
	size_t n;
	char **texts;
};

struct resolver {
	struct lookups *lookups;
	struct resolved *list;
	bool *failed; /* and a line about it was logged */
	size_t n;
	void (*changed)(void *arg, size_t index);
	void *arg;
};

struct lookup_result {
	struct task task;
	struct lookups *lookups;
	struct looked_up {
		struct sockaddr_storage address;
		socklen_t len;
		const char *why;
	} list[];
};

/* -- one address ---------------------------------------------------------------------- */

static int
fail(const char **why, const char *text)
{
	if (why != NULL)
		*why = text;
	return -1;
}

/* getaddrinfo takes a port modulo 65536. */
static bool
is_port(const char *text)
{
	int64_t port;

	return text[0] >= '0' && text[0] <= '9' && slice_to_int64(slice_of(text), &port) == 0 &&
	       port >= 1 && port <= UINT16_MAX;
}

/* HOST:PORT or [HOST]:PORT into its halves; 0, or -1 and *why. */
static int
split(const char *text, char *host, const char **port, const char **why)
{
	const char *colon = strrchr(text, ':');
	size_t len;

	if (colon == NULL)
		return fail(why, "not HOST:PORT");
	len = (size_t)(colon - text);
	if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (len == 0 || len >= HOST_MAX || colon[1] == '\0')
		return fail(why, "not HOST:PORT");
	if (!is_port(colon + 1))
		return fail(why, "a port is 1 to 65535");
	memcpy(host, text, len);
	host[len] = '\0';
	*port = colon + 1;
	return 0;
}

int
resolve(const char *text, bool numeric, struct sockaddr_storage *address, socklen_t *len,
    const char **why)
{
	struct addrinfo wanted = { .ai_socktype = SOCK_STREAM }, *found, *best;
	char host[HOST_MAX];
	const char *port;
	int error;

	if (split(text, host, &port, why) == -1)
		return -1;
	wanted.ai_flags = AI_NUMERICSERV | (numeric ? AI_NUMERICHOST : 0);
	error = getaddrinfo(host, port, &wanted, &found);
	if (error != 0)
		return fail(why, gai_strerror(error));
	best = found;
	for (struct addrinfo *one = found; one != NULL; one = one->ai_next) {
		/* RocketMQ's routes carry IPv4 first of all */
		if (one->ai_family == AF_INET) {
			best = one;
			break;
		}
	}
	memset(address, 0, sizeof *address);
	memcpy(address, best->ai_addr, best->ai_addrlen);
	*len = best->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}

/* -- the thread ------------------------------------------------------------------------ */

static void
lookups_unref(struct lookups *lookups)
{
	bool last;

	pthread_mutex_lock(&lookups->lock);
	last = --lookups->refs == 0;
	pthread_mutex_unlock(&lookups->lock);
	if (!last)
		return;
	for (size_t i = 0; i < lookups->n; i++)
		free(lookups->texts[i]);
	free(lookups->texts);
	pthread_cond_destroy(&lookups->asked);
	pthread_mutex_destroy(&lookups->lock);
	free(lookups);
}

static void
log_change(const struct resolved *one)
{
	char host[NI_MAXHOST];

	if (getnameinfo((const struct sockaddr *)&one->address, one->len, host, sizeof host, NULL,
		0, NI_NUMERICHOST) == 0)
		log_info("name resolved name=%s address=%s", one->text, host);
}

static void
take_found(struct resolver *resolver, size_t i, const struct looked_up *now)
{
	struct resolved *one = &resolver->list[i];

	if (now->why != NULL) {
		if (!resolver->failed[i])
			log_warn(
			    "name does not resolve name=%s error=\"%s\"; it is looked up every "
			    "%d s, an entry in /etc/hosts is enough",
			    one->text, now->why, PERIOD_S);
		resolver->failed[i] = true;
		return;
	}
	resolver->failed[i] = false;
	if (one->len == now->len && memcmp(&one->address, &now->address, one->len) == 0)
		return;
	one->address = now->address;
	one->len = now->len;
	log_change(one);
	resolver->changed(resolver->arg, i);
}

static void
run_found(struct task *task, void *receiver)
{
	struct lookup_result *found = (struct lookup_result *)task;
	struct lookups *lookups = found->lookups;

	(void)receiver;
	/* the callback may free the resolver */
	for (size_t i = 0; i < lookups->n && lookups->resolver != NULL; i++)
		take_found(lookups->resolver, i, &found->list[i]);
	lookups_unref(lookups);
	free(found);
}

static void
look_up(struct lookups *lookups)
{
	struct lookup_result *found =
	    mem_zalloc(sizeof *found + lookups->n * sizeof found->list[0]);

	found->task.run = run_found;
	found->lookups = lookups;
	for (size_t i = 0; i < lookups->n; i++)
		resolve(lookups->texts[i], false, &found->list[i].address, &found->list[i].len,
		    &found->list[i].why);
	pthread_mutex_lock(&lookups->lock);
	if (lookups->closed) {
		free(found);
	} else {
		lookups->refs++;
		loop_post(lookups->loop, &found->task);
	}
	pthread_mutex_unlock(&lookups->lock);
}

/* Until it is time again; false when the resolver went. */
static bool
wait_for_turn(struct lookups *lookups)
{
	struct timespec until;
	bool goes_on;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += PERIOD_S;
	pthread_mutex_lock(&lookups->lock);
	while (!lookups->closed && !lookups->ask &&
	       pthread_cond_timedwait(&lookups->asked, &lookups->lock, &until) != ETIMEDOUT)
		;
	lookups->ask = false;
	goes_on = !lookups->closed;
	pthread_mutex_unlock(&lookups->lock);
	return goes_on;
}

static void *
run_lookups(void *arg)
{
	struct lookups *lookups = arg;

	do
		look_up(lookups);
	while (wait_for_turn(lookups));
	lookups_unref(lookups);
	return NULL;
}

/* -- the resolver ---------------------------------------------------------------------- */

static struct lookups *
lookups_new(struct resolver *resolver, struct loop *loop)
{
	struct lookups *lookups = mem_zalloc(sizeof *lookups);
	pthread_condattr_t attributes;

	pthread_mutex_init(&lookups->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&lookups->asked, &attributes);
	pthread_condattr_destroy(&attributes);
	lookups->refs = 1;
	lookups->loop = loop;
	lookups->resolver = resolver;
	lookups->n = resolver->n;
	lookups->texts = mem_zalloc((resolver->n + 1) * sizeof *lookups->texts);
	for (size_t i = 0; i < resolver->n; i++)
		lookups->texts[i] = mem_strdup(resolver->list[i].text);
	return lookups;
}

static void
start_thread(struct lookups *lookups)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int error;

	lookups->refs++;
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	error = pthread_create(&thread, &attributes, run_lookups, lookups);
	pthread_attr_destroy(&attributes);
	if (error != 0)
		fatal("thread cannot be made error=\"%s\"", strerror(error));
}

struct resolver *
resolver_new(
    struct loop *loop, const char *addresses, void (*changed)(void *arg, size_t index), void *arg)
{
	struct resolver *resolver = mem_zalloc(sizeof *resolver);
	struct slice rest = slice_of(addresses), part;
	size_t n = 1;
	bool all_numeric = true;

	for (const char *c = addresses; c != NULL && *c != '\0'; c++)
		n += *c == ';';
	resolver->changed = changed;
	resolver->arg = arg;
	resolver->list = mem_zalloc(n * sizeof *resolver->list);
	resolver->failed = mem_zalloc(n * sizeof *resolver->failed);
	while (slice_next(&rest, ';', &part)) {
		struct resolved *one = &resolver->list[resolver->n];

		if (part.len == 0)
			continue;
		one->text = slice_dup(part);
		resolver->n++;
		if (resolve(one->text, true, &one->address, &one->len, NULL) == -1)
			all_numeric = false;
	}
	resolver->lookups = lookups_new(resolver, loop);
	if (!all_numeric)
		start_thread(resolver->lookups);
	return resolver;
}

void
resolver_free(struct resolver *resolver)
{
	struct lookups *lookups = resolver->lookups;

	pthread_mutex_lock(&lookups->lock);
	lookups->closed = true;
	lookups->resolver = NULL;
	pthread_cond_signal(&lookups->asked);
	pthread_mutex_unlock(&lookups->lock);
	lookups_unref(lookups);
	for (size_t i = 0; i < resolver->n; i++)
		free((void *)(uintptr_t)resolver->list[i].text);
	free(resolver->list);
	free(resolver->failed);
	free(resolver);
}

size_t
resolver_count(const struct resolver *resolver)
{
	return resolver->n;
}

const struct resolved *
resolver_get(const struct resolver *resolver, size_t index)
{
	return &resolver->list[index];
}

void
resolver_ask(struct resolver *resolver)
{
	struct lookups *lookups = resolver->lookups;

	pthread_mutex_lock(&lookups->lock);
	lookups->ask = true;
	pthread_cond_signal(&lookups->asked);
	pthread_mutex_unlock(&lookups->lock);
}
