/*
 * tokenmeter.read_usage: a provider's usage object as disjoint meters.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "compat.h"
#include "engine.h"
#include "metering/metering.h"

static void
check_usage_status(TmUsageStatus status, const char *key)
{
	switch (status)
	{
		case TM_USAGE_OK:
			return;
		case TM_USAGE_NOT_JSON:
			ereport(ERROR,
					(errcode(ERRCODE_SQL_JSON_OBJECT_NOT_FOUND),
					 errmsg("usage is not a readable JSON object"),
					 errhint("Give the provider's usage object as it came.")));
			break;
		case TM_USAGE_UNKNOWN_SHAPE:
			ereport(ERROR,
					(errcode(ERRCODE_SQL_JSON_MEMBER_NOT_FOUND),
					 errmsg("usage has the token numbers of no known provider"),
					 errhint("Known are the usage objects of OpenAI, Anthropic and LangChain; else give the numbers in the columns input_tokens, output_tokens and so on.")));
			break;
		case TM_USAGE_NOT_A_COUNT:
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("\"%s\" in usage is not a number of tokens", key),
					 errhint("A number of tokens is a whole number from 0 on.")));
			break;
		case TM_USAGE_CONTRADICTION:
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("\"%s\" in usage is larger than the total it is part of", key)));
			break;
		case TM_USAGE_INTERNAL:
			break;
	}
	elog(ERROR, "reading usage failed with status %d", (int) status);
}

PG_FUNCTION_INFO_V1(tokenmeter_read_usage);

Datum
tokenmeter_read_usage(PG_FUNCTION_ARGS)
{
	Jsonb	   *usage = PG_GETARG_JSONB_P(0);
	StringInfoData json;
	Utf8		utf8;
	TmMeters	meters;
	const char *key;
	TmUsageStatus status;
	TupleDesc	descriptor;
	Datum		values[6];
	bool		nulls[6];

	initStringInfo(&json);
	JsonbToCString(&json, &usage->root, VARSIZE(usage));
	utf8 = utf8_from_bytes(json.data, json.len);
	status = tm_usage_read(utf8.bytes, utf8.length, &meters, &key);
	check_usage_status(status, key);

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[0] = Int64GetDatum(meters.input);
	values[1] = Int64GetDatum(meters.cache_read);
	values[2] = Int64GetDatum(meters.cache_write);
	values[3] = Int64GetDatum(meters.cache_write_1h);
	values[4] = Int64GetDatum(meters.output);
	values[5] = Int64GetDatum(meters.reasoning);
	for (int i = 0; i < 6; i++)
		nulls[i] = DatumGetInt64(values[i]) == TM_NOT_REPORTED;
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls)));
}
