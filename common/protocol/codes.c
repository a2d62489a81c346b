#include "config.h"

#include "common/protocol/codes.h"

#include <stddef.h>
#include <stdlib.h>

struct code_name {
	int32_t code;
	const char *name;
};

#define CODE_NAME(name, code) { code, #name },
static const struct code_name requests[] = { REQUEST_CODES(CODE_NAME) };
static const struct code_name responses[] = { RESPONSE_CODES(CODE_NAME) };
#undef CODE_NAME

static int
compare_codes(const void *a, const void *b)
{
	int32_t left = ((const struct code_name *)a)->code;
	int32_t right = ((const struct code_name *)b)->code;

	return (left > right) - (left < right);
}

/* NULL: none. */
static const char *
find_name(const struct code_name *names, size_t n, int32_t code)
{
	struct code_name wanted = { code, NULL };
	const struct code_name *found = bsearch(&wanted, names, n, sizeof *names, compare_codes);

	return found != NULL ? found->name : NULL;
}

static const char *
name_or_unknown(const char *name)
{
	return name != NULL ? name : "UNKNOWN";
}

static const char *
find_request(int32_t code)
{
	return find_name(requests, sizeof requests / sizeof *requests, code);
}

const char *
request_code_name(int32_t code)
{
	return name_or_unknown(find_request(code));
}

bool
request_code_has_name(int32_t code)
{
	return find_request(code) != NULL;
}

const char *
response_code_name(int32_t code)
{
	return name_or_unknown(find_name(responses, sizeof responses / sizeof *responses, code));
}
