#include "tokenizer/compile_normalization.hpp"

#include <algorithm>
#include <array>
#include <sstream>
#include <vector>

#include "tokenizer/compiler.hpp"
#include "tokenizer/normalize/canonical.hpp"
#include "tokenizer/normalize/normalization_table.hpp"

namespace tokenmeter::tokenizer {
namespace {

constexpr uint32_t kLimit = NormalizationImage::kCodePointLimit;

using Characters = std::vector<int32_t>;

struct ClusterName {
  std::string_view property;
  ClusterClass cluster;
};

// Where a character has several of these, the last one counts.
constexpr ClusterName kClusters[] = {
    {"CR", ClusterClass::kControl},          {"LF", ClusterClass::kControl},
    {"Control", ClusterClass::kControl},     {"Extend", ClusterClass::kExtend},
    {"Linked", ClusterClass::kLinkedExtend}, {"Linker", ClusterClass::kLinker},
    {"ZWJ", ClusterClass::kJoiner},          {"Regional_Indicator", ClusterClass::kRegionalIndicator},
    {"Prepend", ClusterClass::kPrepend},     {"SpacingMark", ClusterClass::kSpacingMark},
    {"L", ClusterClass::kHangulL},           {"V", ClusterClass::kHangulV},
    {"T", ClusterClass::kHangulT},           {"Pictographic", ClusterClass::kPictographic},
    {"Consonant", ClusterClass::kConsonant},
};

struct FlagName {
  std::string_view property;
  uint16_t flag;
};

constexpr FlagName kFlags[] = {
    {"Mark", NormalizationRecord::kMark},
    {"Nonspacing_Mark", NormalizationRecord::kNonspacingMark},
    {"White_Space", NormalizationRecord::kWhiteSpace},
    {"Other", NormalizationRecord::kControl},
};

// What the file says; of each code point.
struct Facts {
  std::vector<NormalizationRecord> records = std::vector<NormalizationRecord>(kLimit);
  std::vector<bool> assigned = std::vector<bool>(kLimit);
  std::vector<uint8_t> cluster_rank = std::vector<uint8_t>(kLimit);  // index into kClusters, + 1
};

void AddFact(std::string_view property, int32_t distance, uint32_t code_point, Facts* facts) {
  NormalizationRecord& record = facts->records[code_point];
  if (property == "Assigned") {
    facts->assigned[code_point] = true;
  } else if (property == "Lowercase") {
    record.to_lower = static_cast<uint16_t>(distance);
    if (ToLower(code_point, record) != code_point + static_cast<uint32_t>(distance)) {
      throw CompileError("a lower-case letter in another plane");
    }
  } else if (const auto* flag = std::ranges::find(kFlags, property, &FlagName::property);
             flag != std::end(kFlags)) {
    record.flags |= flag->flag;
  } else if (const auto* name = std::ranges::find(kClusters, property, &ClusterName::property);
             name != std::end(kClusters)) {
    const auto rank = static_cast<uint8_t>(name - kClusters + 1);
    facts->cluster_rank[code_point] = std::max(facts->cluster_rank[code_point], rank);
  } else {
    throw CompileError("unknown property: " + std::string(property));
  }
}

Facts ReadFacts(std::string_view text) {
  Facts facts;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream fields(line);
    uint32_t first = 0;
    uint32_t last = 0;
    std::string property;
    fields >> std::hex >> first >> last >> property;
    if (!fields || last >= kLimit) throw CompileError("not a row of properties: " + line);
    int32_t distance = 0;
    if (property == "Lowercase" && !(fields >> std::dec >> distance)) {
      throw CompileError("no distance to the lower-case letter: " + line);
    }
    for (uint32_t c = first; c <= last; ++c) AddFact(property, distance, c, &facts);
  }
  return facts;
}

ClusterClass ClusterOf(uint32_t code_point, const Facts& facts) {
  constexpr uint32_t kFirstSyllable = 0xAC00;
  constexpr uint32_t kSyllables = 11172;
  constexpr uint32_t kSyllablesOfLv = 28;
  if (code_point - kFirstSyllable < kSyllables) {
    return (code_point - kFirstSyllable) % kSyllablesOfLv == 0 ? ClusterClass::kHangulLv
                                                               : ClusterClass::kHangulLvt;
  }
  const uint8_t rank = facts.cluster_rank[code_point];
  return rank == 0 ? ClusterClass::kOther : kClusters[rank - 1].cluster;
}

Characters Decomposition(uint32_t code_point, bool compatible) {
  int32_t buffer[kLongestDecomposition];
  const auto characters = Decompose(code_point, compatible, &buffer);
  return {characters.begin(), characters.end()};
}

Characters Composed(Characters characters) {
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE);
  const auto length = utf8proc_normalize_utf32(characters.data(),
                                               static_cast<utf8proc_ssize_t>(characters.size()), options);
  characters.resize(static_cast<size_t>(length));
  return characters;
}

// The characters that may compose with one before them: the last ones of all primary composites.
std::vector<bool> FindSeconds(const std::vector<bool>& assigned) {
  std::vector<bool> seconds(kLimit);
  for (uint32_t c = 0; c < kLimit; ++c) {
    if (!assigned[c]) continue;
    const Characters parts = Decomposition(c, false);
    const Characters itself = {static_cast<int32_t>(c)};
    if (parts.size() > 1 && Composed(parts) == itself) seconds[static_cast<size_t>(parts.back())] = true;
  }
  return seconds;
}

uint16_t FormFlags(uint32_t code_point, const std::vector<bool>& seconds) {
  const Characters itself = {static_cast<int32_t>(code_point)};
  uint32_t flags = 0;
  const auto add = [&flags](Form form, bool changes, bool joins) {
    flags |= (changes ? NormalizationRecord::kChanges : 0u) << static_cast<int>(form);
    flags |= (joins ? NormalizationRecord::kJoins : 0u) << static_cast<int>(form);
  };
  for (const bool compatible : {false, true}) {
    const Characters parts = Decomposition(code_point, compatible);
    const auto first = static_cast<uint32_t>(parts.front());
    const bool is_mark = CombiningClass(first) != 0;
    add(compatible ? Form::kNfkd : Form::kNfd, parts != itself, is_mark);
    add(compatible ? Form::kNfkc : Form::kNfc, Composed(parts) != itself, is_mark || seconds[first]);
  }
  return static_cast<uint16_t>(flags);
}

}  // namespace

std::string CompileNormalizationTable(std::string_view text) {
  Facts facts = ReadFacts(text);
  const std::vector<bool> seconds = FindSeconds(facts.assigned);
  for (uint32_t c = 0; c < kLimit; ++c) {
    uint16_t& flags = facts.records[c].flags;
    flags |= static_cast<uint16_t>(static_cast<unsigned>(ClusterOf(c, facts))
                                   << NormalizationRecord::kClusterShift);
    if (facts.assigned[c]) flags |= FormFlags(c, seconds);
  }
  return NormalizationImage::Compile(facts.records);
}

}  // namespace tokenmeter::tokenizer
