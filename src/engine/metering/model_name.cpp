// What the names of models and providers stand for: their readings, and how these meet the patterns of
// tables.
#include <algorithm>
#include <cstring>
#include <string_view>

#include "metering/metering.h"

namespace {

// What a name's path may begin with: who serves the model. Only names that no owner of models has: "google"
// may stand before the name of a model that somebody else serves.
constexpr std::string_view kProviders[] = {
    "azure",      "azure_ai",       "bedrock",   "cerebras",      "chatgpt",
    "databricks", "dashscope",      "deepinfra", "fireworks_ai",  "gemini",
    "github",     "github_copilot", "groq",      "litellm_proxy", "moonshot",
    "nebius",     "novita",         "ollama",    "openai",        "openrouter",
    "perplexity", "replicate",      "sambanova", "together_ai",   "vercel_ai_gateway",
    "vertex_ai",  "watsonx",        "xai"};

// Other names of providers, by what they begin with, and whether that is the whole name.
struct ProviderAlias {
  std::string_view name;
  bool is_start;
  std::string_view provider;
};
constexpr ProviderAlias kProviderAliases[] = {
    {"azure_text", false, "azure"},
    {"bedrock_converse", false, "bedrock"},
    {"cohere_chat", false, "cohere"},
    {"fireworks_ai-", true, "fireworks_ai"},
    {"gemini", false, "google"},
    {"text-completion-codestral", false, "codestral"},
    {"text-completion-inception", false, "inception"},
    {"text-completion-openai", false, "openai"},
    {"vertex_ai-", true, "vertex_ai"},
};

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

std::string_view ProviderName(std::string_view name) {
  for (const ProviderAlias& alias : kProviderAliases) {
    if (alias.is_start ? name.starts_with(alias.name) : name == alias.name) return alias.provider;
  }
  return name;
}

// Takes known segments off the front of a name's path, one at a time.
class Path {
 public:
  Path(std::string_view name, std::string_view provider) : name_(name), provider_(provider) {}

  std::string_view name() const { return name_; }

  bool Shorten() {
    const std::string_view segment = FirstSegment(name_);
    if (segment.size() + 1 >= name_.size() || segment == last_) return false;
    const bool is_provider =
        Contains(kProviders, segment) || (!provider_.empty() && ProviderName(segment) == provider_);
    const bool is_place = name_[segment.size()] == '/' && (Contains(kPlaces, segment) || any_region_);
    if (!is_provider && !is_place) return false;
    any_region_ = any_region_ || Contains(kProvidersWithRegions, segment);
    last_ = segment;
    name_.remove_prefix(segment.size() + 1);
    return true;
  }

 private:
  std::string_view name_;
  std::string_view provider_;
  std::string_view last_;  // "openrouter/openrouter/auto" is a model openrouter/auto
  bool any_region_ = false;
};

class Readings {
 public:
  explicit Readings(TmModelReading* readings) : readings_(readings) {}

  // Adds prefix + name, unless it is the reading before it.
  void Add(std::string_view prefix, std::string_view name, bool has_other_prices) {
    TmModelReading& reading = readings_[count_];
    char* end = std::copy(prefix.begin(), prefix.end(), reading.text);
    *std::copy(name.begin(), name.end(), end) = '\0';
    reading.has_other_prices = has_other_prices;
    if (count_ == 0 || std::strcmp(readings_[count_ - 1].text, reading.text) != 0) ++count_;
  }

  size_t count() const { return count_; }

 private:
  TmModelReading* readings_;
  size_t count_ = 0;
};

// As many as leave room for the two readings that may follow.
constexpr size_t kMaxPathReadings = TM_MODEL_READINGS - 2;

// Writes a name in lower case, ending in NUL.
template <size_t size>
std::string_view Lower(const char* name, size_t length, char (&lower)[size]) {
  *std::transform(name, name + length, lower, ToLower) = '\0';
  return {lower, length};
}

}  // namespace

size_t tm_model_readings(const char* name, size_t length, const char* provider,
                         TmModelReading readings[TM_MODEL_READINGS]) {
  // A reading is never longer than the name, but for the "ft:" that the old form of a fine-tuned model's
  // name, base:ft-owner-date, gets.
  if (length == 0 || length + kFineTuned.size() >= TM_MODEL_NAME_SIZE) return 0;
  char lower[TM_MODEL_NAME_SIZE];
  Path path(Lower(name, length, lower), provider != nullptr ? provider : "");

  Readings result(readings);
  result.Add("", path.name(), false);
  while (path.Shorten()) {
    if (result.count() < kMaxPathReadings) result.Add("", path.name(), false);
  }

  std::string_view model = path.name();
  bool fine_tuned = model.starts_with(kFineTuned);
  if (fine_tuned) model.remove_prefix(kFineTuned.size());
  const size_t colon = std::min(model.find(':'), model.size());
  fine_tuned = fine_tuned || model.substr(colon).starts_with(":ft-");
  const std::string_view base = model.substr(0, colon);
  if (base.empty()) return result.count();
  if (fine_tuned) result.Add(kFineTuned, base, false);
  result.Add("", base, true);
  return result.count();
}

bool tm_model_path_provider(const char* name, size_t length, char provider[TM_MODEL_NAME_SIZE],
                            bool* known) {
  if (length >= TM_MODEL_NAME_SIZE) return false;
  char lower[TM_MODEL_NAME_SIZE];
  const std::string_view whole = Lower(name, length, lower);
  const std::string_view segment = FirstSegment(whole);
  if (segment.empty() || segment.size() + 1 >= whole.size()) return false;
  *known = Contains(kProviders, segment);
  return tm_provider_name(segment.data(), segment.size(), provider);
}

bool tm_provider_name(const char* name, size_t length, char provider[TM_MODEL_NAME_SIZE]) {
  if (length == 0 || length >= TM_MODEL_NAME_SIZE) return false;
  char lower[TM_MODEL_NAME_SIZE];
  const std::string_view result = ProviderName(Lower(name, length, lower));
  *std::copy(result.begin(), result.end(), provider) = '\0';
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

uint32_t tm_model_rank(const char* pattern, size_t pattern_length, const TmModelReading* readings,
                       size_t count, bool* is_whole_name) {
  constexpr size_t kWholeName = size_t{2} * TM_MODEL_NAME_SIZE;  // more than the specificity of any start
  size_t best = 0;
  *is_whole_name = false;
  for (size_t i = 0; i < count; ++i) {
    const size_t specificity = tm_model_specificity(pattern, pattern_length, readings[i].text);
    if (specificity == 0 || readings[i].has_other_prices) continue;
    const bool is_whole = specificity > TM_MODEL_NAME_SIZE;
    *is_whole_name = *is_whole_name || is_whole;
    const size_t rank = is_whole ? kWholeName : specificity;
    best = std::max(best, rank * TM_MODEL_READINGS + (TM_MODEL_READINGS - 1 - i));
  }
  return static_cast<uint32_t>(best);
}
