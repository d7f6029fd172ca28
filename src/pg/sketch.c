/*
 * Sketches of distributions as bytea, and the aggregates that make and merge them.
 */
#include "postgres.h"

#include "fmgr.h"

#include "compat.h"
#include "metering/metering.h"

static void
check_sketch_status(TmSketchStatus status)
{
	switch (status)
	{
		case TM_SKETCH_OK:
			return;
		case TM_SKETCH_MALFORMED:
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					 errmsg("bytes are not a sketch"),
					 errhint("Sketches are made by tokenmeter.sketch().")));
			break;
		case TM_SKETCH_NEGATIVE:
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("a sketch has no negative values")));
			break;
		case TM_SKETCH_NO_FRACTION:
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("the fraction of a quantile is not between 0 and 1")));
			break;
		case TM_SKETCH_NO_ROOM:
		case TM_SKETCH_EMPTY:
			break;
	}
	elog(ERROR, "working on a sketch failed with status %d", (int) status);
}

/* A copy with room for one value more. */
static bytea *
roomy_sketch(const char *bytes, size_t length)
{
	bytea	   *copy = palloc(VARHDRSZ + length + TM_SKETCH_VALUE_SIZE);

	SET_VARSIZE(copy, VARHDRSZ + length);
	memcpy(VARDATA(copy), bytes, length);
	return copy;
}

/* Adds a value to what roomy_sketch made. */
static void
add_value(bytea *sketch, int32 value)
{
	size_t		length = VARSIZE(sketch) - VARHDRSZ;

	check_sketch_status(tm_sketch_add(VARDATA(sketch), &length, length + TM_SKETCH_VALUE_SIZE, value));
	SET_VARSIZE(sketch, VARHDRSZ + length);
}

static int64
sketch_count(const bytea *sketch)
{
	int64		count;

	check_sketch_status(tm_sketch_count(VARDATA_ANY(sketch), VARSIZE_ANY_EXHDR(sketch), &count));
	return count;
}

PG_FUNCTION_INFO_V1(tokenmeter_sketch_add);

Datum
tokenmeter_sketch_add(PG_FUNCTION_ARGS)
{
	bytea	   *sketch = PG_GETARG_BYTEA_PP(0);
	bytea	   *result;

	/* Adding looks at a part of the bytes only. */
	(void) sketch_count(sketch);
	result = roomy_sketch(VARDATA_ANY(sketch), VARSIZE_ANY_EXHDR(sketch));
	add_value(result, PG_GETARG_INT32(1));
	PG_RETURN_BYTEA_P(result);
}

PG_FUNCTION_INFO_V1(tokenmeter_sketch_transition);

/*
 * Most values fall into bins that are there already, which changes a sketch in place: the state is our own. The state
 * is NULL before the first value, so that no value gives NULL.
 */
Datum
tokenmeter_sketch_transition(PG_FUNCTION_ARGS)
{
	bytea	   *state = PG_ARGISNULL(0) ? NULL : PG_GETARG_BYTEA_PP(0);

	if (!AggCheckCallContext(fcinfo, NULL))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("function sketch_transition is for aggregates only"),
				 errhint("Sketches are made by tokenmeter.sketch().")));
	if (!PG_ARGISNULL(1))
	{
		size_t		length = state ? VARSIZE_ANY_EXHDR(state) : 0;
		TmSketchStatus status = TM_SKETCH_NO_ROOM;

		if (state)
			status = tm_sketch_add(VARDATA_ANY(state), &length, length, PG_GETARG_INT32(1));
		if (status == TM_SKETCH_NO_ROOM)
		{
			state = roomy_sketch(state ? VARDATA_ANY(state) : "", length);
			add_value(state, PG_GETARG_INT32(1));
		}
		else
			check_sketch_status(status);
	}
	if (!state)
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(state);
}

PG_FUNCTION_INFO_V1(tokenmeter_sketch_merge);

Datum
tokenmeter_sketch_merge(PG_FUNCTION_ARGS)
{
	bytea	   *left = PG_GETARG_BYTEA_PP(0);
	bytea	   *right = PG_GETARG_BYTEA_PP(1);
	char		merged[TM_SKETCH_SIZE];
	size_t		length;
	bytea	   *result;

	check_sketch_status(tm_sketch_merge(VARDATA_ANY(left), VARSIZE_ANY_EXHDR(left),
										VARDATA_ANY(right), VARSIZE_ANY_EXHDR(right), merged, &length));
	result = palloc(VARHDRSZ + length);
	SET_VARSIZE(result, VARHDRSZ + length);
	memcpy(VARDATA(result), merged, length);
	PG_RETURN_BYTEA_P(result);
}

PG_FUNCTION_INFO_V1(tokenmeter_sketch_count);

Datum
tokenmeter_sketch_count(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(sketch_count(PG_GETARG_BYTEA_PP(0)));
}

PG_FUNCTION_INFO_V1(tokenmeter_quantile);

Datum
tokenmeter_quantile(PG_FUNCTION_ARGS)
{
	bytea	   *sketch = PG_GETARG_BYTEA_PP(0);
	double		value;
	TmSketchStatus status = tm_sketch_quantile(VARDATA_ANY(sketch), VARSIZE_ANY_EXHDR(sketch),
											   PG_GETARG_FLOAT8(1), &value);

	if (status == TM_SKETCH_EMPTY)
		PG_RETURN_NULL();
	check_sketch_status(status);
	PG_RETURN_FLOAT8(value);
}
