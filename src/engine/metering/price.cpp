// Which price applies to each meter of a call, and what the call costs. docs/price.md states the rules.
#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <string_view>
#include <tuple>

#include "metering/decimal.hpp"
#include "metering/metering.h"

namespace tokenmeter {
namespace {

using Prices = std::span<const TmPrice>;

constexpr std::string_view kStandard = "standard";
constexpr const char* kEveryTokenMeter = "*";

// What is to know of a meter: whether it counts tokens, and those of the prompt, which decide its context
// tier; and, where it has no price, whose price the call pays instead, in this order.
struct Meter {
  std::string_view name;
  bool is_tokens;
  bool is_prompt;
  std::array<const char*, 2> others;
};
constexpr Meter kMeters[] = {
    {"input", true, true, {}},
    {"cache_read", true, true, {"input"}},
    {"cache_write", true, true, {"input"}},
    {"cache_write_1h", true, true, {"cache_write", "input"}},
    {"output", true, false, {}},
    {"reasoning", true, false, {"output"}},
    {"audio_cache_read", true, true, {"audio_input", "input"}},
    {"audio_cache_write", true, true, {"audio_input", "input"}},
    {"citation", true, false, {}},
    {"web_search", false, false, {"web_search_medium"}},
    {"web_search_low", false, false, {"web_search"}},
    {"web_search_medium", false, false, {"web_search"}},
    {"web_search_high", false, false, {"web_search"}},
};
// Meters of kinds that have no line of their own, by how their names end.
constexpr Meter kMeterEndings[] = {
    {"_cache_read", true, true, {"input"}},
    {"_cache_write", true, true, {"input"}},
    {"_input", true, true, {"input"}},
    {"_output", true, false, {"output"}},
    {"", false, false, {}},
};

const Meter& FindMeter(std::string_view name) {
  const auto* found = std::ranges::find(kMeters, name, &Meter::name);
  if (found != std::end(kMeters)) return *found;
  return *std::ranges::find_if(kMeterEndings,
                               [&](const Meter& meter) { return name.ends_with(meter.name); });
}

std::string_view View(const char* text) { return text != nullptr ? text : std::string_view(); }

bool HasHours(const TmPrice& price) { return price.hours_from != price.hours_to; }

// What rows have in common of which only the latest counts, in the order in which they are looked for: what
// is narrower goes first.
auto KeyOf(const TmPrice& price) {
  return std::tuple(std::string_view(price.meter), price.tenant_id == nullptr, View(price.tenant_id),
                    price.origin, ~price.model_rank, -price.context_above, price.region == nullptr,
                    View(price.region), price.is_standard, std::string_view(price.service_tier),
                    !HasHours(price), price.hours_from, price.hours_to);
}

// The latest first.
auto DatesOf(const TmPrice& price) {
  return std::tuple(-price.effective_from, -price.recorded_at, -price.price_id);
}

Prices OfMeter(Prices prices, const char* meter) {
  const auto first = std::ranges::partition_point(
      prices, [&](const TmPrice& price) { return std::strcmp(price.meter, meter) < 0; });
  const auto last = std::find_if(
      first, prices.end(), [&](const TmPrice& price) { return std::strcmp(price.meter, meter) != 0; });
  return {first, last};
}

bool InHours(const TmPrice& price, int64_t time_of_day) {
  if (!HasHours(price)) return true;
  const bool after_from = time_of_day >= price.hours_from;
  const bool before_to = time_of_day < price.hours_to;
  return price.hours_from < price.hours_to ? after_from && before_to : after_from || before_to;
}

// A call, as the rows of its rate card are held against it.
class Pricer {
 public:
  Pricer(Prices prices, const TmCall& call)
      : prices_(prices),
        call_(call),
        general_factors_(OfMeter(prices, kEveryTokenMeter)),
        is_standard_call_(call.service_tier == kStandard) {}

  // Counts an amount's tokens to the prompt, if they are of it; false if there are too many.
  bool AddToPrompt(const TmAmount& amount) {
    return !FindMeter(amount.meter).is_prompt || Add(prompt_, amount.quantity, &prompt_);
  }

  // Once the prompt is known: which of its names the model goes by. Prices of its other names are not mixed
  // in.
  void ChooseName() {
    for (size_t i = 0; i < prices_.size(); i = NextKey(prices_, i)) {
      const TmPrice* price = Current(prices_, i, TM_PRICE_UNIT);
      if (price != nullptr && price->is_whole_name) name_rank_ = std::max(name_rank_, price->model_rank);
    }
  }

