#include "config.h"

#include "broker/replica/ha_stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/replica/meta_apply.h"
#include "broker/state/replica_record.h"
#include "broker/store/store.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/wire.h"
#include "common/protocol/ha.h"

#define READ_BYTES (256 << 10)
#define IN_MAX (2 * HA_PAYLOAD_MAX) /* unparsed bytes: more is not read */
#define LOG_MAX (4 << 20)           /* records that wait for the store: more are not parsed */
#define JOB_BYTES (1 << 20)         /* records of one commit, about */
#define RECORD_BYTES_MAX (128 << 20)
#define TWIN_SILENT_MS 10000
#define TWIN_SILENT_MIN_MS 3000 /* it speaks each second */
#define REPORT_MS 1000

/* Tables that a snapshot replaces. Settings that do not come any more stay. */
#define SNAPSHOT_TABLES                                                                            \
	(1u << HA_TOPIC | 1u << HA_GROUP | 1u << HA_PRODUCER_GROUP | 1u << HA_OFFSET)

struct ha_stream {
	struct ha_stream_options options;
	char token[HA_TOKEN_BYTES + 1]; /* empty: a RocketMQ master */
	struct loop *loop;
	int fd;
	struct event *readable, *writable;
	bool connected;
	bool reads; /* the event is on */
	bool closed;
	struct buf in; /* what came; parsed up to `at` */
	size_t at;
	struct buf log; /* records that are not with the store; the first one begins at log_at */
	int64_t log_at;
	struct ha_tag *tags; /* of these */
	size_t n_tags, tags_cap;
	int64_t next; /* position of what comes next, if nothing is cut off there */
	int64_t stored;
	int jobs;               /* with the store */
	struct apply_job *held; /* it could not be committed: to be tried again */
	struct meta_apply *meta;
	int64_t meta_seq; /* of what is in meta.db */
	int64_t master_max, epoch;
	int64_t clock_ahead_ms;        /* the master's */
	int64_t heard_ms, reported_ms; /* monotonic */
	char out[64];
	size_t out_len;
};

static void pump(struct ha_stream *stream);

static bool
is_apache(const struct ha_stream *stream)
{
	return stream->token[0] == '\0';
}

/* ---- the end -------------------------------------------------------------- */

static void
free_if_idle(struct ha_stream *stream)
{
	if (!stream->closed || stream->jobs != 0)
		return;
	meta_apply_free(stream->meta);
	buf_release(&stream->in);
	buf_release(&stream->log);
	free(stream->tags);
	free(stream);
}

static void
shut(struct ha_stream *stream)
{
	stream->closed = true;
	if (stream->held != NULL) {
		apply_job_free(stream->held);
		stream->held = NULL;
		stream->jobs--;
	}
	if (stream->readable != NULL)
		event_free(stream->readable);
	if (stream->writable != NULL)
		event_free(stream->writable);
	if (stream->fd != -1)
		close(stream->fd);
	stream->readable = stream->writable = NULL;
	stream->fd = -1;
}

void
ha_stream_close(struct ha_stream *stream)
{
	if (stream == NULL)
		return;
	shut(stream);
	free_if_idle(stream);
}

/* Its memory stays: who was called by the loop frees it, when no job is with the store. */
static void
end(struct ha_stream *stream, const char *why)
{
	if (stream->closed)
		return;
	shut(stream);
	stream->options.ended(stream->options.arg, why);
}

/* ---- reports --------------------------------------------------------------- */

static void
flush_out(struct ha_stream *stream)
{
	while (stream->out_len != 0) {
		ssize_t n = send(stream->fd, stream->out, stream->out_len, MSG_NOSIGNAL);

		if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
			event_add(stream->writable, NULL);
			return;
		}
		if (n <= 0) {
			end(stream, strerror(errno));
			return;
		}
		stream->out_len -= (size_t)n;
		memmove(stream->out, stream->out + n, stream->out_len);
	}
}

static void
report(struct ha_stream *stream)
{
	char *at = stream->out + stream->out_len;

	if (!stream->connected || stream->closed || stream->out_len > 0)
		return; /* the next second has a newer one */
	if (is_apache(stream)) {
		/* 0 is a wish for the last file. */
		be64_put(at, stream->stored != 0 ? (uint64_t)stream->stored : 1);
		stream->out_len += HA_APACHE_REPORT_BYTES;
	} else {
		ha_report_write(
		    &(struct ha_report){ stream->stored, stream->meta_seq, clock_wall_ms() }, at);
		stream->out_len += HA_REPORT_BYTES;
	}
	stream->reported_ms = clock_mono_ms();
	flush_out(stream);
}

/* ---- to the store ---------------------------------------------------------- */

