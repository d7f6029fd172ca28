// Pre-tokenizers of loaded encodings: a sequence of steps, each of which cuts the pieces of the one before,
// as Hugging Face's library does it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/definition.hpp"
#include "tokenizer/image.hpp"

namespace tokenmeter::tokenizer {

// The program of the steps: position-independent bytes for an image. Throws DefinitionError that names what
// is not supported.
std::string CompileSplitter(const std::vector<SplitStep>& steps);

// The built-in pattern that does all that the steps do, if there is one.
std::optional<Pattern> FastPattern(const std::vector<SplitStep>& steps);

// A program that runs. Not for several threads at once; and not while it runs.
class Splitter {
 public:
  enum class Status { kDone, kStopped, kCancelled };

  // The program stays where it is. It is trusted: images are checked before they are used.
  explicit Splitter(std::string_view program);
  Splitter(Splitter&&) noexcept;
  ~Splitter();

  // Calls take(std::string_view piece) -> bool for each piece of the stretch, in order, until it returns
  // false: then the answer is kStopped. Pieces are not empty, and valid during the call only; some steps
  // change their text. A stretch is UTF-8, and what lies between two added tokens; `at_text_start` says
  // that it is the first of the whole text. `cancelled` may be null; it is polled at least every 64 KiB,
  // and the answer is kCancelled if it said true. Where text changes, memory is some times the length of
  // the stretch.
  template <typename Take>
  Status ForEachPiece(std::string_view stretch, bool at_text_start, bool (*cancelled)(), Take take) {
    return Run(stretch, at_text_start, cancelled, &take, [](void* object, std::string_view piece) {
      return static_cast<bool>((*static_cast<Take*>(object))(piece));
    });
  }

 private:
  struct Runner;
  struct Step;

  Status Run(std::string_view stretch, bool at_text_start, bool (*cancelled)(), void* object,
             bool (*take)(void* object, std::string_view piece));

  std::vector<Step> steps_;
};

}  // namespace tokenmeter::tokenizer