  // Fills in price and factors of an amount; false if no price applies.
  bool FindPrice(TmAmount* amount) const {
    const Meter& meter = FindMeter(amount->meter);
    amount->price = FindUnitPrice(OfMeter(prices_, amount->meter));
    for (const char* other : meter.others) {
      if (amount->price == nullptr && other != nullptr)
        amount->price = FindUnitPrice(OfMeter(prices_, other));
    }
    if (amount->price == nullptr) return false;
    FindFactors(meter, amount);
    return true;
  }

  // Any price of the model; null if it has none.
  const TmPrice* AnyPrice() const { return FindUnitPrice(prices_); }

 private:
  bool IsInEffect(const TmPrice& price) const {
    return price.effective_from <= call_.occurred_at && price.recorded_at <= call_.known_at;
  }

  // The conditions that rows of one key share.
  bool Meets(const TmPrice& price) const {
    return (price.is_standard ||
            (!is_standard_call_ && std::strcmp(price.service_tier, call_.service_tier) == 0)) &&
           (price.tenant_id == nullptr || View(price.tenant_id) == View(call_.tenant_id)) &&
           (price.region == nullptr || View(price.region) == View(call_.region)) &&
           InHours(price, call_.time_of_day) && PassesContext(price);
  }

  bool PassesContext(const TmPrice& price) const {
    if (price.context_above == 0) return true;
    TmDecimal limit;
    tm_decimal_from_integer(static_cast<uint64_t>(price.context_above), &limit);
    return Compare(prompt_, limit) > 0;
  }

  // Where the rows of the next key begin.
  static size_t NextKey(Prices prices, size_t i) {
    const uint32_t key = prices[i].key;
    while (i < prices.size() && prices[i].key == key) ++i;
    return i;
  }

  // Of the key whose rows begin at i, the latest row of that kind that applies; null if it has been ended
  // since.
  const TmPrice* Current(Prices prices, size_t i, TmPriceKind kind) const {
    if (!Meets(prices[i])) return nullptr;
    for (const uint32_t key = prices[i].key; i < prices.size() && prices[i].key == key; ++i) {
      if (!IsInEffect(prices[i])) continue;
      if (prices[i].kind == kind) return &prices[i];
      if (prices[i].kind == TM_PRICE_ENDED) return nullptr;
    }
    return nullptr;
  }

  // The first row of that kind, in the order of the keys.
  template <typename Condition>
  const TmPrice* Find(Prices prices, TmPriceKind kind, Condition condition) const {
    for (size_t i = 0; i < prices.size(); i = NextKey(prices, i)) {
      if (!IsOfName(prices[i]) || !condition(prices[i])) continue;
      const TmPrice* price = Current(prices, i, kind);
      if (price != nullptr) return price;
    }
    return nullptr;
  }

  // Where no name has prices of its own, those of patterns apply, and factors of any name.
  bool IsOfName(const TmPrice& price) const {
    return !price.is_whole_name || name_rank_ == 0 || price.model_rank == name_rank_;
  }

  const TmPrice* FindUnitPrice(Prices prices) const {
    return Find(prices, TM_PRICE_UNIT, [](const TmPrice&) { return true; });
  }

  // A meter's own factor goes before one of every token meter.
  template <typename Condition>
  const TmPrice* FindFactor(const Meter& meter, Prices own, Condition condition) const {
    const TmPrice* factor = Find(own, TM_PRICE_FACTOR, condition);
    return factor != nullptr || !meter.is_tokens ? factor
                                                 : Find(general_factors_, TM_PRICE_FACTOR, condition);
  }

  void FindFactors(const Meter& meter, TmAmount* amount) const {
    const Prices own = OfMeter(prices_, amount->meter);
    const bool other_tier = amount->price->is_standard && !is_standard_call_;
    if (other_tier) {
      amount->factors[0] = FindFactor(meter, own, [](const TmPrice& row) { return !row.is_standard; });
    }
    amount->tier_assumed = other_tier && amount->factors[0] == nullptr && meter.is_tokens;
    if (amount->price->region == nullptr && call_.region != nullptr) {
      amount->factors[1] = FindFactor(meter, own, [](const TmPrice& row) { return row.region != nullptr; });
    }
    const auto is_general = [](const TmPrice& row) { return row.region == nullptr && row.is_standard; };
    amount->factors[2] =
        FindFactor(meter, own, [&](const TmPrice& row) { return is_general(row) && HasHours(row); });
    amount->factors[3] =
        FindFactor(meter, own, [&](const TmPrice& row) { return is_general(row) && !HasHours(row); });
  }

