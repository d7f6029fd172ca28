// What a provider's usage object means: its numbers as disjoint meters. The door; usage_shapes.cpp has the
// shapes, usage_meters.cpp the arithmetic.
#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "metering/metering.h"
#include "metering/usage_json.hpp"
#include "metering/usage_meters.hpp"
#include "metering/usage_shapes.hpp"

namespace tokenmeter::metering {
namespace {

using Kind = UsageNode::Kind;

// A decimal number from 0 on: its digits times ten to the exponent.
struct Decimal {
  std::string digits;
  int64_t exponent;

  bool is_zero() const { return digits.find_first_not_of('0') == digits.npos; }
};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Takes the digits that the text begins with.
std::string_view TakeDigits(std::string_view* text) {
  const auto end = std::ranges::find_if_not(*text, IsDigit);
  const std::string_view digits = text->substr(0, static_cast<size_t>(end - text->begin()));
  text->remove_prefix(digits.size());
  return digits;
}

// What follows a number's digits: nothing, or an exponent.
bool ReadExponent(std::string_view text, int64_t* exponent) {
  constexpr int64_t kLargest = 10000;
  *exponent = 0;
  if (text.empty()) return true;
  if (text[0] != 'e' && text[0] != 'E') return false;
  text.remove_prefix(1);
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  const char* const end = text.data() + text.size();
  const auto [read, error] = std::from_chars(text.data(), end, *exponent);
  return error == std::errc() && read == end && *exponent >= -kLargest && *exponent <= kLargest;
}

// Numbers as JSON has them, and as strings; -0 too.
std::optional<Decimal> ReadDecimal(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  Decimal decimal{std::string(TakeDigits(&text)), 0};
  if (decimal.digits.empty()) return std::nullopt;
  std::string_view fraction;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    fraction = TakeDigits(&text);
    if (fraction.empty()) return std::nullopt;
  }
  decimal.digits += fraction;
  if (!ReadExponent(text, &decimal.exponent)) return std::nullopt;
  decimal.exponent -= static_cast<int64_t>(fraction.size());
  if (negative && !decimal.is_zero()) return std::nullopt;
  return decimal;
}

// A whole number from 0 to 2^63 - 1, in whatever way it is written.
std::optional<int64_t> ToCount(Decimal decimal) {
  if (decimal.is_zero()) return 0;
  decimal.digits.erase(0, decimal.digits.find_first_not_of('0'));
  const size_t end = decimal.digits.find_last_not_of('0') + 1;
  decimal.exponent += static_cast<int64_t>(decimal.digits.size() - end);
  constexpr int64_t kMostDigits = std::numeric_limits<int64_t>::digits10 + 1;
  if (decimal.exponent < 0 || static_cast<int64_t>(end) + decimal.exponent > kMostDigits) {
    return std::nullopt;
  }
  decimal.digits.resize(end);
  decimal.digits.append(static_cast<size_t>(decimal.exponent), '0');
  int64_t count = 0;
  const char* const last = decimal.digits.data() + decimal.digits.size();
  const auto [read, error] = std::from_chars(decimal.digits.data(), last, count);
  if (error != std::errc() || read != last) return std::nullopt;
  return count;
}

template <size_t size>
void Copy(std::string_view text, char (&to)[size]) {
  std::memcpy(to, text.data(), std::min(text.size(), size - 1));
}

// Reads one usage object: numbers from either of two objects of the document, names also from the
// outermost.
class UsageReader {
 public:
  UsageReader(const UsageDocument& document, const UsageNode* later, const UsageNode* earlier,
              TmUsage* usage)
      : document_(document), roots_{later, earlier}, usage_(usage) {}

  // False where the object is of no known shape.
  bool Read() {
    if (roots_[0] == nullptr && roots_[1] == nullptr) return false;
    return std::ranges::any_of(Shapes(),
                               [this](const Shape& shape) { return IsOf(shape) && ReadAs(shape); });
  }

 private:
  bool IsMarker(const char* path, bool numbers_only) const {
    return std::ranges::any_of(roots_, [&](const UsageNode* root) {
      const UsageNode* const node = root == nullptr ? nullptr : document_.Find(root, path);
      return node != nullptr && (!numbers_only || node->kind == Kind::kNumber);
    });
  }

