// Which price applies, and what calls cost: the rules of docs/price.md, and exact arithmetic.
#include <gtest/gtest.h>

#include <cstring>
#include <initializer_list>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "metering/decimal.hpp"
#include "metering/metering.h"

namespace {

using tokenmeter::Add;
using tokenmeter::Compare;
using tokenmeter::Multiply;

// A plain decimal as a TmDecimal, by way of its text: padded to groups of four digits on both sides of the
// point.
TmDecimal Decimal(std::string text) {
  const size_t point = std::min(text.find('.'), text.size());
  std::string fraction = text.substr(std::min(point + 1, text.size()));
  std::string whole = text.substr(0, point);
  whole.insert(0, (4 - whole.size() % 4) % 4, '0');
  fraction.append((4 - fraction.size() % 4) % 4, '0');
  const std::string digits = whole + fraction;
  TmDecimal sum{};
  for (size_t i = 0; i < digits.size(); i += 4) {
    const TmDecimal digit{
        .weight = static_cast<int16_t>((static_cast<int>(whole.size()) - static_cast<int>(i)) / 4 - 1),
        .count = 1,
        .digits = {static_cast<uint16_t>(std::stoi(digits.substr(i, 4)))}};
    EXPECT_TRUE(digit.digits[0] == 0 || Add(sum, digit, &sum));
  }
  return sum;
}

std::string Text(const TmDecimal& value) {
  std::string text;
  for (int weight = std::max<int>(value.weight, 0); weight >= 0 || weight > value.weight - value.count;
       --weight) {
    const int index = value.weight - weight;
    const int digit = index >= 0 && index < value.count ? value.digits[index] : 0;
    if (weight == -1) text += '.';
    text += std::to_string(10000 + digit).substr(1);
  }
  text.erase(0, std::min(text.find_first_not_of('0'), std::min(text.find('.'), text.size()) - 1));
  if (text.find('.') != std::string::npos) text.erase(text.find_last_not_of('0') + 1);
  return text;
}

TEST(Decimals, AddAndMultiplyExactly) {
  TmDecimal result{};
  ASSERT_TRUE(Multiply(Decimal("9223372036854775807"), Decimal("0.00000000013"), &result));
  EXPECT_EQ(Text(result), "1199038364.79112085491");
  ASSERT_TRUE(Add(Decimal("9999999999999999"), Decimal("0.0000000000001"), &result));
  EXPECT_EQ(Text(result), "9999999999999999.0000000000001");
  ASSERT_TRUE(Add(Decimal("99999999.9999"), Decimal("0.0001"), &result));
  EXPECT_EQ(Text(result), "100000000");
  ASSERT_TRUE(Multiply(Decimal("0"), Decimal("12.5"), &result));
  EXPECT_EQ(Text(result), "0");
  EXPECT_EQ(Text(Decimal("12.34")), "12.34");
}

TEST(Decimals, AgreeWithIntegers) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 100000; ++i) {
    const uint64_t left = random() >> (33 + random() % 31), right = random() >> (33 + random() % 31);
    TmDecimal a, b, sum, product, expected;
    tm_decimal_from_integer(left, &a);
    tm_decimal_from_integer(right, &b);
    ASSERT_TRUE(Add(a, b, &sum) && Multiply(a, b, &product));
    tm_decimal_from_integer(left + right, &expected);
    ASSERT_EQ(Compare(sum, expected), 0) << left << " + " << right;
    tm_decimal_from_integer(left * right, &expected);
    ASSERT_EQ(Compare(product, expected), 0) << left << " * " << right;
    ASSERT_EQ(Compare(a, b) < 0, left < right);
    ASSERT_EQ(Compare(a, b) > 0, left > right);
  }
}

