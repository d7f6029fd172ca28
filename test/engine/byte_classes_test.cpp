// Every byte classifier that runs here against the portable one: each byte at each place, and random bytes.
#include "tokenizer/byte_classes.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <tuple>

#include "cpu_paths.hpp"

namespace tokenmeter::tokenizer {
namespace {

auto Fields(const ByteMasks& m) {
  return std::tie(m.letters, m.uppers, m.digits, m.spaces, m.blanks, m.newlines, m.apostrophes, m.slashes,
                  m.non_ascii);
}

// The bytes begin at an odd address: no classifier may ask for more.
bool ClassifiesAlike(const char (&bytes)[kByteWindow]) {
  alignas(kByteWindow) char place[kByteWindow + 1];
  std::memcpy(place + 1, bytes, sizeof bytes);
  ByteMasks expected;
  ClassifyPortably(place + 1, &expected);
  bool alike = true;
  test::OnEveryCpuPath([&](const char* name) {
    ByteMasks found;
    cpu_path->classify_bytes(place + 1, &found);
    alike = alike && Fields(found) == Fields(expected);
    EXPECT_TRUE(alike) << name << ": " << testing::PrintToString(std::string(bytes, sizeof bytes));
  });
  return alike;
}

TEST(ByteClasses, EveryByteAtEveryPlace) {
  for (const char other : {'\0', 'Z', ' ', '\n', '\xFF'}) {
    for (int byte = 0; byte < 256; ++byte) {
      for (size_t place = 0; place < kByteWindow; ++place) {
        char bytes[kByteWindow];
        std::memset(bytes, other, sizeof bytes);
        bytes[place] = static_cast<char>(byte);
        ASSERT_TRUE(ClassifiesAlike(bytes));
      }
    }
  }
}

TEST(ByteClasses, RandomWindows) {
  std::mt19937_64 random(9);
  for (int round = 0; round < 200'000; ++round) {
    char bytes[kByteWindow];
    for (char& byte : bytes) byte = static_cast<char>(random());
    ASSERT_TRUE(ClassifiesAlike(bytes));
  }
}

// What the classes are, said once more and otherwise: the portable classifier is the measure of the rest.
TEST(ByteClasses, PortableClasses) {
  const auto one_of = [](const std::string& set, int byte) {
    return set.find(static_cast<char>(byte)) != set.npos;
  };
  const std::string uppers = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (int byte = 0; byte < 256; ++byte) {
    const std::string bytes(kByteWindow, static_cast<char>(byte));
    ByteMasks m;
    ClassifyPortably(bytes.data(), &m);
    const auto all_if = [](bool in) { return in ? ~uint64_t{0} : 0; };
    EXPECT_EQ(m.letters, all_if(one_of(uppers + "abcdefghijklmnopqrstuvwxyz", byte))) << byte;
    EXPECT_EQ(m.uppers, all_if(one_of(uppers, byte))) << byte;
    EXPECT_EQ(m.digits, all_if(one_of("0123456789", byte))) << byte;
    EXPECT_EQ(m.spaces, all_if(byte == ' ')) << byte;
    EXPECT_EQ(m.blanks, all_if(one_of("\t\v\f", byte))) << byte;
    EXPECT_EQ(m.newlines, all_if(one_of("\r\n", byte))) << byte;
    EXPECT_EQ(m.apostrophes, all_if(byte == '\'')) << byte;
    EXPECT_EQ(m.slashes, all_if(byte == '/')) << byte;
    EXPECT_EQ(m.non_ascii, all_if(byte >= 0x80)) << byte;
  }
}

}  // namespace
}  // namespace tokenmeter::tokenizer
