// The normalizer of a loaded encoding: the steps that rewrite text before it is cut, as Hugging Face's
// library (0.23.2) and SentencePiece's do them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/definition.hpp"
#include "tokenizer/normalize/rewriter.hpp"

namespace tokenmeter::tokenizer {

class Expression;

// Lays the steps out as a program: position-independent bytes that stand in an image, at any address
// divisible by 8. Throws DefinitionError. Empty for no steps.
std::string CompileNormalizer(const std::vector<NormalizerStep>& steps);

// Runs a program from an image. Cheap to make: nothing is built but what regular expressions need. Not for
// several threads at once.
class Normalizer {
 public:
  // `program` is CompileNormalizer's and outlives the normalizer.
  explicit Normalizer(std::string_view program);
  ~Normalizer();

  // Whether every text stays as it is.
  bool empty() const { return program_.empty(); }

  // Sets *normalized to the rewritten text: `text` itself where nothing changes, else in a buffer of this
  // object, valid until the next call. `at_text_start`: no text stands before this stretch; SentencePiece's
  // dummy prefix may go there only. Returns false if `cancelled` (may be null; polled at least for every 64
  // KiB) returned true. Linear in the text and in what becomes of it. Throws std::bad_alloc, also where a
  // step makes more than 16 times the text and 64 MiB: that is no normalization.
  bool Apply(std::string_view text, bool at_text_start, bool (*cancelled)(), std::string_view* normalized);

  // Whether Hugging Face's library holds that what the rewritten text begins with came of what the text
  // began with, and not of something behind it.
  bool keeps_start() const { return keeps_start_; }

 private:
  const std::string_view program_;
  std::vector<std::unique_ptr<const Expression>> expressions_;  // of the steps that have one, in order
  TextBuffer buffers_[2];
  bool keeps_start_ = true;
};

}  // namespace tokenmeter::tokenizer
