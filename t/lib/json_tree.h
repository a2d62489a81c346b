#ifndef T_LIB_JSON_TREE_H
#define T_LIB_JSON_TREE_H

#include "common/json/json.h"

/* Writes a parsed tree as text again, so that one comparison sees all of it. */
void json_tree_write(struct json_out *out, const struct json *value);

#endif
