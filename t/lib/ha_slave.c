/*
 * ha_slave: a slave that only listens, for tests of a master's replication port.
 *
 *   ha_slave [flags] HOST:PORT
 *
 *   -f POS    its log ends here (default 0): what it reports first
 *   -u POS    ends with status 0 once the log is here up to POS
 *   -t TOKEN  TwinMQ's stream; else RocketMQ's
 *   -o FILE   the bytes of the log go there
 *   -n        confirms nothing
 *   -m        ends with status 0 after the snapshot of the tables
 *
 * A line for each thing that comes: "block POSITION BYTES TAGS", "heartbeat", "begin", "end",
 * "row TABLE KEY VALUE TOPIC QUEUE OFFSET", "change OP TABLE KEY VALUE TOPIC QUEUE OFFSET",
 * "closed". Status 1: the master closed, or what it sent is wrong (a line says what).
 */

#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/wire.h"
#include "common/protocol/ha.h"

struct slave {
	int fd;
	bool twin, silent, until_meta;
	int64_t position, until, meta_seq;
	FILE *out;
	struct buf in;
	bool done;
};

static void __attribute__((noreturn)) fail(const char *why)
{
	printf("wrong: %s\n", why);
	exit(1);
}

static void
say(struct slave *slave, const void *bytes, size_t len)
{
	if (send(slave->fd, bytes, len, MSG_NOSIGNAL) != (ssize_t)len)
		fail("cannot send");
}

static void
report(struct slave *slave)
{
	char bytes[HA_REPORT_BYTES];

	if (slave->twin)
		ha_report_write(
		    &(struct ha_report){ slave->position, slave->meta_seq, clock_wall_ms() },
		    bytes);
	else
		be64_put(bytes, (uint64_t)slave->position);
	say(slave, bytes, slave->twin ? HA_REPORT_BYTES : HA_APACHE_REPORT_BYTES);
}

static void
take_log(struct slave *slave, int64_t position, struct slice bytes, size_t n_tags)
{
	printf("block %lld %zu %zu\n", (long long)position, bytes.len, n_tags);
	if (position != slave->position)
		fail("the block does not follow");
	slave->position += (int64_t)bytes.len;
	if (slave->out != NULL) {
		fwrite(bytes.data, 1, bytes.len, slave->out);
		fflush(slave->out);
	}
	if (!slave->silent)
		report(slave);
	slave->done |= slave->until >= 0 && slave->position >= slave->until;
}

static void
print_changes(const char *word, bool with_op, struct slice rest)
{
	struct ha_change change;
	int more;

	while ((more = ha_change_next(&rest, &change)) == 1) {
		printf("%s ", word);
		if (with_op)
			printf("%d ", change.op);
		printf("%d [%.*s] [%.*s] [%.*s] %d %lld\n", change.table, (int)change.key.len,
		    change.key.data, (int)change.value.len, change.value.data,
		    (int)change.topic.len, change.topic.data, change.queue_id,
		    (long long)change.offset);
	}
	if (more == -1)
		fail("a change");
}

static void
take_frame(struct slave *slave, const struct ha_frame *frame)
{
	struct ha_block block;

	switch (frame->kind) {
	case HA_BLOCK:
		if (ha_block_read(frame->payload, &block) == -1)
			fail("a block");
		take_log(slave, frame->position, block.records, block.n_tags);
		break;
	case HA_META_BEGIN:
		puts("begin");
		break;
	case HA_META:
		print_changes("row", false, frame->payload);
		break;
	case HA_META_END:
		puts("end");
		slave->meta_seq = frame->meta_seq;
		slave->done |= slave->until_meta;
		break;
	case HA_CHANGES:
		if (frame->position > slave->position)
			fail("changes come before their place in the log");
		print_changes("change", true, frame->payload);
		slave->meta_seq = frame->meta_seq;
		break;
	case HA_HEARTBEAT:
		puts("heartbeat");
		break;
	}
	if (frame->kind != HA_BLOCK && !slave->silent)
		report(slave);
}

/* The size of the message at the front of `in`, 0 when it is not whole. */
static size_t
take_twin(struct slave *slave)
{
	struct ha_frame frame;
	size_t wanted;
	int64_t size = ha_frame_read(buf_slice(&slave->in), &frame, &wanted);

	if (size == -1)
		fail("a frame");
	if (size > 0)
		take_frame(slave, &frame);
	return (size_t)size;
}

static size_t
take_apache(struct slave *slave)
{
	if (slave->in.len < HA_APACHE_HEAD_BYTES)
		return 0;
	struct ha_apache_head head = ha_apache_head_read(slave->in.data);
	size_t size = HA_APACHE_HEAD_BYTES + head.size;

	if (slave->in.len < size)
		return 0;
	if (head.size == 0)
		puts("heartbeat");
	else
		take_log(slave, head.position,
		    (struct slice){ slave->in.data + HA_APACHE_HEAD_BYTES, head.size }, 0);
	return size;
}

static void
follow(struct slave *slave)
{
	while (!slave->done) {
		ssize_t n = recv(slave->fd, buf_reserve(&slave->in, 1 << 20), 1 << 20, 0);
		size_t size;

		if (n <= 0) {
			puts("closed");
			exit(1);
		}
		slave->in.len += (size_t)n;
		while (!slave->done &&
		       (size = slave->twin ? take_twin(slave) : take_apache(slave)) != 0)
			buf_drain(&slave->in, size);
	}
}

static int
connect_to(char *address)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	char *colon = strrchr(address, ':');
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (colon == NULL)
		return -1;
	*colon = '\0';
	to.sin_port = htons((uint16_t)atoi(colon + 1));
	if (inet_pton(AF_INET, address, &to.sin_addr) != 1)
		return -1;
	return connect(fd, (struct sockaddr *)&to, sizeof to) == 0 ? fd : -1;
}

int
main(int argc, char **argv)
{
	struct slave slave = { .until = -1 };
	const char *token = NULL;
	int flag;

	while ((flag = getopt(argc, argv, "f:u:t:o:nm")) != -1) {
		switch (flag) {
		case 'f':
			slave.position = strtoll(optarg, NULL, 10);
			break;
		case 'u':
			slave.until = strtoll(optarg, NULL, 10);
			break;
		case 't':
			token = optarg;
			break;
		case 'o':
			slave.out = fopen(optarg, "w");
			break;
		case 'n':
			slave.silent = true;
			break;
		case 'm':
			slave.until_meta = true;
			break;
		default:
			return 2;
		}
	}
	if (optind + 1 != argc)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	slave.fd = connect_to(argv[optind]);
	if (slave.fd == -1)
		fail("cannot connect");
	if (token != NULL) {
		char mark[HA_MARK_BYTES];

		be64_put(mark, HA_MARK);
		say(&slave, mark, sizeof mark);
		say(&slave, token, strlen(token));
		slave.twin = true;
	}
	report(&slave);
	follow(&slave);
	buf_release(&slave.in);
	if (slave.out != NULL)
		fclose(slave.out);
	close(slave.fd);
	return 0;
}
