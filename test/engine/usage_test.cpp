// Usage objects as providers send them, into disjoint meters.
#include <gtest/gtest.h>

#include <string_view>

#include "metering/metering.h"

namespace {

struct Result {
  TmUsageStatus status;
  TmMeters meters;
  std::string_view key;
};

Result Read(std::string_view json) {
  Result result{};
  const char* key = nullptr;
  result.status = tm_usage_read(json.data(), json.size(), &result.meters, &key);
  if (key != nullptr) result.key = key;
  return result;
}

TEST(Usage, ChatCompletion) {
  const Result result = Read(R"({"prompt_tokens": 2006, "completion_tokens": 300, "total_tokens": 2306,
      "prompt_tokens_details": {"cached_tokens": 1920, "audio_tokens": 0},
      "completion_tokens_details": {"reasoning_tokens": 120}})");
  ASSERT_EQ(result.status, TM_USAGE_OK);
  EXPECT_EQ(result.meters.input, 86);
  EXPECT_EQ(result.meters.cache_read, 1920);
  EXPECT_EQ(result.meters.output, 180);
  EXPECT_EQ(result.meters.reasoning, 120);
  EXPECT_EQ(result.meters.cache_write, TM_NOT_REPORTED);
}

TEST(Usage, Responses) {
  const Result result = Read(R"({"input_tokens": 36, "input_tokens_details": {"cached_tokens": 0},
      "output_tokens": 87, "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 123})");
  ASSERT_EQ(result.status, TM_USAGE_OK);
  EXPECT_EQ(result.meters.input, 36);
  EXPECT_EQ(result.meters.cache_read, 0);  // a reported 0 is a report
  EXPECT_EQ(result.meters.output, 87);
}

TEST(Usage, Embedding) {
  const Result result = Read(R"({"prompt_tokens": 8, "total_tokens": 8})");
  ASSERT_EQ(result.status, TM_USAGE_OK);
  EXPECT_EQ(result.meters.input, 8);
  EXPECT_EQ(result.meters.cache_read, TM_NOT_REPORTED);
  EXPECT_EQ(result.meters.output, TM_NOT_REPORTED);
}

TEST(Usage, Anthropic) {
  Result result = Read(R"({"input_tokens": 3, "cache_creation_input_tokens": 12304,
      "cache_read_input_tokens": 1000, "output_tokens": 550, "service_tier": "standard"})");
  ASSERT_EQ(result.status, TM_USAGE_OK);
  EXPECT_EQ(result.meters.input, 3);
  EXPECT_EQ(result.meters.cache_read, 1000);
  EXPECT_EQ(result.meters.cache_write, 12304);
  EXPECT_EQ(result.meters.output, 550);
  result = Read(R"({"input_tokens": 3, "cache_creation_input_tokens": 30, "cache_read_input_tokens": 0,
      "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20}, "output_tokens": 5})");
  ASSERT_EQ(result.status, TM_USAGE_OK);
  EXPECT_EQ(result.meters.input, 3);
  EXPECT_EQ(result.meters.cache_write, 10);
  EXPECT_EQ(result.meters.cache_write_1h, 20);
  result = Read(R"({"input_tokens": 3, "cache_creation": {}, "cache_creation_input_tokens": 500})");
  ASSERT_EQ(result.status, TM_USAGE_OK);
  EXPECT_EQ(result.meters.cache_write, 500);
}

TEST(Usage, LangChain) {
  const Result result = Read(R"({"input_tokens": 350, "output_tokens": 240, "total_tokens": 590,
      "input_token_details": {"audio": 10, "cache_creation": 200, "cache_read": 100},
      "output_token_details": {"reasoning": 200}})");
  ASSERT_EQ(result.status, TM_USAGE_OK);
  EXPECT_EQ(result.meters.input, 50);
  EXPECT_EQ(result.meters.cache_read, 100);
  EXPECT_EQ(result.meters.cache_write, 200);
  EXPECT_EQ(result.meters.output, 40);
  EXPECT_EQ(result.meters.reasoning, 200);
}

// A part of a whole that is not told is no contradiction; a whole number may be written as a decimal.
TEST(Usage, PartsWithoutWholes) {
  const Result result =
      Read(R"({"prompt_tokens": 5.0, "completion_tokens_details": {"reasoning_tokens": 0}})");
  ASSERT_EQ(result.status, TM_USAGE_OK);
  EXPECT_EQ(result.meters.input, 5);
  EXPECT_EQ(result.meters.output, TM_NOT_REPORTED);
  EXPECT_EQ(result.meters.reasoning, 0);
}

TEST(Usage, NullIsNotReported) {
  const Result result =
      Read(R"({"prompt_tokens": 8, "completion_tokens": null, "prompt_tokens_details": null})");
  ASSERT_EQ(result.status, TM_USAGE_OK);
  EXPECT_EQ(result.meters.output, TM_NOT_REPORTED);
}

TEST(Usage, Refusals) {
  EXPECT_EQ(Read("").status, TM_USAGE_NOT_JSON);
  EXPECT_EQ(Read("[1]").status, TM_USAGE_NOT_JSON);
  EXPECT_EQ(Read(R"({"prompt_tokens":)").status, TM_USAGE_NOT_JSON);
  EXPECT_EQ(Read("{}").status, TM_USAGE_UNKNOWN_SHAPE);
  EXPECT_EQ(Read(R"({"cache_read_input_tokens": 5})").status, TM_USAGE_UNKNOWN_SHAPE);
  for (const char* value : {"-1", "1.5", "\"7\"", "true", "[]", "9223372036854775808", "1e30"}) {
    const Result result = Read(R"({"prompt_tokens": )" + std::string(value) + "}");
    EXPECT_EQ(result.status, TM_USAGE_NOT_A_COUNT) << value;
    EXPECT_EQ(result.key, "prompt_tokens");
  }
  const Result result = Read(R"({"prompt_tokens": 5, "prompt_tokens_details": {"cached_tokens": 6}})");
  EXPECT_EQ(result.status, TM_USAGE_CONTRADICTION);
  EXPECT_EQ(result.key, "cached_tokens");
}

}  // namespace
