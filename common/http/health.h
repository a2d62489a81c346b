#ifndef COMMON_HEALTH_H
#define COMMON_HEALTH_H

/*
 * The answers of /healthz and /readyz: 200, or 503 with each reason in a sentence of its own. One
 * exchange, one thread.
 */

#include "common/http/http.h"

#define HEALTH_REASONS_MAX 8

struct health {
	struct {
		const char *name; /* of the check: "disk" */
		struct slice why; /* absent: it is fine */
	} checks[HEALTH_REASONS_MAX];
	size_t n;
};

/* why: absent when all is well; lives until the answer. */
void health_add(struct health *health, const char *name, struct slice why);
/* {"status":"ok","checks":[{"name":"disk","ok":true}, ...]} */
void health_answer(const struct health *health, struct http_exchange *exchange);

#endif
