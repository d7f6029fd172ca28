/*
 * What the glue needs around every call of the engine: text as UTF-8, interrupts, and errors raised after
 * the engine has returned, when no C++ frame is alive.
 */
#include "postgres.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "compat.h"
#include "engine.h"
#include "toast.h"

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

/*
 * For the engine's `cancelled`: the engine returns for any interrupt that CHECK_FOR_INTERRUPTS can service,
 * not for cancels alone, so that nobody waits for a backend that counts.
 */
static bool
interrupt_is_pending(void)
{
	return INTERRUPTS_PENDING_CONDITION() && INTERRUPTS_CAN_BE_PROCESSED();
}

/* The same for what ends the query only. */
static bool
query_is_cancelled(void)
{
	return (QueryCancelPending || ProcDiePending) && INTERRUPTS_CAN_BE_PROCESSED();
}

/* Raises the error that a status other than TM_OK stands for; `done` bytes of the text were tokenized. */
static void
check_status(TmStatus status, const TmError *error, uint64 done)
{
	switch (status)
	{
		case TM_OK:
			return;
		case TM_OUT_OF_MEMORY:
			ereport(ERROR,
					(errcode(ERRCODE_OUT_OF_MEMORY),
					 errmsg("out of memory"),
					 errdetail("Failed while tokenizing at byte %llu of the text.",
							   (unsigned long long) done)));
			break;
		case TM_CANCELLED:
		case TM_TOO_MANY:
		case TM_INTERNAL:
			break;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INTERNAL_ERROR),
			 errmsg("tokenizer failed with status %d", (int) status),
			 error->message[0] != '\0' ? errdetail_internal("%s", error->message) : 0));
}

/*
 * Counts the tokens of the text, and writes them to tokens[capacity] unless that is NULL. When the engine
 * returns for an interrupt, goes on behind what it has done.
 */
static uint64
tokenize(const TmEncoding *encoding, Utf8 content, uint32 *tokens, uint64 capacity)
{
	uint64		total = 0;
	size_t		done = 0;
	bool		(*interrupted) (void) = interrupt_is_pending;

	CHECK_FOR_INTERRUPTS();
	for (;;)
	{
		const char *rest = content.bytes + done;
		size_t		rest_length = content.length - done;
		uint64		count = 0;
		TmError		error;
		TmStatus	status;

		if (tokens == NULL)
			status = tm_count(encoding, rest, rest_length, interrupted, &count, &error);
		else
			status = tm_encode(encoding, rest, rest_length, interrupted, tokens + total,
							   capacity - total, &count, &error);
		total += count;
		done += error.offset;
		if (status != TM_CANCELLED)
		{
			check_status(status, &error, done);
			return total;
		}
		CHECK_FOR_INTERRUPTS();
		/* A piece so long that interrupts come faster than it is counted would be begun for ever. */
		interrupted = error.offset == 0 ? query_is_cancelled : interrupt_is_pending;
	}
}

uint64
count_tokens(const TmEncoding *encoding, Utf8 content)
{
	return tokenize(encoding, content, NULL, 0);
}

/* The same for a text that is read while it is counted. */
static uint64
count_parts(const TmEncoding *encoding, StoredText *text)
{
	uint64		total = 0;
	uint64		done = 0;
	size_t		taken = 0;		/* bytes of the part */
	bool		(*interrupted) (void) = interrupt_is_pending;
	bool		last;
	Utf8		part = read_stored_text(text, 0, &last);

	CHECK_FOR_INTERRUPTS();
	for (;;)
	{
		uint64		count = 0;
		TmError		error;
		TmStatus	status;

		status = (last ? tm_count : tm_count_part) (encoding, part.bytes + taken, part.length - taken,
													interrupted, &count, &error);
		total += count;
		done += error.offset;
		taken += error.offset;
		if (status != TM_CANCELLED)
		{
			check_status(status, &error, done);
			if (last)
				return total;
			part = read_stored_text(text, taken, &last);
			taken = 0;
		}
		CHECK_FOR_INTERRUPTS();
		interrupted = status == TM_CANCELLED && error.offset == 0 ? query_is_cancelled
			: interrupt_is_pending;
	}
}

uint64
count_text_argument(const TmEncoding *encoding, Datum content)
{
	StoredText *stored = open_stored_text(content);
	uint64		count;

	if (stored == NULL)
		return count_tokens(encoding, utf8_from_text(DatumGetTextPP(content)));
	count = count_parts(encoding, stored);
	close_stored_text(stored);
	return count;
}

void
encode_tokens(const TmEncoding *encoding, Utf8 content, uint32 *tokens, uint64 count)
{
	(void) tokenize(encoding, content, tokens, count);
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
	check_status(tm_fail_for_test(&error), &error, 0);
	PG_RETURN_VOID();
}
