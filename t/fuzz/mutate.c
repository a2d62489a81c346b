#include "config.h"

#include "t/fuzz/mutate.h"

#include <string.h>

#include "common/base/arena.h"
#include "common/base/wire.h"
#include "common/protocol/codes.h"
#include "common/protocol/command.h"

#define EXTS_MAX 64 /* more fields of a header are not changed */

/* splitmix64 */
static uint64_t
next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

uint32_t
mutate_below(uint64_t *state, uint32_t bound)
{
	return (uint32_t)(next(state) % bound);
}

static bool
one_in(uint64_t *state, uint32_t n)
{
	return mutate_below(state, n) == 0;
}

/* ---- values of header fields ---- */

static struct slice
odd_value(struct arena *arena, uint64_t *state)
{
	static const char *const values[] = { "", "0", "1", "-1", "2", "7", "15", "16", "127",
		"255", "256", "65535", "65536", "1048576", "2147483647", "-2147483648",
		"2147483648", "4294967295", "4294967296", "9223372036854775807",
		"-9223372036854775808", "9223372036854775808", "99999999999999999999", "1e9",
		"0x10", "NaN", "null", "true", "false", "T", "TBW102", "*", "a||b", "%RETRY%G",
		"%DLQ%G", "RMQ_SYS_TRANS_HALF_TOPIC", "RMQ_SYS_TRANS_OP_HALF_TOPIC",
		"SCHEDULE_TOPIC_XXXX", "TRANS_CHECK_MAX_TIME_TOPIC", "broker-a", "DefaultCluster",
		"127.0.0.1:1", "0.0.0.0:0", "[::1]:9", "../../x", "a;b;c", "a,b", "{}", "[]", "\"",
		"\\", "\xff\xfe", "\xed\xa0\x80", "KEYS\1k\2",
		"TRAN_MSG\1true\2PGROUP\1G\2UNIQ_KEY\1u\2", "DELAY\0013\2", "DELAY\1-1\2", "KEYS\1",
		"\1\2\1\2" };
	static const uint32_t lengths[] = { 1, 127, 128, 255, 256, 4096, 32767, 32768, 65535, 65536,
		200000 };
	struct slice value;
	char *bytes;

	if (one_in(state, 40))
		return (struct slice){ "a\0b", 3 };
	if (!one_in(state, 6)) {
		const char *text = values[mutate_below(state, sizeof values / sizeof *values)];

		return slice_of(text);
	}
	/* Long values are rare, so that the daemons are not only copying. */
	value.len = lengths[mutate_below(state, one_in(state, 10) ? 11 : 6)];
	bytes = arena_alloc(arena, value.len);
	memset(bytes, "a%\x01\xe4"[mutate_below(state, 4)], value.len);
	value.data = bytes;
	return value;
}

static int32_t
odd_code(uint64_t *state)
{
	static const int32_t codes[] = {
#define CODE(name, code) code,
		REQUEST_CODES(CODE)
#undef CODE
	};

	if (one_in(state, 20))
		return (int32_t)next(state);
	return codes[mutate_below(state, sizeof codes / sizeof *codes)];
}

/* Changes fields of the header: values, order, number, and the code that they are for. */
static void
mutate_command(struct command *command, struct ext *exts, struct arena *arena, uint64_t *state)
{
	size_t n = command->n_ext < EXTS_MAX ? command->n_ext : EXTS_MAX;

	for (size_t i = 0; i < n; i++)
		exts[i] = command->ext[i];
	for (uint32_t todo = mutate_below(state, 4); todo > 0; todo--) {
		switch (n > 0 ? mutate_below(state, 8) : 5 + mutate_below(state, 3)) {
		case 0: /* one is missing */
			exts[mutate_below(state, (uint32_t)n)] = exts[n - 1];
			n--;
			break;
		case 1: /* one is there twice */
			if (n < EXTS_MAX) {
				exts[n] = exts[mutate_below(state, (uint32_t)n)];
				exts[n++].value = odd_value(arena, state);
			}
			break;
		case 5:
			command->code = odd_code(state);
			break;
		case 6:
			command->flag = mutate_below(state, 4);
			command->version = (int32_t)next(state);
			break;
		case 7:
			command->opaque = (int32_t)next(state);
			command->language =
			    (enum command_language)mutate_below(state, LANGUAGE_UNKNOWN + 1);
			break;
		default:
			exts[mutate_below(state, (uint32_t)n)].value = odd_value(arena, state);
		}
	}
	command->ext = n > 0 ? exts : NULL;
	command->n_ext = n;
}

