/*
 * Quantities, flat JSON objects of numbers: sums by key, and what of an object can be added.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "compat.h"

enum
{
	MAX_NAMES = 256				/* in a sum: more of them are no meters */
};

/* What further names are added up under. No door lets such a name in. */
#define REST "(other)"

static void
raise_not_quantities(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("quantities are not a flat JSON object of numbers")));
}

static void
check_quantities(Jsonb *quantities)
{
	JsonbIterator *iterator;
	JsonbValue	key;
	JsonbValue	value;

	if (!JB_ROOT_IS_OBJECT(quantities))
		raise_not_quantities();
	iterator = JsonbIteratorInit(&quantities->root);
	(void) JsonbIteratorNext(&iterator, &key, true);	/* the object begins */
	while (JsonbIteratorNext(&iterator, &key, true) == WJB_KEY)
	{
		(void) JsonbIteratorNext(&iterator, &value, true);
		if (value.type != jbvNumeric)
			raise_not_quantities();
	}
}

static Numeric
add_numbers(Numeric left, Numeric right)
{
	return DatumGetNumeric(DirectFunctionCall2(numeric_add, NumericGetDatum(left), NumericGetDatum(right)));
}

/* Writes quantities into an object that is being made, adding what `others`, if any, has under the same keys. */
static void
push_sums(JsonbParseState **state, Jsonb *quantities, Jsonb *others)
{
	JsonbIterator *iterator = JsonbIteratorInit(&quantities->root);
	JsonbValue	key;
	JsonbValue	value;

	(void) JsonbIteratorNext(&iterator, &key, true);	/* the object begins */
	while (JsonbIteratorNext(&iterator, &key, true) == WJB_KEY)
	{
		JsonbValue *other = NULL;

		(void) JsonbIteratorNext(&iterator, &value, true);
		if (others)
			other = findJsonbValueFromContainer(&others->root, JB_FOBJECT, &key);
		if (other)
			value.val.numeric = add_numbers(value.val.numeric, other->val.numeric);
		pushJsonbValue(state, WJB_KEY, &key);
		pushJsonbValue(state, WJB_VALUE, &value);
	}
}

static bool
is_rest(const JsonbValue *key)
{
	return key->val.string.len == (int) strlen(REST) && memcmp(key->val.string.val, REST, strlen(REST)) == 0;
}

/*
 * Of the sums by name the first MAX_NAMES, as jsonb sorts them, and under REST what all others add up to. A name that is
 * among the first of a whole is so in each of its parts: whatever the order and the steps, a sum comes out the same.
 */
static JsonbValue *
bound_names(const JsonbValue *sums)
{
	JsonbParseState *state = NULL;
	JsonbValue	key = {.type = jbvString,.val.string = {.len = strlen(REST),.val = REST}};
	JsonbValue	rest = {.type = jbvNull};
	int			kept = 0;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < sums->val.object.nPairs; i++)
	{
		JsonbPair  *pair = &sums->val.object.pairs[i];

		if (kept < MAX_NAMES && !is_rest(&pair->key))
		{
			pushJsonbValue(&state, WJB_KEY, &pair->key);
			pushJsonbValue(&state, WJB_VALUE, &pair->value);
			kept++;
		}
		else if (rest.type == jbvNull)
			rest = pair->value;
		else
			rest.val.numeric = add_numbers(rest.val.numeric, pair->value.val.numeric);
	}
	pushJsonbValue(&state, WJB_KEY, &key);
	pushJsonbValue(&state, WJB_VALUE, &rest);
	return pushJsonbValue(&state, WJB_END_OBJECT, NULL);
}

/* A key of both is written twice: of two values an object keeps the later one, here the sum. */
static Jsonb *
sum_of(Jsonb *left, Jsonb *right)
{
	JsonbParseState *state = NULL;
	JsonbValue *sums;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	if (right)
		push_sums(&state, right, NULL);
	push_sums(&state, left, right);
	sums = pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	if (sums->val.object.nPairs > MAX_NAMES)
		sums = bound_names(sums);
	return JsonbValueToJsonb(sums);
}

PG_FUNCTION_INFO_V1(tokenmeter_add_quantities);

Datum
tokenmeter_add_quantities(PG_FUNCTION_ARGS)
{
	Jsonb	   *left = PG_GETARG_JSONB_P(0);
	Jsonb	   *right = PG_GETARG_JSONB_P(1);

	check_quantities(left);
	check_quantities(right);
	PG_RETURN_JSONB_P(sum_of(left, right));
}

PG_FUNCTION_INFO_V1(tokenmeter_sum_quantities);

/* The state is NULL before the first value, so that no value gives NULL. Anybody may call this: it is checked, too. */
Datum
tokenmeter_sum_quantities(PG_FUNCTION_ARGS)
{
	Jsonb	   *quantities;

	if (PG_ARGISNULL(1) && PG_ARGISNULL(0))
		PG_RETURN_NULL();
	if (PG_ARGISNULL(1))
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	if (!PG_ARGISNULL(0))
		return tokenmeter_add_quantities(fcinfo);
	quantities = PG_GETARG_JSONB_P(1);
	check_quantities(quantities);
	PG_RETURN_JSONB_P(JB_ROOT_COUNT(quantities) > MAX_NAMES ? sum_of(quantities, NULL) : quantities);
}

/* Sums of such numbers stay numeric values however many there are. */
static bool
is_addable(const JsonbValue *value)
{
	Datum		limit;
	Datum		size;

	if (value->type != jbvNumeric)
		return false;
	limit = DirectFunctionCall3(numeric_in, CStringGetDatum("1e30"), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	size = DirectFunctionCall1(numeric_abs, NumericGetDatum(value->val.numeric));
	return DatumGetBool(DirectFunctionCall2(numeric_lt, size, limit)) &&
		DatumGetInt32(DirectFunctionCall1(numeric_scale, NumericGetDatum(value->val.numeric))) <= 1000;
}

PG_FUNCTION_INFO_V1(tokenmeter_addable_quantities);

Datum
tokenmeter_addable_quantities(PG_FUNCTION_ARGS)
{
	Jsonb	   *quantities = PG_GETARG_JSONB_P(0);
	JsonbParseState *state = NULL;
	JsonbIterator *iterator;
	JsonbValue	key;
	JsonbValue	value;

	if (!JB_ROOT_IS_OBJECT(quantities))
		PG_RETURN_NULL();
	iterator = JsonbIteratorInit(&quantities->root);
	(void) JsonbIteratorNext(&iterator, &key, true);	/* the object begins */
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	while (JsonbIteratorNext(&iterator, &key, true) == WJB_KEY)
	{
		(void) JsonbIteratorNext(&iterator, &value, true);
		if (!is_addable(&value))
			continue;
		pushJsonbValue(&state, WJB_KEY, &key);
		pushJsonbValue(&state, WJB_VALUE, &value);
	}
	PG_RETURN_JSONB_P(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)));
}
