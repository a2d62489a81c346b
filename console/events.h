#ifndef CONSOLE_EVENTS_H
#define CONSOLE_EVENTS_H

/*
 * GET /api/events: what changes in the cluster, as server-sent events. One sampler for all
 * viewers, none without a viewer. The HTTP thread.
 */

struct console;
struct events;

struct events *events_new(struct console *console);
/* After the HTTP server. */
void events_free(struct events *events);

#endif
