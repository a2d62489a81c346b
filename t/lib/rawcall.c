/*
 * rawcall: sends requests as given and prints the answers, for shell tests.
 *
 *   rawcall [flags] HOST:PORT CODE [key=value ...] [-- CODE [key=value ...] ...]
 *
 *   -b FILE   the body of each request      -B TEXT  the same, from the line
 *             (@TEXT among the key=value words is the body of that request alone)
 *   -v N      client version (default 407)  -l NAME  client language (JAVA)
 *   -x        ROCKETMQ headers, not JSON    -o       oneway: no answer is awaited
 *   -t MS     patience (default 30000)       -O FILE  the last answer's body goes there
 *   -R        shows the messages of a body, a line each, with : and ; in their properties
 *   -A TEXT   answers requests of the peer with code 0 and this body
 *   -E N      ends each transaction that it is asked about with this commitOrRollback
 *   -N N      does so on N connections; all but the last are left open and not read again
 *   -P        prints the bodies of the peer's requests, as push.body=
 *   -H        keeps the connection until killed or until the peer closes it,
 *             after a line "held"
 *
 * For each answer: code=, remark= (if any), ext.KEY= (sorted), bytes=, body=.
 * For each request of the peer: push=CODE, push.KEY= for its ext fields.
 * Exit status: 0 all answers came, 1 one did not, 2 wrong use.
 */

#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"
#include "common/protocol/command.h"
#include "common/protocol/headers.h"
#include "common/protocol/record.h"
#include "t/lib/raw.h"

#define MAX_EXT 64

struct caller {
	struct raw raw;
	int timeout_ms;
	int n_connections;
	bool oneway;
	bool hold;
	bool records;
	bool print_pushes;
	const char *push_reply; /* NULL: none */
	const char *end;        /* of transactions; NULL: not answered */
	const char *body_path;  /* NULL: stdout */
	struct slice body;
	struct command command; /* what all requests share */
	struct arena arena;
};

