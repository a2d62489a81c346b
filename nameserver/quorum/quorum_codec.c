#include "config.h"

/* Commands and snapshots as bytes. Each begins with its length, without the zeros behind it. */

#include <string.h>

#include "common/base/mem.h"
#include "common/base/wire.h"
#include "nameserver/quorum/quorum_state.h"

#define FORMAT 1 /* of commands and of snapshots */

/* ---- Writing ---- */

static void
put_text(struct buf *to, struct slice text)
{
	buf_put_u16(to, (uint16_t)text.len);
	buf_append_slice(to, text);
}

/* Writes the length at `begin` and fills up to a multiple of 8. */
static void
finish(struct buf *to, size_t begin)
{
	static const char zeros[8];

	be32_put(to->data + begin, (uint32_t)(to->len - begin));
	buf_append(to, zeros, (8 - (to->len - begin) % 8) % 8);
}

void
quorum_command_encode(const struct quorum_command *command, struct buf *to)
{
	size_t begin = to->len;

	buf_put_u32(to, 0);
	buf_append_char(to, FORMAT);
	buf_append_char(to, (char)command->op);
	buf_append_char(to, command->unclean);
	buf_append_char(to, (char)command->n_ids);
	buf_put_u64(to, (uint64_t)command->id);
	buf_put_u32(to, command->epoch);
	buf_put_u32(to, command->set_epoch);
	put_text(to, command->cluster);
	put_text(to, command->name);
	put_text(to, command->address);
	put_text(to, command->check_code);
	for (size_t i = 0; i < command->n_ids; i++)
		buf_put_u64(to, (uint64_t)command->ids[i]);
	finish(to, begin);
}

static void
put_group(struct buf *to, const struct quorum_group *group)
{
	put_text(to, slice_of(group->cluster));
	put_text(to, slice_of(group->name));
	buf_put_u32(to, group->epoch);
	buf_put_u32(to, group->set_epoch);
	buf_put_u64(to, (uint64_t)group->master);
	buf_put_u64(to, (uint64_t)group->next_id);
	buf_append_char(to, (char)group->n_replicas);
	for (size_t i = 0; i < group->n_replicas; i++) {
		const struct quorum_replica *replica = &group->replicas[i];

		buf_put_u64(to, (uint64_t)replica->id);
		buf_append_char(to, replica->in_sync);
		put_text(to, slice_of(replica->address));
		put_text(to, slice_of(replica->check_code));
	}
}

void
quorum_state_encode(const struct quorum_state *state, struct buf *to)
{
	size_t begin = to->len, n = quorum_state_groups(state);

	buf_put_u32(to, 0);
	buf_append_char(to, FORMAT);
	buf_put_u32(to, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		put_group(to, quorum_state_at(state, i));
	finish(to, begin);
}

/* ---- Reading ---- */

struct reader {
	struct slice rest;
	bool bad; /* it ended too early */
};

static uint64_t
take_number(struct reader *reader, size_t bytes)
{
	struct slice raw;
	uint64_t number = 0;

	if (wire_take(&reader->rest, bytes, &raw) == -1) {
		reader->bad = true;
		return 0;
	}
	for (size_t i = 0; i < bytes; i++)
		number = number << 8 | (unsigned char)raw.data[i];
	return number;
}

static struct slice
take_text(struct reader *reader)
{
	struct slice text;

	if (wire_take_counted(&reader->rest, 2, &text) == -1) {
		reader->bad = true;
		return SLICE("");
	}
	return text;
}

/* Checks length, zeros and version. What follows the version is left. */
static int
begin_reading(struct reader *reader, struct slice bytes)
{
	size_t len;

	if (bytes.len < 8 || bytes.len % 8 != 0)
		return -1;
	len = be32_get(bytes.data);
	if (len > bytes.len || bytes.len - len >= 8 || len < 5)
		return -1;
	for (size_t i = len; i < bytes.len; i++)
		if (bytes.data[i] != 0)
			return -1;
	*reader = (struct reader){ .rest = { bytes.data + 4, len - 4 } };
	return take_number(reader, 1) == FORMAT ? 0 : -1;
}

int
quorum_command_decode(struct slice bytes, struct quorum_command *command)
{
	struct reader reader;
	uint64_t op, unclean;

	*command = (struct quorum_command){ 0 };
	if (begin_reading(&reader, bytes) == -1)
		return -1;
	op = take_number(&reader, 1);
	unclean = take_number(&reader, 1);
	command->n_ids = take_number(&reader, 1);
	if (op < QUORUM_APPLY_ID || op > QUORUM_CLEAN || unclean > 1 ||
	    command->n_ids > QUORUM_REPLICAS_MAX)
		return -1;
	command->op = (enum quorum_op)op;
	command->unclean = unclean == 1;
	command->id = (int64_t)take_number(&reader, 8);
	command->epoch = (uint32_t)take_number(&reader, 4);
	command->set_epoch = (uint32_t)take_number(&reader, 4);
	command->cluster = take_text(&reader);
	command->name = take_text(&reader);
	command->address = take_text(&reader);
	command->check_code = take_text(&reader);
	for (size_t i = 0; i < command->n_ids; i++)
		command->ids[i] = (int64_t)take_number(&reader, 8);
	return reader.bad || reader.rest.len != 0 ? -1 : 0;
}

static struct quorum_group *
take_group(struct reader *reader)
{
	struct quorum_group *group = mem_zalloc(sizeof *group);

	group->cluster = slice_dup(take_text(reader));
	group->name = slice_dup(take_text(reader));
	group->epoch = (uint32_t)take_number(reader, 4);
	group->set_epoch = (uint32_t)take_number(reader, 4);
	group->master = (int64_t)take_number(reader, 8);
	group->next_id = (int64_t)take_number(reader, 8);
	group->n_replicas = take_number(reader, 1);
	if (group->n_replicas > QUORUM_REPLICAS_MAX) {
		reader->bad = true;
		group->n_replicas = 0;
	}
	for (size_t i = 0; i < group->n_replicas; i++) {
		struct quorum_replica *replica = &group->replicas[i];

		replica->id = (int64_t)take_number(reader, 8);
		replica->in_sync = take_number(reader, 1) == 1;
		replica->address = slice_dup(take_text(reader));
		replica->check_code = slice_dup(take_text(reader));
	}
	return group;
}

struct quorum_state *
quorum_state_decode(struct slice bytes)
{
	struct quorum_state *state = quorum_state_new();
	struct reader reader;
	size_t n;

	if (begin_reading(&reader, bytes) == -1)
		goto bad;
	n = take_number(&reader, 4);
	if (reader.bad || n > QUORUM_GROUPS_MAX)
		goto bad;
	for (size_t i = 0; i < n; i++)
		if (quorum_state_restore(state, take_group(&reader)) == -1)
			goto bad;
	if (reader.bad || reader.rest.len != 0)
		goto bad;
	return state;
bad:
	quorum_state_free(state);
	return NULL;
}
