#include "config.h"

/* A tree that was read, written and read again is the same; the scan that skips agrees with it. */

#include "common/json/json.h"
#include "common/json/json_scan.h"
#include "t/fuzz/fuzz.h"
#include "t/lib/json_tree.h"

static void
write_tree(struct buf *buf, const struct json *tree)
{
	struct json_out out;

	must(tree != NULL);
	json_out_init(&out, buf);
	json_tree_write(&out, tree);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = { 0 };
	struct slice text = { (const char *)data, size };
	const struct json *tree = json_parse(&arena, text);

	if (tree != NULL) {
		struct json_scan scan = { text.data, text.data + text.len, &arena };
		struct buf once = { 0 };
		struct buf twice = { 0 };

		must(json_scan_skip(&scan, JSON_DEPTH_MAX) == 0);
		json_scan_peek(&scan);
		must(scan.at == scan.end);
		write_tree(&once, tree);
		write_tree(&twice, json_parse(&arena, buf_slice(&once)));
		must(slice_equal(buf_slice(&once), buf_slice(&twice)));
		buf_release(&once);
		buf_release(&twice);
	}
	arena_release(&arena);
	return 0;
}
