/*
 * Entries on their way into the buckets: a copy of each goes into llm.unfolded, with the key of its series, from which SQL
 * takes it (70-bucket.sql).
 */
#include "postgres.h"

#include "access/attmap.h"
#include "access/table.h"
#include "access/tupconvert.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "commands/trigger.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "port/pg_bswap.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/uuid.h"

#include "compat.h"

/* tokenmeter.grain_dimensions('usage'), which llm.unfolded has behind the key, number, time and correction. */
static const char *const dimension_names[] = {
	"tenant_id", "team_id", "project_id", "user_id", "api_key_id", "provider", "model", "service_tier", "method", "status", "currency"
};

enum
{
	UNFOLDED_SERIES_KEY = 0,
	UNFOLDED_FIRST_DIMENSION = 6,
	UNFOLDED_COLUMNS = 37,
	DIMENSIONS = lengthof(dimension_names)
};

/* Each value with its length before it, so that no two lists of values look the same; a NULL has the length -1. */
static void
hash_value(pg_cryptohash_ctx *hash, const struct varlena *value)
{
	int32		length = value == NULL ? -1 : (int32) VARSIZE_ANY_EXHDR(value);
	uint32		head = pg_hton32((uint32) length);

	if (pg_cryptohash_update(hash, (const uint8 *) &head, sizeof head) < 0 ||
		(length > 0 && pg_cryptohash_update(hash, (const uint8 *) VARDATA_ANY(value), length) < 0))
		elog(ERROR, "could not compute SHA-256: %s", pg_cryptohash_error(hash));
}

/*
 * The key of a series: the first half of a SHA-256 of its values, of which the first may be given apart. Cryptographic,
 * since users choose some of the values: nobody can make his series another's.
 */
static pg_uuid_t *
hash_values(const struct varlena *first, const Datum *values, const bool *nulls, int count)
{
	pg_cryptohash_ctx *hash = pg_cryptohash_create(PG_SHA256);
	uint8		digest[PG_SHA256_DIGEST_LENGTH];
	pg_uuid_t  *key = palloc(sizeof *key);

	if (pg_cryptohash_init(hash) < 0)
		elog(ERROR, "could not begin SHA-256: %s", pg_cryptohash_error(hash));
	if (first != NULL)
		hash_value(hash, first);
	for (int i = 0; i < count; i++)
		hash_value(hash, nulls[i] ? NULL : PG_DETOAST_DATUM_PACKED(values[i]));
	if (pg_cryptohash_final(hash, digest, sizeof digest) < 0)
		elog(ERROR, "could not finish SHA-256: %s", pg_cryptohash_error(hash));
	pg_cryptohash_free(hash);
	memcpy(key->data, digest, UUID_LEN);
	return key;
}

/* tokenmeter.series_key(VARIADIC text[]) -> uuid, of the grain's name and the dimensions. */
PG_FUNCTION_INFO_V1(tokenmeter_series_key);

Datum
tokenmeter_series_key(PG_FUNCTION_ARGS)
{
	Datum	   *values;
	bool	   *nulls;
	int			count;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
	PG_RETURN_UUID_P(hash_values(NULL, values, nulls, count));
}

/* How a row of the ledger becomes one of llm.unfolded; made once in a statement for each partition. */
typedef struct Copying
{
	AttrMap    *columns;
	struct varlena *grain;
} Copying;

/* Where the ledger has a column of that name and type; 0: nowhere. */
static AttrNumber
find_column(TupleDesc ledger, Form_pg_attribute wanted)
{
	for (int i = 0; i < ledger->natts; i++)
	{
		Form_pg_attribute found = TupleDescAttr(ledger, i);

		if (!found->attisdropped && found->atttypid == wanted->atttypid &&
			strcmp(NameStr(found->attname), NameStr(wanted->attname)) == 0)
			return found->attnum;
	}
	return 0;
}

