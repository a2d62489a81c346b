/*
 * rocketmq_master: a master that speaks as RocketMQ's, with a log and tables as a file says.
 *
 *   rocketmq_master PORT FILE     requests at PORT, its log at PORT + 1, until it is killed
 *
 * Lines of the file; parts are separated by a bar:
 *
 *   record|NAME|TOPIC|QUEUE|AGO|SYSFLAG|PREPARED|BODY|PROPERTY=VALUE;PROPERTY=VALUE...
 *   answer|CODE|BODY
 *   wheel|AGO
 *
 * AGO is in ms before now. PREPARED is a number, or @NAME: the log position of that record. A value
 * "now+N" or "now-N" is a time in ms. Queue offsets begin at 0. A record with the number of tries
 * in a property RECONSUME has it as its field. Properties are written as RocketMQ does, without a
 * separator at the end. Requests without an answer line get 3 (not supported).
 *
 * Prints "NAME QUEUE-OFFSET POSITION" for each record, then "ready".
 */

#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/base/wire.h"
#include "common/protocol/ha.h"
#include "common/protocol/record.h"

#define RECORDS_MAX 4096
#define QUEUES_MAX 256
#define PEERS_MAX 16
#define ANSWERS_MAX 32
#define PARTS 9
#define BLOCK_BYTES 32768
#define HEARTBEAT_MS 1000

struct script_record {
	char name[64];
	int64_t position;
};

struct script_queue {
	char topic[128];
	int32_t id;
	int64_t next;
};

struct script_answer {
	int code;
	struct buf body;
};

struct script_peer {
	int fd; /* -1: free */
	bool stream;
	bool begun; /* its first report came */
	struct buf in;
	int64_t sent; /* log position */
	int64_t heartbeat_ms;
};

struct script_master {
	int port;
	int64_t now_ms;
	struct buf log;
	struct script_record records[RECORDS_MAX];
	size_t n_records;
	struct script_queue queues[QUEUES_MAX];
	size_t n_queues;
	struct script_answer answers[ANSWERS_MAX];
	size_t n_answers;
	struct script_peer peers[PEERS_MAX];
};

static void __attribute__((noreturn)) die(const char *what, const char *part)
{
	fprintf(stderr, "rocketmq_master: %s: %s\n", what, part);
	exit(2);
}

/* ---- the file ------------------------------------------------------------------ */

static int64_t *
queue_next(struct script_master *master, const char *topic, int32_t id)
{
	struct script_queue *queue;

	for (size_t i = 0; i < master->n_queues; i++)
		if (strcmp(master->queues[i].topic, topic) == 0 && master->queues[i].id == id)
			return &master->queues[i].next;
	if (master->n_queues == QUEUES_MAX)
		die("too many queues", topic);
	queue = &master->queues[master->n_queues++];
	snprintf(queue->topic, sizeof queue->topic, "%s", topic);
	queue->id = id;
	return &queue->next;
}

static int64_t
prepared_of(const struct script_master *master, const char *text)
{
	if (text[0] != '@')
		return strtoll(text, NULL, 10);
	for (size_t i = 0; i < master->n_records; i++)
		if (strcmp(master->records[i].name, text + 1) == 0)
			return master->records[i].position;
	die("no record of this name", text);
}

static void
add_property(struct script_master *master, struct buf *out, const char *name, const char *value)
{
	if (out->len != 0)
		buf_append_text(out, "\002");
	if (strncmp(value, "now", 3) == 0)
		buf_printf(out, "%s\001%" PRId64, name,
		    master->now_ms + (int64_t)strtoll(value + 3, NULL, 10));
	else
		buf_printf(out, "%s\001%s", name, value);
}

