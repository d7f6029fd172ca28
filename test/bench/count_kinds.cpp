// The characters of texts by kind, for test/bench/fit_estimate.mjs: reads a text's length in bytes, a newline and
// the text, again and again, and writes a line of counts for each: of every kind the first of a run, and
// the others.
#include <iostream>
#include <string>

#include "tokenizer/estimate.hpp"

int main() {
  using namespace tokenmeter::tokenizer;
  for (size_t length; std::cin >> length;) {
    std::cin.get();
    std::string text(length, '\0');
    if (!std::cin.read(text.data(), static_cast<std::streamsize>(length))) return 1;
    KindCounts counts;
    CountKinds(text, nullptr, &counts);
    for (size_t kind = 0; kind < kCharacterKinds; ++kind) {
      std::cout << counts.first[kind] << ' ' << counts.more[kind]
                << (kind + 1 < kCharacterKinds ? ' ' : '\n');
    }
  }
}
