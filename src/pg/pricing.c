/*
 * Pricing one call: between the server's data and the engine's rules.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "compat.h"
#include "decimal.h"
#include "pricing.h"

const char *const token_meter_names[6] = {
	"input", "cache_read", "cache_write", "cache_write_1h", "output", "reasoning"
};

/* More of one meter than this, or finer, is a slip; together with a price it would not fit. */
enum
{
	MAX_QUANTITY_WEIGHT = 4,	/* below 10^20 */
	MAX_QUANTITY_DECIMALS = 4	/* of base 10,000: 16 decimal places */
};

void
begin_pricing(PricedCall *priced, Jsonb *quantities)
{
	size_t		capacity = lengthof(token_meter_names) + (quantities != NULL ? JB_ROOT_COUNT(quantities) : 0);

	memset(priced, 0, sizeof *priced);
	priced->amounts = palloc0(capacity * sizeof *priced->amounts);
}

static TmAmount *
add_amount(PricedCall *priced, const char *meter)
{
	TmAmount   *amount = &priced->amounts[priced->amount_count++];

	amount->meter = meter;
	return amount;
}

void
add_token_meter(PricedCall *priced, int meter, int64 tokens)
{
	tm_decimal_from_integer(tokens, &add_amount(priced, token_meter_names[meter])->quantity);
}

static void
add_quantity(const char *meter, const JsonbValue *value, PricedCall *priced)
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
		quantity->weight - quantity->count < -1 - MAX_QUANTITY_DECIMALS)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("quantity of meter \"%s\" is out of range", meter),
				 errdetail("It must be from 0 to 10^20, with at most 16 decimal places.")));
}

void
add_quantities(PricedCall *priced, Jsonb *quantities)
{
	JsonbIterator *iterator = JsonbIteratorInit(&quantities->root);
	JsonbValue	value;
	char	   *meter = NULL;

	for (JsonbIteratorToken token; (token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE;)
	{
		if (token == WJB_KEY)
			meter = pnstrdup(value.val.string.val, value.val.string.len);
		else if (token == WJB_VALUE)
			add_quantity(meter, &value, priced);
	}
}

int64
time_of_day(TimestampTz moment)
{
	/* Both scales begin at a midnight of UTC. */
	int64		time = moment % USECS_PER_DAY;

	return time < 0 ? time + USECS_PER_DAY : time;
}

void
price_call(PricedCall *priced, const RateCard *card)
{
	priced->status = tm_price_call(card->prices, card->count, &priced->call, priced->amounts, priced->amount_count,
								   &priced->cost);
}

Datum
priced_cost(const PricedCall *priced)
{
	return NumericGetDatum(numeric_from_decimal(&priced->cost.total));
}

char *
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

Datum
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

bool
any_tier_assumed(const PricedCall *priced)
{
	for (size_t i = 0; i < priced->amount_count; i++)
	{
		if (priced->amounts[i].tier_assumed)
			return true;
	}
	return false;
}

Datum
factor_ids(const TmAmount *amount)
{
	Datum		ids[TM_FACTORS];
	int			count = 0;

	note_factors(amount, ids, &count);
	return make_ids(ids, count);
}
