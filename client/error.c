#include "config.h"

#include "client/error.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/protocol/codes.h"

#define REMARK_MAX 300

void
twinmq_error_set(struct twinmq_error *error, int32_t code, const char *format, ...)
{
	va_list args;

	error->code = code;
	va_start(args, format);
	vsnprintf(error->text, sizeof error->text, format, args);
	va_end(args);
	for (char *c = error->text; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20)
			*c = ' ';
}

void
twinmq_error_of_reply(struct twinmq_error *error, struct slice address, const struct command *reply)
{
	struct slice remark = reply->remark, line;

	/* RocketMQ puts a link to its questions page on the next line. */
	if (!slice_next(&remark, '\n', &line) || slice_trim(line).len == 0)
		line = SLICE("no reason given");
	line = slice_trim(line);
	twinmq_error_set(error, reply->code, "%.*s says: %.*s (code %d, %s)", (int)address.len,
	    address.data, line.len > REMARK_MAX ? REMARK_MAX : (int)line.len, line.data,
	    (int)reply->code, response_code_name(reply->code));
}
