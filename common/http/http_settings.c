#include "config.h"

#include "common/http/http_settings.h"

#include <errno.h>
#include <string.h>

#include "common/base/log.h"

static int
port_wanted(const struct http_settings *settings, int listen_port, int64_t wanted_port)
{
	if (settings->port > 0)
		return (int)settings->port;
	if (wanted_port == 0)
		return 0;
	return listen_port + HTTP_PORT_STEP;
}

int
http_open(const struct http_settings *settings, int listen_port, int64_t wanted_port,
    struct http_options *options, struct http_server **server)
{
	*server = NULL;
	if (settings->port == 0)
		return 0;
	options->address = settings->bind_address;
	options->port = port_wanted(settings, listen_port, wanted_port);
	options->allowed_hosts = settings->allowed_hosts;
	options->max_connections = (int)settings->max_connections;
	options->max_head_bytes = settings->max_head_bytes;
	options->max_body_bytes = settings->max_body_bytes;
	options->max_memory = settings->max_memory;
	options->request_time_ms = settings->request_timeout;
	options->idle_ms = settings->idle_timeout;
	*server = http_server_new(options);
	if (*server != NULL) {
		log_info("http serves address=%s port=%d", options->address, http_port(*server));
		return 0;
	}
	if (settings->port > 0) {
		log_error("cannot listen on %s port %d for HTTP: %s; stop what uses it, or set "
			  "another httpPort",
		    options->address, options->port, strerror(errno));
		return -1;
	}
	log_warn("no HTTP: cannot listen address=%s port=%d error=\"%s\"; set httpPort",
	    options->address, options->port, strerror(errno));
	return 0;
}