/* Behind the key, the columns are those of the same name in the ledger; whatever a user has added is left NULL. */
static AttrMap *
map_columns(TupleDesc ledger, TupleDesc unfolded)
{
	AttrMap    *map = make_attrmap(unfolded->natts);

	for (int i = UNFOLDED_SERIES_KEY + 1; i < unfolded->natts; i++)
		map->attnums[i] = find_column(ledger, TupleDescAttr(unfolded, i));
	for (int i = UNFOLDED_SERIES_KEY + 1; i < UNFOLDED_COLUMNS; i++)
	{
		int			dimension = i - UNFOLDED_FIRST_DIMENSION;
		bool		is_dimension = dimension >= 0 && dimension < DIMENSIONS;

		if (i >= unfolded->natts || map->attnums[i] == 0 ||
			(is_dimension && strcmp(NameStr(TupleDescAttr(unfolded, i)->attname), dimension_names[dimension]) != 0))
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("llm.unfolded and llm.usage do not have the same columns"),
					 errdetail("Column %d of llm.unfolded is missing in llm.usage, or is another one.", i + 1)));
	}
	return map;
}

/* Anybody may make a trigger of the function, but what another table has is not the ledger's. */
static void
require_ledger_table(Relation table)
{
	Oid			root = RelationGetRelid(table);

	if (table->rd_rel->relispartition)
		root = llast_oid(get_partition_ancestors(root));
	if (root != get_relname_relid("usage", get_namespace_oid("llm", false)))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function must be the trigger of the ledger, not of \"%s\"", RelationGetRelationName(table))));
}

static const Copying *
begin_copying(FunctionCallInfo fcinfo, Relation ledger, Relation unfolded)
{
	Copying    *copying = fcinfo->flinfo->fn_extra;

	if (copying == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

		require_ledger_table(ledger);
		copying = palloc(sizeof *copying);
		copying->columns = map_columns(RelationGetDescr(ledger), RelationGetDescr(unfolded));
		copying->grain = (struct varlena *) cstring_to_text("usage");
		fcinfo->flinfo->fn_extra = copying;
		MemoryContextSwitchTo(caller);
	}
	return copying;
}

/* As INSERT does it, with the table's indexes and constraints, but without a statement's costs. */
static void
insert_copy(Relation table, TupleTableSlot *entry, const Copying *copying)
{
	EState	   *state = CreateExecutorState();
	ResultRelInfo *target = makeNode(ResultRelInfo);
	TupleTableSlot *copy = table_slot_create(table, &state->es_tupleTable);

	InitResultRelInfo(target, table, 1, NULL, 0);
	ExecOpenIndices(target, false);
	execute_attr_map_slot(copying->columns, entry, copy);
	copy->tts_values[UNFOLDED_SERIES_KEY] = UUIDPGetDatum(hash_values(copying->grain,
		copy->tts_values + UNFOLDED_FIRST_DIMENSION, copy->tts_isnull + UNFOLDED_FIRST_DIMENSION, DIMENSIONS));
	copy->tts_isnull[UNFOLDED_SERIES_KEY] = false;
	ExecSimpleRelationInsert(target, state, copy);
	ExecCloseIndices(target);
	ExecResetTupleTable(state->es_tupleTable, false);
	FreeExecutorState(state);
}

/* After a row of llm.usage is inserted, whoever does: what of it the buckets need goes into llm.unfolded. */
PG_FUNCTION_INFO_V1(tokenmeter_note_entry);

Datum
tokenmeter_note_entry(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	Oid			oid;
	Relation	unfolded;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_AFTER(trigger->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(trigger->tg_event) || !TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function must be the trigger of the ledger, after each row that is inserted")));
	oid = get_relname_relid("unfolded", get_namespace_oid("llm", false));
	if (!OidIsValid(oid) || get_rel_relkind(oid) != RELKIND_RELATION)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table llm.unfolded does not exist"),
				 errhint("SELECT tokenmeter.create_ledger() makes it.")));
	unfolded = table_open(oid, RowExclusiveLock);
	insert_copy(unfolded, trigger->tg_trigslot,
				begin_copying(fcinfo, trigger->tg_relation, unfolded));
	table_close(unfolded, NoLock);
	return PointerGetDatum(NULL);
}
