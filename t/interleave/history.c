#include "config.h"

#include "t/interleave/history.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base/mem.h"

void
history_release(struct history *history)
{
	free(history->entries);
	*history = (struct history){ 0 };
}

size_t
history_add(struct history *history, const struct entry *entry)
{
	if (history->n == history->cap) {
		history->cap = history->cap == 0 ? 16 : history->cap * 2;
		history->entries =
		    mem_realloc(history->entries, history->cap * sizeof *history->entries);
	}
	history->entries[history->n] = *entry;
	return history->n++;
}

size_t
history_count(const struct history *history, enum entry_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < history->n; i++)
		n += history->entries[i].kind == kind;
	return n;
}

const char *
vote_name(enum vote vote)
{
	static const char *const names[N_VOTES] = {
		[VOTE_UNKNOWN] = "unknown",
		[VOTE_COMMIT] = "commit",
		[VOTE_ROLLBACK] = "rollback",
	};

	return names[vote];
}

static void
print_end(const struct entry *entry, int64_t zero_ms, FILE *to)
{
	static const char *const replies[] = {
		[REPLY_ACCEPTED] = "accepted",
		[REPLY_CONTRADICTED] = "contradicted",
		[REPLY_REFUSED] = "refused",
	};

	fprintf(to, " %s by %s, %s", vote_name(entry->vote),
	    entry->twin ? "another member" : "the sender", entry->oneway ? "oneway" : "two-way");
	if (entry->reply == REPLY_NONE)
		fprintf(
		    to, ", %s", entry->sure ? "no answer, received" : "no answer, perhaps lost");
	else
		fprintf(to, ", %s with %" PRId32 " at %" PRId64 " ms", replies[entry->reply],
		    entry->code, entry->ended_ms - zero_ms);
}

void
history_print(const struct history *history, int64_t zero_ms, FILE *to)
{
	static const struct {
		const char *name;
		bool is_end;
	} kinds[N_ENTRY_KINDS] = {
		[ENTRY_HALF] = { "half message", false },
		[ENTRY_END] = { "END", true },
		[ENTRY_ANSWER] = { "answer", true },
		[ENTRY_FORGED] = { "forged END", true },
		[ENTRY_RESUME] = { "resume", true },
		[ENTRY_ASKED] = { "asked", false },
		[ENTRY_DELIVERED] = { "delivered", false },
		[ENTRY_PARKED] = { "parked", false },
	};

	for (size_t i = 0; i < history->n; i++) {
		const struct entry *entry = &history->entries[i];

		fprintf(to, "  %6" PRId64 " ms  %s", entry->begun_ms - zero_ms,
		    kinds[entry->kind].name);
		if (kinds[entry->kind].is_end)
			print_end(entry, zero_ms, to);
		else if (entry->kind == ENTRY_HALF && entry->reply == REPLY_NONE)
			fputs(", no answer", to);
		else if (entry->kind == ENTRY_HALF && entry->reply == REPLY_REFUSED)
			fprintf(to, ", refused with %" PRId32, entry->code);
		else if (entry->kind == ENTRY_ASKED)
			fprintf(to, "%s, as %" PRId64, entry->twin ? " the other member" : "",
			    entry->position);
		fputc('\n', to);
	}
}
