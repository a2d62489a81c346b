#ifndef NAMESERVER_KV_H
#define NAMESERVER_KV_H

/*
 * The persistent state of the name server: KV pairs in namespaces, and settings
 * that were changed over the network. They are stored in namesrv.db (SQLite,
 * WAL, synchronous FULL): a change that was replied to survives kill -9 and
 * power cuts. Reads are from memory. One thread; lent memory is valid until the
 * next change.
 */

#include "common/base/arena.h"
#include "common/base/slice.h"
#include "common/protocol/command.h"

#define KV_ORDER_TOPICS "ORDER_TOPIC_CONFIG" /* topic -> "broker:queues;..." */

struct kv;

/*
 * Opens or creates directory/namesrv.db and locks it. A new file imports import_path, a
 * kvConfig.json (NULL: none). Returns NULL on failure; *why then says what to do, in the arena.
 */
struct kv *kv_open(
    const char *directory, const char *import_path, struct arena *arena, struct slice *why);
void kv_close(struct kv *kv);

struct kv_counts {
	size_t pairs;
	size_t bytes; /* of all namespaces' keys and values */
};

struct kv_counts kv_counts(const struct kv *kv);
/* 0, or -1 when the file cannot be written: then nothing has changed. */
int kv_put(struct kv *kv, struct slice space, struct slice key, struct slice value);
int kv_delete(struct kv *kv, struct slice space, struct slice key);
struct slice kv_find(
    const struct kv *kv, struct slice space, struct slice key); /* absent: no such pair */
/* All pairs of a namespace by key, in the arena; NULL when there is no such namespace. */
const struct ext *kv_list(
    const struct kv *kv, struct slice space, struct arena *arena, size_t *n_pairs);

/* All of them, or none and -1. */
int kv_put_settings(struct kv *kv, const struct ext *rows, size_t n);
void kv_each_setting(
    struct kv *kv, void (*take)(void *arg, struct slice name, struct slice value), void *arg);

#endif
