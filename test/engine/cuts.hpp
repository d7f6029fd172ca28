// Where a text is cut: by the scalar scanner, and by masks as tokenizer.cpp does it. Both must be the same
// on every CPU path; that the scalar one is the regular expression is compared in expression.hpp.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "cpu_paths.hpp"
#include "tokenizer/mask_scanner.hpp"
#include "tokenizer/pretokenizer.hpp"
#include "tokenizer/sink.hpp"

namespace tokenmeter::test {

using tokenizer::Pattern;

using Cuts = std::vector<size_t>;  // the end of each piece

template <Pattern pattern>
void CutByScanner(std::string_view text, Cuts* cuts) {
  cuts->clear();
  const char* const end = text.data() + text.size();
  for (const char* at = text.data(); at != end;) {
    at = tokenizer::PieceEnd<pattern>(at, end, nullptr);
    cuts->push_back(at - text.data());
  }
}

// Returns how many bytes the masks settled.
template <Pattern pattern>
size_t CutByMasks(std::string_view text, Cuts* cuts) {
  using namespace tokenizer;
  cuts->clear();
  size_t settled = 0;
  for (size_t at = 0; at < text.size();) {
    char window[kReadableWindow] = {};
    const std::string_view left = text.substr(at);
    left.copy(window, kReadableWindow);
    const PieceStarts pieces =
        FindPieces<pattern>(window, std::min(left.size(), kByteWindow), left.size() <= kByteWindow);
    if (pieces.length != 0) {
      ForEachPiece(pieces, [&](size_t start, size_t length) {
        cuts->push_back(at + start + length);
        return true;
      });
      at += pieces.length;
      settled += pieces.length;
    } else {
      at = PieceEnd<pattern>(left.data(), left.data() + left.size(), nullptr) - text.data();
      cuts->push_back(at);
    }
  }
  return settled;
}

struct Scanner {
  const char* name;
  Pattern pattern;
  void (*by_scanner)(std::string_view, Cuts*);
  size_t (*by_masks)(std::string_view, Cuts*);
};

template <Pattern pattern>
constexpr Scanner MakeScanner(const char* name) {
  return {name, pattern, CutByScanner<pattern>, CutByMasks<pattern>};
}

inline const Scanner kScanners[] = {
    MakeScanner<Pattern::kGpt2>("gpt2"),     MakeScanner<Pattern::kCl100k>("cl100k"),
    MakeScanner<Pattern::kO200k>("o200k"),   MakeScanner<Pattern::kQwen2>("qwen2"),
    MakeScanner<Pattern::kTekken>("tekken"), MakeScanner<Pattern::kDeepSeekV3>("deepseek_v3"),
};

inline void PrintTo(const Scanner& scanner, std::ostream* out) { *out << scanner.name; }

// Instantiates a suite with each scanner.
#define FOR_EVERY_SCANNER(Suite)                                                \
  INSTANTIATE_TEST_SUITE_P(Scanners, Suite, testing::ValuesIn(test::kScanners), \
                           [](const auto& info) { return std::string(info.param.name); })

// Whether the cuts are as expected; if not, says where they first are not, and shows the text there.
inline bool SameCuts(std::string_view text, const Cuts& found, const Cuts& expected, std::string_view how) {
  if (found == expected) return true;
  const auto [at, wanted] = std::mismatch(found.begin(), found.end(), expected.begin(), expected.end());
  const auto place = [](auto cut, const Cuts& cuts) {
    return cut == cuts.end() ? "nothing" : std::to_string(*cut);
  };
  const size_t from = wanted == expected.end() || *wanted < 100 ? 0 : *wanted - 100;
  ADD_FAILURE() << how << " cuts at " << place(at, found) << ", not at " << place(wanted, expected)
                << ", in a text of " << text.size() << " bytes; from " << from << ": "
                << testing::PrintToString(std::string(text.substr(from, 200)));
  return false;
}

// A check is what texts.hpp gives texts to. It returns whether all was well, and has failed the test if
// not. This one: on every CPU path the masks cut as the scalar scanner does.
class MaskCheck {
 public:
  explicit MaskCheck(const Scanner& scanner) : scanner_(scanner) {}

  // The characters of the texts to come.
  void UseAlphabet(const std::string&) {}

  bool operator()(std::string_view text, bool /*is_utf8*/ = true) {
    scanner_.by_scanner(text, &expected_);
    bool same = true;
    OnEveryCpuPath([&](const char* path) {
      settled_ += scanner_.by_masks(text, &found_);
      bytes_ += text.size();
      same = same && SameCuts(text, found_, expected_, path);
    });
    return same;
  }

  // The part of all bytes that the masks settled.
  double settled() const { return static_cast<double>(settled_) / static_cast<double>(bytes_); }

 private:
  const Scanner& scanner_;
  Cuts found_;
  Cuts expected_;
  uint64_t settled_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace tokenmeter::test
