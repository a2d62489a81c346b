#ifndef COMMON_ACCOUNT_HTTP_H
#define COMMON_ACCOUNT_HTTP_H

/* Accounts as HTTP asks for them: Authorization: Bearer TOKEN. Any thread; no file is touched. */

#include "common/account/account.h"
#include "common/http/http.h"

/* HTTP_MAY_... */
unsigned account_rights(enum account_role role);
/*
 * For struct http_options; the context is struct accounts *, and may be NULL: then no token is
 * known. A request without the field Authorization keeps the principal that it has.
 */
bool account_identify(void *context, const struct http_request *request, struct arena *arena,
    struct http_principal *principal);
/*
 * The file of accounts of a daemon: settings is accountsFile, NULL for accounts.db in the folder.
 * NULL after one line in the log.
 */
struct accounts *account_open_for_daemon(const char *setting, const char *folder);

#endif