static void
on_applied(struct apply_job *job, struct loop *loop)
{
	struct ha_stream *stream = job->context;
	bool part = job->status != APPLY_OK && job->end != job->chunk->position;

	(void)loop;
	if (!stream->closed && !part && job->status == APPLY_FAILED) {
		stream->held = job; /* it counts as with the store */
		return;
	}
	stream->jobs--;
	if (stream->closed) {
		apply_job_free(job);
		free_if_idle(stream);
		return;
	}
	enum apply_status status = job->status;

	stream->stored = job->end;
	apply_job_free(job);
	if (status == APPLY_CORRUPT)
		end(stream, "its log is corrupt, or was damaged on its way");
	else if (status == APPLY_MISPLACED)
		end(stream, "its log does not continue ours");
	else if (status == APPLY_DISK_FULL)
		end(stream, HA_STORE_BLOCKED); /* the master need not wait for us */
	else if (status != APPLY_OK)
		end(stream, "a part could not be stored");
	if (status == APPLY_OK) {
		report(stream);
		stream->options.moved(stream->options.arg);
		pump(stream);
	}
	free_if_idle(stream);
}

static void
submit(struct ha_stream *stream, struct apply_job *job)
{
	job->reply_loop = stream->loop;
	job->done = on_applied;
	job->context = stream;
	store_apply(stream->options.broker->store, job);
}

/* The length of the whole records at the front; SIZE_MAX: there are none and never will be. */
static size_t
whole(const struct ha_stream *stream)
{
	const struct buf *log = &stream->log;
	size_t at = 0;

	while (log->len - at >= RECORD_BLANK_BYTES && at < JOB_BYTES) {
		const char *data = log->data + at;
		size_t size = be32_get(data), left = log->len - at;

		if (size < RECORD_BLANK_BYTES || size > RECORD_BYTES_MAX)
			return SIZE_MAX;
		/* One of our masters sends the first 8 bytes only. */
		if (!is_apache(stream) && left == RECORD_BLANK_BYTES &&
		    record_blank(data, left) != 0)
			size = left;
		if (size > left)
			break;
		at += size;
	}
	return at;
}

static void
submit_log(struct ha_stream *stream)
{
	size_t len = stream->jobs == 0 ? whole(stream) : 0;

	if (len == SIZE_MAX) {
		end(stream, "what it sends is no log");
		return;
	}
	if (len == 0)
		return;
	struct chunk *chunk = chunk_new(stream->log_at, len);
	struct ha_tag *tags = NULL;
	size_t n_tags = 0;

	memcpy(chunk->data, stream->log.data, len);
	buf_drain(&stream->log, len);
	stream->log_at += (int64_t)len;
	while (n_tags < stream->n_tags && stream->tags[n_tags].position < stream->log_at)
		n_tags++;
	if (n_tags != 0) {
		tags = mem_alloc(n_tags * sizeof tags[0]);
		memcpy(tags, stream->tags, n_tags * sizeof tags[0]);
		stream->n_tags -= n_tags;
		memmove(stream->tags, stream->tags + n_tags, stream->n_tags * sizeof tags[0]);
	}
	stream->jobs++;
	submit(stream, apply_job_new(chunk, tags, n_tags));
}

/* Nothing that came before is still under way. */
static bool
is_settled(const struct ha_stream *stream)
{
	return stream->jobs == 0 && stream->log.len == 0;
}

/* ---- RocketMQ's stream ------------------------------------------------------ */

static struct slice
unparsed(const struct ha_stream *stream)
{
	if (stream->at == stream->in.len)
		return SLICE("");
	return (struct slice){ stream->in.data + stream->at, stream->in.len - stream->at };
}

/* Each: whether something was parsed. */
static bool
parse_apache(struct ha_stream *stream)
{
	struct slice bytes = unparsed(stream);

	if (bytes.len < HA_APACHE_HEAD_BYTES || stream->log.len >= LOG_MAX)
		return false;
	struct ha_apache_head head = ha_apache_head_read(bytes.data);

	if (head.size > HA_PAYLOAD_MAX || (head.size != 0 && head.position != stream->next)) {
		end(stream, "it sends another part of the log than it was asked for");
		return false;
	}
	if (bytes.len < HA_APACHE_HEAD_BYTES + head.size)
		return false;
	buf_append(&stream->log, bytes.data + HA_APACHE_HEAD_BYTES, head.size);
	stream->at += HA_APACHE_HEAD_BYTES + head.size;
	stream->next += head.size;
	if (stream->next > stream->master_max)
		stream->master_max = stream->next;
	return true;
}

/* ---- our stream ------------------------------------------------------------- */

static void
add_tags(struct ha_stream *stream, const struct ha_block *block)
{
	if (stream->n_tags + block->n_tags > stream->tags_cap) {
		stream->tags_cap = 2 * (stream->n_tags + block->n_tags);
		stream->tags = mem_realloc(stream->tags, stream->tags_cap * sizeof stream->tags[0]);
	}
	for (size_t i = 0; i < block->n_tags; i++)
		stream->tags[stream->n_tags++] = ha_block_tag(block, i);
}

