#include "config.h"

/*
 * The table of messages: whatever the log holds, queue by queue. Conditions on position, message
 * id, key, unique key, topic, queue, offset and store time choose what is read; SQLite checks each
 * of them again but for the hidden column `key`.
 */

#include <stdlib.h>
#include <string.h>

#include "broker/sql/sql_private.h"
#include "broker/store/store.h"
#include "common/base/mem.h"
#include "common/base/utf8.h"
#include "common/json/json.h"

#define PAGE_MESSAGES 256 /* of one read */
#define PAGE_BYTES (256 << 10)
#define KEY_MESSAGES_MAX 1024 /* with one key in one topic: what the store gives at most */

enum message_column {
	COLUMN_TOPIC,
	COLUMN_QUEUE_ID,
	COLUMN_QUEUE_OFFSET,
	COLUMN_STORE_TIME,
	COLUMN_BORN_TIME,
	COLUMN_UNIQUE_KEY,
	COLUMN_KEYS,
	COLUMN_TAGS,
	COLUMN_POSITION,
	COLUMN_MSG_ID,
	COLUMN_BORN_HOST,
	COLUMN_STORE_HOST,
	COLUMN_RECONSUME_TIMES,
	COLUMN_SYS_FLAG,
	COLUMN_FLAG,
	COLUMN_SIZE,
	COLUMN_PROPERTIES,
	COLUMN_BODY,
	COLUMN_KEY,
	N_COLUMNS
};

static const char schema[] =
    "CREATE TABLE messages(topic TEXT, queueId INT, queueOffset INT, storeTime INT, bornTime INT, "
    "uniqueKey TEXT, keys TEXT, tags TEXT, position INT, msgId TEXT, bornHost TEXT, storeHost "
    "TEXT, reconsumeTimes INT, sysFlag INT, flag INT, size INT, properties TEXT, body, key TEXT "
    "HIDDEN)";

/* ---- the plan --------------------------------------------------------------------- */

/* What a letter of a plan compares; its value is the argument of the same number. */
static const struct use {
	int column;
	unsigned char op;
	char letter;
	bool decides; /* SQLite need not compare again */
} uses[] = {
	{ COLUMN_POSITION, SQLITE_INDEX_CONSTRAINT_EQ, 'p', false },
	{ COLUMN_MSG_ID, SQLITE_INDEX_CONSTRAINT_EQ, 'i', false },
	{ COLUMN_TOPIC, SQLITE_INDEX_CONSTRAINT_EQ, 't', false },
	{ COLUMN_KEY, SQLITE_INDEX_CONSTRAINT_EQ, 'k', true },
	{ COLUMN_UNIQUE_KEY, SQLITE_INDEX_CONSTRAINT_EQ, 'u', false },
	{ COLUMN_KEYS, SQLITE_INDEX_CONSTRAINT_EQ, 'K', false },
	{ COLUMN_QUEUE_ID, SQLITE_INDEX_CONSTRAINT_EQ, 'q', false },
	{ COLUMN_QUEUE_OFFSET, SQLITE_INDEX_CONSTRAINT_EQ, '=', false },
	{ COLUMN_QUEUE_OFFSET, SQLITE_INDEX_CONSTRAINT_GE, 'g', false },
	{ COLUMN_QUEUE_OFFSET, SQLITE_INDEX_CONSTRAINT_GT, 'g', false },
	{ COLUMN_QUEUE_OFFSET, SQLITE_INDEX_CONSTRAINT_LE, 'l', false },
	{ COLUMN_QUEUE_OFFSET, SQLITE_INDEX_CONSTRAINT_LT, 'l', false },
	{ COLUMN_STORE_TIME, SQLITE_INDEX_CONSTRAINT_EQ, 'S', false },
	{ COLUMN_STORE_TIME, SQLITE_INDEX_CONSTRAINT_GE, 's', false },
	{ COLUMN_STORE_TIME, SQLITE_INDEX_CONSTRAINT_GT, 's', false },
	{ COLUMN_STORE_TIME, SQLITE_INDEX_CONSTRAINT_LE, 'e', false },
	{ COLUMN_STORE_TIME, SQLITE_INDEX_CONSTRAINT_LT, 'e', false },
};

