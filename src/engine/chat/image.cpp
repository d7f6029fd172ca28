// Source of the rules: OpenAI's guide "Images and vision", "Calculating costs", of August 2025. It leaves
// open how sizes are rounded while an image is made to fit, and the product of patches and factor: to the
// nearest, as bills show (2049 x 513 pixels are 8 tiles, 2050 x 513 are 4).
#include "chat/image.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "metering/metering.h"

namespace tokenmeter::chat {
namespace {

using enum ImageRule::Kind;

constexpr ImageRule kRules[] = {
    {"gpt-4o*", kTiles, 85, 170},
    {"chatgpt-4o*", kTiles, 85, 170},
    {"gpt-4o-mini*", kTiles, 2833, 5667},
    {"gpt-4.1*", kTiles, 85, 170},
    {"gpt-4.1-mini*", kPatches, 0, 162},
    {"gpt-4.1-nano*", kPatches, 0, 246},
    {"gpt-4.5*", kTiles, 85, 170},
    {"gpt-4-turbo*", kTiles, 85, 170},
    {"gpt-5", kTiles, 70, 140},
    {"gpt-5-2025*", kTiles, 70, 140},
    {"gpt-5-chat*", kTiles, 70, 140},
    {"gpt-5-mini*", kPatches, 0, 162},
    {"gpt-5-nano*", kPatches, 0, 246},
    {"o1", kTiles, 75, 150},
    {"o1-2024*", kTiles, 75, 150},
    {"o1-pro*", kTiles, 75, 150},
    {"o3", kTiles, 75, 150},
    {"o3-2025*", kTiles, 75, 150},
    {"o3-pro*", kTiles, 75, 150},
    {"o4-mini*", kPatches, 0, 172},
    {"computer-use-preview*", kTiles, 65, 129},
};

constexpr int64_t kLongestSide = 2048;  // of an image that is cut into tiles
constexpr int64_t kShortSide = 768;
constexpr int64_t kTile = 512;
constexpr int64_t kPatch = 32;
constexpr int64_t kMostPatches = 1536;
constexpr int64_t kLargestSide = 1'000'000;  // what claims to be larger is no image

int64_t DivideUp(int64_t number, int64_t by) { return (number + by - 1) / by; }

int64_t DivideToNearest(int64_t number, int64_t by) { return (number + by / 2) / by; }

int64_t Tiles(ImageSize size) {
  auto [short_side, long_side] = std::minmax(size.width, size.height);
  int64_t shorter = short_side;
  int64_t longer = long_side;
  if (longer > kLongestSide) {
    shorter = std::max<int64_t>(DivideToNearest(shorter * kLongestSide, longer), 1);
    longer = kLongestSide;
  }
  if (shorter > kShortSide) {
    longer = DivideToNearest(longer * kShortSide, shorter);
    shorter = kShortSide;
  }
  return DivideUp(shorter, kTile) * DivideUp(longer, kTile);
}

// An image of too many patches is shrunk until these would do, and then until a whole number of them covers
// the one side for which less is needed.
int64_t Patches(ImageSize size) {
  const int64_t patches = DivideUp(size.width, kPatch) * DivideUp(size.height, kPatch);
  if (patches <= kMostPatches) return patches;
  const double shrink = std::sqrt(static_cast<double>(kMostPatches) /
                                  (static_cast<double>(size.width) * static_cast<double>(size.height)));
  const double width = static_cast<double>(size.width) * shrink;  // in patches
  const double height = static_cast<double>(size.height) * shrink;
  const auto whole_width = std::max<int64_t>(static_cast<int64_t>(width), 1);
  const auto whole_height = std::max<int64_t>(static_cast<int64_t>(height), 1);
  const bool fit_width =
      static_cast<double>(whole_width) / width < static_cast<double>(whole_height) / height;
  const int64_t shrunk = fit_width ? whole_width * DivideUp(size.height * whole_width, size.width)
                                   : whole_height * DivideUp(size.width * whole_height, size.height);
  return std::min(shrunk, kMostPatches);
}

// The bytes that base64 stands for, each decoded when it is asked for.
class Base64 {
 public:
  explicit Base64(std::string_view text) : text_(text) {}

  // The number of `count` bytes at an offset, big-endian; -1 where the text has not as many.
  int64_t BigEndian(size_t at, size_t count) const {
    int64_t number = 0;
    for (size_t i = 0; i < count && number >= 0; ++i) number = Append(number, Byte(at + i));
    return number;
  }

  int64_t LittleEndian(size_t at, size_t count) const {
    int64_t number = 0;
    for (size_t i = count; i-- > 0 && number >= 0;) number = Append(number, Byte(at + i));
    return number;
  }

 private:
  static int64_t Append(int64_t number, int byte) { return byte < 0 ? -1 : number << 8 | byte; }

  // The six bits of a character; -1 for one that has none, or behind the end.
  int Sextet(size_t at) const {
    const char c = at < text_.size() ? text_[at] : '=';
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '+' || c == '-') return 62;
    if (c == '/' || c == '_') return 63;
    return -1;
  }

  int Byte(size_t at) const {
    const size_t first = at / 3 * 4 + at % 3;
    const int high = Sextet(first);
    const int low = Sextet(first + 1);
    if (high < 0 || low < 0) return -1;
    const unsigned shift = 2 * (static_cast<unsigned>(at % 3) + 1);
    return static_cast<int>(
        (static_cast<unsigned>(high) << shift | static_cast<unsigned>(low) >> (6 - shift)) & 0xff);
  }

