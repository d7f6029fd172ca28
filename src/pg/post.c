/*
 * Posting: the way of calls into the ledger, for every door.
 *
 * When a statement ends, all entries that wait are posted by a few statements: ids first, in one order for all sessions,
 * so that two that post the same calls never wait for each other; then the entries whose ids are new.
 *
 * A strict door raises what is wrong with a call. A lenient one writes it into llm.intake_problem and goes on: making an
 * entry and posting are done in subtransactions of their own, and what the ledger itself refuses is posted again one by
 * one. All is done with the rights of the owner of the door's table, and by names that no setting can redirect.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "commands/sequence.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/resowner.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "post.h"
#include "waiting.h"

/* The statements of posting, prepared once in a session. */
typedef struct Statement
{
	const char *sql;
	SPIPlanPtr	plan;
} Statement;

#define ENTRY_LIST \
	"entry_id, occurred_at, source, request_id, tenant_id, team_id, project_id, user_id, session_id, api_key_id, " \
	"provider, model, encoding, service_tier, region, " \
	"reported_input_tokens, reported_cache_read_tokens, reported_cache_write_tokens, " \
	"reported_cache_write_1h_tokens, reported_output_tokens, reported_reasoning_tokens, " \
	"counted_input_tokens, counted_output_tokens, counted_reasoning_tokens, " \
	"input_tokens, cache_read_tokens, cache_write_tokens, cache_write_1h_tokens, output_tokens, reasoning_tokens, " \
	"quantities, method, cost, currency, price_ids, tier_assumed, unpriced_reason, " \
	"provider_cost, provider_cost_currency, status, latency_ms, ttft_ms, tags"

/* Ids that are new, and the entries of these and of calls without an id. */
static Statement post_entries = {.sql =
	"WITH new_request AS ("
	"  INSERT INTO llm.request (source, request_id, occurred_at, entry_id, fingerprint)"
	"  SELECT source, request_id, occurred_at, entry_id, fingerprint FROM waiting_entry"
	"  WHERE request_id IS NOT NULL ORDER BY source, request_id, entry_id"
	"  ON CONFLICT DO NOTHING RETURNING entry_id)"
	"INSERT INTO llm.usage (" ENTRY_LIST ", priced, priced_at) "
	"SELECT " ENTRY_LIST ", cost IS NOT NULL, CASE WHEN cost IS NOT NULL THEN now() END FROM waiting_entry "
	"WHERE request_id IS NULL OR entry_id IN (SELECT entry_id FROM new_request)"
};

/* What was not posted: the same calls again are counted, other calls under a known id are kept aside. */
static Statement note_repeated = {.sql =
	"WITH repeated AS ("
	"  SELECT e.*, e.fingerprint = r.fingerprint AS is_same FROM waiting_entry e"
	"  JOIN llm.request r USING (source, request_id) WHERE r.entry_id <> e.entry_id"
	"), same AS ("
	"  SELECT source, request_id, count(*) AS times FROM repeated WHERE is_same GROUP BY source, request_id"
	"), locked AS MATERIALIZED ("
	"  SELECT r.source, r.request_id, same.times FROM llm.request r JOIN same USING (source, request_id)"
	"  ORDER BY r.source, r.request_id FOR NO KEY UPDATE OF r"
	"), counted AS ("
	"  UPDATE llm.request r SET duplicates = r.duplicates + locked.times FROM locked"
	"  WHERE r.source = locked.source AND r.request_id = locked.request_id)"
	"INSERT INTO llm.intake_problem (source, request_id, sqlstate, problem, call) "
	"SELECT source, request_id, '23505', 'a different call is known under this request_id',"
	"  jsonb_strip_nulls(to_jsonb(repeated) - '{source,request_id,entry_id,fingerprint,price_ids,tier_assumed,is_same}'::text[]) "
	"FROM repeated WHERE NOT is_same"
};

static Statement post_problems = {.sql =
	"INSERT INTO llm.intake_problem (source, request_id, sqlstate, problem, call) "
	"SELECT coalesce((p.call).source, (p.entry).source), coalesce((p.call).request_id, (p.entry).request_id),"
	"  p.sqlstate, p.problem,"
	"  CASE WHEN p.entry IS DISTINCT FROM NULL"
	"    THEN jsonb_strip_nulls(to_jsonb(p.entry) - '{source,request_id,entry_id,fingerprint,price_ids,tier_assumed}'::text[])"
	"    ELSE tokenmeter.call_facts(p.call) END "
	"FROM waiting_problem p"
};

