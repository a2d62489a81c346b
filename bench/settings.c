#include "config.h"
#include "common/protocol/name.h"

#include "bench/settings.h"

#include <stdlib.h>

#include "bench/payload.h"
#include "client/twinmq.h"

#define TOPICS_MAX 100000 /* their numbers have five digits */
#define QUEUES_MAX 1000   /* four */
#define SECONDS_MAX 1e6
#define DURATION_MS 10000
#define WINDOW_CLOSED 64
/* With fewer, what a broker held up for a moment would wait for the generator afterwards. */
#define WINDOW_OPEN 4096

#define NAMESRV                                                                                    \
	{                                                                                          \
		'n', "namesrvAddr", FLAG_TEXT, "LIST", 0, 0, 0,                                    \
		    "name servers, host:port, separated by ; (else $NAMESRV_ADDR)"                 \
	}
#define NUMBER(letter, name, least, most, about)                                                   \
	{                                                                                          \
		letter, name, FLAG_INT, "N", 0, least, most, about                                 \
	}
#define SWITCH(letter, name, about)                                                                \
	{                                                                                          \
		letter, name, FLAG_SWITCH, NULL, 0, 0, 0, about                                    \
	}
#define TEXT(letter, name, value, about)                                                           \
	{                                                                                          \
		letter, name, FLAG_TEXT, value, 0, 0, 0, about                                     \
	}
#define END                                                                                        \
	{                                                                                          \
		0, NULL, FLAG_SWITCH, NULL, 0, 0, 0, NULL                                          \
	}

const struct flag settings_common_flags[] = {
	NAMESRV,
	TEXT('b', "brokerName", "NAME", "this master only, not all of them"),
	TEXT('A', "brokerAddr", "HOST:PORT", "this broker only, without name servers"),
	TEXT('t', "topic", "NAME", "beginning of the topics' names (mqbench)"),
	NUMBER('T', "topics", 1, TOPICS_MAX, "topics, used evenly (1)"),
	NUMBER('q', "queues", 1, QUEUES_MAX, "queues of each topic on each master (8)"),
	SWITCH('E', "existing", "the topics exist already; create none"),
	NUMBER('c', "connections", 1, 100000, "connections to each broker or name server (1)"),
	TEXT('d', "duration", "S", "measured seconds, may be a fraction (10)"),
	TEXT('W', "warmUp", "S", "seconds before measuring begins (0)"),
	NUMBER('O', "timeout", 1, 1000000, "ms until a request counts as failed (3000)"),
	SWITCH('x', "binary", "headers in RocketMQ's binary codec instead of JSON"),
	TEXT('p', "pid", "LIST",
	    "processes of the brokers; their CPU, memory and writes are reported"),
	SWITCH('j', "json", "print one JSON object"),
	SWITCH('Q', "quiet", "no progress line"),
	SWITCH('h', "help", "print help"),
	END,
};

#define WINDOW                                                                                     \
	NUMBER('w', "window", 1, 100000,                                                           \
	    "in flight on each connection (64; with --rate 4096, shared by the connections)")
#define SIZE NUMBER('s', "size", PAYLOAD_BODY_MIN, 4 << 20, "bytes of a body (1024)")
#define MESSAGES NUMBER('N', "messages", 1, 10000000000, "end after so many messages")
#define RATE                                                                                       \
	NUMBER('r', "rate", 1, 100000000, "open loop: messages a second, independent of replies")
#define BATCH NUMBER('B', "batch", 1, 10000, "messages in a request (1)")
#define FILL NUMBER('f', "fill", 1, 10000000000, "messages to store first (100000)")
#define PULLED NUMBER('m', "maxMessages", 1, 10000, "messages that a pull asks for (32)")
#define GROUP TEXT('g', "group", "NAME", "the group (mqbench)")
#define FILTER                                                                                     \
	SWITCH('F', "filter", "subscribe by an SQL92 expression of three terms, which all pass")
#define ORDERLY SWITCH('y', "orderly", "lock the queues, as ordered consumers do")
#define MEMBERS NUMBER('k', "consumers", 1, 1000, "members of the consumer group (1)")

