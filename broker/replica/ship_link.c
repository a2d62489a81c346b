#include "config.h"

#include "broker/replica/ship_private.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/wire.h"

#define READ_BYTES (256 << 10)               /* of the log at a time, for a slave that is behind */
#define WINDOW_BYTES (1 << 20)               /* unsent: more is not put into its outbox */
#define APACHE_BLOCK_MAX (1 << 20)           /* its buffer has 4 MiB */
#define APACHE_FILE_BYTES (INT64_C(1) << 30) /* of its log: no block crosses the end of one */
#define QUIET_MS 4000 /* a slave of ours speaks each second: a silent one is not in sync */

/* ---- beginning and ending -------------------------------------------- */

static void on_readable(evutil_socket_t fd, short what, void *arg);
static void on_writable(evutil_socket_t fd, short what, void *arg);

static void
set_addresses(struct ship_link *link, const struct sockaddr *peer)
{
	struct host host = host_of(peer);
	struct arena arena = { 0 };
	struct slice text = host_text(&arena, &host);

	snprintf(link->address, sizeof link->address, "%.*s", (int)text.len, text.data);
	snprintf(link->host, sizeof link->host, "%s", link->address);
	char *colon = strrchr(link->host, ':');
	if (colon != NULL)
		*colon = '\0';
	arena_release(&arena);
}

struct ship_link *
link_new(struct ship *ship, int fd, const struct sockaddr *peer)
{
	static const int on = 1;
	struct ship_link *link = mem_zalloc(sizeof *link);
	int64_t now = clock_mono_ms();

	*link = (struct ship_link){
		.ship = ship,
		.fd = fd,
		.broker_id = -1,
		.meta_sent = -1,
		.meta_copied = -1,
		.since_ms = clock_wall_ms(),
		.heard_ms = now,
		.sent_ms = now,
		.caught_ms = now,
	};
	set_addresses(link, peer);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	link->readable = event_new(ship->loop.base, fd, EV_READ | EV_PERSIST, on_readable, link);
	link->writable = event_new(ship->loop.base, fd, EV_WRITE, on_writable, link);
	if (link->readable == NULL || link->writable == NULL || event_add(link->readable, NULL))
		fatal("event cannot be made");
	return link;
}

static const char *
kind_name(const struct ship_link *link)
{
	return link->kind == LINK_APACHE ? "rocketmq" : "twinmq";
}

static void
forget(struct ship_link *link)
{
	struct ship *ship = link->ship;
	struct ship_link **at = &ship->links;

	while (*at != link)
		at = &(*at)->next_link;
	*at = link->next_link;
	ship->n_links--;
}

void
link_close(struct ship_link *link, const char *why)
{
	if (link->kind == LINK_CLOSED)
		return;
	if (link->kind == LINK_NEW)
		log_debug("replication link closed before it began peer=%s reason=\"%s\"",
		    link->address, why != NULL ? why : "");
	else if (why != NULL && ship_may_log(link->ship))
		log_warn("slave lost address=%s id=%" PRId64 " kind=%s position=%" PRId64
			 " reason=\"%s\"",
		    link->address, link->broker_id, kind_name(link), link->copied, why);
	link->kind = LINK_CLOSED;
	forget(link);
	event_free(link->readable);
	event_free(link->writable);
	close(link->fd);
	outbox_release(&link->box);
	link->box = (struct outbox){ 0 };
	link->next_link = link->ship->closed;
	link->ship->closed = link;
	ship_stir(link->ship);
}

/* The slave's log ends at `position`, which is what it gets next. */
static void
begin(struct ship_link *link, enum link_kind kind, int64_t position)
{
	struct ship *ship = link->ship;

	link->kind = kind;
	link->next = link->copied = position;
	ship_listen(ship);
	if (ship_may_log(ship))
		log_info("slave follows address=%s id=%" PRId64 " kind=%s from=%" PRId64
			 " behind_bytes=%" PRId64,
		    link->address, link->broker_id, kind_name(link), position,
		    ship->end - position);
	ship_stir(ship);
}

/* ---- what a slave says ----------------------------------------------- */

