/*
 * Rows that wait to be posted.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/queryenvironment.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "compat.h"
#include "waiting.h"

/* More than this do not wait: of memory they take some MB at most, but for rows that are themselves that large. */
enum
{
	MAX_WAITING = 1000,
	MAX_WAITING_SIZE = 16 * 1024 * 1024
};

Waiting    *waiting;

void
forget_top(void)
{
	Waiting    *top = waiting;

	waiting = top->below;
	tuplestore_end(top->entries.rows);
	tuplestore_end(top->problems.rows);
	MemoryContextDelete(top->context);
}

/* What waits goes with the transaction, or subtransaction, that its statement is of. */
static void
forget_with_subtransaction(SubXactEvent event, SubTransactionId subtransaction, SubTransactionId parent, void *argument)
{
	(void) parent;
	(void) argument;
	while (event == SUBXACT_EVENT_ABORT_SUB && waiting != NULL && waiting->since >= subtransaction)
		forget_top();
}

static void
forget_with_transaction(XactEvent event, void *argument)
{
	(void) argument;
	/* Its memory is the transaction's. */
	if (event == XACT_EVENT_ABORT || event == XACT_EVENT_COMMIT || event == XACT_EVENT_PREPARE)
		waiting = NULL;
	if (waiting != NULL && waiting->entries.count + waiting->problems.count > 0 &&
		(event == XACT_EVENT_PRE_COMMIT || event == XACT_EVENT_PRE_PREPARE))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("calls have arrived that were not posted"),
				 errdetail("The trigger that posts them at the end of a statement has not run."),
				 errhint("Insert into llm.inbox itself, with its triggers enabled; tokenmeter.create_ledger() makes them again.")));
}

void
check_columns(TupleDesc descriptor, int columns)
{
	if (descriptor->natts != columns)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the library and the SQL objects of tokenmeter are of different versions"),
				 errhint("ALTER EXTENSION tokenmeter UPDATE; then reconnect.")));
}

TupleDesc
row_type(const char *name, int columns)
{
	TupleDesc	descriptor;
	Oid			type = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum(name),
									   ObjectIdGetDatum(get_namespace_oid("tokenmeter", false)));

	if (!OidIsValid(type))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("type \"tokenmeter.%s\" does not exist", name)));
	descriptor = lookup_rowtype_tupdesc_copy(type, -1);
	check_columns(descriptor, columns);
	return descriptor;
}

/* In memory, whatever work_mem is: writing to a file could fail, and the caller's statement with it. */
static void
begin_rows(WaitingRows *rows, const char *name, const char *type_name, int columns)
{
	rows->name = name;
	rows->descriptor = row_type(type_name, columns);
	rows->rows = tuplestore_begin_heap(true, false, MAX_KILOBYTES);
}

void
push_waiting(Oid door)
{
	static bool registered = false;
	MemoryContext context = AllocSetContextCreate(TopTransactionContext, "tokenmeter waiting calls",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	Waiting    *top = palloc0(sizeof *top);

	if (!registered)
	{
		RegisterXactCallback(forget_with_transaction, NULL);
		RegisterSubXactCallback(forget_with_subtransaction, NULL);
		registered = true;
	}
	top->context = context;
	top->since = GetCurrentSubTransactionId();
	top->door = door;
	begin_rows(&top->entries, "waiting_entry", "entry", ENTRY_COLUMNS);
	begin_rows(&top->problems, "waiting_problem", "problem", PROBLEM_COLUMNS);
	MemoryContextSwitchTo(caller);
	top->below = waiting;
	waiting = top;
}

bool
is_waiting(Oid door)
{
	return waiting != NULL && waiting->since == GetCurrentSubTransactionId() && waiting->door == door &&
		!waiting->is_posting;
}

void
begin_waiting(Oid door)
{
	if (!is_waiting(door))
		push_waiting(door);
}

void
add_row(WaitingRows *rows, Datum *values, bool *nulls)
{
	tuplestore_putvalues(rows->rows, rows->descriptor, values, nulls);
	rows->count++;
	waiting->size += heap_compute_data_size(rows->descriptor, values, nulls);
}

bool
is_full(void)
{
	return waiting->entries.count + waiting->problems.count >= MAX_WAITING || waiting->size >= MAX_WAITING_SIZE;
}

void
show_rows(WaitingRows *rows)
{
	EphemeralNamedRelation relation = palloc0(sizeof *relation);

	tuplestore_rescan(rows->rows);
	relation->md.name = pstrdup(rows->name);
	relation->md.reliddesc = InvalidOid;
	relation->md.tupdesc = rows->descriptor;
	relation->md.enrtype = ENR_NAMED_TUPLESTORE;
	relation->md.enrtuples = rows->count;
	relation->reldata = rows->rows;
	if (SPI_register_relation(relation) != SPI_OK_REL_REGISTER)
		elog(ERROR, "could not register the waiting rows");
}