  bool IsOf(const Shape& shape) const {
    const auto is_marker = [&](const char* path) { return IsMarker(path, shape.numbers_only); };
    return std::ranges::any_of(shape.markers, is_marker) &&
           (shape.also.empty() || std::ranges::any_of(shape.also, is_marker)) &&
           std::ranges::none_of(shape.unless, is_marker);
  }

  bool ReadAs(const Shape& shape) {
    Numbers numbers;
    for (const Field& field : shape.fields) {
      const std::optional<int64_t> count = ReadCount(field.path);
      if (count.has_value()) numbers.Take(field, *count);
    }
    bool any = numbers.has(Part::kInput) || numbers.has(Part::kUncached) || numbers.has(Part::kToolInput) ||
               numbers.has(Part::kOutput);
    *usage_ = {};
    for (const QuantityField& field : QuantityFields()) any |= ReadQuantity(field);
    if (!any) return false;
    SetMeters(SettleUsage(numbers, shape));
    std::ranges::any_of(shape.costs, [this](const CostField& field) { return ReadCost(field); });
    ReadName(ServiceTierFields(), usage_->service_tier);
    ReadName(RegionFields(), usage_->region);
    return true;
  }

  // The sum of the counts at a path; of what two objects of a stream say the larger, since counts run on.
  std::optional<int64_t> ReadCount(const char* path) const {
    std::optional<int64_t> largest;
    for (const UsageNode* root : roots_) {
      if (root == nullptr) continue;
      std::optional<int64_t> sum;
      document_.Each(root, path, [&](const UsageNode& node) {
        const std::optional<int64_t> count = CountOf(node);
        int64_t more = 0;
        if (!count.has_value() || __builtin_add_overflow(sum.value_or(0), *count, &more)) {
          throw UsageError{TM_USAGE_NOT_A_COUNT, LastName(path)};
        }
        sum = more;
      });
      largest = std::max(largest, sum);
    }
    return largest;
  }

  std::optional<int64_t> CountOf(const UsageNode& node) const {
    const std::optional<Decimal> decimal = DecimalOf(node);
    return decimal.has_value() ? ToCount(*decimal) : std::nullopt;
  }

  std::optional<Decimal> DecimalOf(const UsageNode& node) const {
    if ((node.kind != Kind::kNumber && node.kind != Kind::kString) || !node.has_text) return std::nullopt;
    return ReadDecimal(document_.Text(node));
  }

  // A scalar; Mistral writes {} for none, and costs may be objects.
  const UsageNode* FindScalar(const char* path) const {
    for (const UsageNode* root : roots_) {
      const UsageNode* const node = root == nullptr ? nullptr : document_.Find(root, path);
      if (node != nullptr && (node->kind == Kind::kNumber || node->kind == Kind::kString)) return node;
    }
    return nullptr;
  }

  // The number with ten to the exponent behind it, so that nothing is lost.
  void WriteDecimal(const Decimal& decimal, const char* path, char (&to)[TM_USAGE_DECIMAL_SIZE]) const {
    std::string text = decimal.digits;
    text.erase(0, std::min(text.find_first_not_of('0'), text.size() - 1));
    if (decimal.exponent < 0 && decimal.exponent >= -40) {
      const auto places = static_cast<size_t>(-decimal.exponent);
      if (text.size() <= places) text.insert(0, places + 1 - text.size(), '0');
      text.insert(text.size() - places, ".");
    } else if (decimal.exponent != 0) {
      text += "e" + std::to_string(decimal.exponent);
    }
    if (text.size() >= sizeof(to)) throw UsageError{TM_USAGE_NOT_A_NUMBER, LastName(path)};
    Copy(text, to);
  }

  // False where the quantity is not reported. One of 0 is, but is not kept; nor is one reported already.
  bool ReadQuantity(const QuantityField& field) {
    const UsageNode* const node = FindScalar(field.path);
    if (node == nullptr) return false;
    const std::optional<Decimal> amount = field.once ? Decimal{"1", 0} : DecimalOf(*node);
    if (!amount.has_value()) throw UsageError{TM_USAGE_NOT_A_NUMBER, LastName(field.path)};
    TmQuantity* const quantity = amount->is_zero() ? nullptr : AddQuantity(field.meter);
    if (quantity != nullptr) WriteDecimal(*amount, field.path, quantity->amount);
    return true;
  }

