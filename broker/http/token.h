#ifndef BROKER_TOKEN_H
#define BROKER_TOKEN_H

/*
 * The token that lets an HTTP client write, until there are accounts: then their module takes the
 * place of token_identify, which is all that the server knows. One thread makes it, any reads.
 */

#include "common/http/http.h"

struct token;

/*
 * The token in the file at path; a missing file is made, with a token by chance and mode 0600. NULL
 * after one line in the log: it cannot be read or made, others may read it, or it is too short.
 */
struct token *token_open(const char *path);
void token_free(struct token *token);
/* For struct http_options, with the token as its context. */
bool token_identify(void *context, const struct http_request *request, struct arena *arena,
    struct http_principal *principal);

#endif
