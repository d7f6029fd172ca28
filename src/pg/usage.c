/*
 * tokenmeter.read_usage: a provider's usage object as disjoint meters.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"
#include "utils/typcache.h"

#include "compat.h"
#include "engine.h"
#include "usage.h"

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
					 errhint("Known are the usage objects of OpenAI, Anthropic, Google, AWS Bedrock and others, also as clients store them; else give the numbers in the columns input_tokens, output_tokens and so on.")));
			break;
		case TM_USAGE_NOT_A_COUNT:
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("\"%s\" in usage is not a number of tokens", key),
					 errhint("A number of tokens is a whole number from 0 on.")));
			break;
		case TM_USAGE_NOT_A_NUMBER:
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("\"%s\" in usage is not a number from 0 on", key)));
			break;
		case TM_USAGE_CONTRADICTION:
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("\"%s\" in usage contradicts its other numbers", key),
					 errdetail("A part must not be larger than its whole, a total must be the sum of its parts, and two keys for one number must agree.")));
			break;
		case TM_USAGE_INTERNAL:
			break;
	}
	elog(ERROR, "reading usage failed with status %d", (int) status);
}

/* A row of a composite type that is an attribute of another. */
static Datum
meters_datum(Oid type, const TmMeters *meters)
{
	TupleDesc	descriptor = lookup_rowtype_tupdesc_copy(type, -1);
	Datum		values[6] = {Int64GetDatum(meters->input), Int64GetDatum(meters->cache_read),
		Int64GetDatum(meters->cache_write), Int64GetDatum(meters->cache_write_1h),
	Int64GetDatum(meters->output), Int64GetDatum(meters->reasoning)};
	bool		nulls[6];

	for (int i = 0; i < 6; i++)
		nulls[i] = DatumGetInt64(values[i]) == TM_NOT_REPORTED;
	return HeapTupleGetDatum(heap_form_tuple(descriptor, values, nulls));
}

Datum
usage_quantities(const TmUsage *usage)
{
	StringInfoData json;

	initStringInfo(&json);
	for (size_t i = 0; i < usage->quantity_count; i++)
		appendStringInfo(&json, "%s\"%s\": %s", i == 0 ? "{" : ", ", usage->quantities[i].meter,
						 usage->quantities[i].amount);
	appendStringInfoChar(&json, '}');
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data));
}

void
read_usage(Jsonb *json, TmUsage *usage)
{
	StringInfoData text;
	Utf8		utf8;
	const char *key;
	TmUsageStatus status;

	initStringInfo(&text);
	JsonbToCString(&text, &json->root, VARSIZE(json));
	utf8 = utf8_from_bytes(text.data, text.len);
	status = tm_usage_read(utf8.bytes, utf8.length, usage, &key);
	check_usage_status(status, key);
}

Datum
usage_cost(const TmUsage *usage)
{
	return DirectFunctionCall3(numeric_in, CStringGetDatum(usage->cost), ObjectIdGetDatum(InvalidOid),
							   Int32GetDatum(-1));
}

PG_FUNCTION_INFO_V1(tokenmeter_read_usage);

Datum
tokenmeter_read_usage(PG_FUNCTION_ARGS)
{
	TmUsage		usage;
	TupleDesc	descriptor;
	Datum		values[6] = {0};
	bool		nulls[6] = {false};

	read_usage(PG_GETARG_JSONB_P(0), &usage);
	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[0] = meters_datum(TupleDescAttr(descriptor, 0)->atttypid, &usage.meters);
	if (!(nulls[1] = usage.quantity_count == 0))
		values[1] = usage_quantities(&usage);
	if (!(nulls[2] = usage.service_tier[0] == '\0'))
		values[2] = CStringGetTextDatum(usage.service_tier);
	if (!(nulls[3] = usage.region[0] == '\0'))
		values[3] = CStringGetTextDatum(usage.region);
	if (!(nulls[4] = nulls[5] = usage.cost[0] == '\0'))
	{
		values[4] = usage_cost(&usage);
		values[5] = CStringGetTextDatum(usage.currency);
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls)));
}
