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
#include "rate_card.h"

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

/* The columns of tokenmeter.token_meters. */
static const char *const token_meters[] = {
	"input", "cache_read", "cache_write", "cache_write_1h", "output", "reasoning"
};

/* More of one meter than this, or finer, is a slip; together with a price it would not fit. */
enum
{
	MAX_QUANTITY_WEIGHT = 4,	/* below 10^20 */
	MAX_QUANTITY_DIGITS = 8
};

typedef struct PricedCall
{
	char		service_tier[TM_SERVICE_TIER_SIZE];
	TmCall		call;
	TmAmount   *amounts;
	size_t		amount_count;
	const RateCard *card;
	TmCostStatus status;
	TmCost		cost;
} PricedCall;

static TmAmount *
add_amount(PricedCall *priced, const char *meter)
{
	TmAmount   *amount = &priced->amounts[priced->amount_count++];

	amount->meter = meter;
	return amount;
}

static void
read_token_meters(HeapTupleHeader row, PricedCall *priced)
{
	TupleDesc	descriptor = lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(row), HeapTupleHeaderGetTypMod(row));
	HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(row), .t_data = row};
	Datum		values[lengthof(token_meters)];
	bool		nulls[lengthof(token_meters)];

	Assert(descriptor->natts == (int) lengthof(token_meters));
	heap_deform_tuple(&tuple, descriptor, values, nulls);
	ReleaseTupleDesc(descriptor);
	for (size_t i = 0; i < lengthof(token_meters); i++)
	{
		if (nulls[i])
			continue;
		if (DatumGetInt64(values[i]) < 0)
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("quantity of meter \"%s\" must not be negative", token_meters[i])));
		tm_decimal_from_integer(DatumGetInt64(values[i]), &add_amount(priced, token_meters[i])->quantity);
	}
}

static void
read_quantity(const char *meter, const JsonbValue *value, PricedCall *priced)
{
	TmDecimal  *quantity;

	if (value->type == jbvNull)
		return;
	if (value->type != jbvNumeric)
		ereport(ERROR,
				(errcode(ERRCODE_SQL_JSON_NUMBER_NOT_FOUND),
				 errmsg("quantity of meter \"%s\" is not a number", meter)));
	quantity = &add_amount(priced, meter)->quantity;
	if (!decimal_from_numeric(value->val.numeric, quantity) || quantity->weight > MAX_QUANTITY_WEIGHT ||
		quantity->count > MAX_QUANTITY_DIGITS)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("quantity of meter \"%s\" is out of range", meter),
				 errdetail("It must be from 0 to 10^20, with at most 28 digits.")));
}

