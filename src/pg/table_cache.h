/*
 * Small configuration tables that each backend keeps in memory. A trigger on such a table
 * (tokenmeter.table_changed) sends a relcache invalidation for it, so that every backend reads it anew once a change
 * is committed, and the changing backend itself at once.
 */
#ifndef TOKENMETER_TABLE_CACHE_H
#define TOKENMETER_TABLE_CACHE_H

#include "access/htup.h"
#include "access/tupdesc.h"

typedef struct TableCache
{
	const char *table_name;		/* in the schema tokenmeter */
	Size		row_size;
	/* Fills in a row; what it allocates lives as long as the rows do. */
	void		(*read_row) (HeapTuple tuple, TupleDesc descriptor, void *row);

	/* Zeros at first. */
	MemoryContext context;		/* holds the rows */
	Oid			table;
	bool		valid;
	uint64		changes;		/* of the table, as far as they are known here */
	void	   *rows;
	int			count;
} TableCache;

/* Grows whenever a row of any of these tables may have changed. */
extern uint64 table_cache_generation;

/* A text column as a C string, allocated; NULL for NULL. */
extern char *read_text_column(HeapTuple tuple, TupleDesc descriptor, int column);

/* Sees to it that `rows` are those of now. */
extern void refresh_table_cache(TableCache *cache);

#endif
