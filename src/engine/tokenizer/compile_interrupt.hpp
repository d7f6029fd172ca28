// Lets go of an encoding that is being loaded: whatever takes long on the way from a file to an image asks
// now and then whether it is still wanted, and the exception ends all of it.
#pragma once

#include <cstdint>

namespace tokenmeter::tokenizer {

struct CompileCancelled {};

// While it lives, PollCompile asks `cancelled`, which may be null, in this thread.
class CompileInterrupt {
 public:
  using Cancelled = bool (*)();

  explicit CompileInterrupt(Cancelled cancelled) {
    asked_ = cancelled;
    steps_ = 0;
  }
  ~CompileInterrupt() { asked_ = nullptr; }
  CompileInterrupt(const CompileInterrupt&) = delete;
  CompileInterrupt& operator=(const CompileInterrupt&) = delete;

  // For each token, merge or node: throws CompileCancelled if it is time to ask and the answer is yes.
  static void Poll() {
    constexpr uint32_t kInterval = 1024;  // some tenths of a millisecond
    if (++steps_ % kInterval == 0 && asked_ != nullptr && asked_()) throw CompileCancelled();
  }

 private:
  static inline constinit thread_local Cancelled asked_ = nullptr;
  static inline constinit thread_local uint32_t steps_ = 0;
};

}  // namespace tokenmeter::tokenizer