static bool
take_block(struct ha_stream *stream, const struct ha_frame *frame)
{
	struct ha_block block;

	if (ha_block_read(frame->payload, &block) == -1) {
		end(stream, "a block of the log is malformed");
		return false;
	}
	/* Behind a blank that was cut off the store knows where the log goes on. */
	if (frame->position != stream->next && !is_settled(stream))
		return false;
	if (frame->position != stream->next && frame->position != stream->stored) {
		end(stream, "it sends another part of the log than it was asked for");
		return false;
	}
	if (stream->log.len == 0)
		stream->log_at = frame->position;
	buf_append_slice(&stream->log, block.records);
	add_tags(stream, &block);
	stream->next = frame->position + (int64_t)block.records.len;
	return true;
}

struct meta_wait {
	struct ha_stream *stream;
	int64_t meta_seq; /* when it is committed, all up to here is */
};

static void
on_meta_kept(struct meta_job *job, struct loop *loop)
{
	struct meta_wait *wait = job->context;
	struct ha_stream *stream = wait->stream;
	bool failed = job->status != 0;

	(void)loop;
	stream->jobs--;
	if (wait->meta_seq > stream->meta_seq)
		stream->meta_seq = wait->meta_seq;
	free(wait);
	meta_job_free(job);
	if (failed)
		end(stream, "its tables could not be stored");
	if (!stream->closed && stream->jobs == 0) {
		report(stream);
		pump(stream);
	}
	free_if_idle(stream);
}

static void
submit_meta(struct ha_stream *stream, int64_t meta_seq)
{
	struct meta_job *job = meta_apply_take(stream->meta);

	if (job == NULL)
		return;
	struct meta_wait *wait = mem_alloc(sizeof *wait);

	*wait = (struct meta_wait){ stream, meta_seq };
	job->reply_loop = stream->loop;
	job->done = on_meta_kept;
	job->context = wait;
	stream->jobs++;
	store_meta(stream->options.broker->store, job);
}

static bool
take_changes(struct ha_stream *stream, const struct ha_frame *frame)
{
	struct slice rest = frame->payload;
	struct ha_change change;
	int status;

	if (!is_settled(stream))
		return false;
	while ((status = ha_change_next(&rest, &change)) == 1) {
		meta_apply_change(stream->meta, &change);
		/* A job drops one topic. */
		if (change.op == HA_DROP_TOPIC)
			submit_meta(stream, 0);
	}
	if (status == -1) {
		end(stream, "a change of its tables is malformed");
		return false;
	}
	if (frame->kind == HA_META_END)
		meta_apply_rest(stream->meta);
	if (frame->kind == HA_META)
		return true; /* one job for the whole snapshot */
	submit_meta(stream, frame->meta_seq);
	if (stream->jobs == 0) { /* it changed nothing here */
		stream->meta_seq = frame->meta_seq;
		report(stream);
	}
	return true;
}

/*
 * HA_HELLO told the epochs of the master. One that began since is told by the next hello: without
 * it this log would differ from the master's from there on, when one of them is cut. 0: it tells
 * none.
 */
static bool
knows_epoch(struct ha_stream *stream, const struct ha_frame *frame)
{
	return frame->epoch == 0 || frame->epoch == stream->epoch ||
	       frame->epoch == replica_record_last_epoch(stream->options.broker->replica_record);
}

static bool
take_frame(struct ha_stream *stream, const struct ha_frame *frame)
{
	if (!knows_epoch(stream, frame)) {
		end(stream, "an epoch of its log has begun");
		return false;
	}
	stream->epoch = frame->epoch;
	stream->master_max = frame->max_position;
	switch (frame->kind) {
	case HA_BLOCK:
		return take_block(stream, frame);
	case HA_META_BEGIN:
		meta_apply_begin(stream->meta, SNAPSHOT_TABLES);
		return true;
	case HA_META:
	case HA_META_END:
	case HA_CHANGES:
		return take_changes(stream, frame);
	case HA_HEARTBEAT:
		/* Else it may have waited behind the log. */
		if (stream->stored >= frame->max_position)
			stream->clock_ahead_ms = frame->wall_ms - clock_wall_ms();
		stream->options.moved(stream->options.arg);
		return true;
	}
	return false;
}

static bool
parse_twin(struct ha_stream *stream)
{
	struct ha_frame frame;
	size_t wanted;

	if (stream->log.len >= LOG_MAX)
		return false;
	int64_t size = ha_frame_read(unparsed(stream), &frame, &wanted);

	if (size == -1)
		end(stream, "what it sends is damaged");
	if (size <= 0 || !take_frame(stream, &frame) || stream->closed)
		return false;
	stream->at += (size_t)size;
	return true;
}

