// The regular expressions that the scanners stand for, run by PCRE2. Its Unicode tables may be of another
// version than ours, so nothing is asked of them: each class is written out, for those characters that the
// texts are made of, from our own table.
#pragma once

#define PCRE2_CODE_UNIT_WIDTH 8
#include <gtest/gtest.h>
#include <pcre2.h>

#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "cuts.hpp"
#include "tokenizer/utf8.hpp"
#include "unicode_table.hpp"

namespace tokenmeter::test {

// As published, but that each class stands in brackets. Each cuts what the ones before it have left.
inline std::vector<std::string> PublishedExpressions(Pattern pattern) {
  const std::string head = R"([\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])";
  const std::string tail = R"([\p{Ll}\p{Lm}\p{Lo}\p{M}])";
  const std::string contraction = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
  const std::string words = R"(|[^\r\n\p{L}\p{N}]?[\p{L}]+)";
  const std::string spaces = R"(|[\s]*[\r\n]+|[\s]+(?![^\s])|[\s]+)";
  const auto cased = [&](const std::string& suffix) {
    return R"([^\r\n\p{L}\p{N}]?)" + head + "*" + tail + "+" + suffix + R"(|[^\r\n\p{L}\p{N}]?)" + head +
           "+" + tail + "*" + suffix;
  };
  switch (pattern) {
    case Pattern::kGpt2:
      return {R"('s|'t|'re|'ve|'m|'ll|'d| ?[\p{L}]+| ?[\p{N}]+| ?[^\s\p{L}\p{N}]+|[\s]+(?![^\s])|[\s]+)"};
    case Pattern::kCl100k:
      return {contraction + words + R"(|[\p{N}]{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*)" + spaces};
    case Pattern::kNone:
      return {};
    case Pattern::kO200k:
      return {cased(contraction + "?") + R"(|[\p{N}]{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*)" + spaces};
    case Pattern::kQwen2:
      return {contraction + words + R"(|[\p{N}]| ?[^\s\p{L}\p{N}]+[\r\n]*)" + spaces};
    case Pattern::kTekken:
      return {cased("") + R"(|[\p{N}]| ?[^\s\p{L}\p{N}]+[\r\n/]*)" + spaces};
    case Pattern::kDeepSeekV3:
      return {R"([\p{N}]{1,3})", R"([\x{4E00}-\x{9FA5}\x{3040}-\x{309F}\x{30A0}-\x{30FF}]+)",
              R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+)"
              R"(| ?[\p{P}\p{S}]+[\r\n]*)" +
                  spaces};
  }
  return {};
}

// The code points whose property begins so, as a class has them between its brackets: as ranges.
inline std::string WrittenOut(const std::set<uint32_t>& code_points, std::string_view property) {
  std::ostringstream ranges;
  ranges << std::hex;
  const auto has_it = [property](uint32_t c) { return PropertyOfCodePoint()[c].starts_with(property); };
  for (auto c = code_points.begin(); c != code_points.end(); ++c) {
    if (!has_it(*c)) continue;
    ranges << "\\x{" << *c << "}";
    uint32_t last = *c;
    while (std::next(c) != code_points.end() && *std::next(c) == last + 1 && has_it(last + 1)) {
      last = *++c;
    }
    ranges << "-\\x{" << last << "}";
  }
  return ranges.str();
}

class Expression {
 public:
  // For texts of the characters of `alphabet`.
  Expression(Pattern pattern, const std::string& alphabet) {
    // At least one of each property, since a class cannot be empty.
    const std::string characters = alphabet + "Aa1 !$\u01C5\u02B0\u65E5\u0301";
    std::set<uint32_t> code_points;
    for (const char *at = characters.data(), *end = at + characters.size(); at != end;) {
      const auto character = tokenizer::DecodeCharacter(at, end);
      if (character.code_point < kCodePointLimit) code_points.insert(character.code_point);
      at += character.length;
    }
    for (std::string expression : PublishedExpressions(pattern)) {
      const auto write_out = [&](std::string_view name, std::string_view property) {
        const std::string ranges = WrittenOut(code_points, property);
        for (size_t at = 0; (at = expression.find(name, at)) != expression.npos; at += ranges.size()) {
          expression.replace(at, name.size(), ranges);
        }
      };
      for (const char* property : {"L", "Lu", "Lt", "Ll", "Lm", "Lo", "M", "N", "P", "S"}) {
        write_out(std::string(R"(\p{)") + property + "}", property);
      }
      write_out(R"(\s)", "White_Space");

      int error = 0;
      PCRE2_SIZE offset = 0;
      pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(expression.data()), expression.size(),
                                       PCRE2_UTF | PCRE2_NO_UTF_CHECK, &error, &offset, nullptr);
      EXPECT_NE(code, nullptr) << "offset " << offset << " of " << expression;
      pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
      codes_.push_back(code);
    }
    match_ = pcre2_match_data_create_from_pattern(codes_.back(), nullptr);
  }
  Expression(const Expression&) = delete;
  Expression& operator=(const Expression&) = delete;
  ~Expression() {
    pcre2_match_data_free(match_);
    for (pcre2_code* code : codes_) pcre2_code_free(code);
  }

  void Cut(std::string_view text, Cuts* cuts) const {
    cuts->clear();
    CutBy(0, text, 0, cuts);
  }

 private:
  // Cuts by the expressions from `index` on; the text lies at `offset` of the whole.
  void CutBy(size_t index, std::string_view text, size_t offset, Cuts* cuts) const {
    if (text.empty()) return;
    if (index == codes_.size()) {
      cuts->push_back(offset + text.size());
      return;
    }
    size_t at = 0;
    while (at != text.size()) {
      const int matched = pcre2_match(codes_[index], reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(),
                                      at, PCRE2_NO_UTF_CHECK, match_, nullptr);
      if (matched <= 0) break;
      const size_t start = pcre2_get_ovector_pointer(match_)[0];
      const size_t end = pcre2_get_ovector_pointer(match_)[1];
      CutBy(index + 1, text.substr(at, start - at), offset + at, cuts);
      CutBy(index + 1, text.substr(start, end - start), offset + start, cuts);
      at = end;
    }
    CutBy(index + 1, text.substr(at), offset + at, cuts);
  }

  std::vector<pcre2_code*> codes_;
  pcre2_match_data* match_;
};

// The scalar scanner cuts as the expression does. Of bytes that are no UTF-8 PCRE2 says nothing.
class ExpressionCheck {
 public:
  explicit ExpressionCheck(const Scanner& scanner) : scanner_(scanner) {}

  void UseAlphabet(const std::string& alphabet) {
    expression_ = std::make_unique<Expression>(scanner_.pattern, alphabet);
  }

  bool operator()(std::string_view text, bool is_utf8 = true) {
    if (!is_utf8) return true;
    expression_->Cut(text, &expected_);
    scanner_.by_scanner(text, &found_);
    return SameCuts(text, found_, expected_, "the scalar scanner");
  }

 private:
  const Scanner& scanner_;
  std::unique_ptr<Expression> expression_;
  Cuts found_;
  Cuts expected_;
};

}  // namespace tokenmeter::test