/* The answer of those below: a sentence why the link has to end, or NULL. */
static const char *
begin_apache(struct ship_link *link, int64_t position)
{
	struct store_bounds bounds;

	store_get_bounds(link->ship->broker->store, &bounds);
	if (position > bounds.max_position)
		return "its log is longer than this one: it is not a copy";
	if (position == 0 && bounds.min_position != 0)
		return "a RocketMQ slave begins at position 0, which is not kept any more";
	if (position < bounds.min_position)
		return "its log ends before this one begins";
	begin(link, LINK_APACHE, position);
	return NULL;
}

static const char *
begin_twin(struct ship_link *link, const char *token)
{
	struct ship_guest guest;
	struct store_bounds bounds;

	if (!ship_admit(link->ship, token, &guest))
		return "it has no token that is good now";
	for (struct ship_link *other = link->ship->links, *next; other != NULL; other = next) {
		next = other->next_link;
		if (other != link && other->kind == LINK_TWIN &&
		    other->broker_id == guest.broker_id)
			link_close(other, "the same slave came back");
	}
	store_get_bounds(link->ship->broker->store, &bounds);
	link->broker_id = guest.broker_id;
	link->wants_meta = guest.wants_meta;
	begin(link, LINK_TWIN,
	    guest.stream_from == HA_START_EMPTY ? bounds.min_position : guest.stream_from);
	return NULL;
}

static const char *
note_copied(struct ship_link *link, int64_t position, int64_t meta_seq)
{
	if (position > link->next || position < 0)
		return "it confirms a position that it was not sent";
	link->copied = position;
	/* Of an earlier stream: this one has not got so far. */
	link->meta_copied = meta_seq <= link->meta_sent ? meta_seq : -1;
	return NULL;
}

/* Takes one message off the front of `in`, if it is whole; *size is 0 when not. */
static const char *
take_message(struct ship_link *link, const char *at, size_t len, size_t *size)
{
	struct ha_report report;

	*size = link->kind == LINK_TWIN ? HA_REPORT_BYTES : HA_APACHE_REPORT_BYTES;
	if (link->kind == LINK_NEW && len >= HA_MARK_BYTES && be64_get(at) == HA_MARK)
		*size = HA_MARK_BYTES + HA_TOKEN_BYTES;
	if (len < *size) {
		*size = 0;
		return NULL;
	}
	switch (link->kind) {
	case LINK_NEW:
		if (*size != HA_APACHE_REPORT_BYTES)
			return begin_twin(link, at + HA_MARK_BYTES);
		if ((int64_t)be64_get(at) < 0)
			return "it speaks another protocol";
		return begin_apache(link, (int64_t)be64_get(at));
	case LINK_APACHE:
		return note_copied(link, (int64_t)be64_get(at), -1);
	case LINK_TWIN:
		report = ha_report_read(at);
		return note_copied(link, report.position, report.meta_seq);
	case LINK_CLOSED:
		break;
	}
	return NULL;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct ship_link *link = arg;
	const char *why = NULL;
	size_t at = 0, size;

	(void)what;
	ssize_t n = read(fd, link->in + link->in_len, sizeof link->in - link->in_len);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		link_close(link, n == 0 ? "it closed the connection" : strerror(errno));
		return;
	}
	link->in_len += (size_t)n;
	link->heard_ms = clock_mono_ms();
	do {
		why = take_message(link, link->in + at, link->in_len - at, &size);
		at += size;
	} while (why == NULL && size != 0);
	if (why != NULL) {
		link_close(link, why);
		return;
	}
	link->in_len -= at;
	memmove(link->in, link->in + at, link->in_len);
	ship_stir(link->ship);
}

/* ---- sending --------------------------------------------------------- */

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	link_pump(arg);
}

static void
send_outbox(struct ship_link *link)
{
	bool progress = false;
	size_t unsent = link->box.unsent;
	enum outbox_status status =
	    outbox_send(&link->box, link->fd, link->ship->pieces, &progress);

	link->n_bytes += (int64_t)(unsent - link->box.unsent);
	if (progress)
		link->sent_ms = clock_mono_ms();
	if (status == OUTBOX_FAILED)
		link_close(link, strerror(errno));
	else if (status == OUTBOX_BLOCKED)
		event_add(link->writable, NULL);
}