static Statement make_partitions = {.sql =
	"SELECT tokenmeter.ensure_partition(min(occurred_at)) FROM waiting_entry "
	"GROUP BY date_trunc('month', occurred_at, 'UTC') "
	"UNION ALL SELECT tokenmeter.make_next_partition()"
};

/* Of one waiting entry: the number and time of the entry that is in the ledger; none if another call has its id. */
static Statement find_posted = {.sql =
	"SELECT r.occurred_at, r.entry_id FROM waiting_entry e JOIN llm.request r USING (source, request_id) "
	"WHERE r.fingerprint = e.fingerprint"
};

/* Where a statement takes place: rights, names, and the rows that wait. */
typedef struct Posting
{
	Oid			caller;
	int			security_context;
	int			guc_level;
} Posting;

/* In a hurry, nothing that somebody has locked is waited for. */
static void
begin_posting(Posting *posting, Oid owner, bool in_hurry)
{
	GetUserIdAndSecContext(&posting->caller, &posting->security_context);
	if (OidIsValid(owner))
		SetUserIdAndSecContext(owner, posting->security_context | SECURITY_LOCAL_USERID_CHANGE);
	posting->guc_level = NewGUCNestLevel();
	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true,
							 0, false);
	/* What waits fits into memory, and is sorted there. */
	(void) set_config_option("work_mem", "32MB", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	if (in_hurry)
		(void) set_config_option("lock_timeout", "1ms", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	waiting->is_posting = true;
}

static void
end_posting(const Posting *posting)
{
	waiting->is_posting = false;
	AtEOXact_GUC(true, posting->guc_level);
	SetUserIdAndSecContext(posting->caller, posting->security_context);
}

/* Runs a statement; what it did, and found, is in SPI_processed and SPI_tuptable. */
static void
run(Statement *statement)
{
	int			status;

	if (statement->plan == NULL)
	{
		SPIPlanPtr	plan = SPI_prepare(statement->sql, 0, NULL);

		if (plan == NULL)
			elog(ERROR, "could not prepare a statement: %s", SPI_result_code_string(SPI_result));
		SPI_keepplan(plan);
		statement->plan = plan;
	}
	status = SPI_execute_plan(statement->plan, NULL, NULL, false, 0);
	if (status < 0)
		elog(ERROR, "could not execute a statement: %s", SPI_result_code_string(status));
}

/* Months, counted from year 0, that have a partition, as far as is known; forgotten when llm.usage changes. */
enum
{
	KNOWN_MONTHS = 8
};

static struct
{
	Oid			usage;
	int			months[KNOWN_MONTHS];
	int			count;
	bool		all_known;		/* all months of the entries that wait */
	int			waiting[KNOWN_MONTHS];	/* those of the entries that wait, but for known ones */
	int			waiting_count;
} partitions;

static void
note_usage_change(Datum argument, Oid relation)
{
	(void) argument;
	if (relation == partitions.usage || relation == InvalidOid)
		partitions.count = 0;
}

static int
month_of(TimestampTz moment)
{
	struct pg_tm tm;
	fsec_t		fraction;

	if (timestamp2tm(moment, NULL, &tm, &fraction, NULL, NULL) != 0)
		return 0;
	return tm.tm_year * 12 + tm.tm_mon;
}

static bool
contains(const int *months, int count, int month)
{
	for (int i = 0; i < count; i++)
	{
		if (months[i] == month)
			return true;
	}
	return false;
}

static void
note_month(TimestampTz moment)
{
	int			month = month_of(moment);

	if (contains(partitions.months, partitions.count, month) ||
		contains(partitions.waiting, partitions.waiting_count, month))
		return;
	if (partitions.waiting_count < KNOWN_MONTHS)
		partitions.waiting[partitions.waiting_count++] = month;
	else
		partitions.all_known = false;
}

/* Sees to it that each entry that waits has a partition. */
static void
ensure_partitions(void)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(waiting->entries.descriptor, &TTSOpsMinimalTuple);

	partitions.waiting_count = 0;
	partitions.all_known = true;
	tuplestore_rescan(waiting->entries.rows);
	while (tuplestore_gettupleslot(waiting->entries.rows, true, false, slot))
	{
		bool		isnull;

		note_month(DatumGetTimestampTz(slot_getattr(slot, ENTRY_OCCURRED_AT + 1, &isnull)));
	}
	ExecDropSingleTupleTableSlot(slot);
	if (partitions.all_known && partitions.waiting_count == 0)
		return;

	run(&make_partitions);
	/* What is made is visible from here on, and so known, if the change itself has been heard of by now. */
	CommandCounterIncrement();
	AcceptInvalidationMessages();
	for (int i = 0; i < partitions.waiting_count && partitions.all_known && partitions.count < KNOWN_MONTHS; i++)
		partitions.months[partitions.count++] = partitions.waiting[i];
}