static const struct use *
use_of(const struct sqlite3_index_constraint *constraint)
{
	for (size_t i = 0; i < sizeof uses / sizeof uses[0]; i++)
		if (uses[i].column == constraint->iColumn && uses[i].op == constraint->op)
			return &uses[i];
	return NULL;
}

static double
cost_of(const char *plan)
{
	bool key = strpbrk(plan, "kuK") != NULL, topic = strchr(plan, 't') != NULL;

	if (strpbrk(plan, "pi") != NULL)
		return 1;
	if (key)
		return topic ? 10 : 1000;
	double cost = topic ? 1e6 : 1e8;

	cost /= strchr(plan, 'q') != NULL ? 8 : 1;
	cost /= strchr(plan, '=') != NULL ? 1e4 : strpbrk(plan, "gl") != NULL ? 4 : 1;
	return cost / (strpbrk(plan, "seS") != NULL ? 4 : 1);
}

static int
best_index(sqlite3_vtab *vtab, sqlite3_index_info *info)
{
	char plan[sizeof uses / sizeof uses[0] * 2 + 1];
	int n = 0;
	bool refused = false;

	(void)vtab;
	for (int i = 0; i < info->nConstraint; i++) {
		const struct use *use = use_of(&info->aConstraint[i]);

		if (use == NULL || (size_t)n == sizeof plan - 1)
			continue;
		if (!info->aConstraint[i].usable) {
			refused |= use->decides; /* nothing but a plan can compare it */
			continue;
		}
		if (memchr(plan, use->letter, (size_t)n) != NULL && use->letter != 'k')
			continue;
		plan[n++] = use->letter;
		info->aConstraintUsage[i].argvIndex = n;
		info->aConstraintUsage[i].omit = use->decides;
	}
	plan[n] = '\0';
	if (refused)
		return SQLITE_CONSTRAINT;
	info->idxStr = sqlite3_mprintf("%s", plan);
	info->needToFreeIdxStr = 1;
	info->estimatedCost = cost_of(plan);
	info->estimatedRows = (sqlite3_int64)info->estimatedCost;
	if (strpbrk(plan, "pi") != NULL)
		info->idxFlags = SQLITE_INDEX_SCAN_UNIQUE;
	return info->idxStr != NULL ? SQLITE_OK : SQLITE_NOMEM;
}

/* ---- a look at it ------------------------------------------------------------------- */

/* What the arguments of a plan ask for. */
struct look_wish {
	bool none;           /* a condition that no message meets */
	int64_t position;    /* -1: any */
	struct slice topic;  /* absent: any */
	struct slice key;    /* likewise */
	int64_t queue_id;    /* -1: any */
	int64_t first, last; /* queue offsets */
	int64_t since_ms, until_ms;
};

struct message_cursor {
	sqlite3_vtab_cursor base;
	struct sql_service *service;
	struct arena arena;     /* of the wish */
	struct arena row_arena; /* of the columns at hand */
	struct look_wish wish;
	struct sql_queues queues;
	size_t queue;        /* that is read, or the next topic to search */
	int64_t next_offset; /* of it; -1: it has not begun */
	int64_t end_offset;
	struct chunk *chunk; /* of records; NULL: none */
	size_t at;           /* in the chunk: behind the record */
	struct record record;
	struct known_properties known;
	bool at_end;
};

static struct slice
text_of(struct message_cursor *it, sqlite3_value *value)
{
	struct slice text = { (const char *)sqlite3_value_text(value),
		(size_t)sqlite3_value_bytes(value) };

	return text.data != NULL ? arena_copy(&it->arena, text) : SLICE_NONE;
}

