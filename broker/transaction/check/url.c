#include "config.h"

/* URLs of producer groups: which may be asked. */

#include "broker/transaction/check/check_private.h"

#include <event2/http.h>

#include "broker/state/producer_group.h"

#define HTTP_PORT 80

struct evhttp_uri *
transaction_url_parse(struct slice url, struct buf *address, const char **why)
{
	char text[CHECK_URL_MAX + 1];
	struct evhttp_uri *uri;

	*why = "it is no URL, or longer than 1024 bytes";
	if (url.len == 0 || url.len > CHECK_URL_MAX)
		return NULL;
	for (size_t i = 0; i < url.len; i++) {
		if (url.data[i] <= ' ' || url.data[i] > '~')
			return NULL;
	}
	memcpy(text, url.data, url.len);
	text[url.len] = '\0';
	uri = evhttp_uri_parse(text);
	if (uri == NULL)
		return NULL;
	const char *host = evhttp_uri_get_host(uri);
	int port = evhttp_uri_get_port(uri);

	*why = "only http://host[:port]/path[?query] is asked";
	if (host == NULL || *host == '\0' || port == 0 || evhttp_uri_get_userinfo(uri) != NULL ||
	    evhttp_uri_get_fragment(uri) != NULL || evhttp_uri_get_scheme(uri) == NULL ||
	    !slice_equal_nocase(slice_of(evhttp_uri_get_scheme(uri)), SLICE("http"))) {
		evhttp_uri_free(uri);
		return NULL;
	}
	buf_printf(address, "%s:%d", host, port == -1 ? HTTP_PORT : port);
	return uri;
}

int
transaction_url_check(const struct broker_settings *settings, struct slice url, const char **why)
{
	struct buf address = { 0 };
	struct evhttp_uri *uri = transaction_url_parse(url, &address, why);
	struct slice rest = slice_of(settings->transaction_check_url_allow), part;
	bool allowed = false;

	if (uri == NULL)
		return -1;
	evhttp_uri_free(uri);
	while (!allowed && rest.data != NULL && slice_next(&rest, ';', &part))
		allowed = slice_equal_nocase(part, buf_slice(&address));
	buf_release(&address);
	*why = "its host and port are not among those of transactionCheckUrlAllow";
	return allowed ? 0 : -1;
}
