#include "config.h"

#include <criterion/criterion.h>

#include "broker/transaction/check/check.h"

TestSuite(transaction_url, .timeout = 20);

static char allow[] = "127.0.0.1:8080;bank.example:80;[::1]:81";

static const struct {
	const char *url;
	bool allowed;
} urls[] = {
	{ "http://127.0.0.1:8080/check", true },
	{ "http://127.0.0.1:8080", true },
	{ "HTTP://127.0.0.1:8080/check?by=twinmq", true },
	{ "http://bank.example/check", true },
	{ "http://Bank.Example:80/check", true },
	{ "http://[::1]:81/", true },
	{ "http://127.0.0.1:8081/check", false },
	{ "http://127.0.0.1/check", false },
	{ "http://bank.example:8080/", false },
	{ "http://bank.example.evil.test/", false },
	{ "https://127.0.0.1:8080/check", false },
	{ "ftp://127.0.0.1:8080/check", false },
	{ "file:///etc/passwd", false },
	{ "http://u:p@127.0.0.1:8080/", false },
	{ "http://127.0.0.1:8080@evil.test/", false },
	{ "http://127.0.0.1:8080/#f", false },
	{ "http://127.0.0.1:8080/a b", false },
	{ "http://127.0.0.1:8080/a\r\nHost: x", false },
	{ "http://127.0.0.1:99999/", false },
	{ "http:///check", false },
	{ "//127.0.0.1:8080/", false },
	{ "127.0.0.1:8080", false },
	{ "", false },
};

Test(transaction_url, allowed_are_http_and_addresses_of_the_list)
{
	struct broker_settings settings = { .transaction_check_url_allow = allow };

	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
		const char *why = NULL;
		int result = transaction_url_check(&settings, slice_of(urls[i].url), &why);

		cr_expect_eq(result == 0, urls[i].allowed, "%s", urls[i].url);
		cr_expect(result == 0 || why != NULL, "%s: no reason", urls[i].url);
	}
}

Test(transaction_url, without_a_list_none_is)
{
	struct broker_settings settings = { 0 };
	const char *why = NULL;

	cr_assert_eq(transaction_url_check(&settings, SLICE("http://127.0.0.1:8080/"), &why), -1);
	cr_assert_not_null(strstr(why, "transactionCheckUrlAllow"));
}

Test(transaction_url, too_long)
{
	struct broker_settings settings = { .transaction_check_url_allow = allow };
	char url[2000] = "http://127.0.0.1:8080/";
	const char *why;

	memset(url + strlen(url), 'a', 1500);
	cr_assert_eq(transaction_url_check(&settings, slice_of(url), &why), -1);
}