TEST(Decimals, SayWhatDoesNotFit) {
  TmDecimal wide{.weight = 0, .count = TM_DECIMAL_DIGITS, .digits = {}};
  std::fill(std::begin(wide.digits), std::end(wide.digits), uint16_t{9999});
  TmDecimal result{};
  EXPECT_FALSE(Multiply(wide, wide, &result));
  EXPECT_FALSE(Add(wide, Decimal("10000"), &result));
  EXPECT_FALSE(Add(Decimal("1"), TmDecimal{.weight = -32768, .count = 1, .digits = {1}}, &result));
  EXPECT_TRUE(Multiply(wide, Decimal("1"), &result));
}

// A row of a rate card with what a test says of it.
struct Row : TmPrice {
  Row(const char* meter_name, const char* number) : TmPrice{} {
    meter = meter_name;
    service_tier = "standard";
    currency = "USD";
    model_rank = 1;
    rate = Decimal(number);
    unit_fraction = Decimal("1");
    kind = TM_PRICE_UNIT;
  }
  template <typename T, typename U>
  Row With(T TmPrice::*field, U value) const {
    Row row = *this;
    row.*field = value;
    return row;
  }
  Row Factor() const { return With(&TmPrice::kind, TM_PRICE_FACTOR); }
  Row Ended() const { return With(&TmPrice::kind, TM_PRICE_ENDED); }
  Row Tier(const char* tier) const { return With(&TmPrice::service_tier, tier); }
  Row Above(int64_t tokens) const { return With(&TmPrice::context_above, tokens); }
  Row From(int64_t moment) const { return With(&TmPrice::effective_from, moment); }
  Row Region(const char* name) const { return With(&TmPrice::region, name); }
  Row Tenant(const char* name) const { return With(&TmPrice::tenant_id, name); }
  Row Hours(int64_t from, int64_t to) const {
    return With(&TmPrice::hours_from, from).With(&TmPrice::hours_to, to);
  }
};

struct Call : TmCall {
  Call()
      : TmCall{.service_tier = "standard",
               .tenant_id = nullptr,
               .region = nullptr,
               .occurred_at = 100,
               .time_of_day = 100,
               .known_at = INT64_MAX} {}
};

using Quantities = std::initializer_list<std::pair<const char*, std::string>>;

// The cost in digits, or what is the matter.
std::string Cost(std::vector<Row> rows, Quantities quantities, const Call& call = {}) {
  std::vector<TmPrice> card(rows.begin(), rows.end());
  for (size_t i = 0; i < card.size(); ++i) card[i].price_id = static_cast<int64_t>(i) + 1;
  tm_rate_card_sort(card.data(), card.size());
  std::vector<TmAmount> amounts(quantities.size());
  size_t i = 0;
  for (const auto& [meter, quantity] : quantities) {
    amounts[i].meter = meter;
    amounts[i++].quantity = Decimal(quantity);
  }
  TmCost cost;
  switch (tm_price_call(card.data(), card.size(), &call, amounts.data(), amounts.size(), &cost)) {
    case TM_COST_OK:
      for (const TmAmount& amount : amounts) {
        if (amount.tier_assumed) return Text(cost.total) + " assumed";
      }
      return Text(cost.total);
    case TM_COST_NO_QUANTITY:
      return "no quantity";
    case TM_COST_NO_PRICE:
      return std::string("no price of ") + amounts[cost.index].meter;
    case TM_COST_UNKNOWN_MODEL:
      return "unknown model";
    case TM_COST_TWO_CURRENCIES:
      return "two currencies";
    case TM_COST_OUT_OF_RANGE:
      return "out of range";
  }
  return "?";
}

Call WithTier(const char* tier) {
  Call call;
  call.service_tier = tier;
  return call;
}

TEST(Prices, MissingOnesAreNeverZero) {
  EXPECT_EQ(Cost({}, {{"input", "1"}}), "unknown model");
  EXPECT_EQ(Cost({{"input", "2"}}, {}), "no quantity");
  EXPECT_EQ(Cost({{"input", "2"}}, {{"output", "1"}}), "no price of output");
  EXPECT_EQ(Cost({{"input", "2"}}, {{"input", "0"}, {"output", "0"}}), "0");
  EXPECT_EQ(Cost({}, {{"input", "0"}}), "unknown model");
  EXPECT_EQ(Cost({{"input", "2"}, Row("output", "1").With(&TmPrice::currency, "EUR")},
                 {{"input", "1"}, {"output", "1"}}),
            "two currencies");
}