/* ---- the socket ------------------------------------------------------------- */

static void
set_reading(struct ha_stream *stream)
{
	bool wanted = stream->in.len < IN_MAX && stream->log.len < LOG_MAX;

	if (wanted == stream->reads || stream->closed)
		return;
	stream->reads = wanted;
	stream->heard_ms = clock_mono_ms();
	if (wanted)
		event_add(stream->readable, NULL);
	else
		event_del(stream->readable);
}

/* It may end. */
static void
pump(struct ha_stream *stream)
{
	bool more = true;

	while (more && !stream->closed) {
		more = is_apache(stream) ? parse_apache(stream) : parse_twin(stream);
		if (!stream->closed && (!more || stream->log.len >= JOB_BYTES))
			submit_log(stream);
	}
	buf_drain(&stream->in, stream->at);
	stream->at = 0;
	set_reading(stream);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct ha_stream *stream = arg;

	(void)what;
	buf_reserve(&stream->in, READ_BYTES);
	ssize_t n = recv(fd, stream->in.data + stream->in.len, READ_BYTES, 0);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		end(stream, n == 0 ? "it closed the link" : strerror(errno));
	} else {
		stream->in.len += (size_t)n;
		stream->heard_ms = clock_mono_ms();
		pump(stream);
	}
	free_if_idle(stream);
}

static void
greet(struct ha_stream *stream)
{
	stream->connected = true;
	stream->heard_ms = clock_mono_ms();
	if (!is_apache(stream)) {
		be64_put(stream->out, HA_MARK);
		memcpy(stream->out + HA_MARK_BYTES, stream->token, HA_TOKEN_BYTES);
		stream->out_len = HA_MARK_BYTES + HA_TOKEN_BYTES;
		flush_out(stream);
	}
	report(stream);
	set_reading(stream);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct ha_stream *stream = arg;
	int error = 0;
	socklen_t len = sizeof error;

	(void)what;
	if (stream->connected)
		flush_out(stream);
	else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1 || error != 0)
		end(stream, strerror(error));
	else
		greet(stream);
	free_if_idle(stream);
}

struct ha_stream *
ha_stream_open(const struct ha_stream_options *options)
{
	struct ha_stream *stream = mem_zalloc(sizeof *stream);
	int on = 1;

	stream->options = *options;
	stream->loop = broker_main_loop(options->broker);
	stream->meta = meta_apply_new(options->broker);
	if (options->token != NULL)
		memcpy(stream->token, options->token, HA_TOKEN_BYTES);
	stream->stored = stream->next = stream->log_at = stream->master_max = options->from;
	if (is_apache(stream) && options->from == 0) {
		stream->next = 1;
		buf_append_char(&stream->log, '\0');
	}
	stream->heard_ms = clock_mono_ms();
	stream->fd =
	    socket(options->address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (stream->fd == -1 ||
	    (connect(stream->fd, options->address, options->address_len) == -1 &&
		errno != EINPROGRESS)) {
		ha_stream_close(stream);
		return NULL;
	}
	setsockopt(stream->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	stream->readable =
	    event_new(stream->loop->base, stream->fd, EV_READ | EV_PERSIST, on_readable, stream);
	stream->writable = event_new(stream->loop->base, stream->fd, EV_WRITE, on_writable, stream);
	if (stream->readable == NULL || stream->writable == NULL)
		fatal("event cannot be made");
	event_add(stream->writable, NULL);
	return stream;
}

/* Our masters send a sign of life each second, so a link that is silent is known sooner. */
static int64_t
longest_silence(const struct ha_stream *stream)
{
	int64_t interval = stream->options.broker->settings->ha_housekeeping_interval;

	if (is_apache(stream))
		return interval;
	if (interval > TWIN_SILENT_MS)
		return TWIN_SILENT_MS;
	return interval > TWIN_SILENT_MIN_MS ? interval : TWIN_SILENT_MIN_MS;
}

void
ha_stream_tick(struct ha_stream *stream)
{
	int64_t now_ms = clock_mono_ms();

	if (stream->held != NULL) {
		struct apply_job *job = stream->held;

		stream->held = NULL;
		submit(stream, job);
	}
	if ((stream->reads || !stream->connected) &&
	    now_ms - stream->heard_ms > longest_silence(stream))
		end(stream, "it is silent");
	else if (now_ms - stream->reported_ms >= REPORT_MS)
		report(stream);
	free_if_idle(stream);
}

void
ha_stream_progress(const struct ha_stream *stream, struct ha_progress *progress)
{
	*progress = (struct ha_progress){
		.position = stream->stored,
		.master_max = stream->master_max,
		.epoch = stream->epoch,
		.clock_ahead_ms = stream->clock_ahead_ms,
	};
}