static void
add_record(struct script_master *master, char **part)
{
	int32_t queue_id = atoi(part[3]);
	int64_t *next = queue_next(master, part[2], queue_id), at = (int64_t)master->log.len;
	struct host host = { .ip = { 127, 0, 0, 1 }, .ip_len = 4, .port = (uint16_t)master->port };
	struct buf properties = { 0 };
	struct record record = {
		.queue_id = queue_id,
		.sys_flag = atoi(part[5]),
		.born_timestamp = master->now_ms - strtoll(part[4], NULL, 10),
		.born_host = host,
		.store_host = host,
		.prepared_offset = prepared_of(master, part[6]),
		.body = slice_of(part[7]),
		.topic = slice_of(part[2]),
	};
	char *rest = part[8];

	for (char *pair; (pair = strsep(&rest, ";")) != NULL;) {
		char *value = strchr(pair, '=');

		if (value == NULL)
			continue;
		*value++ = '\0';
		if (strcmp(pair, "RECONSUME") == 0)
			record.reconsume_times = atoi(value);
		else
			add_property(master, &properties, pair, value);
	}
	record.properties = buf_slice(&properties);
	size_t size = record_size(&record);
	char *bytes = buf_reserve(&master->log, size);

	record_encode(&record, bytes);
	record_place(bytes, *next, at, record.born_timestamp);
	master->log.len += size;
	if (master->n_records == RECORDS_MAX)
		die("too many records", part[1]);
	snprintf(
	    master->records[master->n_records].name, sizeof master->records[0].name, "%s", part[1]);
	master->records[master->n_records++].position = at;
	printf("%s %" PRId64 " %" PRId64 "\n", part[1], (*next)++, at);
	buf_release(&properties);
}

static struct script_answer *
add_answer(struct script_master *master, int code)
{
	struct script_answer *answer = &master->answers[master->n_answers++];

	if (master->n_answers > ANSWERS_MAX)
		die("too many answers", "answer");
	answer->code = code;
	return answer;
}

static void
read_line(struct script_master *master, char *line)
{
	char *part[PARTS] = { 0 }, *rest = line;
	size_t n = 0, wanted = strncmp(line, "record|", 7) == 0 ? PARTS : 3;

	while (n + 1 < wanted && (part[n] = strsep(&rest, "|")) != NULL)
		n++;
	if (rest != NULL)
		part[n++] = rest;
	if (strcmp(part[0], "record") == 0 && n == PARTS) {
		add_record(master, part);
	} else if (strcmp(part[0], "answer") == 0 && n == 3) {
		buf_append_text(&add_answer(master, atoi(part[1]))->body, part[2]);
	} else if (strcmp(part[0], "wheel") == 0 && n == 2) {
		char numbers[56] = { 0 };

		be64_put(numbers, (uint64_t)(master->now_ms - strtoll(part[1], NULL, 10)));
		buf_append(&add_answer(master, 60)->body, numbers, sizeof numbers);
	} else {
		die("a line", part[0]);
	}
}

static void
read_file(struct script_master *master, const char *path)
{
	FILE *file = fopen(path, "r");
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;

	if (file == NULL)
		die(path, strerror(errno));
	while ((len = getline(&line, &cap, file)) > 0) {
		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		if (line[0] != '\0' && line[0] != '#')
			read_line(master, line);
	}
	free(line);
	fclose(file);
}

/* ---- requests ------------------------------------------------------------------- */

static long
number_of(struct slice header, const char *name)
{
	const char *at = memmem(header.data, header.len, name, strlen(name));

	return at != NULL ? strtol(at + strlen(name), NULL, 10) : -1;
}

static void
say(struct script_peer *peer, const void *bytes, size_t len)
{
	if (send(peer->fd, bytes, len, MSG_NOSIGNAL) == (ssize_t)len)
		return;
	close(peer->fd);
	peer->fd = -1;
}

static void
reply(struct script_master *master, struct script_peer *peer, struct slice header)
{
	long code = number_of(header, "\"code\":"), opaque = number_of(header, "\"opaque\":");
	struct buf out = { 0 }, head = { 0 }, info = { 0 };
	struct slice body = SLICE("");
	bool known = code == 28;
	char size[8];

	buf_printf(&info,
	    "{\"table\":{\"commitLogMinOffset\":\"0\",\"commitLogMaxOffset\":\"%zu\"}}",
	    master->log.len);
	if (known)
		body = buf_slice(&info);
	for (size_t i = 0; i < master->n_answers && !known; i++)
		if (master->answers[i].code == code) {
			body = buf_slice(&master->answers[i].body);
			known = true;
		}
	buf_printf(&head,
	    "{\"code\":%d,\"flag\":1,\"language\":\"JAVA\",\"opaque\":%ld,"
	    "\"serializeTypeCurrentRPC\":\"JSON\",\"version\":407}",
	    known ? 0 : 3, opaque);
	be32_put(size, (uint32_t)(4 + head.len + body.len));
	be32_put(size + 4, (uint32_t)head.len);
	buf_append(&out, size, sizeof size);
	buf_append(&out, head.data, head.len);
	if (body.len != 0)
		buf_append(&out, body.data, body.len);
	say(peer, out.data, out.len);
	buf_release(&out);
	buf_release(&head);
	buf_release(&info);
}

