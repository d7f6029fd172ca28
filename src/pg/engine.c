/*
 * What the glue needs around every call of the engine: text as UTF-8, interrupts, and errors raised after
 * the engine has returned, when no C++ frame is alive.
 */
#include "postgres.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"

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

const char *
utf8_name(const text *value)
{
	char	   *name = text_to_cstring(value);

	return GetDatabaseEncoding() == PG_SQL_ASCII ? name : pg_server_to_any(name, strlen(name), PG_UTF8);
}

char *
name_from_utf8(const char *name)
{
	return GetDatabaseEncoding() == PG_SQL_ASCII ? pstrdup(name) : pg_any_to_server(name, strlen(name), PG_UTF8);
}

text *
text_from_utf8(Utf8 value)
{
	char	   *converted = pg_any_to_server(value.bytes, (int) value.length, PG_UTF8);

	return cstring_to_text_with_len(converted, converted == value.bytes ? (int) value.length
									: (int) strlen(converted));
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

void
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
		case TM_INVALID:
		case TM_NEEDS_MORE:
		case TM_INTERNAL:
			break;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INTERNAL_ERROR),
			 errmsg("tokenizer failed with status %d", (int) status),
			 error->message[0] != '\0' ? errdetail_internal("%s", error->message) : 0));
}

typedef bool (*InterruptCheck) (void);

/*
 * After TM_CANCELLED: services the interrupt. Returns what is to be asked on the way on, `taken` bytes further: a
 * piece so long that interrupts come faster than it is counted would be begun for ever.
 */
static InterruptCheck
service_interrupt(uint64 taken)
{
	CHECK_FOR_INTERRUPTS();
	return taken == 0 ? query_is_cancelled : interrupt_is_pending;
}

TmStatus
compile_definition(const TmDefinition *definition, char **image, size_t *size, TmError *error)
{
	for (;;)
	{
		/* What does not end the query is not worth beginning anew for. */
		TmStatus	status = tm_compile(definition, query_is_cancelled, image, size, error);

		if (status != TM_CANCELLED)
			return status;
		CHECK_FOR_INTERRUPTS();
	}
}

/* The tokens of the text. When the engine returns for an interrupt, goes on behind what it has done. */
uint64
count_tokens(const TmEncoding *encoding, Utf8 content)
{
	uint64		count = 0;
	TmError		error;
	TmStatus	status;
	uint64		total;
	size_t		done;

	CHECK_FOR_INTERRUPTS();
	status = tm_count(encoding, content.bytes, content.length, interrupt_is_pending, &count, &error);
	total = count;
	done = error.offset;
	while (status == TM_CANCELLED)
	{
		InterruptCheck interrupted = service_interrupt(error.offset);

		status = tm_count_part(encoding, content.bytes + done, content.length - done, false, interrupted,
							   &count, &error);
		total += count;
		done += error.offset;
	}
	check_status(status, &error, done);
	return total;
}

void
encode_tokens(const TmEncoding *encoding, Utf8 content, uint32 *tokens, uint64 count)
{
	uint64		written = 0;
	size_t		done = 0;
	TmStatus	status;
	TmError		error;
	InterruptCheck interrupted = interrupt_is_pending;

	CHECK_FOR_INTERRUPTS();
	for (;;)
	{
		uint64		here = 0;

		status = tm_encode(encoding, content.bytes + done, content.length - done, interrupted,
						   tokens + written, count - written, &here, &error);
		written += here;
		done += error.offset;
		if (status != TM_CANCELLED)
			break;
		interrupted = service_interrupt(error.offset);
	}
	check_status(status, &error, done);
}

/* The tokens of a text that is read while it is counted. */
static uint64
count_parts(const TmEncoding *encoding, StoredText *text)
{
	uint64		total = 0;
	uint64		done = 0;
	size_t		taken = 0;		/* bytes of the part */
	InterruptCheck interrupted = interrupt_is_pending;
	bool		last;
	Utf8		part = read_stored_text(text, 0, &last);

	for (;;)
	{
		uint64		count = 0;
		TmError		error;
		TmStatus	status;

		status = tm_count_part(encoding, part.bytes + taken, part.length - taken, !last, interrupted,
							   &count, &error);
		total += count;
		done += error.offset;
		taken += error.offset;
		if (status == TM_CANCELLED)
		{
			interrupted = service_interrupt(error.offset);
			continue;
		}
		check_status(status, &error, done);
		if (last)
			return total;
		CHECK_FOR_INTERRUPTS();
		interrupted = interrupt_is_pending;
		part = read_stored_text(text, taken, &last);
		taken = 0;
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

TmChatStatus
count_chat(const TmChat *chat, TmChatCount *count)
{
	TmChatProgress progress = {0};
	InterruptCheck interrupted = interrupt_is_pending;

	CHECK_FOR_INTERRUPTS();
	for (;;)
	{
		uint64		before = progress.tokens;
		TmChatStatus status = tm_chat_count(chat, interrupted, &progress, count);

		if (status != TM_CHAT_CANCELLED)
			return status;
		interrupted = service_interrupt(progress.tokens - before);
	}
}

bool
truncate_tokens(const TmEncoding *encoding, Utf8 content, bool more_follows, uint64 max_tokens,
				TmTruncation *known, size_t *prefix, uint64 *count)
{
	bool		(*interrupted) (void) = interrupt_is_pending;

	CHECK_FOR_INTERRUPTS();
	for (;;)
	{
		uint64		done = known->last.offset;
		TmError		error;
		TmStatus	status = tm_truncate(encoding, content.bytes, content.length, more_follows, max_tokens,
										 interrupted, known, prefix, count, &error);

		if (status == TM_NEEDS_MORE)
			return false;
		if (status != TM_CANCELLED)
		{
			check_status(status, &error, error.offset);
			return true;
		}
		CHECK_FOR_INTERRUPTS();
		interrupted = known->last.offset == done ? query_is_cancelled : interrupt_is_pending;
	}
}

size_t
find_tail(const TmEncoding *encoding, Utf8 content, uint64 max_tokens)
{
	size_t		start;
	TmError		error;
	TmStatus	status;

	do
	{
		CHECK_FOR_INTERRUPTS();
		status = tm_tail(encoding, content.bytes, content.length, max_tokens, query_is_cancelled, &start,
						 &error);
	} while (status == TM_CANCELLED);
	check_status(status, &error, 0);
	return start;
}

uint64
estimate_tokens(const TmEstimator *estimator, Utf8 content)
{
	uint64		count;
	TmError		error;
	TmStatus	status;

	do
	{
		CHECK_FOR_INTERRUPTS();
		status = tm_estimate(estimator, content.bytes, content.length, query_is_cancelled, &count, &error);
	} while (status == TM_CANCELLED);
	check_status(status, &error, 0);
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
	check_status(tm_fail_for_test(&error), &error, 0);
	PG_RETURN_VOID();
}
