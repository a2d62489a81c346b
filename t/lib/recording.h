#ifndef T_LIB_RECORDING_H
#define T_LIB_RECORDING_H

/*
 * The recorded frames of real clients and servers: t/vectors, or the folder that the environment
 * variable VECTORS names. Its README says how the files are made.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/slice.h"
#include "common/json/json.h"
#include "common/protocol/frame.h"

/* One recorded frame; valid until the callback returns. */
struct vector {
	const char *path;
	int line;
	struct arena *arena; /* for what the callback needs; reset after it */
	struct slice kind;   /* request, oneway, response, malformed */
	bool to_server;
	bool probe; /* made by hand, on purpose odd */
	int32_t code;
	int32_t of; /* responses: code of the request, else 0 */
	enum frame_codec codec;
	struct slice header;     /* as sent */
	struct slice body;       /* as sent; not more than the recording kept */
	bool whole;              /* the recording kept all of the body */
	struct slice raw;        /* malformed: the frame */
	const struct json *json; /* the line */
};

/* The folder, or NULL when there is none that can be read. */
const char *recording_folder(void);
/* Calls back for each frame, and returns how many files there are; -1 where one cannot be read. */
int recording_each(void (*check)(const struct vector *vector, void *arg), void *arg);
/* The bytes that a text of hexadecimal digits stands for. */
struct slice recording_hex(struct arena *arena, struct slice text);

#endif