TEST(Prices, MetersPayThePriceOfTheirWhole) {
  const std::vector<Row> rows{{"input", "2"}, {"output", "8"}};
  EXPECT_EQ(
      Cost(rows,
           {{"cache_read", "1"}, {"cache_write", "1"}, {"cache_write_1h", "1"}, {"audio_input", "1"}}),
      "8");
  EXPECT_EQ(Cost(rows, {{"reasoning", "1"}, {"image_output", "1"}}), "16");
  EXPECT_EQ(Cost({{"input", "2"}, {"cache_write", "3"}}, {{"cache_write_1h", "1"}}), "3");
  EXPECT_EQ(
      Cost({{"input", "2"}, {"cache_write", "3"}, {"cache_write_1h", "4"}}, {{"cache_write_1h", "1"}}),
      "4");
  EXPECT_EQ(Cost({{"input", "2"}, {"audio_input", "5"}}, {{"audio_cache_read", "1"}}), "5");
  EXPECT_EQ(Cost({{"web_search_medium", "7"}}, {{"web_search", "1"}}), "7");
  EXPECT_EQ(Cost({{"web_search", "7"}}, {{"web_search_high", "1"}}), "7");
  EXPECT_EQ(Cost({{"web_search_medium", "7"}}, {{"web_search_high", "1"}}), "no price of web_search_high");
}

TEST(Prices, AContextTierIsOfTheWholePrompt) {
  const std::vector<Row> rows{{"input", "1"},
                              Row("input", "2").Above(100),
                              {"output", "10"},
                              Row("output", "30").Above(100),
                              {"cache_read", "0.1"}};
  EXPECT_EQ(Cost(rows, {{"input", "99"}, {"output", "1"}}), "109");
  EXPECT_EQ(Cost(rows, {{"input", "100"}, {"output", "1"}}), "110");
  EXPECT_EQ(Cost(rows, {{"input", "101"}, {"output", "1"}}), "232");
  EXPECT_EQ(Cost(rows, {{"input", "1"}, {"cache_read", "100"}, {"output", "1"}}), "42");
  EXPECT_EQ(Cost(rows, {{"input", "50"}, {"output", "101"}}), "1060") << "the answer is not of the prompt";
}

TEST(Prices, ServiceTiers) {
  const std::vector<Row> rows{{"input", "8"},
                              {"output", "16"},
                              Row("input", "3").Tier("flex"),
                              Row("*", "0.5").Tier("batch").Factor(),
                              {"web_search", "10"}};
  EXPECT_EQ(Cost(rows, {{"input", "1"}}, WithTier("flex")), "3");
  EXPECT_EQ(Cost(rows, {{"output", "1"}}, WithTier("flex")), "16 assumed");
  EXPECT_EQ(Cost(rows, {{"input", "1"}, {"output", "1"}}, WithTier("batch")), "12")
      << "half, where it is said";
  EXPECT_EQ(Cost(rows, {{"web_search", "1"}}, WithTier("batch")), "10") << "a factor of tokens";
  EXPECT_EQ(Cost(rows, {{"input", "1"}}, WithTier("priority")), "8 assumed");
}

TEST(Prices, TheContextGoesBeforeTheServiceTier) {
  const std::vector<Row> rows{{"input", "2"},
                              Row("input", "1").Tier("batch"),
                              Row("input", "4").Above(100),
                              Row("input", "0.5").Tier("batch").Factor()};
  EXPECT_EQ(Cost(rows, {{"input", "200"}}, WithTier("batch")), "400");
  EXPECT_EQ(Cost(rows, {{"input", "100"}}, WithTier("batch")), "100");
}

