/*
 * What calls cost: arguments into the engine's call, its answer into rows. The rules are the engine's, the prices
 * come from rate_card.h.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "compat.h"
#include "decimal.h"
#include "pricing.h"

/* Arguments of price_call and price_lines. */
enum
{
	CALL_PROVIDER,
	CALL_MODEL,
	CALL_SERVICE_TIER,
	CALL_OCCURRED_AT,
	CALL_METERS,
	CALL_QUANTITIES,
	CALL_TENANT_ID,
	CALL_REGION,
	CALL_KNOWN_AT,
	CALL_PRICE_IDS				/* of price_lines only */
};

static void
add_token_meters(PricedCall *priced, HeapTupleHeader row)
{
	TupleDesc	descriptor = lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(row), HeapTupleHeaderGetTypMod(row));
	HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(row), .t_data = row};
	Datum		values[lengthof(token_meter_names)];
	bool		nulls[lengthof(token_meter_names)];

	Assert(descriptor->natts == (int) lengthof(token_meter_names));
	heap_deform_tuple(&tuple, descriptor, values, nulls);
	ReleaseTupleDesc(descriptor);
	for (int i = 0; i < (int) lengthof(token_meter_names); i++)
	{
		if (nulls[i])
			continue;
		if (DatumGetInt64(values[i]) < 0)
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("quantity of meter \"%s\" must not be negative", token_meter_names[i])));
		add_token_meter(priced, i, DatumGetInt64(values[i]));
	}
}

static Jsonb *
quantities_argument(FunctionCallInfo fcinfo)
{
	Jsonb	   *quantities;

	if (PG_ARGISNULL(CALL_QUANTITIES))
		return NULL;
	quantities = PG_GETARG_JSONB_P(CALL_QUANTITIES);
	if (JB_ROOT_IS_SCALAR(quantities) || !JB_ROOT_IS_OBJECT(quantities))
		ereport(ERROR,
				(errcode(ERRCODE_SQL_JSON_OBJECT_NOT_FOUND),
				 errmsg("quantities of meters must be a JSON object"),
				 errhint("Give it as {\"input\": 1000, \"output\": 200}.")));
	return quantities;
}

static char *
text_argument(FunctionCallInfo fcinfo, int index)
{
	return PG_ARGISNULL(index) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(index));
}

static TimestampTz
timestamp_argument(FunctionCallInfo fcinfo, int index, TimestampTz otherwise)
{
	return PG_ARGISNULL(index) ? otherwise : PG_GETARG_TIMESTAMPTZ(index);
}

static void
read_call(FunctionCallInfo fcinfo, TmCall *call)
{
	const char *name = PG_ARGISNULL(CALL_SERVICE_TIER) ? "" : text_argument(fcinfo, CALL_SERVICE_TIER);
	char	   *service_tier = palloc(TM_SERVICE_TIER_SIZE);

	if (!tm_service_tier(name, strlen(name), service_tier))
		strcpy(service_tier, "?");	/* no tier is called so */
	call->service_tier = service_tier;
	call->tenant_id = text_argument(fcinfo, CALL_TENANT_ID);
	call->region = text_argument(fcinfo, CALL_REGION);
	call->occurred_at = timestamp_argument(fcinfo, CALL_OCCURRED_AT, GetCurrentTransactionStartTimestamp());
	call->known_at = timestamp_argument(fcinfo, CALL_KNOWN_AT, DT_NOEND);
	call->time_of_day = time_of_day(call->occurred_at);
}

/* By the card given, or by that of the model. */
static void
price_arguments(FunctionCallInfo fcinfo, const RateCard *card, PricedCall *priced)
{
	Jsonb	   *quantities = quantities_argument(fcinfo);

	begin_pricing(priced, quantities);
	if (!PG_ARGISNULL(CALL_METERS))
		add_token_meters(priced, PG_GETARG_HEAPTUPLEHEADER(CALL_METERS));
	if (quantities != NULL)
		add_quantities(priced, quantities);
	read_call(fcinfo, &priced->call);
	if (card == NULL)
		card = find_rate_card(PG_ARGISNULL(CALL_PROVIDER) ? NULL : PG_GETARG_TEXT_PP(CALL_PROVIDER),
							  PG_GETARG_TEXT_PP(CALL_MODEL), priced->call.tenant_id);
	price_call(priced, card);
}

