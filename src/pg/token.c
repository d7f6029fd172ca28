/*
 * The text functions: token_count, token_estimate, token_encode, token_decode, token_decode_bytes. Those that
 * take texts apart are in chunk.c.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "compat.h"
#include "engine.h"
#include "model.h"

PG_FUNCTION_INFO_V1(tokenmeter_token_count);

Datum
tokenmeter_token_count(PG_FUNCTION_ARGS)
{
	const TmEncoding *encoding = encoding_argument(fcinfo, 0);

	PG_RETURN_INT64((int64) count_text_argument(encoding, PG_GETARG_DATUM(1)));
}

PG_FUNCTION_INFO_V1(tokenmeter_token_estimate);

Datum
tokenmeter_token_estimate(PG_FUNCTION_ARGS)
{
	const text *name = PG_GETARG_TEXT_PP(0);
	const TmEncoding *encoding = find_encoding(name);

	if (encoding != NULL)
		PG_RETURN_INT64((int64) count_text_argument(encoding, PG_GETARG_DATUM(1)));
	PG_RETURN_INT64((int64) estimate_tokens(require_estimator(name), utf8_from_text(PG_GETARG_TEXT_PP(1))));
}

PG_FUNCTION_INFO_V1(tokenmeter_token_encode);

Datum
tokenmeter_token_encode(PG_FUNCTION_ARGS)
{
	const TmEncoding *encoding = encoding_argument(fcinfo, 0);
	Utf8		content = utf8_from_text(PG_GETARG_TEXT_PP(1));
	uint64		count = count_tokens(encoding, content);
	uint64		limit = (MaxAllocSize - ARR_OVERHEAD_NONULLS(1)) / sizeof(int32);
	size_t		size = ARR_OVERHEAD_NONULLS(1) + count * sizeof(int32);
	ArrayType  *result;

	if (count == 0)
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(INT4OID));
	if (count > limit)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("text has too many tokens for an array"),
				 errdetail("It has %llu tokens; an array holds at most %llu.",
						   (unsigned long long) count, (unsigned long long) limit),
				 errhint("Encode parts of the text, or use token_count().")));

	result = palloc(size);
	SET_VARSIZE(result, size);
	result->ndim = 1;
	result->dataoffset = 0;
	result->elemtype = INT4OID;
	ARR_DIMS(result)[0] = (int) count;
	ARR_LBOUND(result)[0] = 1;
	encode_tokens(encoding, content, (uint32 *) ARR_DATA_PTR(result), count);
	PG_RETURN_ARRAYTYPE_P(result);
}

/* Appends the bytes of all tokens of the array, or what they stand for in a text. */
static void
append_tokens(StringInfo bytes, const TmEncoding *encoding, ArrayType *tokens, bool as_text)
{
	int			count = ArrayGetNItems(ARR_NDIM(tokens), ARR_DIMS(tokens));
	const int32 *values = (const int32 *) ARR_DATA_PTR(tokens);

	if (array_contains_nulls(tokens))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("array of tokens must not contain nulls")));

	for (int i = 0; i < count; i++)
	{
		const char *token_bytes;
		size_t		length;

		CHECK_FOR_INTERRUPTS();
		length = tm_token_bytes(encoding, (uint32) values[i], &token_bytes);

		if (length == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("token %d is not in encoding \"%s\"",
							values[i], name_from_utf8(tm_encoding_name(encoding)))));
		if (as_text)
		{
			enlargeStringInfo(bytes, (int) length + 1);
			bytes->len += (int) tm_token_text(encoding, (uint32) values[i], i == 0, bytes->data + bytes->len);
			bytes->data[bytes->len] = '\0';
		}
		else
			appendBinaryStringInfo(bytes, token_bytes, (int) length);
	}
}

PG_FUNCTION_INFO_V1(tokenmeter_token_decode);

Datum
tokenmeter_token_decode(PG_FUNCTION_ARGS)
{
	StringInfoData bytes;

	initStringInfo(&bytes);
	append_tokens(&bytes, encoding_argument(fcinfo, 0), PG_GETARG_ARRAYTYPE_P(1), true);
	if (!pg_verify_mbstr(PG_UTF8, bytes.data, bytes.len, true))
		ereport(ERROR,
				(errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
				 errmsg("the tokens do not end in whole characters, or are no text"),
				 errhint("token_decode_bytes() decodes any tokens.")));
	PG_RETURN_TEXT_P(text_from_utf8((Utf8) {bytes.data, bytes.len}));
}

PG_FUNCTION_INFO_V1(tokenmeter_token_decode_bytes);

Datum
tokenmeter_token_decode_bytes(PG_FUNCTION_ARGS)
{
	StringInfoData bytes;

	initStringInfo(&bytes);
	appendStringInfoSpaces(&bytes, VARHDRSZ);
	append_tokens(&bytes, encoding_argument(fcinfo, 0), PG_GETARG_ARRAYTYPE_P(1), false);
	SET_VARSIZE(bytes.data, bytes.len);
	PG_RETURN_BYTEA_P((bytea *) bytes.data);
}
