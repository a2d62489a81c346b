#ifndef BROKER_HANDLE_PULL_H
#define BROKER_HANDLE_PULL_H

/* What a worker needs before its first pull. At start, before the loops run. */

struct worker;

void pull_attach(struct worker *worker);

#endif
