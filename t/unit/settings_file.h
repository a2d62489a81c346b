#ifndef T_UNIT_SETTINGS_FILE_H
#define T_UNIT_SETTINGS_FILE_H

/* Broker settings read from a text or a file, for the tests of the configuration reader. */

#include "broker/options.h"

struct settings_file {
	struct broker_settings settings;
	struct option_set set;
	struct diagnostics diagnostics;
	struct buf said; /* "LINE: LEVEL: TEXT\n" for each diagnostic */
	int status;
};

void settings_file_read(struct settings_file *file, const char *path);
/* The text as the content of a file. */
void settings_file_write_and_read(struct settings_file *file, const char *text, size_t len);
void settings_file_release(struct settings_file *file);
/* t/data/NAME; static memory. */
const char *settings_file_data(const char *name);

#endif