/* Room for the head of a frame in the outbox; what follows is appended. Returns where it stands. */
static size_t
reserve_head(struct ship_link *link)
{
	size_t at = link->box.bytes.len;

	buf_reserve(&link->box.bytes, HA_FRAME_HEAD_BYTES);
	link->box.bytes.len += HA_FRAME_HEAD_BYTES;
	return at;
}

/* The payload is what was appended behind the head, and then the rest. */
static void
put_head(struct ship_link *link, size_t at, const struct ha_frame *frame, struct slice rest)
{
	struct buf *bytes = &link->box.bytes;
	size_t begin = at + HA_FRAME_HEAD_BYTES;
	const struct slice pieces[] = { { bytes->data + begin, bytes->len - begin }, rest };
	struct ha_frame head = *frame;

	head.epoch = (uint32_t)atomic_load(&link->ship->broker->master_epoch);
	head.max_position = link->ship->end;
	head.wall_ms = clock_wall_ms();
	ha_frame_head_write(&head, pieces, 2, bytes->data + at);
	outbox_appended(&link->box, bytes->len - at);
}

void
link_send_frame(struct ship_link *link, enum ha_kind kind, int64_t position, int64_t meta_seq,
    struct slice payload)
{
	const struct ha_frame frame = { .kind = kind, .position = position, .meta_seq = meta_seq };
	size_t at = reserve_head(link);

	buf_append_slice(&link->box.bytes, payload);
	put_head(link, at, &frame, SLICE(""));
}

static void
put_part(struct ship_link *link, struct chunk *chunk, const char *at, size_t len)
{
	outbox_add_part(&link->box,
	    &(struct body_part){
		.data = at, .len = len, .owner = chunk_ref(chunk), .release = chunk_release });
}

/* A stretch of the log, in a chunk. */
struct stretch {
	struct chunk *chunk;
	const char *at;
	size_t len;
	const struct ha_tag *tags; /* of the chunk */
	size_t n_tags;
	int64_t end; /* position behind it */
};

static void
put_block(struct ship_link *link, const struct stretch *stretch)
{
	const struct ha_frame frame = { .kind = HA_BLOCK, .position = link->next };
	size_t skip = 0, at = reserve_head(link);

	while (skip < stretch->n_tags && stretch->tags[skip].position < link->next)
		skip++;
	ha_tags_write(&link->box.bytes, skip < stretch->n_tags ? &stretch->tags[skip] : NULL,
	    stretch->n_tags - skip);
	put_head(link, at, &frame, (struct slice){ stretch->at, stretch->len });
	put_part(link, stretch->chunk, stretch->at, stretch->len);
}

/* RocketMQ's slaves write what they get to files of 1 GiB, and no block may cross an end. */
static int
put_apache(struct ship_link *link, const struct stretch *stretch)
{
	int64_t position = link->next;

	if (position / APACHE_FILE_BYTES != (stretch->end - 1) / APACHE_FILE_BYTES ||
	    (int64_t)stretch->len != stretch->end - position) {
		link_close(link, "a RocketMQ slave cannot go on behind the end of its first file");
		return -1;
	}
	for (size_t at = 0; at < stretch->len;) {
		size_t len = stretch->len - at;
		char *head = buf_reserve(&link->box.bytes, HA_APACHE_HEAD_BYTES);

		if (len > APACHE_BLOCK_MAX)
			len = APACHE_BLOCK_MAX;
		ha_apache_head_write(
		    &(struct ha_apache_head){ position + (int64_t)at, (uint32_t)len }, head);
		link->box.bytes.len += HA_APACHE_HEAD_BYTES;
		outbox_appended(&link->box, HA_APACHE_HEAD_BYTES);
		put_part(link, stretch->chunk, stretch->at + at, len);
		at += len;
	}
	return 0;
}

static int
put_stretch(struct ship_link *link, const struct stretch *stretch)
{
	if (link->kind == LINK_TWIN)
		put_block(link, stretch);
	else if (put_apache(link, stretch) == -1)
		return -1;
	link->next = stretch->end;
	return 0;
}

