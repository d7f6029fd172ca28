// The readings of model names as people write them, and how patterns meet them.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "metering/metering.h"

namespace {

std::vector<std::string> Readings(std::string_view name, const char* provider = nullptr) {
  TmModelReading readings[TM_MODEL_READINGS];
  std::vector<std::string> texts;
  const size_t count = tm_model_readings(name.data(), name.size(), provider, readings);
  for (size_t i = 0; i < count; ++i) {
    texts.push_back((readings[i].has_other_prices ? "base " : "") + std::string(readings[i].text));
  }
  return texts;
}

using Texts = std::vector<std::string>;

TEST(ModelReadings, NamesAsPeopleWriteThem) {
  EXPECT_EQ(Readings("gpt-4o"), (Texts{"gpt-4o"}));
  EXPECT_EQ(Readings("GPT-4o-Mini"), (Texts{"gpt-4o-mini"}));
  EXPECT_EQ(Readings("openai/gpt-4o"), (Texts{"openai/gpt-4o", "gpt-4o"}));
  EXPECT_EQ(Readings("azure/eu/gpt-4o"), (Texts{"azure/eu/gpt-4o", "eu/gpt-4o", "gpt-4o"}));
  EXPECT_EQ(Readings("openrouter/openai/gpt-4o:free"),
            (Texts{"openrouter/openai/gpt-4o:free", "openai/gpt-4o:free", "gpt-4o:free", "base gpt-4o"}));
  EXPECT_EQ(Readings("azure/swedencentral/gpt-4o"),
            (Texts{"azure/swedencentral/gpt-4o", "swedencentral/gpt-4o", "gpt-4o"}));
  EXPECT_EQ(Readings("openai:gpt-4o"), (Texts{"openai:gpt-4o", "gpt-4o"}));
  EXPECT_EQ(Readings("my-org/gpt-4o"), (Texts{"my-org/gpt-4o"}));
  EXPECT_EQ(Readings("ft:gpt-4o-mini-2024-07-18:acme::9aBc"),
            (Texts{"ft:gpt-4o-mini-2024-07-18:acme::9abc", "ft:gpt-4o-mini-2024-07-18",
                   "base gpt-4o-mini-2024-07-18"}));
  EXPECT_EQ(Readings("davinci:ft-acme-2023-01-01"),
            (Texts{"davinci:ft-acme-2023-01-01", "ft:davinci", "base davinci"}));
}

TEST(ModelReadings, TheCallsOwnProviderIsAPathToo) {
  EXPECT_EQ(Readings("acme/large"), (Texts{"acme/large"}));
  EXPECT_EQ(Readings("Acme/large", "acme"), (Texts{"acme/large", "large"}));
  EXPECT_EQ(Readings("gemini/gemini-2.5-pro", "google"),
            (Texts{"gemini/gemini-2.5-pro", "gemini-2.5-pro"}));
  EXPECT_EQ(Readings("openrouter/openrouter/auto", "openrouter"),
            (Texts{"openrouter/openrouter/auto", "openrouter/auto"}));
}

TEST(ModelReadings, ALongPathLeavesRoomForTheBaseModel) {
  EXPECT_EQ(Readings("azure/eu/us/eu/us/eu/us/ft:gpt-4o:acme").size(), size_t{TM_MODEL_READINGS});
  EXPECT_EQ(Readings("azure/eu/us/eu/us/eu/us/ft:gpt-4o:acme").back(), "base gpt-4o");
}

TEST(ModelReadings, OddNames) {
  EXPECT_EQ(Readings(""), Texts{});
  EXPECT_EQ(Readings("/"), (Texts{"/"}));
  EXPECT_EQ(Readings("openai/"), (Texts{"openai/"}));
  EXPECT_EQ(Readings("ft:"), (Texts{"ft:"}));
  EXPECT_EQ(Readings(":"), (Texts{":"}));
  EXPECT_EQ(Readings("ft::x"), (Texts{"ft::x"}));
  EXPECT_EQ(Readings(std::string(253, 'x')), Texts{});
  EXPECT_EQ(Readings(std::string(252, 'x')).size(), 1u);
  EXPECT_EQ(Readings(std::string(248, 'x') + ":ft-").size(), 3u);
}

TEST(ModelPathProvider, IsTheFirstSegment) {
  const auto provider = [](std::string_view name) -> std::string {
    char text[TM_MODEL_NAME_SIZE];
    bool known = false;
    if (!tm_model_path_provider(name.data(), name.size(), text, &known)) return "";
    return text + std::string(known ? "" : "?");
  };
  EXPECT_EQ(provider("gemini/gemini-2.5-pro"), "google");
  EXPECT_EQ(provider("Azure/eu/gpt-4o"), "azure");
  EXPECT_EQ(provider("openrouter/openai/gpt-4o"), "openrouter");
  EXPECT_EQ(provider("openai:gpt-4o"), "openai");
  EXPECT_EQ(provider("gpt-4o"), "");
  EXPECT_EQ(provider("openai"), "");
  EXPECT_EQ(provider("openai/"), "");
  EXPECT_EQ(provider("my-org/gpt-4o"), "my-org?");
  EXPECT_EQ(provider("/gpt-4o"), "");
  EXPECT_EQ(provider(""), "");
  EXPECT_EQ(provider(std::string(300, 'x')), "");
}

TEST(ProviderName, HasManySpellings) {
  const auto name = [](std::string_view provider) -> std::string {
    char text[TM_MODEL_NAME_SIZE];
    return tm_provider_name(provider.data(), provider.size(), text) ? text : "none";
  };
  EXPECT_EQ(name("OpenAI"), "openai");
  EXPECT_EQ(name("gemini"), "google");
  EXPECT_EQ(name("Vertex_AI-language-models"), "vertex_ai");
  EXPECT_EQ(name("vertex_ai"), "vertex_ai");
  EXPECT_EQ(name("bedrock_converse"), "bedrock");
  EXPECT_EQ(name("bedrock_mantle"), "bedrock_mantle");
  EXPECT_EQ(name(""), "none");
  EXPECT_EQ(name(std::string(256, 'x')), "none");
}

TEST(ModelRank, WholeNamesBeforeStartsBeforeLaterReadings) {
  TmModelReading readings[TM_MODEL_READINGS];
  const std::string_view name = "azure/eu/gpt-4o:free";
  const size_t count = tm_model_readings(name.data(), name.size(), "azure", readings);
  const auto rank = [&](std::string_view pattern) {
    bool is_whole_name = false;
    const uint32_t result = tm_model_rank(pattern.data(), pattern.size(), readings, count, &is_whole_name);
    EXPECT_EQ(is_whole_name, result > 0 && pattern.back() != '*') << pattern;
    return result;
  };
  EXPECT_GT(rank("eu/gpt-4o:free"), rank("gpt-4o:free"));
  EXPECT_GT(rank("gpt-4o:free"), rank("azure/eu/gpt-4o*"));
  EXPECT_GT(rank("azure/eu/gpt-4o*"), rank("gpt-4o*"));
  EXPECT_GT(rank("gpt-4o*"), rank("*"));
  EXPECT_GT(rank("*"), 0u);
  EXPECT_EQ(rank("gpt-4o"), 0u) << "a variant has prices of its own";
}

TEST(ModelSpecificity, WholeNamesBeforeLongerStartsBeforeShorter) {
  const auto specificity = [](std::string_view pattern, const char* name) {
    return tm_model_specificity(pattern.data(), pattern.size(), name);
  };
  EXPECT_GT(specificity("gpt-4o", "gpt-4o"), specificity("gpt-4o*", "gpt-4o"));
  EXPECT_GT(specificity("gpt-4o*", "gpt-4o-mini"), specificity("gpt-4*", "gpt-4o-mini"));
  EXPECT_GT(specificity("*", "gpt-4o"), 0u);
  EXPECT_EQ(specificity("gpt-4-*", "gpt-4o"), 0u);
  EXPECT_EQ(specificity("gpt-4o", "gpt-4o-mini"), 0u);
  EXPECT_EQ(specificity("", "gpt-4o"), 0u);
}

}  // namespace