TEST(Prices, RegionsAndGeneralFactors) {
  Call call;
  call.region = "eu";
  const std::vector<Row> rows{{"input", "10"},
                              Row("*", "1.1").Region("eu").Factor(),
                              {"output", "20"},
                              Row("output", "21").Region("eu")};
  EXPECT_EQ(Cost(rows, {{"input", "1"}}), "10");
  EXPECT_EQ(Cost(rows, {{"input", "1"}}, call), "11");
  EXPECT_EQ(Cost(rows, {{"output", "1"}}, call), "21") << "a price of the region has its factor in it";
  EXPECT_EQ(Cost({{"input", "10"}, Row("*", "0.9").Factor()}, {{"input", "1"}}, call), "9");
  EXPECT_EQ(
      Cost({{"input", "10"}, Row("*", "0.9").Factor(), Row("input", "0.8").Factor()}, {{"input", "1"}}),
      "8");
}

TEST(Prices, HoursOfTheDayMayWrapMidnight) {
  const std::vector<Row> rows{{"input", "10"}, Row("input", "5").Hours(900, 50)};
  const auto at = [&](int64_t time) {
    Call call;
    call.time_of_day = time;
    return Cost(rows, {{"input", "1"}}, call);
  };
  EXPECT_EQ(at(899), "10");
  EXPECT_EQ(at(900), "5");
  EXPECT_EQ(at(0), "5");
  EXPECT_EQ(at(49), "5");
  EXPECT_EQ(at(50), "10");
}

TEST(Prices, TheLatestInEffectOfThoseKnown) {
  const std::vector<Row> rows{Row("input", "1").From(0), Row("input", "2").From(100),
                              Row("input", "3").From(100).With(&TmPrice::recorded_at, 5),
                              Row("input", "4").From(101)};
  Call call;
  EXPECT_EQ(Cost(rows, {{"input", "1"}}, call), "3");
  call.known_at = 4;
  EXPECT_EQ(Cost(rows, {{"input", "1"}}, call), "2");
  call.occurred_at = 99;
  EXPECT_EQ(Cost(rows, {{"input", "1"}}, call), "1");
  call.occurred_at = -1;
  EXPECT_EQ(Cost(rows, {{"input", "1"}}, call), "unknown model");
}

TEST(Prices, AnEndEndsItsKeyOnly) {
  const std::vector<Row> rows{{"input", "1"},
                              Row("input", "2").Above(100),
                              Row("input", "0").Above(100).From(50).Ended(),
                              Row("*", "0.5").Factor(),
                              Row("*", "0").From(60).Ended()};
  EXPECT_EQ(Cost(rows, {{"input", "200"}}), "200");
  Call call;
  call.occurred_at = 49;
  EXPECT_EQ(Cost(rows, {{"input", "200"}}, call), "200") << "2 x 0.5";
  EXPECT_EQ(Cost({{"input", "1"}, Row("input", "0").From(50).Ended()}, {{"input", "1"}}), "unknown model");
  EXPECT_EQ(Cost({{"input", "1"}, Row("input", "0").From(50).Ended(), Row("input", "3").From(60)},
                 {{"input", "1"}}),
            "3");
}

TEST(Prices, TenantsThenNamesThenOrigins) {
  Call call;
  call.tenant_id = "acme";
  const Row listed = Row("input", "10").With(&TmPrice::model_rank, 9);
  EXPECT_EQ(Cost({listed, Row("input", "7").Tenant("acme")}, {{"input", "1"}}, call), "7");
  EXPECT_EQ(Cost({listed, Row("input", "7").Tenant("other")}, {{"input", "1"}}, call), "10");
  EXPECT_EQ(Cost({listed, Row("input", "7").Tenant("acme")}, {{"input", "1"}}), "10");
  EXPECT_EQ(Cost({listed, Row("input", "7").With(&TmPrice::model_rank, 8)}, {{"input", "1"}}), "10");
  EXPECT_EQ(Cost({Row("input", "10").With(&TmPrice::origin, 2).From(90),
                  Row("input", "7").With(&TmPrice::origin, 0)},
                 {{"input", "1"}}),
            "7");
}

