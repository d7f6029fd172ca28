// What a model's name stands for: its readings, and how they meet the patterns of tables.
#include <algorithm>
#include <cstring>
#include <string_view>

#include "metering/metering.h"

namespace {

// What a name's path may begin with: who serves the model.
constexpr std::string_view kProviders[] = {"azure",       "azure_ai",         "chatgpt",   "deepinfra",
                                           "github",      "github_copilot",   "groq",      "ollama",
                                           "openai",      "openrouter",       "replicate", "litellm_proxy",
                                           "together_ai", "vercel_ai_gateway"};

// Path segments that say where, or nothing.
constexpr std::string_view kPlaces[] = {"eu", "us", "global", "models", "text-completion-openai"};

// Providers whose paths go on with a region or deployment type of any name.
constexpr std::string_view kProvidersWithRegions[] = {"azure"};

constexpr std::string_view kFineTuned = "ft:";

char ToLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

template <size_t size>
bool Contains(const std::string_view (&list)[size], std::string_view word) {
  return std::ranges::find(list, word) != std::end(list);
}

// The first segment of a path; the whole name if it has none. "openai:gpt-4o" has one too.
std::string_view FirstSegment(std::string_view name) { return name.substr(0, name.find_first_of("/:")); }

// What stands behind the path's known segments.
std::string_view WithoutPath(std::string_view name) {
  bool any_region = false;
  for (;;) {
    const std::string_view segment = FirstSegment(name);
    if (segment.size() + 1 >= name.size()) return name;
    const bool is_provider = Contains(kProviders, segment);
    const bool is_place = name[segment.size()] == '/' && (Contains(kPlaces, segment) || any_region);
    if (!is_provider && !is_place) return name;
    any_region = any_region || Contains(kProvidersWithRegions, segment);
    name.remove_prefix(segment.size() + 1);
  }
}

class Readings {
 public:
  explicit Readings(TmModelReading* readings) : readings_(readings) {}

  // Adds prefix + name, unless it is the reading before it.
  void Add(std::string_view prefix, std::string_view name, bool is_base) {
    TmModelReading& reading = readings_[count_];
    char* end = std::copy(prefix.begin(), prefix.end(), reading.text);
    *std::copy(name.begin(), name.end(), end) = '\0';
    reading.is_base_of_fine_tuned = is_base;
    if (count_ == 0 || std::strcmp(readings_[count_ - 1].text, reading.text) != 0) ++count_;
  }

  size_t count() const { return count_; }

 private:
  TmModelReading* readings_;
  size_t count_ = 0;
};

}  // namespace

size_t tm_model_readings(const char* name, size_t length, TmModelReading readings[TM_MODEL_READINGS]) {
  // A reading is never longer than the name, but for the "ft:" that the old form of a fine-tuned model's
  // name, base:ft-owner-date, gets.
  if (length == 0 || length + kFineTuned.size() >= TM_MODEL_NAME_SIZE) return 0;
  char lower[TM_MODEL_NAME_SIZE];
  std::transform(name, name + length, lower, ToLower);
  const std::string_view whole(lower, length);

  Readings result(readings);
  result.Add("", whole, false);
  std::string_view model = WithoutPath(whole);
  result.Add("", model, false);

  bool fine_tuned = model.starts_with(kFineTuned);
  if (fine_tuned) model.remove_prefix(kFineTuned.size());
  const size_t colon = std::min(model.find(':'), model.size());
  fine_tuned = fine_tuned || model.substr(colon).starts_with(":ft-");
  const std::string_view base = model.substr(0, colon);
  if (base.empty()) return result.count();
  result.Add(fine_tuned ? kFineTuned : "", base, false);
  if (fine_tuned) result.Add("", base, true);
  return result.count();
}

bool tm_model_path_provider(const char* name, size_t length, char provider[TM_MODEL_NAME_SIZE]) {
  if (length >= TM_MODEL_NAME_SIZE) return false;
  const auto* end = std::transform(name, name + length, provider, ToLower);
  const std::string_view whole(provider, static_cast<size_t>(end - provider));
  const std::string_view segment = FirstSegment(whole);
  if (segment.size() + 1 >= whole.size() || !Contains(kProviders, segment)) return false;
  provider[segment.size()] = '\0';
  return true;
}

size_t tm_model_specificity(const char* pattern, size_t pattern_length, const char* reading) {
  const std::string_view text(pattern, pattern_length);
  const std::string_view name(reading);
  if (text == name) return TM_MODEL_NAME_SIZE + name.size();
  if (text.empty() || text.back() != '*') return 0;
  const std::string_view start = text.substr(0, text.size() - 1);
  return name.starts_with(start) ? start.size() + 1 : 0;
}
