/*
 * Parts of texts by tokens: token_truncate and token_chunks.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "compat.h"
#include "engine.h"
#include "model.h"
#include "toast.h"

/* As truncate_tokens for a text that is stored away: reads as much as it takes to tell, twice as much each time. */
static Utf8
truncate_stored_text(const TmEncoding *encoding, StoredText *stored, uint64 max_tokens)
{
	TmTruncation known = {0};
	uint64		count;
	bool		last;
	Utf8		part = read_stored_text(stored, 0, &last);

	while (!truncate_tokens(encoding, part, !last, max_tokens, &known, &part.length, &count))
	{
		size_t		wanted = 2 * part.length;

		while (!last && part.length < wanted)
		{
			CHECK_FOR_INTERRUPTS();
			part = read_stored_text(stored, 0, &last);
		}
	}
	return part;
}

PG_FUNCTION_INFO_V1(tokenmeter_token_truncate);

Datum
tokenmeter_token_truncate(PG_FUNCTION_ARGS)
{
	const TmEncoding *encoding = encoding_argument(fcinfo, 0);
	int64		max_tokens = PG_GETARG_INT64(2);
	StoredText *stored;
	text	   *result;

	if (max_tokens < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("max_tokens must not be negative")));

	stored = open_stored_text(PG_GETARG_DATUM(1));
	if (stored != NULL)
	{
		result = text_from_utf8(truncate_stored_text(encoding, stored, (uint64) max_tokens));
		close_stored_text(stored);
	}
	else
	{
		Utf8		content = utf8_from_text(PG_GETARG_TEXT_PP(1));
		TmTruncation known = {0};
		uint64		count;

		(void) truncate_tokens(encoding, content, false, (uint64) max_tokens, &known, &content.length,
							   &count);
		result = text_from_utf8(content);
	}
	PG_RETURN_TEXT_P(result);
}

/* A text on its way into chunks. */
typedef struct Chunking
{
	const TmEncoding *encoding;
	Utf8		content;
	uint64		size;			/* most tokens of a chunk */
	uint64		overlap;		/* most tokens of what it shares with the one before */
	size_t		begin;			/* of the last chunk, in bytes */
	size_t		end;
} Chunking;

static Utf8
part_of(const Chunking *chunking, size_t begin, size_t end)
{
	Utf8		part = {chunking->content.bytes + begin, end - begin};

	return part;
}

/* Where the longest chunk from `begin` on ends, and its tokens. */
static size_t
chunk_end(const Chunking *chunking, size_t begin, uint64 *tokens)
{
	TmTruncation known = {0};
	size_t		length;

	(void) truncate_tokens(chunking->encoding, part_of(chunking, begin, chunking->content.length), false,
						   chunking->size, &known, &length, tokens);
	return begin + length;
}

/* A character alone has more tokens than a chunk may have. */
static void
raise_size_too_small(const Chunking *chunking)
{
	const char *at = chunking->content.bytes + chunking->end;
	Utf8		character = {at, pg_utf_mblen((const unsigned char *) at)};
	uint64		tokens = count_tokens(chunking->encoding, character);

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("size is too small for the text"),
			 errdetail("A single character at byte %zu of the text has %llu tokens, and a chunk may have %llu.",
					   chunking->end, (unsigned long long) tokens, (unsigned long long) chunking->size),
			 errhint("Use a size of at least %llu.", (unsigned long long) tokens)));
}

/* Moves on to the next chunk, whose tokens it returns. The text goes on behind the last one. */
static uint64
next_chunk(Chunking *chunking)
{
	uint64		overlap = chunking->begin < chunking->end ? chunking->overlap : 0;

	for (;; overlap--)
	{
		Utf8		last = part_of(chunking, chunking->begin, chunking->end);
		size_t		begin = chunking->begin;
		size_t		end;
		uint64		tokens;

		/* Not the whole of the last chunk, which would be found again. */
		begin += overlap > 0 ? find_tail(chunking->encoding, last, overlap) : last.length;
		end = chunk_end(chunking, begin, &tokens);
		if (end > chunking->end)
		{
			chunking->begin = begin;
			chunking->end = end;
			return tokens;
		}
		/* What the two were to share leaves no room for more. */
		if (overlap == 0)
			raise_size_too_small(chunking);
	}
}

static Chunking *
begin_chunking(FunctionCallInfo fcinfo)
{
	Chunking   *chunking = palloc0(sizeof(Chunking));
	int32		size = PG_GETARG_INT32(2);
	int32		overlap = PG_GETARG_INT32(3);

	if (size < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("size must be at least 1"),
				 errhint("It is the largest number of tokens that a chunk may have.")));
	if (overlap < 0 || overlap >= size)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("overlap must be at least 0 and less than size"),
				 errhint("It is the largest number of tokens that a chunk shares with the one before.")));
	chunking->encoding = require_encoding(PG_GETARG_TEXT_PP(0));
	chunking->content = utf8_from_text(PG_GETARG_TEXT_P_COPY(1));
	chunking->size = (uint64) size;
	chunking->overlap = (uint64) overlap;
	return chunking;
}

PG_FUNCTION_INFO_V1(tokenmeter_token_chunks);

/* One row per call, so that no more than one chunk is held beside the text. */
Datum
tokenmeter_token_chunks(PG_FUNCTION_ARGS)
{
	FuncCallContext *call;
	Chunking   *chunking;
	Datum		values[3];
	bool		nulls[3] = {false, false, false};
	uint64		tokens;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext caller;

		call = SRF_FIRSTCALL_INIT();
		caller = MemoryContextSwitchTo(call->multi_call_memory_ctx);
		call->user_fctx = begin_chunking(fcinfo);
		if (get_call_result_type(fcinfo, NULL, &call->tuple_desc) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "return type must be a row type");
		call->tuple_desc = BlessTupleDesc(call->tuple_desc);
		MemoryContextSwitchTo(caller);
	}
	call = SRF_PERCALL_SETUP();
	chunking = call->user_fctx;
	if (chunking->end == chunking->content.length)
		SRF_RETURN_DONE(call);

	tokens = next_chunk(chunking);
	values[0] = Int32GetDatum((int32) call->call_cntr + 1);
	values[1] = PointerGetDatum(text_from_utf8(part_of(chunking, chunking->begin, chunking->end)));
	values[2] = Int32GetDatum((int32) tokens);
	SRF_RETURN_NEXT(call, HeapTupleGetDatum(heap_form_tuple(call->tuple_desc, values, nulls)));
}
