#include "tokenizer/properties.hpp"

#include <charconv>
#include <stdexcept>
#include <string>

// vocab/properties.tsv, brought in by images.S.
extern "C" {
extern const char tm_properties[];
extern const char tm_properties_end[];
}

namespace tokenmeter::tokenizer {
namespace {

// Takes what is before the next `separator`, or all, off the front of the text.
std::string_view TakeField(std::string_view* text, char separator) {
  const std::string_view field = text->substr(0, text->find(separator));
  text->remove_prefix(std::min(text->size(), field.size() + 1));
  return field;
}

template <typename Number>
Number TakeNumber(std::string_view* text, int base) {
  Number number = 0;
  const auto end = std::from_chars(text->data(), text->data() + text->size(), number, base).ptr;
  text->remove_prefix(end - text->data());
  return number;
}

// Ranges, some with a number behind a colon: visit(first, last, number).
template <typename Visit>
void ForEachSpan(std::string_view spans, Visit visit) {
  while (!spans.empty()) {
    std::string_view span = TakeField(&spans, ' ');
    const auto first = TakeNumber<uint32_t>(&span, 16);
    uint32_t last = first;
    if (span.starts_with('-')) {
      span.remove_prefix(1);
      last = TakeNumber<uint32_t>(&span, 16);
    }
    if (span.starts_with(':')) span.remove_prefix(1);
    visit(first, last, TakeNumber<int32_t>(&span, 10));
  }
}

// What the table says behind the name; nothing if it has none such.
std::optional<std::string_view> FindLine(std::string_view name) {
  std::string_view table(tm_properties, tm_properties_end - tm_properties);
  while (!table.empty()) {
    std::string_view line = TakeField(&table, '\n');
    std::string_view names = TakeField(&line, '\t');
    while (!names.empty()) {
      if (TakeField(&names, '|') == name) return line;
    }
  }
  return std::nullopt;
}

// A name as the table has it.
std::string PlainName(std::string_view name) {
  if (name.starts_with('(')) return std::string(name);
  std::string plain;
  for (const char c : name) {
    if (c == ' ' || c == '_' || c == '-') continue;
    plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  }
  return plain;
}

// Names of names are at most so deep in the table.
constexpr int kDeepest = 3;

std::optional<CodePointSet> Find(std::string_view name, int depth) {
  std::optional<std::string_view> line = FindLine(name);
  if (!line || depth > kDeepest) return std::nullopt;
  if (!line->starts_with("= ")) {
    std::vector<CodePointSet::Range> ranges;
    ForEachSpan(*line, [&](uint32_t first, uint32_t last, int32_t) { ranges.push_back({first, last}); });
    return CodePointSet::Of(std::move(ranges));
  }
  line->remove_prefix(2);
  CodePointSet set;
  while (!line->empty()) {
    const auto part = Find(TakeField(&*line, ' '), depth + 1);
    if (!part) return std::nullopt;
    set |= *part;
  }
  return set;
}

}  // namespace

std::optional<CodePointSet> FindProperty(std::string_view name) {
  const std::string plain = PlainName(name);
  return plain.empty() ? std::nullopt : Find(plain, 0);
}

CodePointSet Property(std::string_view name) {
  auto set = FindProperty(name);
  if (!set) throw std::logic_error("no Unicode property " + std::string(name));
  return *std::move(set);
}

CodePointSet CloseUnderCase(const CodePointSet& set) {
  const std::string_view folding = FindLine("(folding)").value();
  // What the set folds to; then all that folds to something of that.
  std::vector<CodePointSet::Range> folded = set.ranges();
  ForEachSpan(folding, [&](uint32_t first, uint32_t last, int32_t delta) {
    for (uint32_t c = first; c <= last; ++c) {
      if (set.Contains(c)) folded.push_back({c + delta, c + delta});
    }
  });
  const CodePointSet targets = CodePointSet::Of(folded);
  ForEachSpan(folding, [&](uint32_t first, uint32_t last, int32_t delta) {
    for (uint32_t c = first; c <= last; ++c) {
      if (targets.Contains(c + delta)) folded.push_back({c, c});
    }
  });
  return CodePointSet::Of(std::move(folded));
}

std::vector<uint8_t> ScriptNumbers() {
  std::vector<uint8_t> scripts(kLastCodePoint + 1);
  ForEachSpan(FindLine("(scripts 9.0)").value(), [&](uint32_t first, uint32_t last, int32_t script) {
    std::fill(scripts.begin() + first, scripts.begin() + last + 1, static_cast<uint8_t>(script));
  });
  return scripts;
}

}  // namespace tokenmeter::tokenizer
