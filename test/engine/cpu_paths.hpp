// Every way that the engine works on this processor.
#pragma once

#include "tokenizer/cpu_path.hpp"

namespace tokenmeter::test {

// Calls run(name) once for each path that runs here, with that one in use.
template <typename Run>
void OnEveryCpuPath(Run run) {
  const tokenizer::CpuPath* const usual = tokenizer::cpu_path;
  for (const tokenizer::CpuPath& path : tokenizer::CpuPaths()) {
    if (!path.runs_here()) continue;
    tokenizer::cpu_path = &path;
    run(path.name);
  }
  tokenizer::cpu_path = usual;
}

}  // namespace tokenmeter::test
