// JSON numbers as Hugging Face's library reads them. Its parser rounds twice, to a significand of 53 bits
// and again when it scales that by a power of ten, so that some are a unit in the last place off what they
// say; which of two nearly equal scores is the higher may depend on it.
#pragma once

#include <string_view>

namespace tokenmeter::tokenizer {

// `text` is a number with a fraction or an exponent, as JSON has it. Infinite where it is too large.
double ReadJsonNumber(std::string_view text);

}  // namespace tokenmeter::tokenizer