static void
take_requests(struct script_master *master, struct script_peer *peer)
{
	while (peer->fd != -1 && peer->in.len >= 8) {
		size_t size = be32_get(peer->in.data);
		size_t header = be32_get(peer->in.data + 4) & 0xffffff;

		if (peer->in.len < 4 + size)
			return;
		reply(master, peer, (struct slice){ peer->in.data + 8, header });
		buf_drain(&peer->in, 4 + size);
	}
}

/* ---- the log ---------------------------------------------------------------------- */

static void
take_reports(struct script_master *master, struct script_peer *peer)
{
	while (peer->in.len >= HA_APACHE_REPORT_BYTES) {
		if (!peer->begun)
			peer->sent = (int64_t)be64_get(peer->in.data);
		peer->begun = true;
		buf_drain(&peer->in, HA_APACHE_REPORT_BYTES);
	}
	(void)master;
}

static void
send_log(struct script_master *master, struct script_peer *peer)
{
	size_t left = peer->begun ? master->log.len - (size_t)peer->sent : 0;
	char head[HA_APACHE_HEAD_BYTES];

	if (!peer->begun || (left == 0 && clock_mono_ms() < peer->heartbeat_ms))
		return;
	if (left > BLOCK_BYTES)
		left = BLOCK_BYTES;
	be64_put(head, (uint64_t)peer->sent);
	be32_put(head + 8, (uint32_t)left);
	peer->heartbeat_ms = clock_mono_ms() + HEARTBEAT_MS;
	say(peer, head, sizeof head);
	if (left != 0 && peer->fd != -1)
		say(peer, master->log.data + peer->sent, left);
	peer->sent += (int64_t)left;
}

/* ---- connections ------------------------------------------------------------------- */

static int
listen_at(int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (fd == -1 || bind(fd, (struct sockaddr *)&at, sizeof at) == -1 || listen(fd, 16) == -1)
		die("cannot listen", strerror(errno));
	return fd;
}

static void
accept_peer(struct script_master *master, int listener, bool stream)
{
	int fd = accept(listener, NULL, NULL);

	for (size_t i = 0; i < PEERS_MAX && fd != -1; i++)
		if (master->peers[i].fd == -1) {
			buf_release(&master->peers[i].in);
			master->peers[i] = (struct script_peer){ .fd = fd, .stream = stream };
			return;
		}
	if (fd != -1)
		close(fd);
}

static void
read_peer(struct script_master *master, struct script_peer *peer)
{
	ssize_t n = recv(peer->fd, buf_reserve(&peer->in, 65536), 65536, 0);

	if (n <= 0) {
		close(peer->fd);
		peer->fd = -1;
		return;
	}
	peer->in.len += (size_t)n;
	if (peer->stream)
		take_reports(master, peer);
	else
		take_requests(master, peer);
}

static void
serve(struct script_master *master, int requests, int streams)
{
	struct pollfd fds[PEERS_MAX + 2];

	fds[0] = (struct pollfd){ requests, POLLIN, 0 };
	fds[1] = (struct pollfd){ streams, POLLIN, 0 };
	for (size_t i = 0; i < PEERS_MAX; i++)
		fds[i + 2] = (struct pollfd){ master->peers[i].fd, POLLIN, 0 };
	poll(fds, PEERS_MAX + 2, 100);
	for (size_t i = 0; i < PEERS_MAX; i++) {
		struct script_peer *peer = &master->peers[i];

		if (peer->fd != -1 && fds[i + 2].revents != 0)
			read_peer(master, peer);
		if (peer->fd != -1 && peer->stream)
			send_log(master, peer);
	}
	if (fds[0].revents & POLLIN)
		accept_peer(master, requests, false);
	if (fds[1].revents & POLLIN)
		accept_peer(master, streams, true);
}

int
main(int argc, char **argv)
{
	struct script_master *master = mem_zalloc(sizeof *master);

	if (argc != 3)
		die("use", "rocketmq_master PORT FILE");
	master->port = atoi(argv[1]);
	master->now_ms = clock_wall_ms();
	for (size_t i = 0; i < PEERS_MAX; i++)
		master->peers[i].fd = -1;
	read_file(master, argv[2]);
	int requests = listen_at(master->port), streams = listen_at(master->port + 1);

	puts("ready");
	fflush(stdout);
	for (;;)
		serve(master, requests, streams);
}
