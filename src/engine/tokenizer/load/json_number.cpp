#include "tokenizer/load/json_number.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>

namespace tokenmeter::tokenizer {
namespace {

constexpr int64_t kLargestPower = 308;

// The double next to 10^exponent, exponent from 0 to kLargestPower.
double PowerOfTen(int64_t exponent) {
  double power = 0;
  const std::string text = "1e" + std::to_string(exponent);
  std::from_chars(text.data(), text.data() + text.size(), power);
  return power;
}

double Scale(uint64_t significand, int64_t exponent) {
  auto value = static_cast<double>(significand);
  while (std::abs(exponent) > kLargestPower) {
    if (value == 0) return 0;
    if (exponent > 0) return std::numeric_limits<double>::infinity();
    value /= PowerOfTen(kLargestPower);
    exponent += kLargestPower;
  }
  return exponent >= 0 ? value * PowerOfTen(exponent) : value / PowerOfTen(-exponent);
}

}  // namespace

double ReadJsonNumber(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  uint64_t significand = 0;
  int64_t exponent = 0;
  bool in_fraction = false;
  bool full = false;  // the significand takes no more digits
  size_t at = 0;
  for (; at < text.size() && text[at] != 'e' && text[at] != 'E'; ++at) {
    if (text[at] == '.') {
      in_fraction = true;
      continue;
    }
    const auto digit = static_cast<uint64_t>(text[at] - '0');
    full = full || significand > (UINT64_MAX - digit) / 10;
    if (!full) significand = significand * 10 + digit;
    // A digit left out of the integer stands for a power of ten; one left out of the fraction for nothing.
    exponent += full ? !in_fraction : -static_cast<int64_t>(in_fraction);
  }
  if (at < text.size()) {
    std::string_view written = text.substr(at + 1);
    if (written.starts_with('+')) written.remove_prefix(1);
    // So many digits say no more than this.
    int32_t value = written.starts_with('-') ? -1000000 : 1000000;
    std::from_chars(written.data(), written.data() + written.size(), value);
    exponent += value;
  }
  const double value = Scale(significand, exponent);
  return negative ? -value : value;
}

}  // namespace tokenmeter::tokenizer
