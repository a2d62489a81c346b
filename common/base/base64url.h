#ifndef COMMON_BASE64URL_H
#define COMMON_BASE64URL_H

/* Base64 with the letters of URLs (RFC 4648, section 5), as java.util.Base64.getUrlEncoder writes
 * it. Any thread. */

#include "common/base/arena.h"
#include "common/base/slice.h"

/* With = at its end, to a multiple of four; in the arena. */
struct slice base64url_encode(struct arena *arena, struct slice bytes);
/* The = may be missing. 0, or -1 and *bytes as it was; in the arena. */
int base64url_decode(struct arena *arena, struct slice text, struct slice *bytes);

#endif
