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

// A place in the object: a key, or a key within the object of another key. Null: no such number.
struct Place {
  const char* outer;  // null: the usage object itself
  const char* key;
};

// How one API names its numbers. An object is of the first shape of whose markers it has one.
struct UsageShape {
  const char* markers[2];
  const char* input;
  Place cache_read;
  Place cache_write;
  Place cache_write_1h;
  const char* output;
  Place reasoning;
  bool input_includes_cache;
};

constexpr Place kNowhere{nullptr, nullptr};

constexpr UsageShape kShapes[] = {
    // OpenAI: chat completions, embeddings
    {{"prompt_tokens", "completion_tokens"},
     "prompt_tokens",
     {"prompt_tokens_details", "cached_tokens"},
     kNowhere,
     kNowhere,
     "completion_tokens",
     {"completion_tokens_details", "reasoning_tokens"},
     true},
    // Anthropic, with writes told apart by how long they are kept, and without
    {{"cache_creation", "cache_creation"},
     "input_tokens",
     {nullptr, "cache_read_input_tokens"},
     {"cache_creation", "ephemeral_5m_input_tokens"},
     {"cache_creation", "ephemeral_1h_input_tokens"},
     "output_tokens",
     kNowhere,
     false},
    {{"cache_creation_input_tokens", "cache_read_input_tokens"},
     "input_tokens",
     {nullptr, "cache_read_input_tokens"},
     {nullptr, "cache_creation_input_tokens"},
     kNowhere,
     "output_tokens",
     kNowhere,
     false},
    // LangChain: usage_metadata
    {{"input_token_details", "output_token_details"},
     "input_tokens",
     {"input_token_details", "cache_read"},
     {"input_token_details", "cache_creation"},
     kNowhere,
     "output_tokens",
     {"output_token_details", "reasoning"},
     true},
    // OpenAI: responses; and any other that tells the totals only
    {{"input_tokens", "output_tokens"},
     "input_tokens",
     {"input_tokens_details", "cached_tokens"},
     kNowhere,
     kNowhere,
     "output_tokens",
     {"output_tokens_details", "reasoning_tokens"},
     true},
};

// Whether the object has the key, with something in it.
bool Has(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && *found != nullptr && *found != Json::object();
}

// A whole number from 0 to 2^63 - 1, also if it is written 10.0.
bool ToCount(const Json& value, int64_t* count) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<uint64_t>();
    *count = static_cast<int64_t>(number);
    return number <= uint64_t{std::numeric_limits<int64_t>::max()};
  }
  constexpr double kExactDoubles = 9007199254740992;  // 2^53
  if (!value.is_number_float()) return false;
  const auto number = value.get<double>();
  *count = number >= 0 && number < kExactDoubles ? static_cast<int64_t>(number) : 0;
  return static_cast<double>(*count) == number;
}

// A count by its key; TM_NOT_REPORTED where it is missing or null.
int64_t ReadCount(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return TM_NOT_REPORTED;
  int64_t count = 0;
  if (!ToCount(*found, &count)) throw UsageError{TM_USAGE_NOT_A_COUNT, key};
  return count;
}

int64_t ReadCount(const Json& object, const Place& place) {
  if (place.key == nullptr) return TM_NOT_REPORTED;
  if (place.outer == nullptr) return ReadCount(object, place.key);
  const auto found = object.find(place.outer);
  if (found == object.end() || !found->is_object()) return TM_NOT_REPORTED;
  return ReadCount(*found, place.key);
}

// The whole without a part; both may not be reported.
int64_t Without(int64_t whole, int64_t part, const char* part_key) {
  if (whole == TM_NOT_REPORTED || part == TM_NOT_REPORTED) return whole;
  if (part > whole) throw UsageError{TM_USAGE_CONTRADICTION, part_key};
  return whole - part;
}

TmMeters ReadShape(const Json& object, const UsageShape& shape) {
  TmMeters meters{.input = ReadCount(object, shape.input),
                  .cache_read = ReadCount(object, shape.cache_read),
                  .cache_write = ReadCount(object, shape.cache_write),
                  .cache_write_1h = ReadCount(object, shape.cache_write_1h),
                  .output = ReadCount(object, shape.output),
                  .reasoning = ReadCount(object, shape.reasoning)};
  if (shape.input_includes_cache) {
    meters.input = Without(meters.input, meters.cache_read, shape.cache_read.key);
    meters.input = Without(meters.input, meters.cache_write, shape.cache_write.key);
  }
  meters.output = Without(meters.output, meters.reasoning, shape.reasoning.key);
  return meters;
}

TmMeters ReadUsage(const Json& object) {
  for (const UsageShape& shape : kShapes) {
    if (!Has(object, shape.markers[0]) && !Has(object, shape.markers[1])) continue;
    const TmMeters meters = ReadShape(object, shape);
    if (meters.input == TM_NOT_REPORTED && meters.output == TM_NOT_REPORTED) break;
    return meters;
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