  std::string_view text_;
};

std::optional<ImageSize> Checked(int64_t width, int64_t height) {
  if (width < 1 || height < 1 || width > kLargestSide || height > kLargestSide) return std::nullopt;
  return ImageSize{width, height};
}

// From segment to segment to the one that starts a frame.
std::optional<ImageSize> SizeOfJpeg(const Base64& bytes) {
  for (size_t at = 2;;) {
    const int64_t marker = bytes.BigEndian(at, 2);
    if (marker < 0xff01) return std::nullopt;
    if (marker == 0xffff) {  // a byte of filling
      ++at;
      continue;
    }
    const bool starts_frame =
        marker >= 0xffc0 && marker <= 0xffcf && marker != 0xffc4 && marker != 0xffc8 && marker != 0xffcc;
    if (starts_frame) return Checked(bytes.BigEndian(at + 7, 2), bytes.BigEndian(at + 5, 2));
    const int64_t length = bytes.BigEndian(at + 2, 2);
    if (length < 2) return std::nullopt;
    at += 2 + static_cast<size_t>(length);
  }
}

std::optional<ImageSize> SizeOfWebp(const Base64& bytes) {
  switch (bytes.BigEndian(12, 4)) {
    case 0x56503820: {  // "VP8 ": lossy
      const int64_t bits = bytes.LittleEndian(26, 4);
      if (bytes.BigEndian(23, 3) != 0x9d012a || bits < 0) return std::nullopt;
      return Checked(bits & 0x3fff, bits >> 16 & 0x3fff);
    }
    case 0x5650384c: {  // "VP8L": lossless
      const int64_t bits = bytes.LittleEndian(21, 4);
      if (bytes.BigEndian(20, 1) != 0x2f || bits < 0) return std::nullopt;
      return Checked((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1);
    }
    case 0x56503858:  // "VP8X": extended
      return Checked(bytes.LittleEndian(24, 3) + 1, bytes.LittleEndian(27, 3) + 1);
    default:
      return std::nullopt;
  }
}

std::optional<int64_t> NumberOfPixels(Json value) {
  int64_t number = 0;
  const std::string_view text = value.text();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (!value.is(TM_JSON_NUMBER) || error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

std::optional<ImageSize> StatedSize(Json object) {
  const auto width = NumberOfPixels(object["width"]);
  const auto height = NumberOfPixels(object["height"]);
  return width && height ? Checked(*width, *height) : std::nullopt;
}

}  // namespace

const ImageRule* FindImageRule(std::string_view model) {
  TmModelReading readings[TM_MODEL_READINGS];
  const size_t count = tm_model_readings(model.data(), model.size(), nullptr, readings);
  for (size_t i = 0; i < count; ++i) {
    const ImageRule* best = nullptr;
    size_t best_specificity = 0;
    for (const ImageRule& rule : kRules) {
      const size_t specificity =
          tm_model_specificity(rule.models.data(), rule.models.size(), readings[i].text);
      if (specificity <= best_specificity) continue;
      best = &rule;
      best_specificity = specificity;
    }
    if (best != nullptr) return best;
  }
  return nullptr;
}

int64_t ImageTokens(const ImageRule& rule, ImageSize size) {
  if (rule.kind == kTiles) return rule.base + rule.each * Tiles(size);
  return DivideToNearest(Patches(size) * rule.each, 100);
}

std::optional<ImageSize> SizeOfDataUrl(std::string_view url) {
  constexpr std::string_view kScheme = "data:";
  constexpr std::string_view kCoding = ";base64,";
  constexpr size_t kLongestType = 128;
  const size_t coding = url.substr(0, kLongestType).find(kCoding);
  if (!url.starts_with(kScheme) || coding == std::string_view::npos) return std::nullopt;
  const Base64 bytes(url.substr(coding + kCoding.size()));
  if (bytes.BigEndian(0, 4) == 0x89504e47 && bytes.BigEndian(12, 4) == 0x49484452) {  // PNG, "IHDR"
    return Checked(bytes.BigEndian(16, 4), bytes.BigEndian(20, 4));
  }
  if (bytes.BigEndian(0, 4) == 0x47494638) {  // "GIF8"
    return Checked(bytes.LittleEndian(6, 2), bytes.LittleEndian(8, 2));
  }
  if (bytes.BigEndian(0, 4) == 0x52494646 && bytes.BigEndian(8, 4) == 0x57454250) {  // "RIFF", "WEBP"
    return SizeOfWebp(bytes);
  }
  if (bytes.BigEndian(0, 3) == 0xffd8ff) return SizeOfJpeg(bytes);
  return std::nullopt;
}

std::optional<ImageSize> SizeOfImage(Json part) {
  const Json image = part["image_url"];
  if (const auto size = StatedSize(image)) return size;
  if (const auto size = StatedSize(part)) return size;
  return SizeOfDataUrl(image.is_object() ? image["url"].text() : image.text());
}

std::string_view DetailOfImage(Json part) {
  const Json detail = part["image_url"]["detail"];
  return detail ? detail.text() : part["detail"].text();
}

}  // namespace tokenmeter::chat