/* The function's row type, looked up once for each call site. */
static TupleDesc
result_descriptor(FunctionCallInfo fcinfo)
{
	TupleDesc	descriptor = fcinfo->flinfo->fn_extra;

	if (descriptor == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

		if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "return type must be a row type");
		fcinfo->flinfo->fn_extra = descriptor = BlessTupleDesc(descriptor);
		MemoryContextSwitchTo(caller);
	}
	return descriptor;
}

PG_FUNCTION_INFO_V1(tokenmeter_price_call);

Datum
tokenmeter_price_call(PG_FUNCTION_ARGS)
{
	PricedCall	priced;
	char	   *problem;
	Datum		values[5] = {0};
	bool		nulls[5] = {true, true, true, true, true};

	if (PG_ARGISNULL(CALL_MODEL))
		PG_RETURN_NULL();
	price_arguments(fcinfo, NULL, &priced);
	problem = describe_problem(&priced);
	if (problem != NULL)
		values[4] = CStringGetTextDatum(problem);
	else
	{
		values[0] = priced_cost(&priced);
		values[1] = CStringGetTextDatum(priced.cost.currency);
		values[2] = used_price_ids(&priced);
		values[3] = BoolGetDatum(any_tier_assumed(&priced));
	}
	for (int i = 0; i < 5; i++)
		nulls[i] = (i == 4) != (problem != NULL);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(result_descriptor(fcinfo), values, nulls)));
}

static const RateCard *
argument_card(FunctionCallInfo fcinfo)
{
	ArrayType  *array;
	Datum	   *items;
	bool	   *nulls;
	int64	   *ids;
	int			count;

	if (PG_ARGISNULL(CALL_PRICE_IDS))
		return NULL;
	array = PG_GETARG_ARRAYTYPE_P(CALL_PRICE_IDS);
	deconstruct_array(array, INT8OID, sizeof(int64), true, TYPALIGN_DOUBLE, &items, &nulls, &count);
	ids = palloc(count * sizeof *ids);
	for (int i = 0; i < count; i++)
		ids[i] = DatumGetInt64(items[i]);
	return make_rate_card(PG_GETARG_TEXT_PP(CALL_MODEL), ids, count);
}

static void
put_line(const TmAmount *amount, ReturnSetInfo *result)
{
	Datum		values[6] = {0};
	bool		nulls[6] = {false};

	values[0] = CStringGetTextDatum(amount->meter);
	values[1] = NumericGetDatum(numeric_from_decimal(&amount->quantity));
	values[3] = factor_ids(amount);
	values[4] = BoolGetDatum(amount->tier_assumed);
	nulls[2] = nulls[5] = amount->price == NULL;
	if (amount->price != NULL)
	{
		values[2] = Int64GetDatum(amount->price->price_id);
		values[5] = NumericGetDatum(numeric_from_decimal(&amount->amount));
	}
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

PG_FUNCTION_INFO_V1(tokenmeter_price_lines);

Datum
tokenmeter_price_lines(PG_FUNCTION_ARGS)
{
	PricedCall	priced;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(CALL_MODEL))
		return (Datum) 0;
	price_arguments(fcinfo, argument_card(fcinfo), &priced);
	for (size_t i = 0; i < priced.amount_count; i++)
	{
		if (priced.amounts[i].quantity.count > 0)
			put_line(&priced.amounts[i], (ReturnSetInfo *) fcinfo->resultinfo);
	}
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(tokenmeter_provider_name);

Datum
tokenmeter_provider_name(PG_FUNCTION_ARGS)
{
	const text *name = PG_GETARG_TEXT_PP(0);
	char		provider[TM_MODEL_NAME_SIZE];

	if (!tm_provider_name(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), provider))
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(provider));
}

PG_FUNCTION_INFO_V1(tokenmeter_service_tier);

Datum
tokenmeter_service_tier(PG_FUNCTION_ARGS)
{
	const text *name = PG_ARGISNULL(0) ? cstring_to_text("") : PG_GETARG_TEXT_PP(0);
	char		tier[TM_SERVICE_TIER_SIZE];

	if (!tm_service_tier(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), tier))
		ereport(ERROR,
				(errcode(ERRCODE_STRING_DATA_RIGHT_TRUNCATION),
				 errmsg("service tier must be shorter than %d bytes", TM_SERVICE_TIER_SIZE)));
	PG_RETURN_TEXT_P(cstring_to_text(tier));
}