  Prices prices_;
  const TmCall& call_;
  Prices general_factors_;
  bool is_standard_call_;
  TmDecimal prompt_{};
  uint32_t name_rank_ = 0;
};

bool ComputeAmount(TmAmount* amount) {
  bool fits = Multiply(amount->quantity, amount->price->rate, &amount->amount) &&
              Multiply(amount->amount, amount->price->unit_fraction, &amount->amount);
  for (const TmPrice* factor : amount->factors) {
    if (factor != nullptr) fits = fits && Multiply(amount->amount, factor->rate, &amount->amount);
  }
  return fits;
}

// Prices one amount and adds it to the cost.
TmCostStatus PriceAmount(const Pricer& pricer, TmAmount* amount, TmCost* cost) {
  if (!pricer.FindPrice(amount)) return TM_COST_NO_PRICE;
  if (cost->currency == nullptr) cost->currency = amount->price->currency;
  if (std::string_view(cost->currency) != amount->price->currency) return TM_COST_TWO_CURRENCIES;
  if (!ComputeAmount(amount) || !Add(cost->total, amount->amount, &cost->total))
    return TM_COST_OUT_OF_RANGE;
  return TM_COST_OK;
}

void ForgetPrice(TmAmount* amount) {
  amount->price = nullptr;
  std::ranges::fill(amount->factors, nullptr);
  amount->tier_assumed = false;
  amount->amount = {};
}

TmCostStatus PriceCall(Pricer& pricer, std::span<TmAmount> amounts, TmCost* cost) {
  *cost = {};
  if (amounts.empty()) return TM_COST_NO_QUANTITY;
  for (TmAmount& amount : amounts) {
    ForgetPrice(&amount);
    cost->index = static_cast<size_t>(&amount - amounts.data());
    if (!pricer.AddToPrompt(amount)) return TM_COST_OUT_OF_RANGE;
  }
  pricer.ChooseName();
  const TmPrice* any = pricer.AnyPrice();
  if (any == nullptr) return TM_COST_UNKNOWN_MODEL;
  TmCostStatus first_problem = TM_COST_OK;
  for (TmAmount& amount : amounts) {
    const TmCostStatus status = IsZero(amount.quantity) ? TM_COST_OK : PriceAmount(pricer, &amount, cost);
    if (status == TM_COST_OK || first_problem != TM_COST_OK) continue;
    first_problem = status;
    cost->index = static_cast<size_t>(&amount - amounts.data());
  }
  if (cost->currency == nullptr) cost->currency = any->currency;  // nothing was used
  return first_problem;
}

}  // namespace
}  // namespace tokenmeter

void tm_rate_card_sort(TmPrice* prices, size_t count) {
  using namespace tokenmeter;
  const std::span card(prices, count);
  for (TmPrice& price : card) price.is_standard = price.service_tier == kStandard;
  std::ranges::sort(card, [](const TmPrice& left, const TmPrice& right) {
    const auto left_key = KeyOf(left), right_key = KeyOf(right);
    return left_key != right_key ? left_key < right_key : DatesOf(left) < DatesOf(right);
  });
  uint32_t key = 0;
  for (size_t i = 0; i < count; ++i)
    card[i].key = i > 0 && KeyOf(card[i]) != KeyOf(card[i - 1]) ? ++key : key;
}

bool tm_service_tier(const char* name, size_t length, char tier[TM_SERVICE_TIER_SIZE]) {
  struct Alias {
    std::string_view name, tier;
  };
  static constexpr Alias kAliases[] = {{"", tokenmeter::kStandard},
                                       {"auto", tokenmeter::kStandard},
                                       {"default", tokenmeter::kStandard},
                                       {"on_demand", tokenmeter::kStandard},
                                       {"batches", "batch"}};
  if (length >= TM_SERVICE_TIER_SIZE) return false;
  std::transform(name, name + length, tier,
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  const auto* alias = std::ranges::find(kAliases, std::string_view(tier, length), &Alias::name);
  if (alias != std::end(kAliases)) length = alias->tier.copy(tier, alias->tier.size());
  tier[length] = '\0';
  return true;
}

TmCostStatus tm_price_call(const TmPrice* prices, size_t price_count, const TmCall* call, TmAmount* amounts,
                           size_t amount_count, TmCost* cost) {
  using namespace tokenmeter;
  Pricer pricer(Prices(prices, price_count), *call);
  return PriceCall(pricer, std::span(amounts, amount_count), cost);
}
