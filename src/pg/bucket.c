/*
 * Entries on their way into the buckets: a copy of each goes into llm.unfolded, from which SQL takes it (70-bucket.sql).
 * And the keys of series.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tupconvert.h"
#include "catalog/namespace.h"
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

/* Where the columns of llm.unfolded are in the table that the trigger is on. */
static AttrMap *
copied_columns(FunctionCallInfo fcinfo, TupleDesc from, TupleDesc to)
{
	if (fcinfo->flinfo->fn_extra == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

#if PG_VERSION_NUM >= 160000
		fcinfo->flinfo->fn_extra = build_attrmap_by_name(from, to, false);
#else
		fcinfo->flinfo->fn_extra = build_attrmap_by_name(from, to);
#endif
		MemoryContextSwitchTo(caller);
	}
	return fcinfo->flinfo->fn_extra;
}

/* As INSERT does it, with the table's indexes and constraints, but without a statement's costs. */
static void
insert_copy(Relation table, TupleTableSlot *entry, AttrMap *columns)
{
	EState	   *state = CreateExecutorState();
	ResultRelInfo *target = makeNode(ResultRelInfo);
	TupleTableSlot *copy = table_slot_create(table, &state->es_tupleTable);

	InitResultRelInfo(target, table, 1, NULL, 0);
	ExecOpenIndices(target, false);
	execute_attr_map_slot(columns, entry, copy);
	ExecSimpleRelationInsert(target, state, copy);
	ExecCloseIndices(target);
	ExecResetTupleTable(state->es_tupleTable, false);
	FreeExecutorState(state);
}

/*
 * After a row of llm.usage is inserted: what of it the buckets need goes into llm.unfolded, whoever inserts. The columns of
 * that table are those of the same name.
 */
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
				copied_columns(fcinfo, RelationGetDescr(trigger->tg_relation), RelationGetDescr(unfolded)));
	table_close(unfolded, NoLock);
	return PointerGetDatum(NULL);
}

/* Each value with its length before it, so that no two lists of values look the same; a NULL has the length -1. */
static void
hash_value(pg_cryptohash_ctx *hash, bool isnull, Datum value)
{
	int32		length = isnull ? -1 : (int32) VARSIZE_ANY_EXHDR(DatumGetPointer(value));
	uint32		head = pg_hton32((uint32) length);

	if (pg_cryptohash_update(hash, (const uint8 *) &head, sizeof head) < 0 ||
		(length > 0 && pg_cryptohash_update(hash, (const uint8 *) VARDATA_ANY(DatumGetPointer(value)), length) < 0))
		elog(ERROR, "could not compute SHA-256: %s", pg_cryptohash_error(hash));
}

/*
 * tokenmeter.series_key(VARIADIC text[]) -> uuid: the first half of a SHA-256 of the values. Cryptographic, since users
 * choose some of the values: nobody can make his series another's.
 */
PG_FUNCTION_INFO_V1(tokenmeter_series_key);

Datum
tokenmeter_series_key(PG_FUNCTION_ARGS)
{
	pg_cryptohash_ctx *hash = pg_cryptohash_create(PG_SHA256);
	uint8		digest[PG_SHA256_DIGEST_LENGTH];
	pg_uuid_t  *key = palloc(sizeof *key);
	Datum	   *values;
	bool	   *nulls;
	int			count;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
	if (pg_cryptohash_init(hash) < 0)
		elog(ERROR, "could not begin SHA-256: %s", pg_cryptohash_error(hash));
	for (int i = 0; i < count; i++)
		hash_value(hash, nulls[i], values[i]);
	if (pg_cryptohash_final(hash, digest, sizeof digest) < 0)
		elog(ERROR, "could not finish SHA-256: %s", pg_cryptohash_error(hash));
	pg_cryptohash_free(hash);
	memcpy(key->data, digest, UUID_LEN);
	PG_RETURN_UUID_P(key);
}