TEST(Prices, ThoseOfTheModelsOtherNamesAreNotMixedIn) {
  const auto named = [](const char* meter, const char* price, uint32_t rank) {
    return Row(meter, price).With(&TmPrice::model_rank, rank).With(&TmPrice::is_whole_name, true);
  };
  const std::vector<Row> rows{
      named("input", "11", 9), named("input", "10", 8), named("cache_read", "1", 8), {"web_search", "5"}};
  EXPECT_EQ(Cost(rows, {{"cache_read", "1"}, {"web_search", "1"}}), "16");
}

TEST(Prices, AFactorOfTheNameMultipliesPricesOfPatterns) {
  const Row pattern = Row("input", "10").With(&TmPrice::model_rank, 3);
  const Row factor = Row("*", "0.5").Factor().With(&TmPrice::model_rank, 9).With(&TmPrice::is_whole_name, true);
  EXPECT_EQ(Cost({pattern, factor}, {{"input", "1"}}), "5");
}

TEST(Prices, ANameWhosePricesHaveEndedIsNotTaken) {
  const auto named = [](const char* meter, const char* price, uint32_t rank) {
    return Row(meter, price).With(&TmPrice::model_rank, rank).With(&TmPrice::is_whole_name, true);
  };
  EXPECT_EQ(Cost({named("input", "1", 9), named("input", "0", 9).From(50).Ended(), named("input", "2", 8)}, {{"input", "1"}}),
            "2");
}

TEST(Prices, ADiscountAndPeakHoursAreBothTaken) {
  EXPECT_EQ(Cost({{"input", "10"}, Row("*", "2").Hours(0, 200).Factor(), Row("*", "0.9").Factor()}, {{"input", "1"}}), "18");
}

TEST(Prices, OwnOnesGoBeforeNarrowerOnesOfLists) {
  const Row own{"input", "1"};
  EXPECT_EQ(Cost({own, Row("input", "9").With(&TmPrice::origin, 2).Above(100)}, {{"input", "200"}}), "200");
  EXPECT_EQ(Cost({own, Row("input", "9").With(&TmPrice::origin, 2).Tier("priority")}, {{"input", "1"}}, WithTier("priority")),
            "1 assumed");
}

TEST(Prices, MetersOfNewKindsAreKnownByTheirEndings) {
  const std::vector<Row> rows{{"input", "2"}, Row("input", "3").Above(100), {"output", "8"}, Row("*", "0.5").Factor()};
  EXPECT_EQ(Cost(rows, {{"smell_cache_read", "200"}, {"smell_output", "1"}}), "304");
  EXPECT_EQ(Cost(rows, {{"smell", "1"}}), "no price of smell");
}

TEST(Prices, TooManyDigitsAreAProblem) {
  const std::string tiny = "0." + std::string(150, '0') + "1";
  EXPECT_EQ(Cost({{"input", tiny.c_str()}, {"output", "1"}},
                 {{"input", "1"}, {"output", "9" + std::string(60, '0')}}),
            "out of range");
}

TEST(ServiceTier, HasManyNames) {
  const auto tier = [](std::string_view name) -> std::string {
    char text[TM_SERVICE_TIER_SIZE];
    return tm_service_tier(name.data(), name.size(), text) ? text : "none";
  };
  EXPECT_EQ(tier(""), "standard");
  EXPECT_EQ(tier("Default"), "standard");
  EXPECT_EQ(tier("auto"), "standard");
  EXPECT_EQ(tier("on_demand"), "standard");
  EXPECT_EQ(tier("batches"), "batch");
  EXPECT_EQ(tier("PRIORITY"), "priority");
  EXPECT_EQ(tier(std::string(64, 'x')), "none");
}

}  // namespace
