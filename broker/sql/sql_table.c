#include "config.h"

/*
 * A table whose rows fit in memory: each look at it takes a snapshot. What is equal to its first
 * column is looked up, all else is SQLite's work.
 */

#include <stdlib.h>
#include <string.h>

#include "broker/sql/sql_private.h"
#include "common/base/mem.h"

/* ---- rows -------------------------------------------------------------------- */

static void
put(struct sql_rows *rows, struct sql_cell cell)
{
	if (rows->n_cells % (size_t)rows->n_columns == 0 &&
	    rows->n_cells / (size_t)rows->n_columns >= SQL_ROWS_MAX)
		rows->full = true;
	if (rows->full)
		return;
	if (rows->n_cells == rows->cap_cells) {
		rows->cap_cells = rows->cap_cells != 0 ? 2 * rows->cap_cells : 256;
		rows->cells = mem_realloc(rows->cells, rows->cap_cells * sizeof rows->cells[0]);
	}
	rows->cells[rows->n_cells++] = cell;
}

void
sql_put_null(struct sql_rows *rows)
{
	put(rows, (struct sql_cell){ .type = SQLITE_NULL });
}

void
sql_put_int(struct sql_rows *rows, int64_t number)
{
	put(rows, (struct sql_cell){ .type = SQLITE_INTEGER, .number = number });
}

void
sql_put_text(struct sql_rows *rows, struct slice text)
{
	if (text.data == NULL)
		sql_put_null(rows);
	else if (!rows->full)
		put(rows, (struct sql_cell){
			      .type = SQLITE_TEXT, .text = arena_copy(&rows->arena, text) });
}

void
sql_rows_release(struct sql_rows *rows)
{
	free(rows->cells);
	arena_release(&rows->arena);
	*rows = (struct sql_rows){ 0 };
}

/* ---- the virtual table --------------------------------------------------------- */

struct row_cursor {
	sqlite3_vtab_cursor base;
	struct sql_rows rows;
	size_t at; /* a row */
};

int
sql_vtab_connect(sqlite3 *db, const char *schema, void *owner, sqlite3_vtab **vtab)
{
	int rc = sqlite3_declare_vtab(db, schema);

	if (rc != SQLITE_OK)
		return rc;
	struct sql_vtab *it = mem_zalloc(sizeof *it);

	it->owner = owner;
	*vtab = &it->base;
	return SQLITE_OK;
}

int
sql_vtab_disconnect(sqlite3_vtab *vtab)
{
	free(vtab);
	return SQLITE_OK;
}

static int
connect_table(
    sqlite3 *db, void *aux, int argc, const char *const *argv, sqlite3_vtab **vtab, char **error)
{
	const struct sql_use_table *use = aux;

	(void)argc;
	(void)argv;
	(void)error;
	return sql_vtab_connect(db, use->table->schema, aux, vtab);
}

static int
best_index(sqlite3_vtab *vtab, sqlite3_index_info *info)
{
	(void)vtab;
	info->estimatedCost = 10000;
	info->estimatedRows = 10000;
	for (int i = 0; i < info->nConstraint; i++) {
		if (info->aConstraint[i].iColumn != 0 || !info->aConstraint[i].usable ||
		    info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ)
			continue;
		info->aConstraintUsage[i].argvIndex = 1;
		info->idxNum = 1;
		info->estimatedCost = 10;
		info->estimatedRows = 10;
		break;
	}
	return SQLITE_OK;
}

static int
open_cursor(sqlite3_vtab *vtab, sqlite3_vtab_cursor **cursor)
{
	struct row_cursor *it = mem_zalloc(sizeof *it);

	(void)vtab;
	*cursor = &it->base;
	return SQLITE_OK;
}

static int
close_cursor(sqlite3_vtab_cursor *cursor)
{
	sql_rows_release(&((struct row_cursor *)cursor)->rows);
	free(cursor);
	return SQLITE_OK;
}

static int
filter(sqlite3_vtab_cursor *cursor, int plan, const char *plan_text, int argc, sqlite3_value **argv)
{
	struct row_cursor *it = (struct row_cursor *)cursor;
	const struct sql_use_table *use = ((struct sql_vtab *)cursor->pVtab)->owner;
	struct slice key = SLICE_NONE;

	(void)plan_text;
	sql_rows_release(&it->rows);
	it->rows.n_columns = use->table->n_columns;
	it->at = 0;
	if (plan == 1 && argc == 1) {
		if (sqlite3_value_type(argv[0]) != SQLITE_TEXT)
			return SQLITE_OK; /* no such row */
		key.data = (const char *)sqlite3_value_text(argv[0]);
		key.len = (size_t)sqlite3_value_bytes(argv[0]);
	}
	/* A list may end early when the query has to: it is not all then. */
	if (use->table->list(use->service, key, &it->rows) == -1 || sql_is_over(use->service))
		return SQLITE_INTERRUPT;
	if (it->rows.full) {
		use->service->fault.len = 0;
		buf_printf(&use->service->fault,
		    "the table %s has more than %d rows; ask for less by its first column",
		    use->table->name, SQL_ROWS_MAX);
		return SQLITE_ERROR;
	}
	return SQLITE_OK;
}

static int
next(sqlite3_vtab_cursor *cursor)
{
	((struct row_cursor *)cursor)->at++;
	return SQLITE_OK;
}

static int
is_at_end(sqlite3_vtab_cursor *cursor)
{
	const struct row_cursor *it = (const struct row_cursor *)cursor;

	return it->at * (size_t)it->rows.n_columns >= it->rows.n_cells;
}

static int
column(sqlite3_vtab_cursor *cursor, sqlite3_context *context, int i)
{
	const struct row_cursor *it = (const struct row_cursor *)cursor;
	const struct sql_cell *cell =
	    &it->rows.cells[it->at * (size_t)it->rows.n_columns + (size_t)i];

	if (cell->type == SQLITE_INTEGER)
		sqlite3_result_int64(context, cell->number);
	else if (cell->type == SQLITE_TEXT)
		sqlite3_result_text(
		    context, cell->text.data, (int)cell->text.len, SQLITE_TRANSIENT);
	return SQLITE_OK;
}

static int
row_id(sqlite3_vtab_cursor *cursor, sqlite3_int64 *id)
{
	*id = (sqlite3_int64)((struct row_cursor *)cursor)->at;
	return SQLITE_OK;
}

/* Without xCreate it is there from the start: nobody has to create it. */
const sqlite3_module sql_table_module = {
	.xConnect = connect_table,
	.xBestIndex = best_index,
	.xDisconnect = sql_vtab_disconnect,
	.xOpen = open_cursor,
	.xClose = close_cursor,
	.xFilter = filter,
	.xNext = next,
	.xEof = is_at_end,
	.xColumn = column,
	.xRowid = row_id,
};
