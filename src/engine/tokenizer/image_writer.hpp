// Lays out images.
#pragma once

#include <cstring>
#include <iterator>
#include <string>

#include "tokenizer/image.hpp"

namespace tokenmeter::tokenizer {

// Lays sections one after another behind the header, each aligned for its records.
class ImageWriter {
 public:
  explicit ImageWriter(size_t header_size) : bytes_(header_size, '\0') {}

  template <typename Records>
  Section Append(const Records& records) {
    constexpr size_t kAlignment = 64;
    bytes_.resize((bytes_.size() + kAlignment - 1) / kAlignment * kAlignment, '\0');
    const Section section{bytes_.size(), std::size(records)};
    bytes_.append(reinterpret_cast<const char*>(std::data(records)),
                  std::size(records) * sizeof(*std::data(records)));
    return section;
  }

  // The image as far as it is; valid until more is appended.
  const void* Draft(const ImageHeader& header) {
    std::memcpy(bytes_.data(), &header, sizeof header);
    return bytes_.data();
  }

  std::string Finish(ImageHeader header) {
    header.size = bytes_.size();
    std::memcpy(bytes_.data(), &header, sizeof header);
    return std::move(bytes_);
  }

 private:
  std::string bytes_;
};

}  // namespace tokenmeter::tokenizer
