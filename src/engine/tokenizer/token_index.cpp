#include "tokenizer/token_index.hpp"

#include <random>

namespace tokenmeter::tokenizer {
namespace {

SipKey MakeKey() {
  std::random_device random;
  const auto word = [&random] { return uint64_t{random()} << 32 | random(); };
  const uint64_t low = word();
  return {low, word()};
}

}  // namespace

size_t KeyedHash::operator()(std::string_view text) const {
  static const SipKey key = MakeKey();
  return SipHash128<1, 3>(key).Finish(text.data(), text.size()).low;
}

}  // namespace tokenmeter::tokenizer
