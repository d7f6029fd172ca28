/*
 * Rows that wait to be posted.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/queryenvironment.h"
#include "utils/resowner.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "compat.h"
#include "waiting.h"

Waiting    *waiting;

void
forget_top(void)
{
	Waiting    *top = waiting;

	waiting = top->below;
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
				 errhint("tokenmeter.create_ledger() makes it again.")));
}

TupleDesc
row_type(const char *name)
{
	Oid			type = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum(name),
									   ObjectIdGetDatum(get_namespace_oid("tokenmeter", false)));

	if (!OidIsValid(type))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("type \"tokenmeter.%s\" does not exist", name)));
	return lookup_rowtype_tupdesc_copy(type, -1);
}

static void
begin_rows(WaitingRows *rows, const char *name, const char *type_name)
{
	rows->name = name;
	rows->descriptor = row_type(type_name);
	rows->rows = tuplestore_begin_heap(true, false, work_mem);
}

void
push_waiting(void)
{
	static bool registered = false;
	MemoryContext context = AllocSetContextCreate(TopTransactionContext, "tokenmeter waiting calls",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	ResourceOwner owner = CurrentResourceOwner;
	Waiting    *top = palloc0(sizeof *top);

	if (!registered)
	{
		RegisterXactCallback(forget_with_transaction, NULL);
		RegisterSubXactCallback(forget_with_subtransaction, NULL);
		registered = true;
	}
	top->context = context;
	top->since = GetCurrentSubTransactionId();
	/* Rows that do not fit into memory outlive the subtransactions in which they are made. */
	CurrentResourceOwner = TopTransactionResourceOwner;
	begin_rows(&top->entries, "waiting_entry", "entry");
	begin_rows(&top->problems, "waiting_problem", "problem");
	CurrentResourceOwner = owner;
	MemoryContextSwitchTo(caller);
	top->below = waiting;
	waiting = top;
}

bool
is_waiting(void)
{
	return waiting != NULL && waiting->since == GetCurrentSubTransactionId();
}

void
begin_waiting(void)
{
	if (!is_waiting())
		push_waiting();
}

void
add_row(WaitingRows *rows, Datum *values, bool *nulls)
{
	tuplestore_putvalues(rows->rows, rows->descriptor, values, nulls);
	rows->count++;
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
