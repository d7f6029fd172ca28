// Encodes texts for the comparison with other libraries, see test/oracle.
//
//   encode_texts FORMAT DEFINITION PATTERN SPECIAL_TOKENS < texts > tokens
//
// Each text on standard input stands behind its length as four bytes, little-endian; for each, the number
// of its tokens and their ids are written, four bytes each. Exits with 1 if the definition cannot be used,
// and with 2 if a text's tokens are not as many as were counted.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace {

std::string ReadAll(std::istream& input) { return {std::istreambuf_iterator<char>(input), {}}; }

bool ReadText(std::string* text) {
  uint32_t length;
  if (std::fread(&length, sizeof length, 1, stdin) != 1) return false;
  text->resize(length);
  return std::fread(text->data(), 1, length, stdin) == length;
}

int Fail(const TmError& error) {
  std::fprintf(stderr, "%s\n", error.message);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 1;
  std::ifstream file(argv[2], std::ios::binary);
  const std::string bytes = ReadAll(file);
  const TmDefinition definition = {bytes.data(), bytes.size(),         argv[1], std::strlen(argv[1]),
                                   argv[3],      std::strlen(argv[3]), argv[4], std::strlen(argv[4])};
  TmError error;
  char* image;
  size_t size;
  const TmEncoding* encoding;
  if (tm_compile(&definition, nullptr, &image, &size, &error) != TM_OK) return Fail(error);
  if (tm_encoding_open("loaded", image, size, &encoding, &error) != TM_OK) return Fail(error);
  std::vector<uint32_t> tokens;
  for (std::string text; ReadText(&text);) {
    uint64_t count = 0;
    if (tm_count(encoding, text.data(), text.size(), nullptr, &count, &error) != TM_OK) return Fail(error);
    tokens.resize(count + 1);
    uint64_t written = 0;
    if (tm_encode(encoding, text.data(), text.size(), nullptr, tokens.data() + 1, count, &written,
                  &error) != TM_OK ||
        written != count) {
      std::fprintf(stderr, "%llu tokens counted, %llu encoded\n", static_cast<unsigned long long>(count),
                   static_cast<unsigned long long>(written));
      return 2;
    }
    tokens[0] = static_cast<uint32_t>(count);
    std::fwrite(tokens.data(), sizeof tokens[0], tokens.size(), stdout);
  }
  tm_free(image);
  return 0;
}
