#ifndef COMMON_UTF8_H
#define COMMON_UTF8_H

/*
 * UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing above U+10FFFF. Any
 * thread.
 */

#include <stdbool.h>
#include <stddef.h>

#include "common/base/slice.h"

/* The bytes of the character at the front of a text that is not empty; 0: there is none. */
size_t utf8_character(struct slice text);
bool utf8_is_valid(struct slice text); /* an empty or absent one is */
/* The longest beginning of at most max_bytes that ends between two characters. */
struct slice utf8_cut(struct slice text, size_t max_bytes);
/*
 * Makes a text UTF-8, in place: a character that its end cuts is left out, and other bytes that
 * are none become '?'. The length it has now. For what is written with a format, whose parts
 * may be cut or not be UTF-8.
 */
size_t utf8_clean(char *text, size_t len);

#endif
