// The mask scanner against the scalar ones: over all windows of short strings, and over random text, every
// piece it settles must be the scalar scanner's, whatever stands behind the window.
#include "tokenizer/ascii_scanner.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "tokenizer/pretokenizer.hpp"

namespace tokenmeter::tokenizer {
namespace {

// Compares the pieces of the window at the start of the text; false at the first that differs. Adds the
// bytes that were settled to *settled.
template <Pattern pattern>
bool SameWindow(const std::string& text, size_t* settled) {
  char window[kReadableWindow] = {};
  const size_t length = std::min(text.size(), kAsciiWindow);
  std::memcpy(window, text.data(), std::min(text.size(), kReadableWindow));
  const PieceStarts found = FindAsciiPieces<pattern>(window, length, text.size() <= kAsciiWindow);
  *settled += found.length;
  const char* const end = text.data() + text.size();
  size_t at = 0;
  uint64_t starts = 0;
  while (at < found.length) {
    starts |= uint64_t{1} << at;
    at = PieceEnd<pattern>(text.data() + at, end, nullptr) - text.data();
  }
  if (starts == found.starts && at == found.length) return true;
  if (found.length == 0 && found.starts == 0) return true;
  ADD_FAILURE() << testing::PrintToString(text) << ": starts " << std::hex << found.starts << " up to "
                << std::dec << found.length << ", not " << std::hex << starts << " up to " << std::dec
                << at;
  return false;
}

bool SameWindows(const std::string& text, size_t* settled) {
  return SameWindow<Pattern::kGpt2>(text, settled) && SameWindow<Pattern::kCl100k>(text, settled) &&
         SameWindow<Pattern::kO200k>(text, settled);
}

TEST(AsciiScanner, AllShortStrings) {
  const std::vector<std::string> alphabet = {"a",  "s",  "T", "L", "'", " ",
                                             "\n", "\t", "/", "1", "!", "\u00E9"};
  const size_t n = alphabet.size();
  size_t total = 1;
  for (int i = 0; i < 6; ++i) total *= n;
  size_t settled = 0;
  for (size_t i = 0; i < total; ++i) {
    std::string text;
    for (size_t rest = i, length = 0; length < 6; rest /= n, ++length) text += alphabet[rest % n];
    if (!SameWindows(text, &settled)) return;
  }
  EXPECT_GT(settled, total);
}

// Random texts of all lengths around the window's; a few letters only make runs and traps frequent.
TEST(AsciiScanner, RandomStrings) {
  const std::string letters = "aabstLTrEvm'' \t\n\r//12!.\x7f\x01";
  std::mt19937_64 random(7);
  size_t settled = 0;
  size_t bytes = 0;
  for (int round = 0; round < 1000000; ++round) {
    std::string text;
    const size_t length = 1 + random() % 90;
    const size_t width = 2 + random() % (letters.size() - 1);
    const size_t first = random() % letters.size();
    while (text.size() < length) text += letters[(first + random() % width) % letters.size()];
    if (random() % 4 == 0) text.insert(random() % text.size(), "\u65E5");
    if (!SameWindows(text, &settled)) return;
    bytes += 3 * std::min(text.size(), kAsciiWindow);
  }
  EXPECT_GT(settled, bytes / 3);
}

// On ordinary text little is left to the scalar scanner.
TEST(AsciiScanner, SettlesMostOfOrdinaryText) {
  const std::string text =
      "It is a truth universally acknowledged, that a single man in possession of a good fortune, must be "
      "in "
      "want of a wife.\n\n\"My dear Mr. Bennet,\" said his lady to him one day.";
  size_t settled = 0;
  SameWindow<Pattern::kO200k>(text, &settled);
  EXPECT_GT(settled, 50u);
}

}  // namespace
}  // namespace tokenmeter::tokenizer