/* NULL is equal to nothing, and compares with nothing. */
static void
read_argument(struct message_cursor *it, char letter, sqlite3_value *value)
{
	struct look_wish *wish = &it->wish;
	int64_t number = sqlite3_value_int64(value);
	struct host host;
	struct slice text = SLICE_NONE;

	if (sqlite3_value_type(value) == SQLITE_NULL) {
		wish->none = true;
		return;
	}
	if (strchr("tikuK", letter) != NULL)
		text = text_of(it, value);
	if (letter == 'K') /* keys with blanks between them: any of them finds the message */
		slice_next(&text, ' ', &text);
	switch (letter) {
	case 'p':
		wish->position = number;
		break;
	case 'i':
		wish->none |= message_id_parse(text, &host, &wish->position) == -1;
		break;
	case 't':
		wish->topic = text;
		break;
	case 'K':
	case 'k':
	case 'u':
		wish->none |= text.len == 0 || (it->wish.key.data != NULL && letter == 'k' &&
						   !slice_equal(it->wish.key, text));
		wish->key = text;
		break;
	case 'q':
		wish->queue_id = number;
		break;
	case '=':
		wish->first = wish->last = number;
		break;
	case 'g':
		wish->first = number;
		break;
	case 'l':
		wish->last = number;
		break;
	case 'S':
		wish->since_ms = wish->until_ms = number;
		break;
	case 's':
		wish->since_ms = number;
		break;
	default:
		wish->until_ms = number;
		break;
	}
}

static void
rewind_cursor(struct message_cursor *it)
{
	if (it->chunk != NULL)
		chunk_release(it->chunk);
	it->chunk = NULL;
	sql_queues_release(&it->queues);
	arena_reset(&it->arena);
	it->queue = 0;
	it->next_offset = -1;
	it->at = 0;
	it->at_end = false;
	it->wish = (struct look_wish){
		.position = -1, .queue_id = -1, .last = INT64_MAX - 1, .until_ms = INT64_MAX
	};
}

/* Takes the records of a finished read. 1: there are some; 0: none; -1: they cannot be read. */
static int
take_records(struct message_cursor *it, struct read_job *job)
{
	int found = 0;

	if (job->status == READ_CORRUPT || job->status == READ_FAILED) {
		it->service->fault.len = 0;
		buf_printf(&it->service->fault, "%s",
		    job->status == READ_CORRUPT ? "a stored record is damaged, see the broker's log"
						: "I/O error, see the broker's log");
		found = -1;
	} else if (job->chunk != NULL && job->chunk->len != 0) {
		it->chunk = job->chunk;
		it->at = 0;
		job->chunk = NULL;
		found = 1;
	}
	return found;
}

static int
read_one(struct message_cursor *it, struct read_job *job)
{
	job = sql_read(it->service, job);
	if (job == NULL)
		return -1;
	int found = take_records(it, job);

	read_job_free(job);
	return found;
}

/* ---- by key ------------------------------------------------------------------------- */

/* One topic after the other: the key is found with its topic only. */
static int
read_key(struct message_cursor *it)
{
	while (it->queue < it->queues.n) {
		const struct slice topic = it->queues.list[it->queue].topic;

		while (it->queue < it->queues.n &&
		       slice_equal(it->queues.list[it->queue].topic, topic))
			it->queue++;
		struct read_job *job = read_key_new(topic, it->wish.key, KEY_MESSAGES_MAX);

		job->by_key.begin_ms = it->wish.since_ms;
		job->by_key.end_ms = it->wish.until_ms;
		int found = read_one(it, job);

		if (found != 0)
			return found;
	}
	return 0;
}

/* ---- by queue ------------------------------------------------------------------------ */

/* The first offset that was stored at or after the time. -1: the query has to end. */
static int
begin_at_time(struct message_cursor *it, const struct sql_queue *queue)
{
	if (it->wish.since_ms <= 0)
		return 0;
	struct read_job *job =
	    sql_read(it->service, read_time_new(queue->number, it->wish.since_ms, false));

	if (job == NULL)
		return -1;
	if (job->status == READ_FOUND && job->by_time.offset > it->next_offset)
		it->next_offset = job->by_time.offset;
	read_job_free(job);
	return 0;
}

static int
begin_queue(struct message_cursor *it, const struct sql_queue *queue)
{
	const struct look_wish *wish = &it->wish;

	it->next_offset = wish->first > queue->min_offset ? wish->first : queue->min_offset;
	it->end_offset = wish->last < queue->max_offset ? wish->last + 1 : queue->max_offset;
	if ((wish->queue_id >= 0 && wish->queue_id != queue->queue_id) ||
	    wish->since_ms > queue->last_timestamp)
		it->end_offset = 0;
	return it->next_offset < it->end_offset ? begin_at_time(it, queue) : 0;
}

