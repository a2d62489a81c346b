#ifndef STORE_EXPIRE_H
#define STORE_EXPIRE_H

#include "broker/store/base.h"

struct readers;

/* See store_expire and store_expire_oldest in store.h. Any thread. */
void expire_before(struct store_base *base, struct readers *readers, int64_t before_ms);
void expire_oldest(struct store_base *base, struct readers *readers);

#endif
