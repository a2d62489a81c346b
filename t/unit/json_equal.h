#ifndef UNIT_JSON_EQUAL_H
#define UNIT_JSON_EQUAL_H

/*
 * Compares JSON as a reader sees it: the order of members does not count, a
 * number equals the text that holds it.
 */

#include "common/base/buf.h"
#include "common/json/json.h"

/*
 * Whether all of `wanted` is in `got`, and nothing else. Members of `wanted` named in
 * `dropped` may be missing, members of `got` named in `added` may be more
 * (lists end with NULL). If not, *where names the first difference.
 */
bool json_equal(const struct json *wanted, const struct json *got, const char *const *dropped,
    const char *const *added, struct buf *where);

#endif