void
require_ledger(void)
{
	static bool registered = false;
	Oid			schema = get_namespace_oid("llm", true);
	Oid			usage = OidIsValid(schema) ? get_relname_relid("usage", schema) : InvalidOid;

	if (!OidIsValid(usage))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("there is no ledger"),
				 errhint("SELECT tokenmeter.create_ledger() makes it.")));
	if (!registered)
	{
		CacheRegisterRelcacheCallback(note_usage_change, (Datum) 0);
		registered = true;
	}
	if (usage != partitions.usage)
	{
		partitions.usage = usage;
		partitions.count = 0;
	}
}

/* Posts the entries on top, and notes those that repeat others; true if each of them is in the ledger now. */
static bool
post_top_entries(void)
{
	WaitingRows *rows = &waiting->entries;

	require_ledger();
	ensure_partitions();
	tuplestore_rescan(rows->rows);
	run(&post_entries);
	if ((int64) SPI_processed == rows->count)
		return true;
	tuplestore_rescan(rows->rows);
	run(&note_repeated);
	return false;
}

/* Posts what is on top, with the rights of an owner, or of the caller. */
static void
post_top(Oid owner, bool in_hurry)
{
	Posting		posting;

	begin_posting(&posting, owner, in_hurry);
	SPI_connect();
	show_rows(&waiting->entries);
	show_rows(&waiting->problems);
	if (waiting->entries.count > 0)
		post_top_entries();
	if (waiting->problems.count > 0)
		run(&post_problems);
	SPI_finish();
	end_posting(&posting);
}

/* A full table of locks is told by the same SQLSTATE as memory that is really out. */
static bool
is_out_of_memory(const ErrorData *error)
{
	return error->sqlerrcode == ERRCODE_OUT_OF_MEMORY &&
		(error->message_id == NULL || strcmp(error->message_id, "out of shared memory") != 0);
}

/* Errors that are not the row's: they end the statement as they always do. */
static bool
is_for_caller(const ErrorData *error)
{
	return error->sqlerrcode == ERRCODE_QUERY_CANCELED || is_out_of_memory(error) ||
		error->sqlerrcode == ERRCODE_ADMIN_SHUTDOWN || error->sqlerrcode == ERRCODE_CRASH_SHUTDOWN ||
		error->sqlerrcode == ERRCODE_T_R_SERIALIZATION_FAILURE;
}

/* Our own messages hold no text; of others that is not known. */
static char *
message_without_text(const ErrorData *error)
{
	if (error->domain != NULL && strcmp(error->domain, TEXTDOMAIN) == 0)
		return pstrdup(error->message);
	return pstrdup("refused by the database");
}

/*
 * Does something in a subtransaction. NULL if it went well, else the error, with all that was done undone. Errors that
 * are the caller's are raised.
 */
static ErrorData *
attempt(void (*action) (void *), void *argument)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		action(argument);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	if (error != NULL && is_for_caller(error))
		ReThrowError(error);
	return error;
}

typedef struct Attempt
{
	Oid			owner;			/* with whose rights */
	bool		in_hurry;
} Attempt;

static void
attempt_to_post(void *argument)
{
	const Attempt *how = argument;

	post_top(how->owner, how->in_hurry);
}

/* What not even llm.intake_problem takes is told to whoever reads warnings: the caller's statement goes on. */
static void
post_problems_or_warn(Attempt *how)
{
	ErrorData  *error = attempt(attempt_to_post, how);

	if (error != NULL)
		ereport(WARNING,
				(errcode(error->sqlerrcode),
				 errmsg("could not post %lld call(s), nor list them in llm.intake_problem",
						(long long) waiting->problems.count),
				 errdetail("%s", message_without_text(error)),
				 errhidestmt(true),
				 errhidecontext(true)));
}

