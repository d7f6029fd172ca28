// Times our counting for test/bench/compare: one text, one process, one line of JSON on standard output.
//
//   count_file ENCODING FILE LATER_PASSES SECONDS
//
// The file holds texts, each behind its length as four bytes, little-endian; every text is one call. The
// first pass is the cold one. A later pass is begun only if it is likely to end within the seconds. Times
// are the processor's, not the clock's: what else runs on the machine does not count.
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace {

// Not clock_gettime: under a limit on processor time, as compare sets one, Linux counts that by ticks.
double Seconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

std::vector<std::string_view> SplitTexts(std::string_view file) {
  std::vector<std::string_view> texts;
  while (!file.empty()) {
    uint32_t length;
    std::memcpy(&length, file.data(), sizeof length);
    texts.push_back(file.substr(sizeof length, length));
    file.remove_prefix(sizeof length + length);
  }
  return texts;
}

uint64_t CountAll(const TmEncoding* encoding, const std::vector<std::string_view>& texts) {
  uint64_t tokens = 0;
  for (std::string_view text : texts) {
    uint64_t count = 0;
    TmError error;
    if (tm_count(encoding, text.data(), text.size(), nullptr, &count, &error) != TM_OK) std::abort();
    tokens += count;
  }
  return tokens;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: count_file ENCODING FILE LATER_PASSES SECONDS\n");
    return 2;
  }
  std::ifstream stream(argv[2], std::ios::binary);
  const std::string file{std::istreambuf_iterator<char>(stream), {}};
  const std::vector<std::string_view> texts = SplitTexts(file);

  double start = Seconds();
  const TmEncoding* encoding = tm_encoding_find(argv[1], std::strlen(argv[1]));
  if (encoding == nullptr) {
    std::fprintf(stderr, "count_file: no encoding %s\n", argv[1]);
    return 2;
  }
  CountAll(encoding, {"Hi"});
  const double startup = Seconds() - start;

  const double first = Seconds();
  const uint64_t tokens = CountAll(encoding, texts);
  const double cold = Seconds() - first;

  double warm = std::numeric_limits<double>::infinity();
  for (int pass = 0; pass < std::atoi(argv[3]) && Seconds() - first + cold < std::atof(argv[4]); ++pass) {
    start = Seconds();
    if (CountAll(encoding, texts) != tokens) std::abort();
    warm = std::min(warm, Seconds() - start);
  }
  if (std::isinf(warm)) warm = cold;
  std::printf(
      "{\"tokens\": %llu, \"startup_ms\": %.3f, \"cold_s\": %.9f, \"warm_s\": %.9f, \"spent_s\": %.3f}\n",
      static_cast<unsigned long long>(tokens), startup * 1e3, cold, warm, Seconds());
}
