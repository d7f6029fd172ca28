// An encoding as the door hands it out.
#pragma once

#include "tokenizer/image.hpp"

struct TmEncoding {
  const char* name;
  tokenmeter::tokenizer::Pattern pattern;
  tokenmeter::tokenizer::Vocabulary vocabulary;
  const tokenmeter::tokenizer::EncodingRecord* record;

  // Whether a text is only cut by the pattern: what is done with a part of it does not depend on the rest.
  bool only_cuts() const {
    const auto& header = vocabulary.header();
    return pattern != tokenmeter::tokenizer::Pattern::kNone && header.normalizer.count == 0 &&
           header.added_tokens.count == 0;
  }
};
