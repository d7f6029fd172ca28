// What a model's name stands for: its readings, and how they meet the patterns of tables.
#include <algorithm>
#include <cstring>
#include <string_view>

#include "metering/metering.h"

namespace {

// Path segments that say who serves a model or where, not which model it is.
constexpr std::string_view kProviderSegments[] = {
    "azure",     "azure_ai",      "chatgpt",   "deepinfra",  "eu",     "github",      "github_copilot",
    "global",    "global-standard", "groq",    "litellm_proxy", "models", "ollama",   "openai",
    "openrouter", "replicate",    "text-completion-openai", "together_ai", "us", "vercel_ai_gateway"};

constexpr std::string_view kFineTuned = "ft:";

char ToLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

std::string_view WithoutProvider(std::string_view name) {
  for (;;) {
    const size_t slash = name.find('/');
    if (slash == name.npos || slash + 1 == name.size()) return name;
    const std::string_view segment = name.substr(0, slash);
    if (std::ranges::find(kProviderSegments, segment) == std::end(kProviderSegments)) return name;
    name.remove_prefix(slash + 1);
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
  std::string_view model = WithoutProvider(whole);
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

size_t tm_model_specificity(const char* pattern, size_t pattern_length, const char* reading) {
  const std::string_view text(pattern, pattern_length);
  const std::string_view name(reading);
  if (text == name) return TM_MODEL_NAME_SIZE + name.size();
  if (text.empty() || text.back() != '*') return 0;
  const std::string_view start = text.substr(0, text.size() - 1);
  return name.starts_with(start) ? start.size() + 1 : 0;
}
