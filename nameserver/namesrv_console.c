#include "config.h"

#include "nameserver/namesrv_console.h"

#include <errno.h>
#include <string.h>

#include "common/base/log.h"
#include "console/console.h"

/* How the console reaches the name server that it is part of. */
static struct slice
own_address(const struct namesrv_settings *settings, int listen_port, struct arena *arena)
{
	const char *host = settings->bind_address;

	if (strcmp(host, "0.0.0.0") == 0)
		host = "127.0.0.1";
	else if (strcmp(host, "::") == 0)
		host = "::1";
	return arena_printf(
	    arena, strchr(host, ':') != NULL ? "[%s]:%d%c" : "%s:%d%c", host, listen_port, '\0');
}

void
namesrv_console_start(struct namesrv *namesrv, int listen_port)
{
	const struct namesrv_settings *settings = namesrv->settings;
	struct arena arena = { 0 };
	struct console_options options = {
		.address = settings->console.bind_address,
		.port = (int)settings->console.port,
		.allowed_hosts = settings->console.allowed_hosts,
		.name_servers = settings->console.name_servers,
		.accounts = namesrv->accounts,
		.http = &settings->http,
		.session_idle_ms = settings->console.session_idle,
		.session_max_ms = settings->console.session_max,
	};

	if (options.port == 0)
		return;
	if (options.name_servers == NULL)
		options.name_servers = own_address(settings, listen_port, &arena).data;
	namesrv->console = console_new(&options);
	arena_release(&arena);
	if (namesrv->console == NULL) {
		log_warn(
		    "no console: cannot listen address=%s port=%d error=\"%s\"; set consolePort",
		    options.address, options.port, strerror(errno));
		return;
	}
	if (namesrv->accounts != NULL)
		accounts_make_first(namesrv->accounts);
	console_start(namesrv->console);
	log_info("console serves address=%s port=%d url=http://%s%s%s:%d/", options.address,
	    options.port, strchr(options.address, ':') != NULL ? "[" : "", options.address,
	    strchr(options.address, ':') != NULL ? "]" : "", options.port);
}

void
namesrv_console_stop(struct namesrv *namesrv)
{
	console_free(namesrv->console);
	namesrv->console = NULL;
}