const struct flag settings_send_flags[] = {
	WINDOW,
	SIZE,
	MESSAGES,
	RATE,
	BATCH,
	SWITCH('o', "oneway",
	    "only each 32nd message asks for a reply; all must be stored in the end"),
	GROUP,
	END,
};

const struct flag settings_transaction_flags[] = {
	WINDOW,
	SIZE,
	MESSAGES,
	RATE,
	GROUP,
	NUMBER('R', "rollback", 0, 100, "percent that are rolled back (0)"),
	NUMBER('U', "unknown", 0, 100, "percent whose END says unknown (0)"),
	NUMBER('u', "open", 1, 100000000, "half messages to leave open beforehand"),
	SWITCH('a', "answerChecks", "join the group, and commit what brokers ask about"),
	SWITCH('e', "onewayEnd", "send END oneway, as clients do"),
	END,
};

const struct flag settings_pull_flags[] = {
	WINDOW,
	SIZE,
	MESSAGES,
	FILL,
	PULLED,
	GROUP,
	SWITCH('C', "cold", "read each message once, from disk; drops the page cache first"),
	END,
};

const struct flag settings_consume_flags[] = {
	SIZE,
	FILL,
	PULLED,
	GROUP,
	MEMBERS,
	FILTER,
	ORDERLY,
	END,
};

const struct flag settings_pop_flags[] = {
	WINDOW,
	SIZE,
	FILL,
	PULLED,
	GROUP,
	END,
};

const struct flag settings_both_flags[] = {
	WINDOW,
	SIZE,
	MESSAGES,
	RATE,
	BATCH,
	PULLED,
	GROUP,
	MEMBERS,
	FILTER,
	ORDERLY,
	NUMBER('D', "delay", 1, 5000, "ms from the send until a timer delivers the message"),
	SWITCH('L', "delayLevel", "the messages have delay level 1, one second"),
	END,
};

const struct flag settings_route_flags[] = {
	WINDOW,
	RATE,
	END,
};

const struct flag settings_register_flags[] = {
	END,
};

const struct flag settings_connect_flags[] = {
	WINDOW,
	END,
};

const struct flag settings_first_flags[] = {
	SIZE,
	NUMBER('S', "since", 1, INT64_MAX, "count from this time (ms since 1970), not from now"),
	END,
};

static int
read_pids(struct settings *settings, const char *text, struct buf *error)
{
	struct slice rest = slice_of(text), part;
	int32_t pid;

	while (slice_next(&rest, ',', &part)) {
		if (slice_to_int32(slice_trim(part), &pid) == -1 || pid <= 0 ||
		    settings->n_pids == PIDS_MAX) {
			buf_printf(error,
			    "--pid wants numbers of processes, separated by commas, at most %d",
			    PIDS_MAX);
			return -1;
		}
		settings->pids[settings->n_pids++] = pid;
	}
	return 0;
}

/* Reads seconds into milliseconds. */
static int
read_seconds(const struct args *args, char letter, const char *name, int64_t *ms, struct buf *error)
{
	double seconds;

	if (!args_has(args, letter))
		return 0;
	if (slice_to_double(slice_of(args_text(args, letter)), &seconds) == -1 ||
	    !(seconds >= 0 && seconds <= SECONDS_MAX)) {
		buf_printf(error, "--%s wants seconds, not \"%s\"", name, args_text(args, letter));
		return -1;
	}
	*ms = (int64_t)(seconds * 1000);
	return 0;
}

static bool
is_wrong_address(const struct settings *settings, struct buf *error)
{
	const char *fault =
	    settings->address != NULL ? twinmq_address_fault(slice_of(settings->address)) : NULL;

	if (fault != NULL)
		buf_printf(error, "--brokerAddr %s: %s", settings->address, fault);
	return fault != NULL;
}