static void
read_quantities(Jsonb *quantities, PricedCall *priced)
{
	JsonbIterator *iterator = JsonbIteratorInit(&quantities->root);
	JsonbValue	value;
	char	   *meter = NULL;

	for (JsonbIteratorToken token; (token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE;)
	{
		if (token == WJB_KEY)
			meter = pnstrdup(value.val.string.val, value.val.string.len);
		else if (token == WJB_VALUE)
			read_quantity(meter, &value, priced);
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
read_call(FunctionCallInfo fcinfo, PricedCall *priced)
{
	char	   *service_tier = text_argument(fcinfo, CALL_SERVICE_TIER);
	int64		time_of_day;

	if (!tm_service_tier(service_tier != NULL ? service_tier : "", service_tier != NULL ? strlen(service_tier) : 0,
						 priced->service_tier))
		strcpy(priced->service_tier, "?");	/* no tier is called so */
	priced->call.service_tier = priced->service_tier;
	priced->call.tenant_id = text_argument(fcinfo, CALL_TENANT_ID);
	priced->call.region = text_argument(fcinfo, CALL_REGION);
	priced->call.occurred_at = timestamp_argument(fcinfo, CALL_OCCURRED_AT, GetCurrentTransactionStartTimestamp());
	priced->call.known_at = timestamp_argument(fcinfo, CALL_KNOWN_AT, DT_NOEND);
	/* Both scales begin at a midnight of UTC. */
	time_of_day = priced->call.occurred_at % USECS_PER_DAY;
	priced->call.time_of_day = time_of_day < 0 ? time_of_day + USECS_PER_DAY : time_of_day;
}

static void
price_arguments(FunctionCallInfo fcinfo, const RateCard *card, PricedCall *priced)
{
	Jsonb	   *quantities = quantities_argument(fcinfo);
	size_t		capacity = lengthof(token_meters) + (quantities != NULL ? JB_ROOT_COUNT(quantities) : 0);

	memset(priced, 0, sizeof *priced);
	priced->amounts = palloc0(capacity * sizeof *priced->amounts);
	if (!PG_ARGISNULL(CALL_METERS))
		read_token_meters(PG_GETARG_HEAPTUPLEHEADER(CALL_METERS), priced);
	if (quantities != NULL)
		read_quantities(quantities, priced);
	read_call(fcinfo, priced);
	priced->card = card;
	if (card == NULL)
		priced->card = find_rate_card(PG_ARGISNULL(CALL_PROVIDER) ? NULL : PG_GETARG_TEXT_PP(CALL_PROVIDER),
									  PG_GETARG_TEXT_PP(CALL_MODEL));
	priced->status = tm_price_call(priced->card->prices, priced->card->count, &priced->call, priced->amounts,
								   priced->amount_count, &priced->cost);
}

/* Why the call has no cost; NULL if it has. */
static char *
describe_problem(const PricedCall *priced)
{
	const char *meter = priced->amount_count > 0 ? priced->amounts[priced->cost.index].meter : NULL;

	switch (priced->status)
	{
		case TM_COST_OK:
			return NULL;
		case TM_COST_NO_QUANTITY:
			return pstrdup("no quantity is known");
		case TM_COST_NO_PRICE:
			return psprintf("no price of %s", meter);
		case TM_COST_UNKNOWN_MODEL:
			return pstrdup("no price of the model");
		case TM_COST_TWO_CURRENCIES:
			return psprintf("%s is priced in another currency", meter);
		case TM_COST_OUT_OF_RANGE:
			return psprintf("cost of %s has too many digits", meter);
	}
	elog(ERROR, "pricing failed with status %d", (int) priced->status);
}

/* Adds the number of a price to those that are there, once. */
static void
note_price(const TmPrice *price, Datum *ids, int *count)
{
	if (price == NULL)
		return;
	for (int i = 0; i < *count; i++)
	{
		if (DatumGetInt64(ids[i]) == price->price_id)
			return;
	}
	ids[(*count)++] = Int64GetDatum(price->price_id);
}

static void
note_factors(const TmAmount *amount, Datum *ids, int *count)
{
	for (int i = 0; i < TM_FACTORS; i++)
		note_price(amount->factors[i], ids, count);
}

static Datum
make_ids(const Datum *ids, int count)
{
	return PointerGetDatum(construct_array((Datum *) ids, count, INT8OID, sizeof(int64), true, TYPALIGN_DOUBLE));
}

static Datum
used_price_ids(const PricedCall *priced)
{
	Datum	   *ids = palloc((1 + TM_FACTORS) * priced->amount_count * sizeof *ids);
	int			count = 0;

	for (size_t i = 0; i < priced->amount_count; i++)
	{
		note_price(priced->amounts[i].price, ids, &count);
		note_factors(&priced->amounts[i], ids, &count);
	}
	return make_ids(ids, count);
}

static bool
any_tier_assumed(const PricedCall *priced)
{
	for (size_t i = 0; i < priced->amount_count; i++)
	{
		if (priced->amounts[i].tier_assumed)
			return true;
	}
	return false;
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
		values[0] = NumericGetDatum(numeric_from_decimal(&priced.cost.total));
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
	Datum		ids[TM_FACTORS];
	int			count = 0;
	Datum		values[6] = {0};
	bool		nulls[6] = {false};

	note_factors(amount, ids, &count);
	values[0] = CStringGetTextDatum(amount->meter);
	values[1] = NumericGetDatum(numeric_from_decimal(&amount->quantity));
	values[3] = make_ids(ids, count);
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
