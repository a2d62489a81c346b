#ifndef BROKER_META_APPLY_H
#define BROKER_META_APPLY_H

/*
 * Brings the tables of a slave to what its master's are: the state modules in memory, and meta.db
 * by one job. A job is filled with changes and then submitted; what is the same already costs no
 * row. Loop 0.
 */

#include "broker/context.h"
#include "common/protocol/ha.h"

struct meta_apply;

struct meta_apply *meta_apply_new(struct broker *broker);
/* A change; what cannot be read is skipped, with a line. */
void meta_apply_change(struct meta_apply *apply, const struct ha_change *change);
/*
 * From now on the rows of these tables are noted, and meta_apply_rest removes those that did not
 * come: a snapshot replaces a table. tables: bits 1 << enum ha_table.
 */
void meta_apply_begin(struct meta_apply *apply, unsigned tables);
void meta_apply_rest(struct meta_apply *apply);
/* The job of all changes so far; NULL: nothing changed. The next changes have another one. */
struct meta_job *meta_apply_take(struct meta_apply *apply);
/* Frees what was not taken, too. NULL is ignored. */
void meta_apply_free(struct meta_apply *apply);

#endif