/* Adds a problem; of the call and the entry one is given. */
static void
add_problem(const ErrorData *error, Datum call, Datum entry)
{
	Datum		values[PROBLEM_COLUMNS] = {
		CStringGetTextDatum(unpack_sql_state(error->sqlerrcode)),
		CStringGetTextDatum(message_without_text(error)),
		call,
		entry
	};
	bool		nulls[PROBLEM_COLUMNS] = {false, false, call == (Datum) 0, entry == (Datum) 0};

	add_row(&waiting->problems, values, nulls);
}

/* Posts one entry by itself, in a place of its own. If it had to wait for a lock in vain, the next will not. */
static void
post_one(TupleTableSlot *slot, Attempt *how)
{
	ErrorData  *error;
	Datum		row;

	push_waiting(InvalidOid);
	slot_getallattrs(slot);
	row = heap_copy_tuple_as_datum(ExecFetchSlotHeapTuple(slot, false, NULL), waiting->entries.descriptor);
	add_row(&waiting->entries, slot->tts_values, slot->tts_isnull);
	error = attempt(attempt_to_post, how);
	if (error != NULL)
	{
		how->in_hurry |= error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE;
		forget_top();
		push_waiting(InvalidOid);
		add_problem(error, (Datum) 0, row);
		post_problems_or_warn(how);
	}
	forget_top();
}

/* The entries on top one by one: the ledger has refused them together. */
static void
post_one_by_one(Attempt *how)
{
	WaitingRows *rows = &waiting->entries;
	TupleTableSlot *slot = MakeSingleTupleTableSlot(rows->descriptor, &TTSOpsMinimalTuple);

	tuplestore_rescan(rows->rows);
	while (tuplestore_gettupleslot(rows->rows, true, true, slot))
	{
		CHECK_FOR_INTERRUPTS();
		post_one(slot, how);
	}
	ExecDropSingleTupleTableSlot(slot);
	tuplestore_clear(rows->rows);
	rows->count = 0;
	if (waiting->problems.count > 0)
		post_problems_or_warn(how);
}

void
post_leniently(Oid owner)
{
	Attempt		how = {.owner = owner};

	if (waiting->entries.count + waiting->problems.count > 0 && attempt(attempt_to_post, &how) != NULL)
		post_one_by_one(&how);
	forget_top();
}

typedef struct Arrival
{
	Call	   *call;
	Entry		entry;
} Arrival;

/* Makes the entry of a call, with its number. */
static void
accept_call(void *argument)
{
	Arrival    *arrival = argument;
	Oid			schema;
	Oid			sequence;

	make_entry(arrival->call, &arrival->entry);
	require_ledger();
	schema = get_namespace_oid("llm", false);
	sequence = get_relname_relid("usage_entry_id_seq", schema);
	if (!OidIsValid(sequence))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("sequence llm.usage_entry_id_seq does not exist")));
	arrival->entry.values[ENTRY_ID] = Int64GetDatum(nextval_internal(sequence, false));
	arrival->entry.nulls[ENTRY_ID] = false;
}

void
arrive_leniently(Call *call, Oid door, Oid owner)
{
	Arrival		arrival = {.call = call};
	ErrorData  *error;

	begin_waiting(door);
	error = attempt(accept_call, &arrival);
	if (error == NULL)
		add_row(&waiting->entries, arrival.entry.values, arrival.entry.nulls);
	else
	{
		forget_texts(call);
		add_problem(error, HeapTupleGetDatum(heap_form_tuple(row_type("call", CALL_COLUMNS), call->values, call->nulls)), (Datum) 0);
	}
	if (is_full())
		post_leniently(owner);
}

bool
post_strictly(Call *call, Datum *occurred_at, Datum *entry_id)
{
	Arrival		arrival = {.call = call};
	Posting		posting;
	bool		isnull = false;

	accept_call(&arrival);
	*occurred_at = arrival.entry.values[ENTRY_OCCURRED_AT];
	*entry_id = arrival.entry.values[ENTRY_ID];

	push_waiting(InvalidOid);
	add_row(&waiting->entries, arrival.entry.values, arrival.entry.nulls);
	begin_posting(&posting, InvalidOid, false);
	SPI_connect();
	show_rows(&waiting->entries);
	if (!post_top_entries())
	{
		tuplestore_rescan(waiting->entries.rows);
		run(&find_posted);
		isnull = SPI_processed == 0;
		if (!isnull)
		{
			*occurred_at = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
			*entry_id = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &isnull);
		}
	}
	SPI_finish();
	end_posting(&posting);
	forget_top();
	return !isnull;
}