/* ---- bytes ---- */

static void
odd_number(char *at, size_t room, uint64_t *state)
{
	static const uint64_t numbers[] = { 0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff,
		0xffffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x7fffffffffffffff,
		0x8000000000000000, 0xffffffffffffffff };
	uint64_t number = numbers[mutate_below(state, sizeof numbers / sizeof *numbers)];

	if (room >= 8 && one_in(state, 3))
		be64_put(at, number);
	else if (room >= 4 && !one_in(state, 3))
		be32_put(at, (uint32_t)number);
	else if (room >= 2)
		be16_put(at, (uint16_t)number);
}

static void
mutate_bytes(struct buf *bytes, struct slice other, uint64_t *state)
{
	for (uint32_t todo = 1 + mutate_below(state, 4); todo > 0 && bytes->len > 0; todo--) {
		size_t at = mutate_below(state, (uint32_t)bytes->len);
		size_t room = bytes->len - at;

		switch (mutate_below(state, 6)) {
		case 0:
			bytes->data[at] ^= (char)(1 << mutate_below(state, 8));
			break;
		case 1:
			bytes->data[at] = (char)next(state);
			break;
		case 2:
			odd_number(bytes->data + at, room, state);
			break;
		case 3: /* some are missing */
			room = mutate_below(state, (uint32_t)room) + 1;
			memmove(bytes->data + at, bytes->data + at + room, bytes->len - at - room);
			bytes->len -= room;
			break;
		case 4: /* some are there again */
			room = mutate_below(state, (uint32_t)room) + 1;
			buf_reserve(bytes, room);
			memcpy(bytes->data + bytes->len, bytes->data + at, room);
			bytes->len += room;
			break;
		default: /* some of another frame */
			if (other.len > 0) {
				size_t from = mutate_below(state, (uint32_t)other.len);
				size_t n = other.len - from < room ? other.len - from : room;

				memcpy(bytes->data + at, other.data + from, n);
			}
		}
	}
}

static void
append_frame(struct buf *out, enum frame_codec codec, struct slice header, struct slice body)
{
	buf_put_u32(out, (uint32_t)(4 + header.len + body.len));
	buf_put_u32(out, (uint32_t)codec << 24 | (uint32_t)header.len);
	buf_append_slice(out, header);
	buf_append_slice(out, body);
}

void
mutate_frame(struct buf *out, const struct good_frame *frame, const struct good_frame *other,
    uint64_t *state)
{
	struct arena arena = { 0 };
	struct buf good = { 0 }, body = { 0 };
	struct ext exts[EXTS_MAX];
	struct command command;
	struct frame read;
	size_t need, start = out->len;

	append_frame(&good, frame->codec, frame->header, frame->body);
	buf_append_slice(&body, one_in(state, 30) ? other->body : frame->body);
	if (one_in(state, 3))
		mutate_bytes(&body, other->body, state);
	if (frame_read(good.data, good.len, &read, &need) == FRAME_OK &&
	    command_decode(&arena, &read, &command) == COMMAND_OK && !one_in(state, 8)) {
		mutate_command(&command, exts, &arena, state);
		command.codec = one_in(state, 2) ? FRAME_JSON : FRAME_BINARY;
		command_encode(out, &command, buf_slice(&body), body.len);
	} else {
		append_frame(out, frame->codec, frame->header, buf_slice(&body));
	}
	/* Now and then anything at all changes: lengths, codec, the header's text. */
	if (one_in(state, 6)) {
		struct buf whole = { 0 };

		buf_append(&whole, out->data + start, out->len - start);
		if (one_in(state, 3))
			odd_number(whole.data, whole.len, state);
		else
			mutate_bytes(&whole, other->header, state);
		out->len = start;
		buf_append_slice(out, buf_slice(&whole));
		buf_release(&whole);
	}
	buf_release(&good);
	buf_release(&body);
	arena_release(&arena);
}