static int
read_queue(struct message_cursor *it)
{
	for (; it->queue < it->queues.n; it->queue++, it->next_offset = -1) {
		const struct sql_queue *queue = &it->queues.list[it->queue];

		if (it->next_offset < 0 && begin_queue(it, queue) == -1)
			return -1;
		if (it->next_offset >= it->end_offset)
			continue;
		int64_t left = it->end_offset - it->next_offset;
		const struct pull_limits limits = {
			.max_messages = left < PAGE_MESSAGES ? (int32_t)left : PAGE_MESSAGES,
			.max_bytes = PAGE_BYTES,
			.max_scan = PAGE_MESSAGES,
		};
		int found = read_one(it, read_queue_new(queue->number, it->next_offset, &limits));

		if (found != 0)
			return found;
	}
	return 0;
}

/* ---- one message after the other ------------------------------------------------------ */

static int
fail(const struct message_cursor *it)
{
	return it->service->fault.len != 0 ? SQLITE_ERROR : SQLITE_INTERRUPT;
}

/* Records of the next read into the chunk. */
static int
read_more(struct message_cursor *it)
{
	int found;

	if (it->chunk != NULL)
		chunk_release(it->chunk);
	it->chunk = NULL;
	if (it->wish.position >= 0)
		found = it->queue++ == 0 ? read_one(it, read_position_new(it->wish.position)) : 0;
	else
		found = it->wish.key.data != NULL ? read_key(it) : read_queue(it);
	return found;
}

/* Later ones of its queue are later too. */
static bool
is_behind(const struct message_cursor *it)
{
	return it->wish.position < 0 && it->wish.key.data == NULL &&
	       it->record.store_timestamp > it->wish.until_ms;
}

static int
next(sqlite3_vtab_cursor *cursor)
{
	struct message_cursor *it = (struct message_cursor *)cursor;

	arena_reset(&it->row_arena);
	for (;;) {
		while (it->chunk == NULL || it->at >= it->chunk->len) {
			int found = sql_is_over(it->service) ? -1 : read_more(it);

			it->at_end = found == 0;
			if (found != 1)
				return found == 0 ? SQLITE_OK : fail(it);
		}
		if (record_decode(it->chunk->data + it->at, it->chunk->len - it->at, &it->record) ==
		    -1) {
			it->at = it->chunk->len;
			continue;
		}
		it->at += it->record.size;
		it->next_offset = it->record.queue_offset + 1;
		if (!is_behind(it))
			break;
		it->at = it->chunk->len;
		it->next_offset = it->end_offset;
	}
	properties_read(it->record.properties, &it->known);
	return SQLITE_OK;
}

static int
filter(sqlite3_vtab_cursor *cursor, int number, const char *plan, int argc, sqlite3_value **argv)
{
	struct message_cursor *it = (struct message_cursor *)cursor;

	(void)number;
	rewind_cursor(it);
	for (int i = 0; i < argc; i++)
		read_argument(it, plan[i], argv[i]);
	it->at_end = it->wish.none || it->wish.first > it->wish.last;
	if (it->at_end)
		return SQLITE_OK;
	if (it->wish.position < 0 && sql_queues_get(it->service, it->wish.topic, &it->queues) == -1)
		return SQLITE_INTERRUPT;
	return next(cursor);
}

/* ---- columns -------------------------------------------------------------------------- */

static void
give_text(sqlite3_context *context, struct slice text)
{
	if (text.data != NULL)
		sqlite3_result_text(context, text.data, (int)text.len, SQLITE_TRANSIENT);
}

static void
give_bytes(sqlite3_context *context, struct slice bytes)
{
	if (utf8_is_valid(bytes) && memchr(bytes.data, '\0', bytes.len) == NULL)
		sqlite3_result_text(context, bytes.data, (int)bytes.len, SQLITE_TRANSIENT);
	else
		sqlite3_result_blob(context, bytes.data, (int)bytes.len, SQLITE_TRANSIENT);
}

/* As a JSON object, for json_extract. */
static void
give_properties(sqlite3_context *context, struct slice properties)
{
	struct buf text = { 0 };
	struct json_out out;
	struct slice name, value;

	json_out_init(&out, &text);
	json_open_object(&out);
	while (property_next(&properties, &name, &value)) {
		json_key_slice(&out, name);
		json_put_slice(&out, value);
	}
	json_close_object(&out);
	text.len = utf8_clean(text.data, text.len);
	give_text(context, buf_slice(&text));
	buf_release(&text);
}

