/*
 * Quantities, flat JSON objects of numbers: sums by key, and what of an object can be added.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "compat.h"

static void
raise_not_quantities(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("quantities are not a flat JSON object of numbers")));
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
		if (value.type != jbvNumeric)
			raise_not_quantities();
		if (others)
			other = findJsonbValueFromContainer(&others->root, JB_FOBJECT, &key);
		if (other)
			value.val.numeric = DatumGetNumeric(DirectFunctionCall2(numeric_add,
																	NumericGetDatum(value.val.numeric),
																	NumericGetDatum(other->val.numeric)));
		pushJsonbValue(state, WJB_KEY, &key);
		pushJsonbValue(state, WJB_VALUE, &value);
	}
}

PG_FUNCTION_INFO_V1(tokenmeter_add_quantities);

/* A key of both is written twice: of two values an object keeps the later one, here the sum. */
Datum
tokenmeter_add_quantities(PG_FUNCTION_ARGS)
{
	Jsonb	   *left = PG_GETARG_JSONB_P(0);
	Jsonb	   *right = PG_GETARG_JSONB_P(1);
	JsonbParseState *state = NULL;

	if (!JB_ROOT_IS_OBJECT(left) || !JB_ROOT_IS_OBJECT(right))
		raise_not_quantities();
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	push_sums(&state, right, NULL);
	push_sums(&state, left, right);
	PG_RETURN_JSONB_P(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)));
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
