// What images cost, by the rules that OpenAI publishes for its models.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "chat/json.hpp"

namespace tokenmeter::chat {

struct ImageSize {
  int64_t width;  // pixels, from 1 on
  int64_t height;
};

// How the images of some models become tokens.
struct ImageRule {
  enum class Kind {
    kTiles,  // `base` and for each square of 512 pixels `each`, after the image is made to fit; low detail:
             // `base`
    kPatches  // for each square of 32 pixels, at most 1536, `each` hundredths; detail makes no difference
  };
  std::string_view models;  // as a pattern of tokenmeter.model
  Kind kind;
  int64_t base;
  int64_t each;
};

// The rule for a model, as its name is written; null where none is published.
const ImageRule* FindImageRule(std::string_view model);

// The tokens of an image of that size in high detail.
int64_t ImageTokens(const ImageRule& rule, ImageSize size);

// The size that a data URL's PNG, JPEG, GIF or WebP says it has. O(length) at worst, and no memory.
std::optional<ImageSize> SizeOfDataUrl(std::string_view url);

// The size of the image of a part: its numbers `width` and `height`, beside the URL or in the part itself;
// else what its data URL says.
std::optional<ImageSize> SizeOfImage(Json part);

// The part's detail: low, high, auto, or empty.
std::string_view DetailOfImage(Json part);

}  // namespace tokenmeter::chat
