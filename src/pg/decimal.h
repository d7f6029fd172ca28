/*
 * numeric values as the engine's decimals, digit by digit: no text in between.
 */
#ifndef TOKENMETER_DECIMAL_H
#define TOKENMETER_DECIMAL_H

#include "metering/metering.h"
#include "utils/numeric.h"

/* False if the value is below 0, not a number, or has more digits than the engine's decimals hold. */
extern bool decimal_from_numeric(Numeric value, TmDecimal *decimal);

/* Without zeros at the end of its fraction. */
extern Numeric numeric_from_decimal(const TmDecimal *decimal);

#endif
