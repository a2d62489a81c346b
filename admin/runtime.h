#ifndef ADMIN_RUNTIME_H
#define ADMIN_RUNTIME_H

/* What a broker tells about itself (GET_BROKER_RUNTIME_INFO): texts by name. One thread. */

#include "admin/admin.h"

struct runtime {
	const struct ext *pairs;
	size_t n;
	struct arena *arena; /* for texts of the output */
};

/* 0, or -1 after admin_fail. */
int runtime_ask(struct admin *admin, struct slice address, struct runtime *runtime);
/* Absent when the broker does not have it. */
struct slice runtime_text(const struct runtime *runtime, const char *name);
int64_t runtime_int(const struct runtime *runtime, const char *name);
/* The first number, of the last 10 s. 4.x and 5.x spell some names differently. */
double runtime_rate(const struct runtime *runtime, const char *name, const char *other_name);
/*
 * "master since 2026-11-30 12:03:04, epoch 4: took over from 10.0.0.1:10911, which was lost";
 * empty: the broker does not say. Arena.
 */
struct slice runtime_role_text(struct arena *arena, const struct runtime *runtime);

#endif
