// Reads usage objects: the input as it comes, and one that is made of it by choosing among the names that
// the parser knows, so that it is of some shape. Whatever is read must be in order, and add up.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "metering/metering.h"
#include "metering/usage_shapes.hpp"

namespace {

using Json = nlohmann::json;

const std::string* g_json;

void Check(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "not so: %s: %s\n", what, g_json->c_str());
  std::abort();
}

// Makes an object of the input's bytes.
class Maker {
 public:
  Maker(const uint8_t* data, size_t size) : at_(data), end_(data + size) {}

  bool more() const { return at_ != end_; }

  Json Object(int depth) {
    Json object = Json::object();
    for (size_t members = Byte() % 12; members > 0 && more(); --members) {
      const auto& names = tokenmeter::metering::UsageNames();
      const std::string name(names[(Byte() << 8 | Byte()) % names.size()]);
      object[name] = Value(depth);
    }
    return object;
  }

 private:
  size_t Byte() { return more() ? *at_++ : 0; }

  Json Value(int depth) {
    const size_t kind = Byte();
    if (kind < 32 && depth > 0) return Object(depth - 1);
    if (kind < 48 && depth > 0) return Json::array({Object(depth - 1), Object(depth - 1)});
    if (kind < 56) return Word();
    if (kind < 60) return std::to_string(Byte());
    if (kind < 64) return static_cast<double>(Byte()) / 4;
    if (kind < 68) return INT64_MAX - static_cast<int64_t>(Byte());
    if (kind < 70) return nullptr;
    if (kind < 72) return -static_cast<int64_t>(Byte());
    return Byte() % 16;
  }

  std::string Word() {
    static constexpr const char* kWords[] = {
        "AUDIO",         "image", "VIDEO", "1h",       "5m",        "compaction",     "low",
        "high",          "fast",  "",      "duration", "anthropic", "ON_DEMAND_FLEX", "us",
        "not_available", "1e5"};
    return kWords[Byte() % 16];
  }

  const uint8_t* at_;
  const uint8_t* end_;
};

template <size_t size>
void CheckText(const char (&text)[size], std::string_view allowed) {
  const size_t length = strnlen(text, size);
  Check(length < size, "strings end");
  Check(std::string_view(text, length).find_first_not_of(allowed) == std::string_view::npos,
        "strings have no other characters");
}

void CheckUsage(const TmUsage& usage) {
  const TmMeters& meters = usage.meters;
  for (const int64_t meter : {meters.input, meters.cache_read, meters.cache_write, meters.cache_write_1h,
                              meters.output, meters.reasoning}) {
    Check(meter >= TM_NOT_REPORTED, "meters are not negative");
  }
  Check(usage.quantity_count <= TM_USAGE_QUANTITIES, "there is room for the quantities");
  for (size_t i = 0; i < usage.quantity_count; ++i) {
    CheckText(usage.quantities[i].amount, "0123456789.e-");
    const Json amount = Json::parse(usage.quantities[i].amount, nullptr, false);
    Check(amount.is_number() && amount.get<double>() >= 0, "quantities are numbers");
    for (size_t j = 0; j < i; ++j) {
      Check(std::strcmp(usage.quantities[i].meter, usage.quantities[j].meter) != 0,
            "quantities are of a meter each");
    }
  }
  CheckText(usage.service_tier, "abcdefghijklmnopqrstuvwxyz0123456789-_.");
  CheckText(usage.region, "abcdefghijklmnopqrstuvwxyz0123456789-_.");
  CheckText(usage.cost, "0123456789.e-");
  Check((*usage.cost == '\0') == (*usage.currency == '\0'), "a cost has a currency");
}

double QuantityOf(const TmUsage& usage, std::string_view meter) {
  for (size_t i = 0; i < usage.quantity_count; ++i) {
    if (usage.quantities[i].meter == meter) return std::strtod(usage.quantities[i].amount, nullptr);
  }
  return 0;
}

double Count(int64_t meter) { return meter == TM_NOT_REPORTED ? 0 : static_cast<double>(meter); }

// Of shapes whose total is here, it is the sum of all meters; or without what the provider leaves out of
// it.
void CheckTotal(const Json& object, const TmUsage& usage) {
  const auto has = [&](const char* key) { return object.contains(key) && object[key].is_number(); };
  const bool gemini = has("promptTokenCount");
  for (const char* marker :
       {"candidatesTokenCount", "thoughtsTokenCount", "responseTokenCount", "prompt_token_count",
        "candidates_token_count", "thoughts_token_count", "response_token_count"}) {
    if (!gemini && object.contains(marker)) return;
  }
  const char* const key = gemini ? "totalTokenCount" : "total_tokens";
  if ((!gemini && !has("prompt_tokens")) || !has(key)) return;
  if (gemini && object.contains("total_token_count")) return;
  const auto total = object[key].get<double>();
  const TmMeters& meters = usage.meters;
  const double written = Count(meters.cache_write) + Count(meters.cache_write_1h);
  const double cached = Count(meters.cache_read) + QuantityOf(usage, "audio_cache_read") + written;
  double sum = Count(meters.input) + cached + Count(meters.output) + Count(meters.reasoning);
  for (const char* meter :
       {"audio_input", "image_input", "video_input", "audio_output", "image_output", "video_output"}) {
    sum += QuantityOf(usage, meter);
  }
  if (sum > 1e15 || total == 0) return;
  Check(total == sum || (!gemini && (total == sum - cached || total == sum - Count(meters.reasoning))),
        "meters add up to the total");
}

void CheckText(const std::string& json) {
  g_json = &json;
  TmUsage usage;
  std::memset(&usage, 0xAA, sizeof(usage));
  const char* key = nullptr;
  const TmUsageStatus status = tm_usage_read(json.data(), json.size(), &usage, &key);
  Check(status != TM_USAGE_INTERNAL, "there are no bugs");
  const bool has_key =
      status == TM_USAGE_NOT_A_COUNT || status == TM_USAGE_NOT_A_NUMBER || status == TM_USAGE_CONTRADICTION;
  Check(has_key == (key != nullptr), "a status names a key");
  if (status != TM_USAGE_OK) return;
  CheckUsage(usage);
  const Json object = Json::parse(json, nullptr, false);
  if (object.is_object()) CheckTotal(object, usage);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  CheckText(std::string(reinterpret_cast<const char*>(data), size));
  Maker maker(data, size);
  CheckText(maker.Object(3).dump());
  return 0;
}
