#ifndef COMMON_KV_TABLE_H
#define COMMON_KV_TABLE_H

/*
 * KVTable, pairs of texts: {"table":{"k":"v"}}. Bodies of 28, 219 and the reply
 * to 103. Source: protocol description 3.3. The reader returns 0, or -1 when the body has
 * another form. Pairs live in the arena or point into the body. Any thread.
 */

#include "common/protocol/command.h"
#include "common/json/json.h"

void kv_table_write(struct json_out *out, const struct ext *pairs, size_t n_pairs);
int kv_table_read(
    struct arena *arena, struct slice body, const struct ext **pairs, size_t *n_pairs);

#endif
