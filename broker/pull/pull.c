#include "config.h"

#include "broker/pull/pull.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

static struct slice
copy_text(char **at, struct slice text)
{
	struct slice copy = { *at, text.len };

	if (text.len != 0)
		memcpy(*at, text.data, text.len);
	*at += text.len;
	return copy;
}

struct pull *
pull_new(const struct pull_question *question)
{
	size_t codes_size = question->limits.n_tag_codes * sizeof *question->limits.tag_codes;
	struct pull *pull =
	    mem_alloc(sizeof *pull + codes_size + question->topic.len + question->group.len);
	char *at = (char *)(pull + 1);

	*pull = (struct pull){
		.question = *question,
		.asked_offset = question->offset,
	};
	if (question->limits.tag_codes != NULL) {
		pull->question.limits.tag_codes =
		    (const int32_t *)memcpy(at, question->limits.tag_codes, codes_size);
		at += codes_size;
	}
	if (question->limits.filter != NULL)
		filter_ref(question->limits.filter);
	pull->question.topic = copy_text(&at, question->topic);
	pull->question.group = copy_text(&at, question->group);
	return pull;
}

void
pull_free(struct pull *pull)
{
	if (pull->question.limits.filter != NULL)
		filter_unref(pull->question.limits.filter);
	free(pull);
}
