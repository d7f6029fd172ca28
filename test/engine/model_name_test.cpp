// The readings of model names as people write them, and how patterns meet them.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "metering/metering.h"

namespace {

std::vector<std::string> Readings(std::string_view name) {
  TmModelReading readings[TM_MODEL_READINGS];
  std::vector<std::string> texts;
  const size_t count = tm_model_readings(name.data(), name.size(), readings);
  for (size_t i = 0; i < count; ++i) {
    texts.push_back((readings[i].is_base_of_fine_tuned ? "base " : "") + std::string(readings[i].text));
  }
  return texts;
}

using Texts = std::vector<std::string>;

TEST(ModelReadings, NamesAsPeopleWriteThem) {
  EXPECT_EQ(Readings("gpt-4o"), (Texts{"gpt-4o"}));
  EXPECT_EQ(Readings("GPT-4o-Mini"), (Texts{"gpt-4o-mini"}));
  EXPECT_EQ(Readings("openai/gpt-4o"), (Texts{"openai/gpt-4o", "gpt-4o"}));
  EXPECT_EQ(Readings("azure/eu/gpt-4o"), (Texts{"azure/eu/gpt-4o", "gpt-4o"}));
  EXPECT_EQ(Readings("openrouter/openai/gpt-4o:free"),
            (Texts{"openrouter/openai/gpt-4o:free", "gpt-4o:free", "gpt-4o"}));
  EXPECT_EQ(Readings("azure/swedencentral/gpt-4o"), (Texts{"azure/swedencentral/gpt-4o", "gpt-4o"}));
  EXPECT_EQ(Readings("openai:gpt-4o"), (Texts{"openai:gpt-4o", "gpt-4o"}));
  EXPECT_EQ(Readings("my-org/gpt-4o"), (Texts{"my-org/gpt-4o"}));
  EXPECT_EQ(Readings("ft:gpt-4o-mini-2024-07-18:acme::9aBc"),
            (Texts{"ft:gpt-4o-mini-2024-07-18:acme::9abc", "ft:gpt-4o-mini-2024-07-18",
                   "base gpt-4o-mini-2024-07-18"}));
  EXPECT_EQ(Readings("davinci:ft-acme-2023-01-01"),
            (Texts{"davinci:ft-acme-2023-01-01", "ft:davinci", "base davinci"}));
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

TEST(ModelPathProvider, IsTheFirstKnownSegment) {
  const auto provider = [](std::string_view name) -> std::string {
    char text[TM_MODEL_NAME_SIZE];
    return tm_model_path_provider(name.data(), name.size(), text) ? text : "";
  };
  EXPECT_EQ(provider("Azure/eu/gpt-4o"), "azure");
  EXPECT_EQ(provider("openrouter/openai/gpt-4o"), "openrouter");
  EXPECT_EQ(provider("openai:gpt-4o"), "openai");
  EXPECT_EQ(provider("gpt-4o"), "");
  EXPECT_EQ(provider("openai"), "");
  EXPECT_EQ(provider("openai/"), "");
  EXPECT_EQ(provider("my-org/gpt-4o"), "");
  EXPECT_EQ(provider(""), "");
  EXPECT_EQ(provider(std::string(300, 'x')), "");
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
