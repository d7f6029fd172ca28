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

// As published, but that each class stands in brackets.
inline std::string PublishedExpression(Pattern pattern) {
  const std::string head = R"([\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])";
  const std::string tail = R"([\p{Ll}\p{Lm}\p{Lo}\p{M}])";
  const std::string contraction = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
  switch (pattern) {
    case Pattern::kGpt2:
      return R"('s|'t|'re|'ve|'m|'ll|'d| ?[\p{L}]+| ?[\p{N}]+| ?[^\s\p{L}\p{N}]+|[\s]+(?![^\s])|[\s]+)";
    case Pattern::kCl100k:
      return contraction + R"(|[^\r\n\p{L}\p{N}]?[\p{L}]+|[\p{N}]{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*)" +
             R"(|[\s]*[\r\n]+|[\s]+(?![^\s])|[\s]+)";
    case Pattern::kO200k:
      return R"([^\r\n\p{L}\p{N}]?)" + head + "*" + tail + "+" + contraction + "?" +
             R"(|[^\r\n\p{L}\p{N}]?)" + head + "+" + tail + "*" + contraction + "?" +
             R"(|[\p{N}]{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|[\s]*[\r\n]+|[\s]+(?![^\s])|[\s]+)";
  }
  return "";
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
    const std::string characters = alphabet + "Aa1 \u01C5\u02B0\u65E5\u0301";
    std::set<uint32_t> code_points;
    for (const char *at = characters.data(), *end = at + characters.size(); at != end;) {
      const auto character = tokenizer::DecodeCharacter(at, end);
      if (character.code_point < kCodePointLimit) code_points.insert(character.code_point);
      at += character.length;
    }
    std::string expression = PublishedExpression(pattern);
    const auto write_out = [&](std::string_view name, std::string_view property) {
      const std::string ranges = WrittenOut(code_points, property);
      for (size_t at = 0; (at = expression.find(name, at)) != expression.npos; at += ranges.size()) {
        expression.replace(at, name.size(), ranges);
      }
    };
    for (const char* property : {"L", "Lu", "Lt", "Ll", "Lm", "Lo", "M", "N"}) {
      write_out(std::string(R"(\p{)") + property + "}", property);
    }
    write_out(R"(\s)", "White_Space");

    int error = 0;
    PCRE2_SIZE offset = 0;
    code_ = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(expression.data()), expression.size(),
                          PCRE2_UTF | PCRE2_NO_UTF_CHECK | PCRE2_ANCHORED, &error, &offset, nullptr);
    EXPECT_NE(code_, nullptr) << "offset " << offset << " of " << expression;
    pcre2_jit_compile(code_, PCRE2_JIT_COMPLETE);
    match_ = pcre2_match_data_create_from_pattern(code_, nullptr);
  }
  Expression(const Expression&) = delete;
  Expression& operator=(const Expression&) = delete;
  ~Expression() {
    pcre2_match_data_free(match_);
    pcre2_code_free(code_);
  }

  // Ends with a cut at 0 where nothing matches.
  void Cut(std::string_view text, Cuts* cuts) const {
    cuts->clear();
    for (size_t at = 0; at != text.size();) {
      const int matched = pcre2_match(code_, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), at,
                                      PCRE2_NO_UTF_CHECK, match_, nullptr);
      cuts->push_back(matched > 0 ? pcre2_get_ovector_pointer(match_)[1] : 0);
      if (cuts->back() <= at) return;
      at = cuts->back();
    }
  }

 private:
  pcre2_code* code_;
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