static void
give_host(struct message_cursor *it, sqlite3_context *context, const struct host *host)
{
	give_text(context, host_text(&it->row_arena, host));
}

static int
column(sqlite3_vtab_cursor *cursor, sqlite3_context *context, int i)
{
	struct message_cursor *it = (struct message_cursor *)cursor;
	const struct record *record = &it->record;

	switch ((enum message_column)i) {
	case COLUMN_TOPIC:
		give_text(context, record->topic);
		break;
	case COLUMN_QUEUE_ID:
		sqlite3_result_int(context, record->queue_id);
		break;
	case COLUMN_QUEUE_OFFSET:
		sqlite3_result_int64(context, record->queue_offset);
		break;
	case COLUMN_STORE_TIME:
		sqlite3_result_int64(context, record->store_timestamp);
		break;
	case COLUMN_BORN_TIME:
		sqlite3_result_int64(context, record->born_timestamp);
		break;
	case COLUMN_UNIQUE_KEY:
		give_text(context, it->known.unique_key);
		break;
	case COLUMN_KEYS:
		give_text(context, it->known.keys);
		break;
	case COLUMN_TAGS:
		give_text(context, it->known.tags);
		break;
	case COLUMN_POSITION:
		sqlite3_result_int64(context, record->position);
		break;
	case COLUMN_MSG_ID:
		give_text(
		    context, message_id(&it->row_arena, &record->store_host, record->position));
		break;
	case COLUMN_BORN_HOST:
		give_host(it, context, &record->born_host);
		break;
	case COLUMN_STORE_HOST:
		give_host(it, context, &record->store_host);
		break;
	case COLUMN_RECONSUME_TIMES:
		sqlite3_result_int(context, record->reconsume_times);
		break;
	case COLUMN_SYS_FLAG:
		sqlite3_result_int(context, record->sys_flag);
		break;
	case COLUMN_FLAG:
		sqlite3_result_int(context, record->flag);
		break;
	case COLUMN_SIZE:
		sqlite3_result_int64(context, record->size);
		break;
	case COLUMN_PROPERTIES:
		give_properties(context, record->properties);
		break;
	case COLUMN_BODY:
		give_bytes(context, record->body);
		break;
	default: /* the hidden one is for conditions */
		give_text(context, it->wish.key);
		break;
	}
	return SQLITE_OK;
}

static int
row_id(sqlite3_vtab_cursor *cursor, sqlite3_int64 *id)
{
	*id = ((struct message_cursor *)cursor)->record.position;
	return SQLITE_OK;
}

static int
is_at_end(sqlite3_vtab_cursor *cursor)
{
	return ((struct message_cursor *)cursor)->at_end;
}

/* ---- the table -------------------------------------------------------------------------- */

static int
connect_table(
    sqlite3 *db, void *aux, int argc, const char *const *argv, sqlite3_vtab **vtab, char **error)
{
	(void)argc;
	(void)argv;
	(void)error;
	return sql_vtab_connect(db, schema, aux, vtab);
}

static int
open_cursor(sqlite3_vtab *vtab, sqlite3_vtab_cursor **cursor)
{
	struct message_cursor *it = mem_zalloc(sizeof *it);

	it->service = ((struct sql_vtab *)vtab)->owner;
	*cursor = &it->base;
	return SQLITE_OK;
}

static int
close_cursor(sqlite3_vtab_cursor *cursor)
{
	struct message_cursor *it = (struct message_cursor *)cursor;

	rewind_cursor(it);
	arena_release(&it->arena);
	arena_release(&it->row_arena);
	free(it);
	return SQLITE_OK;
}

const sqlite3_module sql_message_module = {
	.xConnect = connect_table,
	.xBestIndex = best_index,
	.xDisconnect = sql_vtab_disconnect,
	.xOpen = open_cursor,
	.xClose = close_cursor,
	.xFilter = filter,
	.xNext = next,
	.xEof = is_at_end,
	.xColumn = column,
	.xRowid = row_id,
};
