// Exact decimal arithmetic on TmDecimal: sums and products, as money needs them. Nothing is rounded; what
// does not fit is said.
#ifndef TOKENMETER_METERING_DECIMAL_HPP
#define TOKENMETER_METERING_DECIMAL_HPP

#include "metering/metering.h"

namespace tokenmeter {

inline bool IsZero(const TmDecimal& value) { return value.count == 0; }

// Each writes `result`, which may be an operand; false if it has more digits than a TmDecimal holds.
bool Add(const TmDecimal& left, const TmDecimal& right, TmDecimal* result);
bool Multiply(const TmDecimal& left, const TmDecimal& right, TmDecimal* result);

// Below, at or above 0 as left is less than, equal to or greater than right.
int Compare(const TmDecimal& left, const TmDecimal& right);

}  // namespace tokenmeter

#endif
