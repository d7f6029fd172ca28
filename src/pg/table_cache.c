#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "table_cache.h"

uint64		table_cache_generation;

char *
read_text_column(HeapTuple tuple, TupleDesc descriptor, int column)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, column, descriptor, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

static void
invalidate_cache(Datum argument, Oid relation)
{
	TableCache *cache = (TableCache *) DatumGetPointer(argument);

	if (relation == cache->table || relation == InvalidOid)
	{
		cache->valid = false;
		cache->changes++;
		table_cache_generation++;
	}
}

static void
read_table(TableCache *cache)
{
	Relation	relation;
	SysScanDesc scan;
	HeapTuple	tuple;
	int			capacity = 32;
	uint64		changes;

	if (cache->context == NULL)
	{
		cache->context = AllocSetContextCreate(TopMemoryContext, "tokenmeter table", ALLOCSET_SMALL_SIZES);
		MemoryContextSetIdentifier(cache->context, cache->table_name);
		CacheRegisterRelcacheCallback(invalidate_cache, PointerGetDatum(cache));
	}
	MemoryContextReset(cache->context);
	cache->rows = MemoryContextAlloc(cache->context, capacity * cache->row_size);
	cache->count = 0;
	cache->table = get_relname_relid(cache->table_name, get_namespace_oid("tokenmeter", false));

	/* A version of the extension that does not have it yet. */
	if (!OidIsValid(cache->table))
	{
		cache->valid = true;
		return;
	}
	relation = table_open(cache->table, AccessShareLock);
	/* What changes while we read, or an error, leaves `valid` false: the next call reads again. */
	changes = cache->changes;
	scan = systable_beginscan(relation, InvalidOid, false, NULL, 0, NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		MemoryContext caller = MemoryContextSwitchTo(cache->context);

		if (cache->count == capacity)
		{
			capacity *= 2;
			cache->rows = repalloc(cache->rows, capacity * cache->row_size);
		}
		cache->read_row(tuple, RelationGetDescr(relation),
						(char *) cache->rows + cache->count * cache->row_size);
		cache->count++;
		MemoryContextSwitchTo(caller);
	}
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	cache->valid = cache->changes == changes;
}

void
refresh_table_cache(TableCache *cache)
{
	while (!cache->valid)
	{
		CHECK_FOR_INTERRUPTS();
		read_table(cache);
	}
}
