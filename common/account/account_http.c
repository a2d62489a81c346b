#include "config.h"

#include "common/account/account_http.h"

#include "common/base/log.h"

unsigned
account_rights(enum account_role role)
{
	static const unsigned rights[] = {
		[ACCOUNT_READER] = HTTP_MAY_READ,
		[ACCOUNT_OPERATOR] = HTTP_MAY_READ | HTTP_MAY_WRITE,
		[ACCOUNT_ADMIN] = HTTP_MAY_READ | HTTP_MAY_WRITE | HTTP_MAY_ADMIN,
	};

	return rights[role];
}

bool
account_identify(void *context, const struct http_request *request, struct arena *arena,
    struct http_principal *principal)
{
	struct slice text = http_request_field(request, "Authorization"), scheme;
	struct account account;

	if (text.data == NULL)
		return true;
	if (context == NULL || !slice_next(&text, ' ', &scheme) ||
	    !slice_equal_nocase(scheme, SLICE("Bearer")) || text.data == NULL ||
	    !account_find_token(context, slice_trim(text), &account))
		return false;
	*principal = (struct http_principal){ arena_copy(arena, slice_of(account.name)),
		account_rights(account.role) };
	return true;
}

struct accounts *
account_open_for_daemon(const char *setting, const char *folder)
{
	struct arena arena = { 0 };
	struct slice why;
	const char *path = setting;
	struct accounts *accounts;

	if (path == NULL)
		path = arena_printf(&arena, "%s/accounts.db%c", folder, '\0').data;
	accounts = accounts_open(path, &arena, &why);
	if (accounts == NULL)
		log_error("%.*s; nobody can prove who he is: repair the file, or name another "
			  "accountsFile",
		    (int)why.len, why.data);
	arena_release(&arena);
	return accounts;
}
