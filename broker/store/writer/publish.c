#include "config.h"

#include "broker/store/writer/publish.h"

#include <string.h>

#include "broker/store/tail/tail_notice.h"

void
writer_publish(struct writer *writer, struct commit_notice *notice)
{
	const struct store_base *base = writer->base;
	bool hides = writer->gate.hides;
	struct task_chain *chains = hides ? writer->hidden : writer->replies;

	for (int i = 0; i < base->n_loops; i++)
		task_chain_add(&chains[i], tail_notice_task(base->tails[i], notice));
	commit_notice_unref(notice);
	if (hides) {
		copy_gate_publish(&writer->gate, chains, writer->position);
		memset(chains, 0, (size_t)base->n_loops * sizeof chains[0]);
	}
}

void
writer_post_replies(struct writer *writer)
{
	const struct store_base *base = writer->base;

	for (int i = 0; i < base->n_loops; i++) {
		struct task_chain *chain = &writer->replies[i];

		if (chain->first != NULL)
			mailbox_post_chain(&base->loops[i].inbox, chain->first, chain->last);
		*chain = (struct task_chain){ 0 };
	}
}
