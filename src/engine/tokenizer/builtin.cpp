#include "tokenizer/builtin.hpp"

#include "tokenizer/unicode.hpp"

// Made by the image compiler, brought in by images.S.
extern "C" {
extern const char tm_image_o200k_base[];
extern const char tm_image_cl100k_base[];
extern const char tm_image_p50k_base[];
extern const char tm_image_r50k_base[];
extern const char tm_image_unicode[];
}

namespace tokenmeter::tokenizer {
namespace {

constexpr const char* kImages[] = {tm_image_o200k_base, tm_image_cl100k_base, tm_image_p50k_base,
                                   tm_image_r50k_base};

struct EncodingList {
  static constexpr size_t kCapacity = 8;
  TmEncoding encodings[kCapacity];
  size_t count = 0;

  EncodingList() : encodings{} {
    for (const char* image : kImages) {
      const Vocabulary vocabulary(image);
      for (const EncodingRecord& record : vocabulary.Encodings()) {
        encodings[count++] = {vocabulary.EncodingName(record), record.pattern, vocabulary, &record};
      }
    }
  }
};

}  // namespace

std::span<const TmEncoding> BuiltinEncodings() {
  static const EncodingList list;
  return {list.encodings, list.count};
}

const UnicodeImage& Unicode() { return *reinterpret_cast<const UnicodeImage*>(tm_image_unicode); }

}  // namespace tokenmeter::tokenizer
