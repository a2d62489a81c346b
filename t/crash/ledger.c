#include "config.h"

#include "t/crash/ledger.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/base/wire.h"

struct ledger_row *
ledger_row(struct ledger *ledger, uint64_t number)
{
	if (number >= ledger->cap) {
		ledger->cap = (number + 1) * 2 + 4096;
		ledger->rows = mem_realloc(ledger->rows, ledger->cap * sizeof *ledger->rows);
	}
	for (; ledger->n <= number; ledger->n++)
		ledger->rows[ledger->n] = (struct ledger_row){ .queue = LEDGER_ANYWHERE };
	return &ledger->rows[number];
}

uint64_t
ledger_take(struct ledger *ledger)
{
	ledger_row(ledger, ledger->n);
	return ledger->n - 1;
}

uint64_t
ledger_count(const struct ledger *ledger, enum promise promise)
{
	uint64_t n = 0;

	for (uint64_t i = 0; i < ledger->n; i++)
		n += ledger->rows[i].promise == promise;
	return n;
}

void
ledger_release(struct ledger *ledger)
{
	free(ledger->rows);
}

static FILE *
open_file(const char *path, const char *mode)
{
	FILE *file = fopen(path, mode);

	if (file == NULL) {
		perror(path);
		exit(2);
	}
	return file;
}

void
ledger_write(const struct ledger *ledger, const char *path)
{
	FILE *file = open_file(path, "w");
	size_t n = fwrite(ledger->rows, sizeof *ledger->rows, ledger->n, file);

	if (fclose(file) != 0 || n != ledger->n) {
		perror(path);
		exit(2);
	}
}

void
ledger_read(struct ledger *ledger, const char *path)
{
	FILE *file = open_file(path, "r");
	struct ledger_row row;

	while (fread(&row, sizeof row, 1, file) == 1)
		*ledger_row(ledger, ledger->n) = row;
	fclose(file);
}

struct slice
numbered_body(char *room, uint64_t number, size_t max)
{
	uint64_t state = number * 0x9E3779B97F4A7C15u + 1;
	size_t len = NUMBERED_BODY_MIN + (uint32_t)((uint32_t)number * 2654435761u >> 8) %
	                                     (max - NUMBERED_BODY_MIN + 1);

	be64_put(room, number);
	for (size_t i = 8; i < len; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		room[i] = (char)state;
	}
	return (struct slice){ room, len };
}

uint64_t
body_number(struct slice body)
{
	return body.len >= NUMBERED_BODY_MIN ? be64_get(body.data) : UINT64_MAX;
}
