#ifndef T_REPLAY_REPLAY_TALK_H
#define T_REPLAY_REPLAY_TALK_H

/*
 * A recorded conversation: the frames of one file, and the connections on
 * which it is held again.
 */

#include "t/lib/raw.h"
#include "t/replay/replay.h"

#define CONNS_MAX 256

struct line {
	int number;
	int conn;
	struct slice peer;
	bool to_server;
	bool is_response;
	bool is_oneway;
	int32_t of; /* of a response: the request's code */
	struct command command;
	struct slice header; /* as sent */
	struct slice body;
	bool sent;
};

/* An answer that came while another one was waited for. */
struct early {
	struct early *next;
	int conn;
	struct replay_reply reply;
};

struct talk {
	const char *path;
	struct arena arena; /* the lines, early answers */
	struct early *early;
	struct line *lines;
	size_t n_lines, cap_lines;
	struct raw conns[CONNS_MAX];
	bool open[CONNS_MAX];
};

void talk_die(const char *path, int line, const char *why) __attribute__((noreturn));
/* Reads the file that talk->path names; what cannot be read ends the program. */
void talk_read(struct talk *talk);
void talk_release(struct talk *talk);
/* The request that the recorded answer belongs to: the last one before it with its opaque. NULL:
 * none. */
struct line *talk_request_of(struct talk *talk, const struct line *reply);
/* The recorded answer to that request; NULL: none. */
struct line *talk_reply_to(struct talk *talk, const struct line *request);

#endif
