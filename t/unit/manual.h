#ifndef UNIT_MANUAL_H
#define UNIT_MANUAL_H

/* Compares an option table with its manual page, man/PAGE: each row is there, with its default. */

#include "common/config/option.h"

void manual_has_options(const char *page, const struct option *options);

#endif
