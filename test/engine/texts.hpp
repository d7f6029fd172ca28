// The texts that the ways of cutting are compared over: all short strings, every code point, random text
// and random bytes. Each goes to a check (cuts.hpp); the first that is not well ends the run.
#pragma once

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "cuts.hpp"
#include "tokenizer/byte_classes.hpp"
#include "unicode_table.hpp"

namespace tokenmeter::test {

using Strings = std::vector<std::string>;

inline std::string Joined(const Strings& strings) {
  std::string joined;
  for (const std::string& string : strings) joined += string;
  return joined;
}

// The least that has all that the patterns and the masks tell apart, one byte long and longer ones.
inline const Strings kEveryClass = {
    "s",           // lower case; a contraction with an apostrophe
    "l",           // with one no contraction, with two a long one
    "S",           // upper case; a contraction where case is ignored
    "\u017F",      // lower case; folds to s
    "\u01C5",      // upper case: titlecase
    "\u65E5",      // a letter without case; of three bytes
    "\u0301",      // a mark: letter and symbol in o200k, symbol in the others
    "1",           // a number
    "\u00BD",      // a number
    " ",           // what words, numbers and symbols take before them
    "\t",          // white space that only words take
    "\u00A0",      // the same
    "\n",          // a newline
    "\r",          // the other
    "'",           // a symbol that begins contractions
    "/",           // a symbol that newlines go on with in o200k
    "!",           // any other symbol
    "\U0001F600",  // the same; of four bytes
};

// The same for the sequence of DeepSeek V3, which tells apart others.
inline const Strings kEveryClassBySegment = {
    "s",       // a letter
    "\u00E9",  // a letter beyond ASCII
    "\u65E5",  // a letter that is cut out first
    "\u0301",  // a mark
    "\u3099",  // a mark that is cut out first
    "1",       // a number
    "\u00BD",  // a number
    " ",       // what words and symbols take before them
    "\t",      // white space that only words take
    "\u3000",  // the same
    "\n",      // a newline
    "\r",      // the other
    "!",       // a symbol that ASCII letters follow
    "$",       // the same
    "\u2019",  // a symbol that they do not
    "\u30FB",  // a symbol that is cut out first
    "\x01",    // what matches only before a word
    "\u200B",  // the same
    "\u3040",  // the same, cut out first
};

inline const Strings& EveryClass(const Scanner& scanner) {
  return scanner.pattern == Pattern::kDeepSeekV3 ? kEveryClassBySegment : kEveryClass;
}

// What stands before a text so that it lies across the end of a window: short pieces and long ones, of
// whatever a piece can go on with.
inline const Strings kPaddings = {"be ", "a",      "1",       "!",     " ",  "\n",
                                  "/",   "\u65E5", "e\u0301", "it's ", "A.b"};

inline std::string Padding(size_t length, const std::string& unit) {
  std::string padding;
  while (padding.size() + unit.size() <= length) padding += unit;
  return padding.append(length - padding.size(), 'x');
}

// And behind it: the end of the text, what a piece may go on with, and so much that no window is a copy.
inline const Strings kFollowing = {
    "", "n", "'ll", "/", "\u0301", " b", "\n", "1", ".", "B", ", " + Padding(100, "and so on ")};

// All strings of at most `longest` of the characters, one of every class, each at the start of a text and
// across the end of a window: those of at most `everywhere` characters with each of their bytes there, the
// others once.
template <typename Check>
void AllStrings(const Strings& characters, size_t longest, size_t everywhere, Check* check) {
  check->UseAlphabet(Joined(characters) + Joined(kPaddings) + Joined(kFollowing) + "x");
  const size_t n = characters.size();
  std::mt19937_64 random(1);
  const auto pick = [&random](const Strings& strings) { return strings[random() % strings.size()]; };
  size_t total = 1;
  for (size_t length = 1; length <= longest; ++length) {
    total *= n;
    for (size_t i = 0; i < total; ++i) {
      std::string text;
      for (size_t rest = i, left = length; left != 0; rest /= n, --left) text += characters[rest % n];
      if (!(*check)(text)) return;
      size_t inside = length <= everywhere ? 0 : random() % (text.size() + 1);
      const size_t last = length <= everywhere ? text.size() : inside;
      for (; inside <= last; ++inside) {
        const std::string before = Padding(tokenizer::kByteWindow - inside, pick(kPaddings));
        if (!(*check)(before + text + pick(kFollowing))) return;
      }
    }
  }
}

using Contexts = std::vector<std::pair<std::string, std::string>>;

inline const Contexts kFewContexts = {{"a", "B"}, {" ", "'s"}, {".", "\n"}, {" ", "1"}};

// Every class before every class.
inline Contexts AllContexts() {
  const Strings neighbours = {"",  "a",  "A",  "\u65E5", "\u0301", "1", "!",  "\U0001F600",
                              " ", "\t", "\n", "'",      " '",     "/", "\n/"};
  Contexts contexts;
  for (const std::string& before : neighbours) {
    for (const std::string& after : neighbours) contexts.emplace_back(before, after);
    contexts.emplace_back(before, "'s");
    contexts.emplace_back(before, "'ll");
  }
  return contexts;
}

// Every code point in the contexts, one behind the other in one text, and behind itself; what stands before
// moves it through a window.
template <typename Check>
void EveryCodePoint(const Contexts& contexts, Check* check) {
  constexpr uint32_t kBlock = 1024;
  std::string of_contexts;
  for (const auto& [before, after] : contexts) of_contexts += before + after;
  for (uint32_t first = 0; first < kCodePointLimit; first += kBlock) {
    std::string alphabet = of_contexts + "x, ";
    for (uint32_t c = first; c < first + kBlock; ++c) alphabet += IsSurrogate(c) ? "" : Utf8(c);
    check->UseAlphabet(alphabet);
    for (uint32_t c = first; c < first + kBlock; ++c) {
      const std::string character = Utf8(c);
      std::string text = Padding(c % 71, "x, ");
      for (const auto& [before, after] : contexts) text.append(before).append(character).append(after);
      for (int i = 0; i < 5; ++i) text += character;
      if (!(*check)(text, !IsSurrogate(c))) return;
    }
  }
}

using Random = std::mt19937_64;

// A few characters: ASCII, with what matters in it more than once, those of kEveryClass, and the rest of
// all properties alike.
inline Strings RandomAlphabet(Random* random) {
  static const std::string ascii = "aesStTdmlLvrREbcXYZ'''    \t\v\f\n\n\r///0123456789!.-\"\x01\x1C\x7F";
  static const std::vector<std::vector<uint32_t>> with_property = [] {
    std::vector<std::vector<uint32_t>> all(std::size(kProperties));
    for (uint32_t c = 0x80; c < kCodePointLimit; ++c) {
      const auto* property =
          std::find(std::begin(kProperties), std::end(kProperties), PropertyOfCodePoint()[c]);
      if (!IsSurrogate(c)) all[property - kProperties].push_back(c);
    }
    return all;
  }();
  Strings alphabet;
  const size_t ascii_of_eight = (*random)() % 9;
  for (size_t count = 2 + (*random)() % 30; count != 0; --count) {
    if ((*random)() % 8 < ascii_of_eight) {
      alphabet.emplace_back(1, ascii[(*random)() % ascii.size()]);
    } else if (const size_t i = (*random)() % (with_property.size() + 1); i == with_property.size()) {
      alphabet.push_back(kEveryClass[(*random)() % kEveryClass.size()]);
    } else {
      const auto& some = with_property[i];
      alphabet.push_back(Utf8(some[(*random)() % some.size()]));
    }
  }
  return alphabet;
}

// Mostly of the length of a few windows, seldom of many; with long runs of one character.
inline std::string RandomText(const Strings& alphabet, Random* random) {
  const size_t length = 1 + (*random)() % ((*random)() % 64 == 0 ? 8000 : 200);
  const bool has_runs = (*random)() % 2 == 0;
  std::string text;
  while (text.size() < length) {
    const std::string& character = alphabet[(*random)() % alphabet.size()];
    const size_t times = has_runs && (*random)() % 8 == 0 ? 1 + (*random)() % 80 : 1;
    for (size_t i = 0; i < times; ++i) text += character;
  }
  return text;
}

// At least so many bytes of random UTF-8.
template <typename Check>
void RandomTexts(uint64_t seed, uint64_t bytes, Check* check) {
  Random random(seed);
  for (uint64_t done = 0; done < bytes;) {
    const Strings alphabet = RandomAlphabet(&random);
    check->UseAlphabet(Joined(alphabet));
    for (int i = 0; i < 200; ++i) {
      const std::string text = RandomText(alphabet, &random);
      if (!(*check)(text)) return;
      done += text.size();
    }
  }
}

// At least so many bytes that are mostly no UTF-8: any bytes, a few different ones, and text with faults.
template <typename Check>
void RandomBytes(uint64_t seed, uint64_t bytes, Check* check) {
  Random random(seed);
  const auto any = [&random] { return static_cast<char>(random()); };
  for (uint64_t done = 0; done < bytes;) {
    const Strings alphabet = RandomAlphabet(&random);
    std::string few;
    for (size_t i = 2 + random() % 12; i != 0; --i) few += random() % 2 == 0 ? alphabet[0][0] : any();
    for (int i = 0; i < 60; ++i) {
      std::string text = RandomText(alphabet, &random);
      for (char& byte : text) {
        if (i % 3 == 0) byte = any();
        if (i % 3 == 1) byte = few[random() % few.size()];
        if (i % 3 == 2 && random() % 16 == 0) byte = any();
      }
      if (!(*check)(text, false)) return;
      done += text.size();
    }
  }
}

}  // namespace tokenmeter::test
