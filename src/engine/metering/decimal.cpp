// Exact decimal arithmetic in base 10,000, the base of PostgreSQL's numeric, so that values cross the door
// digit by digit.
#include "metering/decimal.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace tokenmeter {
namespace {

constexpr uint32_t kBase = 10000;

// The weight of the digit behind the last one.
int End(const TmDecimal& value) { return value.weight - value.count; }

uint32_t DigitAt(const TmDecimal& value, int weight) {
  const int index = value.weight - weight;
  return index >= 0 && index < value.count ? value.digits[index] : 0;
}

// Stores digits of which the first has this weight, without zeros at either end.
bool Store(std::span<const uint32_t> digits, int weight, TmDecimal* result) {
  while (!digits.empty() && digits.front() == 0) digits = digits.subspan(1), --weight;
  while (!digits.empty() && digits.back() == 0) digits = digits.first(digits.size() - 1);
  if (digits.size() > TM_DECIMAL_DIGITS) return false;
  result->weight = static_cast<int16_t>(digits.empty() ? 0 : weight);
  result->count = static_cast<uint16_t>(digits.size());
  std::ranges::copy(digits, result->digits);
  return true;
}

}  // namespace

bool Add(const TmDecimal& left, const TmDecimal& right, TmDecimal* result) {
  if (IsZero(left) || IsZero(right)) {
    *result = IsZero(left) ? right : left;
    return true;
  }
  const int first = std::max(left.weight, right.weight) + 1;  // one more for the carry
  const int end = std::min(End(left), End(right));
  std::array<uint32_t, 2 * TM_DECIMAL_DIGITS> digits;
  if (first - end > static_cast<int>(digits.size())) return false;
  uint32_t carry = 0;
  for (int weight = end + 1; weight <= first; ++weight) {
    const uint32_t sum = DigitAt(left, weight) + DigitAt(right, weight) + carry;
    digits[first - weight] = sum % kBase;
    carry = sum / kBase;
  }
  return Store(std::span(digits).first(first - end), first, result);
}

bool Multiply(const TmDecimal& left, const TmDecimal& right, TmDecimal* result) {
  // A column is at most 48 products of two digits and a carry: below 2^33, so 64 bits for the sums.
  std::array<uint32_t, 2 * TM_DECIMAL_DIGITS> digits{};
  for (size_t i = left.count; i-- > 0;) {
    uint64_t carry = 0;
    for (size_t j = right.count; j-- > 0;) {
      const uint64_t sum = digits[i + j + 1] + uint64_t{left.digits[i]} * right.digits[j] + carry;
      digits[i + j + 1] = static_cast<uint32_t>(sum % kBase);
      carry = sum / kBase;
    }
    digits[i] = static_cast<uint32_t>(carry);
  }
  return Store(std::span(digits).first(left.count + right.count), left.weight + right.weight + 1, result);
}

int Compare(const TmDecimal& left, const TmDecimal& right) {
  if (IsZero(left) || IsZero(right)) return left.count - right.count;
  if (left.weight != right.weight) return left.weight - right.weight;
  for (int weight = left.weight; weight > std::min(End(left), End(right)); --weight) {
    const int difference =
        static_cast<int>(DigitAt(left, weight)) - static_cast<int>(DigitAt(right, weight));
    if (difference != 0) return difference;
  }
  return 0;
}

}  // namespace tokenmeter

void tm_decimal_from_integer(uint64_t integer, TmDecimal* decimal) {
  constexpr size_t kIntegerDigits = 5;  // 2^64 < 10,000^5
  uint32_t digits[kIntegerDigits];
  for (size_t i = kIntegerDigits; i-- > 0; integer /= tokenmeter::kBase) {
    digits[i] = static_cast<uint32_t>(integer % tokenmeter::kBase);
  }
  tokenmeter::Store(digits, kIntegerDigits - 1, decimal);
}
