/*
 * The doors: triggers and functions through which calls arrive.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "funcapi.h"
#include "replication/logicalworker.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/typcache.h"

#include "compat.h"
#include "post.h"
#include "privacy.h"
#include "waiting.h"

static void
read_call_row(HeapTupleHeader row, Call *call)
{
	TupleDesc	descriptor = lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(row), HeapTupleHeaderGetTypMod(row));
	HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(row), .t_data = row};

	check_columns(descriptor, CALL_COLUMNS);
	heap_deform_tuple(&tuple, descriptor, call->values, call->nulls);
	ReleaseTupleDesc(descriptor);
}

/* Where the columns of a call are in a door's table; a column that it does not have is not given. */
typedef struct ColumnMap
{
	AttrNumber	columns[CALL_COLUMNS];	/* 0: none */
} ColumnMap;

static const ColumnMap *
column_map(FunctionCallInfo fcinfo, TupleDesc table)
{
	ColumnMap  *map = fcinfo->flinfo->fn_extra;
	TupleDesc	call;

	if (map != NULL)
		return map;
	map = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof *map);
	call = row_type("call", CALL_COLUMNS);
	for (int i = 0; i < CALL_COLUMNS; i++)
	{
		Form_pg_attribute wanted = TupleDescAttr(call, i);

		for (int j = 0; j < table->natts; j++)
		{
			Form_pg_attribute found = TupleDescAttr(table, j);

			if (found->attisdropped || strcmp(NameStr(found->attname), NameStr(wanted->attname)) != 0)
				continue;
			if (found->atttypid != wanted->atttypid)
				ereport(ERROR,
						(errcode(ERRCODE_DATATYPE_MISMATCH),
						 errmsg("column \"%s\" of a door of the ledger must be of type %s",
								NameStr(found->attname), format_type_be(wanted->atttypid))));
			map->columns[i] = found->attnum;
		}
	}
	fcinfo->flinfo->fn_extra = map;
	return map;
}

static void
read_call_slot(TupleTableSlot *slot, const ColumnMap *map, Call *call)
{
	slot_getallattrs(slot);
	for (int i = 0; i < CALL_COLUMNS; i++)
	{
		AttrNumber	column = map->columns[i];

		call->nulls[i] = column == 0 || slot->tts_isnull[column - 1];
		if (!call->nulls[i])
			call->values[i] = slot->tts_values[column - 1];
	}
}

static TriggerData *
trigger_data(FunctionCallInfo fcinfo, bool for_row)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BY_INSERT(trigger->tg_event) ||
		(TRIGGER_FIRED_FOR_ROW(trigger->tg_event) != 0) != for_row ||
		TRIGGER_FIRED_BEFORE(trigger->tg_event) != for_row)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function must be the trigger of a door of the ledger")));
	return trigger;
}

/* Before a row of llm.inbox is inserted: takes the call, and suppresses the row. */
PG_FUNCTION_INFO_V1(tokenmeter_receive_call);

Datum
tokenmeter_receive_call(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = trigger_data(fcinfo, true);
	Relation	door = trigger->tg_relation;
	Call		call;

	read_call_slot(trigger->tg_trigslot, column_map(fcinfo, RelationGetDescr(door)), &call);
	arrive_leniently(&call, RelationGetRelid(door), door->rd_rel->relowner);
	/* Logical replication has no statements, nor their triggers. */
	if (IsLogicalWorker() && is_waiting(RelationGetRelid(door)))
		post_leniently(door->rd_rel->relowner);
	return PointerGetDatum(NULL);
}

/* After the statement: posts what has arrived. */
PG_FUNCTION_INFO_V1(tokenmeter_post_received);

Datum
tokenmeter_post_received(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = trigger_data(fcinfo, false);

	if (is_waiting(RelationGetRelid(trigger->tg_relation)))
		post_leniently(trigger->tg_relation->rd_rel->relowner);
	return PointerGetDatum(NULL);
}

/* Posts calls leniently, with the rights of the caller. */
PG_FUNCTION_INFO_V1(tokenmeter_post_calls);

Datum
tokenmeter_post_calls(PG_FUNCTION_ARGS)
{
	ArrayType  *calls = PG_GETARG_ARRAYTYPE_P(0);
	ArrayIterator iterator = array_create_iterator(calls, 0, NULL);
	Datum		value;
	bool		isnull;

	while (array_iterate(iterator, &value, &isnull))
	{
		Call		call;

		if (isnull)
			continue;
		read_call_row(DatumGetHeapTupleHeader(value), &call);
		arrive_leniently(&call, InvalidOid, InvalidOid);
	}
	array_free_iterator(iterator);
	if (is_waiting(InvalidOid))
		post_leniently(InvalidOid);
	PG_RETURN_VOID();
}

/* Posts one call strictly, with the rights of the caller: number and time of its entry, or NULLs. */
PG_FUNCTION_INFO_V1(tokenmeter_post_call);

Datum
tokenmeter_post_call(PG_FUNCTION_ARGS)
{
	ErrorContextCallback context = {.previous = error_context_stack, .callback = hide_statement};
	Call		call;
	TupleDesc	descriptor;
	Datum		values[2];
	bool		nulls[2];

	error_context_stack = &context;
	read_call_row(PG_GETARG_HEAPTUPLEHEADER(0), &call);
	nulls[0] = nulls[1] = !post_strictly(&call, &values[0], &values[1]);
	error_context_stack = context.previous;

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls)));
}
