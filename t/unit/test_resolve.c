#include "config.h"

#include "common/net/resolve.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netdb.h>
#include <netinet/in.h>

TestSuite(resolve, .timeout = 30);

struct seen {
	struct loop loop;
	struct resolver *resolver;
	size_t n;
	size_t index;
};

static void
on_changed(void *arg, size_t index)
{
	struct seen *seen = arg;

	seen->n++;
	seen->index = index;
	loop_stop(&seen->loop);
}

/* A base system may have no /etc/hosts. */
static void
require_localhost(void)
{
	struct addrinfo *list;

	if (getaddrinfo("localhost", NULL, NULL, &list) != 0)
		cr_skip_test("localhost does not resolve here");
	freeaddrinfo(list);
}

static int
port_of(const struct resolved *one)
{
	return ntohs(((const struct sockaddr_in *)(const void *)&one->address)->sin_port);
}

Test(resolve, one_address)
{
	static const struct {
		const char *text;
		int family; /* 0: refused */
	} rows[] = {
		{ "127.0.0.1:9876", AF_INET },
		{ "[::1]:9876", AF_INET6 },
		{ "::1:9876", AF_INET6 },
		{ "localhost:9876", 0 }, /* numeric only */
		{ "127.0.0.1", 0 },
		{ "127.0.0.1:", 0 },
		{ ":9876", 0 },
		{ "127.0.0.1:http", 0 },
		{ "127.0.0.1:1", AF_INET },
		{ "127.0.0.1:65535", AF_INET },
		{ "127.0.0.1:0", 0 },
		{ "127.0.0.1:65536", 0 },
		{ "127.0.0.1:90612", 0 },
		{ "127.0.0.1:+80", 0 },
		{ "127.0.0.1:18446744073709551617", 0 },
		{ "", 0 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct sockaddr_storage address;
		socklen_t len;
		const char *why = NULL;
		int status = resolve(rows[i].text, true, &address, &len, &why);

		cr_expect_eq(status, rows[i].family != 0 ? 0 : -1, "%s", rows[i].text);
		if (status == 0)
			cr_expect_eq(address.ss_family, rows[i].family, "%s", rows[i].text);
		else
			cr_expect_not_null(why);
	}
}

Test(resolve, numbers_are_there_at_once)
{
	struct seen seen = { 0 };

	loop_init(&seen.loop, 0);
	seen.resolver = resolver_new(&seen.loop, "127.0.0.1:9876;[::1]:9877", on_changed, &seen);
	cr_assert_eq(resolver_count(seen.resolver), 2);
	cr_expect_neq(resolver_get(seen.resolver, 0)->len, 0);
	cr_expect_eq(port_of(resolver_get(seen.resolver, 0)), 9876);
	cr_expect_str_eq(resolver_get(seen.resolver, 1)->text, "[::1]:9877");
	cr_expect_neq(resolver_get(seen.resolver, 1)->len, 0);
	resolver_free(seen.resolver);
	loop_release(&seen.loop);
	cr_expect_eq(seen.n, 0);
}

Test(resolve, names_come_through_the_loop)
{
	struct seen seen = { 0 };

	require_localhost();
	loop_init(&seen.loop, 0);
	seen.resolver =
	    resolver_new(&seen.loop, "no-such-host.invalid:1;localhost:9876", on_changed, &seen);
	cr_expect_eq(resolver_get(seen.resolver, 1)->len, 0);
	loop_run(&seen.loop);
	cr_expect_eq(seen.n, 1);
	cr_expect_eq(seen.index, 1);
	cr_expect_neq(resolver_get(seen.resolver, 1)->len, 0);
	cr_expect_eq(resolver_get(seen.resolver, 0)->len, 0);
	resolver_free(seen.resolver);
	loop_release(&seen.loop);
}

/* The thread may be in a look-up, or its answer in the mailbox, when the resolver goes. */
Test(resolve, it_goes_at_any_time)
{
	require_localhost();
	for (int i = 0; i < 50; i++) {
		struct seen seen = { 0 };

		loop_init(&seen.loop, 0);
		seen.resolver = resolver_new(&seen.loop, "localhost:9876", on_changed, &seen);
		resolver_ask(seen.resolver);
		if (i % 2 == 0)
			loop_run(&seen.loop);
		resolver_free(seen.resolver);
		loop_release(&seen.loop);
	}
}
