/*
 * numeric values as the engine's decimals, by way of numeric's binary format: base 10,000 digits in 16 bits, behind
 * their number, the weight of the first, the sign, and the number of decimals shown.
 */
#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "utils/fmgrprotos.h"

#include "compat.h"
#include "decimal.h"

enum
{
	WIRE_POSITIVE = 0,
	WIRE_DIGIT_DECIMALS = 4		/* decimal places of one digit */
};

bool
decimal_from_numeric(Numeric value, TmDecimal *decimal)
{
	bytea	   *wire = DatumGetByteaPP(DirectFunctionCall1(numeric_send, NumericGetDatum(value)));
	StringInfoData buffer = {.data = VARDATA_ANY(wire), .len = VARSIZE_ANY_EXHDR(wire)};
	int			count = pq_getmsgint(&buffer, 2);
	int			weight = (int16) pq_getmsgint(&buffer, 2);
	int			sign = pq_getmsgint(&buffer, 2);

	(void) pq_getmsgint(&buffer, 2);	/* decimals shown */
	if (sign != WIRE_POSITIVE || count > TM_DECIMAL_DIGITS)
		return false;
	decimal->count = count;
	decimal->weight = count > 0 ? weight : 0;
	for (int i = 0; i < count; i++)
		decimal->digits[i] = pq_getmsgint(&buffer, 2);
	pfree(wire);
	return true;
}

/* How many decimals it takes to write the value. */
static int
decimals_of(const TmDecimal *decimal)
{
	int			decimals = (decimal->count - 1 - decimal->weight) * WIRE_DIGIT_DECIMALS;

	if (decimal->count == 0 || decimals <= 0)
		return 0;
	for (int last = decimal->digits[decimal->count - 1]; last % 10 == 0; last /= 10)
		decimals--;
	return decimals;
}

Numeric
numeric_from_decimal(const TmDecimal *decimal)
{
	StringInfoData buffer;
	Numeric		result;

	initStringInfo(&buffer);
	pq_sendint16(&buffer, decimal->count);
	pq_sendint16(&buffer, decimal->weight);
	pq_sendint16(&buffer, WIRE_POSITIVE);
	pq_sendint16(&buffer, decimals_of(decimal));
	for (int i = 0; i < decimal->count; i++)
		pq_sendint16(&buffer, decimal->digits[i]);
	result = DatumGetNumeric(DirectFunctionCall3(numeric_recv, PointerGetDatum(&buffer),
												 ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	pfree(buffer.data);
	return result;
}
