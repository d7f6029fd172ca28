// What a provider's usage object means: its numbers as disjoint meters.
#include <limits>
#include <nlohmann/json.hpp>
#include <string_view>

#include "metering/metering.h"

namespace {

using Json = nlohmann::json;

// Thrown within this file only; the door turns it into a status.
struct UsageError {
  TmUsageStatus status;
  const char* key;
};

// How one API names its numbers. Totals include their parts.
struct UsageShape {
  const char* input;  // total of the prompt
  const char* input_details;
  const char* cached;  // in input_details
  const char* output;  // total of the answer
  const char* output_details;
  const char* reasoning;  // in output_details
};

constexpr UsageShape kShapes[] = {
    // chat completions, embeddings
    {"prompt_tokens", "prompt_tokens_details", "cached_tokens", "completion_tokens",
     "completion_tokens_details", "reasoning_tokens"},
    // responses
    {"input_tokens", "input_tokens_details", "cached_tokens", "output_tokens", "output_tokens_details",
     "reasoning_tokens"},
};

// A count by its key; TM_NOT_REPORTED where it is missing or null.
int64_t ReadCount(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return TM_NOT_REPORTED;
  const bool fits = found->is_number_unsigned() &&
                    found->get<uint64_t>() <= uint64_t{std::numeric_limits<int64_t>::max()};
  if (!fits) throw UsageError{TM_USAGE_NOT_A_COUNT, key};
  return found->get<int64_t>();
}

int64_t ReadDetail(const Json& object, const char* details, const char* key) {
  const auto found = object.find(details);
  if (found == object.end() || !found->is_object()) return TM_NOT_REPORTED;
  return ReadCount(*found, key);
}

// The whole without a part that may not be reported.
int64_t Without(int64_t whole, int64_t part, const char* part_key) {
  if (part == TM_NOT_REPORTED) return whole;
  if (part > whole) throw UsageError{TM_USAGE_CONTRADICTION, part_key};
  return whole - part;
}

TmMeters ReadUsage(const Json& object) {
  for (const UsageShape& shape : kShapes) {
    const int64_t input = ReadCount(object, shape.input);
    const int64_t output = ReadCount(object, shape.output);
    if (input == TM_NOT_REPORTED && output == TM_NOT_REPORTED) continue;
    const int64_t cached = ReadDetail(object, shape.input_details, shape.cached);
    const int64_t reasoning = ReadDetail(object, shape.output_details, shape.reasoning);
    return {.input = Without(input, cached, shape.cached),
            .cache_read = cached,
            .cache_write = TM_NOT_REPORTED,
            .cache_write_1h = TM_NOT_REPORTED,
            .output = Without(output, reasoning, shape.reasoning),
            .reasoning = reasoning};
  }
  throw UsageError{TM_USAGE_UNKNOWN_SHAPE, nullptr};
}

}  // namespace

TmUsageStatus tm_usage_read(const char* json, size_t length, TmMeters* meters, const char** key) {
  *key = nullptr;
  try {
    const Json object = Json::parse(json, json + length, nullptr, /*allow_exceptions=*/false);
    if (!object.is_object()) return TM_USAGE_NOT_JSON;
    *meters = ReadUsage(object);
    return TM_USAGE_OK;
  } catch (const UsageError& error) {
    *key = error.key;
    return error.status;
  } catch (...) {
    return TM_USAGE_INTERNAL;
  }
}
