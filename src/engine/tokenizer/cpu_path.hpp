// The innermost loops, which are compiled for several instruction sets: one path for each kind of
// processor, chosen when the library is loaded. All give the same answers.
#pragma once

#include <span>

#include "tokenizer/byte_classes.hpp"
#include "tokenizer/merge.hpp"

namespace tokenmeter::tokenizer {

struct CpuPath {
  const char* name;  // of the instruction set
  bool (*runs_here)();
  ClassifyBytes classify_bytes;
  MergeJobs merge_jobs;
};

// Those that this build has, the fastest first; the last one runs everywhere.
std::span<const CpuPath> CpuPaths();

// The one in use: the fastest that this processor runs.
extern const CpuPath* cpu_path;

}  // namespace tokenmeter::tokenizer
