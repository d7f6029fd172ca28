// A libFuzzer target for one loader, which -DLOADER names, and FORMAT the format. Beside crashes it finds
// definitions that are not what definition.hpp promises, and encodings made of them whose counts are not
// those of their tokens.
#include <sanitizer/lsan_interface.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tokenizer/load/load.hpp"
#include "tokenizer/load/load_error.hpp"
#include "tokenizer/tokenizer.h"

namespace tokenmeter::tokenizer {
namespace {

void Check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "not so: %s\n", what);
  std::abort();
}

void CheckIds(const std::vector<TokenId>& ids, const Definition& definition, const char* name) {
  Check(std::ranges::adjacent_find(ids, std::greater_equal<>()) == ids.end(), name);
  Check(ids.empty() || ids.back() < definition.tokens.size(), name);
}

void CheckTokens(const Definition& definition) {
  Check(definition.tokens.size() <= kTokenLimit, "ids are below the limit");
  std::vector<std::string_view> reachable;
  for (TokenId id = 0; id < definition.tokens.size(); ++id) {
    const std::string_view token = definition.tokens[id];
    Check(definition.byte_level || FindInvalidUtf8(token) == token.npos, "tokens are UTF-8");
    if (!token.empty() && !std::ranges::binary_search(definition.unreachable, id))
      reachable.push_back(token);
  }
  std::ranges::sort(reachable);
  Check(std::ranges::adjacent_find(reachable) == reachable.end(), "tokens differ");
}

void CheckModel(const Definition& definition) {
  const size_t count = definition.tokens.size();
  for (const Definition::MergeRule& rule : definition.merges) {
    Check(std::max({rule.left, rule.right, rule.merged}) < count, "merges are of tokens");
    Check(rule.merged != rule.left && rule.merged != rule.right, "merges make new tokens");
  }
  Check(definition.scores.empty() || definition.scores.size() == count, "each token has a score");
  Check(std::ranges::all_of(definition.scores, [](double score) { return std::isfinite(score); }),
        "scores are finite");
  Check(definition.model != ModelKind::kUnigram || !definition.scores.empty(), "unigram has scores");
  Check(definition.model == ModelKind::kBpe || definition.unknown.has_value(),
        "other models have an unknown token");
  Check(!definition.unknown.has_value() || *definition.unknown < count, "unknown is a token");
  Check(definition.byte_tokens.empty() || definition.byte_tokens.size() == 256,
        "byte_tokens are of all bytes");
  for (TokenId id : definition.byte_tokens) Check(id == kNoToken || id < count, "byte_tokens are tokens");
}

void CheckAddedTokens(const Definition& definition) {
  std::vector<TokenId> ids;
  for (const AddedToken& token : definition.added_tokens) {
    Check(!token.content.empty() && FindInvalidUtf8(token.content) == token.content.npos,
          "added tokens are text");
    Check(token.id < kTokenLimit, "added tokens' ids are below the limit");
    ids.push_back(token.id);
  }
  std::ranges::sort(ids);
  Check(std::ranges::adjacent_find(ids) == ids.end(), "added tokens' ids differ");
}

constexpr std::string_view kPatternOfRanks = "\\w+";

// Of ranks, what stands behind the first zero byte are the special tokens.
std::string_view SpecialsOfRanks(std::string_view* file) {
  const size_t end = std::min(file->find('\0'), file->size());
  const std::string_view specials = file->substr(std::min(end + 1, file->size()));
  *file = file->substr(0, end);
  return specials;
}

[[maybe_unused]] Definition LoadRanks(std::string_view file) {
  const std::string_view specials = SpecialsOfRanks(&file);
  return LoadTiktoken(file, kPatternOfRanks, specials);
}

// An image at an address that no other ever has: encodings live as long as the process, and what is
// remembered of pieces knows them by that. Gone, it cannot be read.
class ImageAtItsPlace {
 public:
  ImageAtItsPlace(const char* image, size_t size) : size_((size + page_ - 1) / page_ * page_) {
    if (next_ == nullptr || static_cast<size_t>(end_ - next_) < size_ + page_) Reserve();
    place_ = next_;
    next_ += size_ + page_;
    Check(mprotect(place_, size_, PROT_READ | PROT_WRITE) == 0, "there is memory for an image");
    std::memcpy(place_, image, size);
    Check(mprotect(place_, size_, PROT_READ) == 0, "an image can be made read-only");
  }
  ~ImageAtItsPlace() {
    madvise(place_, size_, MADV_DONTNEED);
    mprotect(place_, size_, PROT_NONE);
  }
  ImageAtItsPlace(const ImageAtItsPlace&) = delete;

