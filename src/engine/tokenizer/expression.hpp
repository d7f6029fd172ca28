// Foreign regular expressions, run exactly: leftmost matches, and of alternatives the first that leads to
// one, as backtracking would find them, but in time that grows with the text, by a deterministic automaton
// that is built while it runs.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tokenizer/definition.hpp"
#include "tokenizer/image.hpp"

namespace tokenmeter::tokenizer {

// The program of a pattern: position-independent bytes for an image. Throws DefinitionError that names what
// is not supported and where. Not supported is what looks behind a position or more than one character
// ahead of it, what refers to an earlier match, and possessive quantifiers that differ from greedy ones.
// Patterns, programs and the time that this takes are limited.
std::string CompileExpression(std::string_view pattern, Dialect dialect = Dialect::kOniguruma);

// The built-in scanner that cuts exactly as this pattern does when its matches are the pieces, if there is
// one. Patterns are compared as trees: other ways of writing the same are recognised.
std::optional<Pattern> KnownPattern(std::string_view pattern, Dialect dialect = Dialect::kOniguruma);

// Whether patterns, in order, are the three of DeepSeek V3's sequence, for which there is one scanner.
bool IsDeepSeekSequence(std::string_view first, std::string_view second, std::string_view third);

// Asks a cancel flag now and then, and remembers its answer.
class Interrupt {
 public:
  explicit Interrupt(bool (*cancelled)()) : cancelled_(cancelled) {}
  bool raised() const { return raised_; }
  // To be called with how many bytes were worked through since the last time.
  bool Check(size_t bytes) {
    passed_ += bytes;
    if (passed_ < kInterval) return raised_;
    passed_ = 0;
    raised_ = raised_ || (cancelled_ != nullptr && cancelled_());
    return raised_;
  }

 private:
  static constexpr size_t kInterval = 32 * 1024;

  bool (*cancelled_)();
  size_t passed_ = 0;
  bool raised_ = false;
};

// A program that runs. Holds at most a few MiB, however long the texts. Not for several threads at once.
class Expression {
 public:
  // The program stays where it is. It is trusted: images are checked before they are used.
  explicit Expression(std::string_view program);
  Expression(Expression&&) noexcept;
  ~Expression();

  // The leftmost match that starts at `from` or behind; it may be empty. False where there is none, or
  // where the interrupt, which may be null, is raised. Bytes that are no UTF-8 match nothing. A search
  // reads the text once or twice, as far as needed to be sure; each character takes the same time once the
  // automaton knows what comes, else at most time that grows with the program.
  bool Find(std::string_view text, size_t from, size_t* start, size_t* end,
            Interrupt* interrupt = nullptr) const;

 private:
  class Automaton;
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace tokenmeter::tokenizer
