// Speed of counting on the test corpus and on hostile input; bytes per second, one thread.
#include <benchmark/benchmark.h>

#include <fstream>
#include <sstream>
#include <string>

#include "tokenizer/tokenizer.h"

namespace {

std::string ReadCorpus(const std::string& name) {
  std::ifstream file(TEST_DATA "/corpus/" + name + ".txt", std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void CountText(benchmark::State& state, const char* encoding_name, const std::string& text) {
  const TmEncoding* encoding = tm_encoding_find(encoding_name, std::string(encoding_name).size());
  for (auto _ : state) {
    uint64_t count = 0;
    TmError error;
    if (tm_count(encoding, text.data(), text.size(), nullptr, &count, &error) != TM_OK) std::abort();
    benchmark::DoNotOptimize(count);
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text.size()));
}

const int kRegistered = [] {
  for (const char* encoding : {"o200k_base", "cl100k_base", "r50k_base"}) {
    for (const char* name : {"english", "code", "chinese", "japanese", "russian", "arabic", "emoji"}) {
      benchmark::RegisterBenchmark((std::string(encoding) + "/" + name).c_str(), CountText, encoding,
                                   ReadCorpus(name));
    }
    for (char c : {'a', ' ', '-', '\n'}) {
      benchmark::RegisterBenchmark((std::string(encoding) + "/run of " + std::to_string(c)).c_str(),
                                   CountText, encoding, std::string(1 << 20, c));
    }
  }
  return 0;
}();

}  // namespace