  // Null where there is one of that meter already.
  TmQuantity* AddQuantity(const char* meter) {
    TmQuantity* const end = usage_->quantities + usage_->quantity_count;
    const auto is_of_meter = [&](const TmQuantity& known) { return std::strcmp(known.meter, meter) == 0; };
    if (std::any_of(usage_->quantities, end, is_of_meter)) return nullptr;
    if (usage_->quantity_count == TM_USAGE_QUANTITIES) throw UsageError{TM_USAGE_INTERNAL, nullptr};
    ++usage_->quantity_count;
    end->meter = meter;
    return end;
  }

  void SetMeters(const Amounts& amounts) {
    usage_->meters = amounts.tokens;
    const std::pair<const char*, int64_t> others[] = {
        {"audio_input", amounts.audio_input},           {"image_input", amounts.image_input},
        {"video_input", amounts.video_input},           {"citation", amounts.citation},
        {"audio_cache_read", amounts.audio_cache_read}, {"audio_output", amounts.audio_output},
        {"image_output", amounts.image_output},         {"video_output", amounts.video_output}};
    for (const auto& [meter, amount] : others) {
      TmQuantity* const quantity = amount == 0 ? nullptr : AddQuantity(meter);
      if (quantity != nullptr) Copy(std::to_string(amount), quantity->amount);
    }
  }

  bool ReadCost(const CostField& field) {
    const UsageNode* const node = FindScalar(field.path);
    if (node == nullptr) return false;
    std::optional<Decimal> cost = DecimalOf(*node);
    if (!cost.has_value()) throw UsageError{TM_USAGE_NOT_A_NUMBER, LastName(field.path)};
    cost->exponent += field.exponent;
    WriteDecimal(*cost, field.path, usage_->cost);
    Copy(field.currency, usage_->currency);
    return true;
  }

  // The name at a field's path, in lower case; empty where there is none that is meant.
  std::string NameAt(const UsageNode* root, const NameField& field) const {
    const UsageNode* const node = root == nullptr ? nullptr : document_.Find(root, field.path);
    if (node == nullptr || !node->has_text) return {};
    std::string name(document_.Text(*node));
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
    std::ranges::transform(name, name.begin(), lower);
    if (field.only != nullptr && name != field.only) return {};
    return name;
  }

  static bool IsName(std::string_view name) {
    const auto is_part = [](char c) {
      return (c >= 'a' && c <= 'z') || IsDigit(c) || c == '-' || c == '_' || c == '.';
    };
    return !name.empty() && name.size() < TM_USAGE_NAME_SIZE && std::ranges::all_of(name, is_part);
  }

  void ReadName(std::span<const NameField> fields, char (&to)[TM_USAGE_NAME_SIZE]) const {
    for (const UsageNode* root : {roots_[0], roots_[1], document_.root()}) {
      for (const NameField& field : fields) {
        const std::string name = NameAt(root, field);
        if (IsName(name)) return Copy(field.says != nullptr ? field.says : name, to);
      }
    }
  }

  const UsageDocument& document_;
  const UsageNode* roots_[2];
  TmUsage* usage_;
};

// An object at a wrapper's path; null where there is none.
const UsageNode* FindObject(const UsageDocument& document, const char* path) {
  const UsageNode* const node = document.Find(document.root(), path);
  return node != nullptr && node->kind == Kind::kObject ? node : nullptr;
}

TmUsageStatus ReadUsage(std::string_view json, TmUsage* usage) {
  UsageDocument document;
  if (document.Read(json, UsageNames()) != UsageDocument::Status::kOk) return TM_USAGE_NOT_JSON;
  for (const Wrapper& wrapper : Wrappers()) {
    const UsageNode* const later = FindObject(document, wrapper.path);
    const UsageNode* const earlier =
        *wrapper.earlier == '\0' ? nullptr : FindObject(document, wrapper.earlier);
    if (UsageReader(document, later, earlier, usage).Read()) return TM_USAGE_OK;
  }
  return TM_USAGE_UNKNOWN_SHAPE;
}

}  // namespace
}  // namespace tokenmeter::metering

TmUsageStatus tm_usage_read(const char* json, size_t length, TmUsage* usage, const char** key) {
  using namespace tokenmeter::metering;
  *key = nullptr;
  try {
    return ReadUsage(std::string_view(json, length), usage);
  } catch (const UsageError& error) {
    *key = error.key;
    return error.status;
  } catch (...) {
    return TM_USAGE_INTERNAL;
  }
}
