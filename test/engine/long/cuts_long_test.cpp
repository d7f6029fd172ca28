// The whole comparison of what cuts text, for which the normal tests have no time: the scalar scanners with
// the expressions, and the masks on every CPU path with the scalar scanners. Says how much it compared.
#include <cstdio>

#include "../expression.hpp"
#include "../texts.hpp"

namespace tokenmeter::test {
namespace {

class EveryCheck {
 public:
  explicit EveryCheck(const Scanner& scanner) : expression_(scanner), masks_(scanner) {}
  ~EveryCheck() {
    std::printf("%llu texts, %llu bytes, %.1f %% of them settled by masks\n", texts_, bytes_,
                100 * masks_.settled());
  }

  void UseAlphabet(const std::string& alphabet) { expression_.UseAlphabet(alphabet); }

  bool operator()(std::string_view text, bool is_utf8 = true) {
    ++texts_;
    bytes_ += text.size();
    return expression_(text, is_utf8) && masks_(text, is_utf8);
  }

 private:
  ExpressionCheck expression_;
  MaskCheck masks_;
  unsigned long long texts_ = 0;
  unsigned long long bytes_ = 0;
};

class CutsLongTest : public testing::TestWithParam<Scanner> {
 protected:
  EveryCheck check_{GetParam()};
};

TEST_P(CutsLongTest, AllStrings) { AllStrings(EveryClass(GetParam()), 6, 5, &check_); }

TEST_P(CutsLongTest, EveryCodePoint) { EveryCodePoint(AllContexts(), &check_); }

TEST_P(CutsLongTest, RandomTexts) { RandomTexts(4, 300'000'000, &check_); }

TEST_P(CutsLongTest, RandomBytes) { RandomBytes(5, 200'000'000, &check_); }

FOR_EVERY_SCANNER(CutsLongTest);

}  // namespace
}  // namespace tokenmeter::test
