/*
 * What the glue needs around every call of the engine: text as UTF-8, the cancel flag, and errors raised
 * after the engine has returned, when no C++ frame is alive.
 */
#include "postgres.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "compat.h"
#include "engine.h"

Utf8
utf8_from_bytes(const char *bytes, int length)
{
	Utf8		result = {bytes, length};
	char	   *converted;

	if (GetDatabaseEncoding() == PG_UTF8)
		return result;

	converted = pg_server_to_any(bytes, length, PG_UTF8);
	if (converted != bytes)
	{
		result.bytes = converted;
		result.length = strlen(converted);
	}
	return result;
}

Utf8
utf8_from_text(const text *value)
{
	return utf8_from_bytes(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
}

/* InterruptPending alone says less: it is also set for what does not end the query. */
bool
query_is_cancelled(void)
{
	return QueryCancelPending || ProcDiePending;
}

void
check_status(TmStatus status, const TmError *error)
{
	switch (status)
	{
		case TM_OK:
			return;
		case TM_CANCELLED:
			CHECK_FOR_INTERRUPTS();
			/* Still here: interrupts are held off. The count is incomplete all the same. */
			ereport(ERROR,
					(errcode(ERRCODE_QUERY_CANCELED),
					 errmsg("canceling token count due to user request")));
			break;
		case TM_OUT_OF_MEMORY:
			ereport(ERROR,
					(errcode(ERRCODE_OUT_OF_MEMORY),
					 errmsg("out of memory"),
					 errdetail("Failed while tokenizing at byte %llu of the text.",
							   (unsigned long long) error->offset)));
			break;
		case TM_TOO_MANY:
		case TM_INTERNAL:
			break;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INTERNAL_ERROR),
			 errmsg("tokenizer failed with status %d", (int) status),
			 error->message[0] != '\0' ? errdetail_internal("%s", error->message) : 0));
}

uint64
count_tokens(const TmEncoding *encoding, Utf8 content)
{
	uint64		count = 0;
	TmError		error;

	check_status(tm_count(encoding, content.bytes, content.length, query_is_cancelled, &count, &error),
				 &error);
	return count;
}

/*
 * Not declared by the extension. A test declares it, to show what becomes of a C++ exception: an ordinary
 * error, in a session that goes on.
 */
PG_FUNCTION_INFO_V1(tokenmeter_fail_for_test);

Datum
tokenmeter_fail_for_test(PG_FUNCTION_ARGS)
{
	TmError		error;

	(void) fcinfo;
	check_status(tm_fail_for_test(&error), &error);
	PG_RETURN_VOID();
}