static int
check(const struct settings *settings, struct buf *error)
{
	if (!name_is_valid(slice_of(settings->topic)))
		buf_printf(error, "\"%s\" is no name for a topic", settings->topic);
	else if (!name_is_valid(slice_of(settings->group)))
		buf_printf(error, "\"%s\" is no name for a group", settings->group);
	else if (is_wrong_address(settings, error))
		return -1;
	else if (settings->rollback_percent + settings->unknown_percent > 100)
		buf_append_text(error, "--rollback and --unknown are more than 100 percent");
	else if ((uint64_t)settings->n_connections * settings->window > 10000000)
		buf_append_text(error, "--connections times --window is more than 10000000");
	else if (settings->duration_ms == 0 && settings->n_messages == 0)
		buf_append_text(error, "--duration 0 measures nothing");
	else if (settings->oneway && settings->batch > 1)
		buf_append_text(error, "--oneway and --batch do not go together");
	else if (settings->delay_ms != 0 && settings->batch > 1)
		buf_append_text(error, "a batch cannot be delayed");
	else if (settings->cold && settings->n_messages != 0)
		buf_append_text(error, "--cold reads each message once: no --messages");
	return error->len != 0 ? -1 : 0;
}

/* NULL also for an empty variable. */
static const char *
environment(const char *name)
{
	const char *text = getenv(name);

	return text != NULL && text[0] != '\0' ? text : NULL;
}

static const char *
text_or(const struct args *args, char letter, const char *absent)
{
	const char *text = args_text(args, letter);

	return text != NULL ? text : absent;
}

static uint32_t
window_of(const struct args *args)
{
	int64_t n_connections = args_number(args, 'c', 1), most = WINDOW_CLOSED;

	if (args_has(args, 'r') && WINDOW_OPEN / n_connections > most)
		most = WINDOW_OPEN / n_connections;
	return (uint32_t)args_number(args, 'w', most);
}

int
settings_read(struct settings *settings, const struct args *args, struct buf *error)
{
	*settings = (struct settings){
		.name_servers = text_or(args, 'n', environment("NAMESRV_ADDR")),
		.broker = args_text(args, 'b'),
		.address = args_text(args, 'A'),
		.topic = text_or(args, 't', "mqbench"),
		.group = text_or(args, 'g', "mqbench"),
		.n_topics = (uint32_t)args_number(args, 'T', 1),
		.n_queues = (uint32_t)args_number(args, 'q', 8),
		.n_connections = (uint32_t)args_number(args, 'c', 1),
		.window = window_of(args),
		.size = (uint32_t)args_number(args, 's', 1024),
		.batch = (uint32_t)args_number(args, 'B', 1),
		.oneway = args_has(args, 'o'),
		.rate = args_number(args, 'r', 0),
		.n_messages = (uint64_t)args_number(args, 'N', 0),
		.timeout_ms = (int)args_number(args, 'O', TWINMQ_TIMEOUT_MS),
		.codec = args_has(args, 'x') ? FRAME_BINARY : FRAME_JSON,
		.rollback_percent = (uint32_t)args_number(args, 'R', 0),
		.unknown_percent = (uint32_t)args_number(args, 'U', 0),
		.n_open = (uint64_t)args_number(args, 'u', 0),
		.replies_checks = args_has(args, 'a'),
		.oneway_end = args_has(args, 'e'),
		.n_fill = (uint64_t)args_number(args, 'f', 100000),
		.existing = args_has(args, 'E'),
		.cold = args_has(args, 'C'),
		.max_pulled = (uint32_t)args_number(args, 'm', 32),
		.n_members = (uint32_t)args_number(args, 'k', 1),
		.filters = args_has(args, 'F'),
		.orderly = args_has(args, 'y'),
		.delay_ms = args_has(args, 'L') ? 1000 : args_number(args, 'D', 0),
		.delay_level = args_has(args, 'L'),
		.since_ms = args_number(args, 'S', 0),
		.json = args_has(args, 'j'),
		.quiet = args_has(args, 'Q'),
	};
	/* --messages alone sets no duration. */
	settings->duration_ms = settings->n_messages != 0 ? 0 : DURATION_MS;
	if (read_seconds(args, 'd', "duration", &settings->duration_ms, error) == -1 ||
	    read_seconds(args, 'W', "warmUp", &settings->warm_up_ms, error) == -1)
		return -1;
	if (args_has(args, 'p') && read_pids(settings, args_text(args, 'p'), error) == -1)
		return -1;
	return check(settings, error);
}