static void __attribute__((noreturn, format(printf, 2, 3))) die(int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("rawcall: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(status);
}

static struct slice
read_file(struct arena *arena, const char *path)
{
	FILE *file = fopen(path, "rb");
	struct buf text = { 0 };
	size_t n;

	if (file == NULL)
		die(2, "%s: %s", path, strerror(errno));
	while ((n = fread(buf_reserve(&text, 65536), 1, 65536, file)) > 0)
		text.len += n;
	fclose(file);

	struct slice copy = arena_copy(arena, buf_slice(&text));

	buf_release(&text);
	return copy;
}

static int
by_key(const void *a, const void *b)
{
	return slice_compare(((const struct ext *)a)->key, ((const struct ext *)b)->key);
}

/* Properties with readable separators. */
static void
print_properties(struct slice properties)
{
	for (size_t i = 0; i < properties.len; i++) {
		char c = properties.data[i];

		putchar(c == '\1' ? ':' : c == '\2' ? ';' : c);
	}
	putchar('\n');
}

static void
print_records(struct slice body)
{
	struct record record;

	for (; body.len != 0; body.data += record.size, body.len -= record.size) {
		if (record_decode(body.data, body.len, &record) == -1)
			die(1, "the body has %zu bytes that are no message", body.len);
		printf("record=%.*s/%d/%lld position=%lld times=%d body=%.*s properties=",
		    (int)record.topic.len, record.topic.data, record.queue_id,
		    (long long)record.queue_offset, (long long)record.position,
		    record.reconsume_times, (int)record.body.len, record.body.data);
		print_properties(record.properties);
	}
}

static void
print_body(const struct caller *caller, struct slice body)
{
	FILE *file = caller->body_path != NULL ? fopen(caller->body_path, "wb") : stdout;

	if (file == NULL)
		die(2, "%s: %s", caller->body_path, strerror(errno));
	if (file == stdout)
		fputs("body=", file);
	fwrite(body.data, 1, body.len, file);
	if (file == stdout)
		fputc('\n', file);
	else
		fclose(file);
}

static void
print_reply(struct caller *caller, const struct frame *frame)
{
	struct command reply;
	struct ext *sorted;

	if (command_decode(&caller->arena, frame, &reply) != COMMAND_OK)
		die(1, "the answer's header cannot be read");
	printf("code=%d\n", reply.code);
	if (reply.remark.data != NULL)
		printf("remark=%.*s\n", (int)reply.remark.len, reply.remark.data);
	sorted = arena_alloc(&caller->arena, (reply.n_ext + 1) * sizeof *sorted);
	for (size_t i = 0; i < reply.n_ext; i++)
		sorted[i] = reply.ext[i];
	qsort(sorted, reply.n_ext, sizeof *sorted, by_key);
	for (size_t i = 0; i < reply.n_ext; i++)
		printf("ext.%.*s=%.*s\n", (int)sorted[i].key.len, sorted[i].key.data,
		    (int)sorted[i].value.len, sorted[i].value.data);
	printf("bytes=%zu\n", frame->body.len);
	if (caller->records && reply.code == 0)
		print_records(frame->body);
	else
		print_body(caller, frame->body);
}

static void
send_frame(struct caller *caller, const struct command *command, struct slice body)
{
	struct buf out = { 0 };
	const char *why;

	command_encode(&out, command, body, body.len);
	if (raw_send(&caller->raw, buf_slice(&out), &why) == -1)
		die(1, "%s", why);
	buf_release(&out);
}

/* As a producer does: oneway, in the name of the group that the message names. */
static void
end_transaction(struct caller *caller, const struct command *push, struct slice body)
{
	struct check_transaction_header asked;
	struct record record;
	const char *bad;

	if (fields_decode(check_transaction_header_fields, push, &asked, &bad) == -1 ||
	    record_decode(body.data, body.len, &record) == -1)
		die(1, "a check cannot be read");
	struct end_transaction_header end = {
		.producer_group = property_find(record.properties, "PGROUP"),
		.tran_state_table_offset = asked.tran_state_table_offset,
		.commit_log_offset = asked.commit_log_offset,
		.commit_or_rollback = (int32_t)strtol(caller->end, NULL, 10),
		.from_check = true,
		.msg_id = asked.msg_id,
		.transaction_id = asked.transaction_id,
	};
	struct command command = caller->command;

	command.code = REQUEST_END_TRANSACTION;
	command.flag = COMMAND_FLAG_ONEWAY;
	command.opaque = ++caller->command.opaque;
	fields_encode(end_transaction_header_fields, &end, &caller->arena, &command);
	send_frame(caller, &command, SLICE(""));
}

/* A request of the peer is printed, and answered if we were told how. False: it is an answer. */
static bool
take_push(struct caller *caller, const struct frame *frame)
{
	struct command push;

	if (command_decode(&caller->arena, frame, &push) != COMMAND_OK)
		die(1, "a header cannot be read");
	if (push.flag & COMMAND_FLAG_RESPONSE)
		return false;
	printf("push=%d\n", push.code);
	for (size_t i = 0; i < push.n_ext; i++)
		printf("push.%.*s=%.*s\n", (int)push.ext[i].key.len, push.ext[i].key.data,
		    (int)push.ext[i].value.len, push.ext[i].value.data);
	if (caller->print_pushes)
		printf("push.body=%.*s\n", (int)frame->body.len, frame->body.data);
	fflush(stdout);
	if (caller->end != NULL && push.code == REQUEST_CHECK_TRANSACTION_STATE)
		end_transaction(caller, &push, frame->body);
	if (caller->push_reply == NULL || push.flag & COMMAND_FLAG_ONEWAY)
		return true;
	push.flag |= COMMAND_FLAG_RESPONSE;
	push.code = 0;
	push.ext = NULL;
	push.n_ext = 0;
	send_frame(caller, &push, slice_of(caller->push_reply));
	return true;
}

/* Takes "CODE key=value ..." up to "--"; returns how many words that were. */
static int
call(struct caller *caller, int n_words, char **words)
{
	struct command command = caller->command;
	struct ext ext[MAX_EXT];
	struct slice body = caller->body;
	struct frame frame;
	const char *why;
	int used = 1;

	command.code = (int32_t)strtol(words[0], NULL, 10);
	command.opaque = ++caller->command.opaque;
	command.flag = caller->oneway ? COMMAND_FLAG_ONEWAY : 0;
	for (; used < n_words && strcmp(words[used], "--") != 0; used++) {
		const char *equals = strchr(words[used], '=');

		if (words[used][0] == '@') {
			body = slice_of(words[used] + 1);
			continue;
		}
		if (equals == NULL || command.n_ext == MAX_EXT)
			die(2, "%s is no key=value, or one too many", words[used]);
		ext[command.n_ext++] =
		    (struct ext){ { words[used], (size_t)(equals - words[used]) },
			    slice_of(equals + 1) };
	}
	command.ext = command.n_ext != 0 ? ext : NULL;
	send_frame(caller, &command, body);
	if (!caller->oneway) {
		do {
			if (raw_receive(&caller->raw, &frame, &why) == -1)
				die(1, "%s", why);
		} while (take_push(caller, &frame));
		print_reply(caller, &frame);
	}
	return used + (used < n_words);
}

static void
parse_flags(struct caller *caller, int argc, char **argv)
{
	int flag;

	while ((flag = getopt(argc, argv, "+b:B:v:l:xot:O:RA:E:N:PH")) != -1) {
		switch (flag) {
		case 'b':
			caller->body = read_file(&caller->arena, optarg);
			break;
		case 'B':
			caller->body = slice_of(optarg);
			break;
		case 'v':
			caller->command.version = (int32_t)strtol(optarg, NULL, 10);
			break;
		case 'l':
			caller->command.language = command_language_of(slice_of(optarg));
			break;
		case 'x':
			caller->command.codec = FRAME_BINARY;
			break;
		case 'o':
			caller->oneway = true;
			break;
		case 't':
			caller->timeout_ms = (int)strtol(optarg, NULL, 10);
			break;
		case 'O':
			caller->body_path = optarg;
			break;
		case 'R':
			caller->records = true;
			break;
		case 'A':
			caller->push_reply = optarg;
			break;
		case 'E':
			caller->end = optarg;
			break;
		case 'N':
			caller->n_connections = (int)strtol(optarg, NULL, 10);
			break;
		case 'P':
			caller->print_pushes = true;
			break;
		case 'H':
			caller->hold = true;
			break;
		default:
			exit(2);
		}
	}
}

/* What the peer asks is printed, until it closes. */
static void
hold(struct caller *caller)
{
	struct frame frame;
	const char *why;

	puts("held");
	fflush(stdout);
	caller->raw.timeout_ms = INT_MAX;
	while (raw_receive(&caller->raw, &frame, &why) == 0) {
		take_push(caller, &frame);
		arena_reset(&caller->arena);
	}
	puts("closed");
}

/* One connection, and all requests on it. */
static void
talk(struct caller *caller, int n_words, char **words)
{
	const char *why;
	int at = 1;

	if (raw_open(&caller->raw, words[0], caller->timeout_ms, &why) == -1)
		die(1, "%s: %s", words[0], why);
	while (at < n_words)
		at += call(caller, n_words - at, words + at);
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	struct caller caller = {
		.timeout_ms = 30000,
		.n_connections = 1,
		.body = { "", 0 },
		.command = { .codec = FRAME_JSON,
		    .language = LANGUAGE_JAVA,
		    .version = COMMAND_VERSION },
	};

	parse_flags(&caller, argc, argv);
	if (argc - optind < 2 || caller.n_connections < 1)
		die(2, "use: rawcall [flags] HOST:PORT CODE [key=value ...] [-- CODE ...]");
	struct raw *others = mem_zalloc((size_t)caller.n_connections * sizeof *others);

	for (int i = 1; i < caller.n_connections; i++) {
		talk(&caller, argc - optind, argv + optind);
		others[i] = caller.raw;
		caller.raw = (struct raw){ 0 };
	}
	talk(&caller, argc - optind, argv + optind);
	if (caller.hold)
		hold(&caller);
	for (int i = 1; i < caller.n_connections; i++)
		raw_close(&others[i]);
	raw_close(&caller.raw);
	free(others);
	arena_release(&caller.arena);
	return 0;
}