static int
put_news(struct ship_link *link, const struct store_news *news)
{
	size_t skip = (size_t)(link->next - news->chunk->position);

	return put_stretch(link, &(struct stretch){
				     .chunk = news->chunk,
				     .at = news->chunk->data + skip,
				     .len = news->chunk->len - skip,
				     .tags = news->tags,
				     .n_tags = news->n_tags,
				     .end = news->position,
				 });
}

static void
on_read(struct read_job *job, struct loop *loop)
{
	struct ship_link *link = job->context;
	bool went = job->status == READ_FOUND;

	(void)loop;
	link->reading = false;
	if (link->kind == LINK_CLOSED)
		ship_stir(link->ship);
	else if (job->status == READ_FOUND)
		went = put_stretch(link, &(struct stretch){
					     .chunk = job->chunk,
					     .at = job->chunk->data,
					     .len = job->chunk->len,
					     .tags = job->in_log.tags,
					     .n_tags = job->in_log.n_tags,
					     .end = job->in_log.next_position,
					 }) == 0;
	else
		link_close(link, job->status == READ_NOTHING
				     ? "the log does not have what it needs next"
				     : "the log cannot be read, see the lines above");
	read_job_free(job);
	if (went && link->kind != LINK_CLOSED)
		link_pump(link);
}

static void
read_on(struct ship_link *link)
{
	struct read_job *job = read_log_new(link->next, READ_BYTES);

	job->reply_loop = &link->ship->loop;
	job->done = on_read;
	job->context = link;
	link->reading = true;
	store_read(link->ship->broker->store, job);
}

/* One piece of what it gets next. False: nothing is there, or it is on its way, or the link ended.
 */
static bool
put_next(struct ship_link *link)
{
	if (link->kind == LINK_TWIN && meta_ship_pump(link))
		return link->kind != LINK_CLOSED;
	if (link->next >= link->ship->end)
		return false;
	const struct store_news *news = recent_find(&link->ship->records, link->next);

	if (news != NULL)
		return put_news(link, news) == 0;
	read_on(link);
	return false;
}

/* Fills the outbox. False: nothing more is there for now. */
static bool
fill(struct ship_link *link)
{
	while (!link->reading && link->box.unsent < WINDOW_BYTES)
		if (!put_next(link))
			return false;
	return !link->reading;
}

void
link_pump(struct ship_link *link)
{
	bool more = true;

	while (more && (link->kind == LINK_APACHE || link->kind == LINK_TWIN)) {
		more = fill(link);
		if (link->kind != LINK_CLOSED && link->box.unsent != 0)
			send_outbox(link);
		/* Else the socket says when it goes on. */
		more = more && link->box.unsent == 0;
	}
}

/* ---- each second ----------------------------------------------------- */

bool
link_is_in_sync(const struct ship_link *link, int64_t now_ms)
{
	if (link->kind != LINK_APACHE && link->kind != LINK_TWIN)
		return false;
	if (link->kind == LINK_TWIN && now_ms - link->heard_ms > QUIET_MS)
		return false;
	return link->ship->end - link->copied <=
	       link->ship->broker->settings->ha_max_gap_not_in_sync;
}

static void
heartbeat(struct ship_link *link, int64_t now_ms)
{
	char head[HA_APACHE_HEAD_BYTES];

	if (link->kind == LINK_TWIN) {
		link_send_frame(link, HA_HEARTBEAT, link->next,
		    link->meta_sent > 0 ? link->meta_sent : 0, SLICE_NONE);
	} else if (now_ms - link->sent_ms >=
		   link->ship->broker->settings->ha_send_heartbeat_interval) {
		ha_apache_head_write(&(struct ha_apache_head){ link->next, 0 }, head);
		buf_append(&link->box.bytes, head, sizeof head);
		outbox_appended(&link->box, sizeof head);
	}
}

void
link_tick(struct ship_link *link, int64_t now_ms)
{
	link->bytes_per_second = link->n_bytes - link->n_bytes_before;
	link->n_bytes_before = link->n_bytes;
	if (now_ms - link->heard_ms > link->ship->broker->settings->ha_housekeeping_interval) {
		link_close(link, "nothing was heard of it in haHousekeepingInterval");
		return;
	}
	if (link->kind != LINK_NEW && link->box.unsent < WINDOW_BYTES)
		heartbeat(link, now_ms);
	link_pump(link);
}
