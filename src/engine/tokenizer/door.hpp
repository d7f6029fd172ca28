// What the functions of the door have in common: no exception passes.
#pragma once

#include <cstdio>
#include <new>
#include <stdexcept>

#include "tokenizer/compile_interrupt.hpp"
#include "tokenizer/definition.hpp"
#include "tokenizer/tokenizer.h"

namespace tokenmeter::tokenizer {

inline void Describe(TmError* error, const char* what) {
  std::snprintf(error->message, sizeof error->message, "%s", what);
}

// Runs `body`, which returns a TmStatus, and turns whatever it throws into one.
template <typename Body>
TmStatus AtTheDoor(TmError* error, Body body) noexcept {
  error->offset = 0;
  error->message[0] = '\0';
  try {
    return body();
  } catch (const DefinitionError& exception) {
    Describe(error, exception.what());
    return TM_INVALID;
  } catch (const CompileCancelled&) {
    return TM_CANCELLED;
  } catch (const std::bad_alloc&) {
    return TM_OUT_OF_MEMORY;
  } catch (const std::exception& exception) {
    Describe(error, exception.what());
    return TM_INTERNAL;
  } catch (...) {
    Describe(error, "unknown exception");
    return TM_INTERNAL;
  }
}

}  // namespace tokenmeter::tokenizer
