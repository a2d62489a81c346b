#ifndef COMMON_NAME_H
#define COMMON_NAME_H

/*
 * The names that peers send: one validator for header fields of both codecs, for JSON bodies
 * and for compressed ones. Headers use it through the FIELD_ types (fields.h), bodies through
 * name_member and their readers, so a handler only ever sees names that obey the rules for
 * received names. Keys, tags, properties and messages are no names. Any thread.
 *
 * A rule that is broken is told as the end of a sentence: "the topic " "has a control
 * character".
 */

#include <stdint.h>

#include "common/base/slice.h"
#include "common/json/json.h"

enum name_kind {
	NAME_TOPIC,
	NAME_GROUP,
	NAME_BROKER,
	NAME_CLUSTER,
	NAME_ADDRESS,
	NAME_CLIENT_ID,
	NAME_LABEL, /* a short text of any other kind: a zone, a namespace, a key of statistics */
	N_NAME_KINDS
};

#define NAME_TOPIC_MAX 127 /* bytes: a record has one signed byte for the length */
#define NAME_GROUP_MAX 120 /* its retry topic, %RETRY% and the group, is a topic */

#define NAME_EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

/* Not 0 when one of eight bytes is below ' ', DEL or above: there are borrows and carries then. */
static inline uint64_t
name_odd_bytes(uint64_t word)
{
	return (((word - NAME_EACH_BYTE(' ')) & ~word) | word | (word + NAME_EACH_BYTE(1))) &
	       NAME_EACH_BYTE(0x80);
}

/* Printable ASCII of at most NAME_TOPIC_MAX bytes, as nearly all names are: no rule is broken. */
static inline bool
name_is_plain(struct slice name)
{
	const size_t size = sizeof(uint64_t);
	uint64_t word, odd = 0;

	if (name.len >= size && name.len <= NAME_TOPIC_MAX) {
		for (size_t i = 0; i < name.len - size; i += size) {
			memcpy(&word, name.data + i, size);
			odd |= name_odd_bytes(word);
		}
		memcpy(&word, name.data + name.len - size, size); /* reaches back over the last */
		return (odd | name_odd_bytes(word)) == 0;
	}
	return name.len == 0 || (name.len < size && name_odd_bytes(slice_short_word(name)) == 0);
}

/*
 * What a received name must be: UTF-8 without control characters, not much longer than what a
 * name may be made of. NULL, or the rule that it breaks. An absent or empty name breaks none:
 * whether one is wanted is up to the request.
 */
const char *name_fault(enum name_kind kind, struct slice name);
/*
 * What a name must be for something new to bear it: topics and groups are ^[%|a-zA-Z0-9_-]+$ of
 * NAME_TOPIC_MAX or NAME_GROUP_MAX bytes, addresses HOST:PORT. NULL, or the rule that it breaks.
 */
const char *name_new_fault(enum name_kind kind, struct slice name);

/* Whether a topic or a group of that name may be made, by the longer limit of topics. */
static inline bool
name_is_valid(struct slice name)
{
	return name_new_fault(NAME_TOPIC, name) == NULL;
}

/* A member of a body that is a name; absent where json_member_text is. 0, or -1: it breaks a rule.
 */
int name_member(
    const struct json *object, const char *member, enum name_kind kind, struct slice *name);
/* Whether all of a list are what received names must be. */
bool names_are_sound(enum name_kind kind, const struct slice *names, size_t n_names);

#endif
