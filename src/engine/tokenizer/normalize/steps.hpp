// The steps of a normalizer, each as the library does it that the definition is from: Hugging Face's, but
// for the last one. All return false if cancelled, and are linear in the text and in what becomes of it.
#pragma once

#include <cstdint>
#include <string_view>

#include "tokenizer/expression.hpp"
#include "tokenizer/normalize/normalization_table.hpp"
#include "tokenizer/normalize/rewriter.hpp"

namespace tokenmeter::tokenizer {

// forms.cpp

// The Unicode normalization forms of Unicode 9.0. Characters assigned since then pass as they are and
// combine with nothing. Takes memory for the longest stretch of characters that join one another.
bool ApplyForm(Form form, Rewriter* text);

// steps.cpp

// To lower case, each character by itself.
bool Lowercase(Rewriter* text);

// Removes the characters that have the flag of NormalizationRecord.
bool Remove(uint16_t flag, Rewriter* text);

// What the normalizer Nmt takes for control characters goes, what it takes for spaces becomes spaces.
bool ReplaceNmt(Rewriter* text);

// BertNormalizer's clean_text, likewise, and handle_chinese_chars: spaces around ideographs.
bool CleanText(Rewriter* text);
bool SpaceChinese(Rewriter* text);

// Each byte becomes the character of GPT-2's alphabet that stands for it.
bool SpellBytes(Rewriter* text);

// White space at the ends goes.
bool Strip(bool left, bool right, Rewriter* text);

// Before a text that is not empty.
bool Prepend(std::string_view content, Rewriter* text);

// Each `pattern`, or each match.
bool ReplaceString(std::string_view pattern, std::string_view content, Rewriter* text);
bool ReplaceMatches(const Expression& expression, std::string_view content, Rewriter* text);

// charsmap_steps.cpp. `charsmap` is CompileCharsmap's.

bool ApplyCharsmap(std::string_view charsmap, Rewriter* text);

// SentencePiece's own normalizer.
struct SentencePieceOptions {
  bool dummy_prefix;
  bool remove_extra_spaces;
  bool escape_spaces;
};
bool ApplySentencePiece(SentencePieceOptions options, std::string_view charsmap, Rewriter* text);

}  // namespace tokenmeter::tokenizer
