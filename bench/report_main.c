#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/print.h"

/*
 * What bench/compare measured, as a table on stdout and in files:
 *   mqbench-report --lines FILE [--json FILE] [--svg FILE] [--markdown FILE] RESULTS
 */

static const char on_stdout[] = "stdout";

struct output {
	const char *flag, *path;
	void (*print)(const struct sheet *sheet, struct buf *out);
};

static int
write_file(const struct sheet *sheet, const struct output *output)
{
	struct buf text = { 0 };
	FILE *file = output->path != on_stdout ? fopen(output->path, "we") : stdout;
	int status = -1;

	output->print(sheet, &text);
	if (file != NULL) {
		status = fwrite(text.data, 1, text.len, file) == text.len ? 0 : -1;
		if (fclose(file) != 0)
			status = -1;
	}
	if (status == -1)
		fprintf(stderr, "mqbench-report: %s: %s\n", output->path, strerror(errno));
	buf_release(&text);
	return status;
}

int
main(int argc, char **argv)
{
	const char *lines = NULL, *results = NULL;
	struct output outputs[] = {
		{ "--json", NULL, print_json },
		{ "--svg", NULL, print_svg },
		{ "--markdown", NULL, print_table },
		{ NULL, on_stdout, print_table },
	};
	struct sheet sheet;
	int status = 0;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--lines") == 0 && i + 1 < argc)
			lines = argv[++i];
		else if (argv[i][0] != '-')
			results = argv[i];
		for (size_t o = 0; outputs[o].flag != NULL && i + 1 < argc; o++)
			if (strcmp(argv[i], outputs[o].flag) == 0) {
				outputs[o].path = argv[++i];
				break;
			}
	}
	if (lines == NULL || results == NULL) {
		fprintf(stderr, "usage: mqbench-report --lines FILE [--json FILE] [--svg FILE] "
				"[--markdown FILE] RESULTS\n");
		return 2;
	}
	if (sheet_read(&sheet, lines, results) == -1)
		status = 2;
	for (size_t o = 0; status == 0 && o < sizeof outputs / sizeof outputs[0]; o++)
		if (outputs[o].path != NULL && write_file(&sheet, &outputs[o]) == -1)
			status = 2;
	sheet_release(&sheet);
	return status;
}