  const char* place() const { return place_; }

 private:
  static void Reserve() {
    constexpr size_t kSize = size_t{1} << 40;
    void* const space = mmap(nullptr, kSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    Check(space != MAP_FAILED, "there is room for images");
    next_ = static_cast<char*>(space);
    end_ = next_ + kSize;
  }

  static inline const size_t page_ = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  static inline char* next_ = nullptr;
  static inline char* end_ = nullptr;
  size_t size_;
  char* place_;
};

// As many tokens are encoded as were counted, and each has bytes.
void CheckText(const TmEncoding* encoding, std::string_view text) {
  TmError error;
  uint64_t count = 0;
  Check(tm_count(encoding, text.data(), text.size(), nullptr, &count, &error) == TM_OK, error.message);
  std::vector<uint32_t> tokens(count);
  uint64_t written = 0;
  Check(tm_encode(encoding, text.data(), text.size(), nullptr, tokens.data(), tokens.size(), &written,
                  &error) == TM_OK,
        "a text has no more tokens than are counted");
  Check(written == count, "a text has as many tokens as are counted");
  for (const uint32_t token : tokens) {
    const char* bytes = nullptr;
    const size_t length = tm_token_bytes(encoding, token, &bytes);
    Check(length != 0, "tokens have bytes");
    static volatile char last;
    last = bytes[length - 1];
  }
}

// Makes an encoding of the file and tries it on parts of the file itself, which have the texts of its
// tokens, and on what is in few files. The compiler may refuse what the loader takes.
void CheckEncoding(std::string_view file) {
  std::string_view pattern, specials;
  const std::string_view format = FORMAT;
  const std::string_view all = file;
  if (format == "tiktoken") {
    specials = SpecialsOfRanks(&file);
    pattern = kPatternOfRanks;
  }
  const TmDefinition definition = {file.data(),    file.size(),    format.data(),   format.size(),
                                   pattern.data(), pattern.size(), specials.data(), specials.size()};
  TmError error;
  char* image = nullptr;
  size_t size = 0;
  const TmStatus status = tm_compile(&definition, nullptr, &image, &size, &error);
  Check(status == TM_OK || status == TM_INVALID, error.message);
  if (status == TM_INVALID) return;
  const ImageAtItsPlace kept(image, size);
  tm_free(image);
  const TmEncoding* encoding = nullptr;
  __lsan_disable();  // encodings live as long as the process
  const TmStatus opened = tm_encoding_open("fuzzed", kept.place(), size, &encoding, &error);
  __lsan_enable();
  Check(opened == TM_OK, error.message);
  CheckText(encoding, all.substr(0, 4096));
  CheckText(encoding, all.substr(all.size() - all.size() / 4));
  CheckText(encoding,
            std::string(all.substr(all.size() / 2, 8)) + std::string(all.substr(all.size() / 2, 100)));
  CheckText(encoding, std::string(300, all.empty() ? 'a' : all.back()));
  CheckText(
      encoding,
      "The  quick \u00FCber ab\n\n\t 123 \u4E2D\u6587\u00E9e\u0301 \u2581<x>\U0001F600 \xFF'll don't");
}

}  // namespace
}  // namespace tokenmeter::tokenizer

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tokenmeter::tokenizer;
  const std::string_view file(reinterpret_cast<const char*>(data), size);
  DetectFormat(file);
  try {
    const Definition definition = LOADER(file);
    CheckIds(definition.unreachable, definition, "unreachable are ids of tokens, in order");
    CheckIds(definition.user_defined, definition, "user_defined are ids of tokens, in order");
    CheckTokens(definition);
    CheckModel(definition);
    CheckAddedTokens(definition);
    CheckEncoding(file);
  } catch (const DefinitionError& error) {
    const std::string_view message = error.what();
    Check(!message.empty() && FindInvalidUtf8(message) == message.npos, "messages are text");
  }
  return 0;
}
