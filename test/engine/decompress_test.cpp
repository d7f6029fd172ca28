// The decoders of src/pg, against encoders of our own that use all that the formats allow, in portions of
// any size; and that no input, whatever it is, makes them touch what is not theirs.
#include "../../src/pg/decompress.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace tokenmeter::test {
namespace {

using Bytes = std::vector<uint8_t>;
using Random = std::mt19937;

size_t Pick(Random& random, size_t from, size_t to) {
  return std::uniform_int_distribution<size_t>(from, to)(random);
}

// The numbers of an item: literal bytes, then a match.
struct Item {
  Bytes literals;
  size_t distance;
  size_t length;
};

// Random items, and the text they spell. `shortest` to `longest` are the lengths of matches.
struct Script {
  std::vector<Item> items;
  Bytes text;

  Script(Random& random, size_t count, size_t window, size_t shortest, size_t longest) {
    for (size_t i = 0; i < count; ++i) {
      Item item = {};
      const size_t literals = i == 0 ? 1 : Pick(random, 0, Pick(random, 0, 9) == 0 ? 700 : 20);
      for (size_t j = 0; j < literals; ++j) {
        item.literals.push_back(static_cast<uint8_t>(Pick(random, 0, 255)));
      }
      text.insert(text.end(), item.literals.begin(), item.literals.end());
      item.distance = Pick(random, 1, std::min(text.size(), Pick(random, 0, 1) ? window : 20));
      item.length = Pick(random, shortest, Pick(random, 0, 1) ? longest : shortest + 20);
      for (size_t j = 0; j < item.length; ++j) text.push_back(text[text.size() - item.distance]);
      items.push_back(item);
    }
    // Formats end in literals.
    items.push_back({{'t', 'h', 'e', ' ', 'e', 'n', 'd'}, 0, 0});
    text.insert(text.end(), items.back().literals.begin(), items.back().literals.end());
  }
};

Bytes EncodePglz(const Script& script) {
  Bytes encoded;
  size_t control_at = 0;
  int kinds = 8;
  const auto begin_item = [&](bool match) {
    if (kinds == 8) {
      control_at = encoded.size();
      encoded.push_back(0);
      kinds = 0;
    }
    if (match) encoded[control_at] = static_cast<uint8_t>(encoded[control_at] | 1 << kinds);
    ++kinds;
  };
  const auto put = [&](size_t byte) { encoded.push_back(static_cast<uint8_t>(byte)); };
  for (const Item& item : script.items) {
    for (uint8_t literal : item.literals) {
      begin_item(false);
      put(literal);
    }
    if (item.length == 0) continue;
    begin_item(true);
    put((item.distance >> 8) << 4 | std::min<size_t>(item.length - 3, 15));
    put(item.distance & 255);
    if (item.length >= 18) put(item.length - 18);
  }
  return encoded;
}

Bytes EncodeLz4(const Script& script) {
  Bytes encoded;
  const auto put = [&](size_t byte) { encoded.push_back(static_cast<uint8_t>(byte)); };
  const auto put_more = [&](size_t number) {
    if (number < 15) return;
    for (number -= 15; number >= 255; number -= 255) put(255);
    put(number);
  };
  for (const Item& item : script.items) {
    const size_t match = item.length == 0 ? 0 : item.length - 4;
    put(std::min<size_t>(item.literals.size(), 15) << 4 | std::min<size_t>(match, 15));
    put_more(item.literals.size());
    encoded.insert(encoded.end(), item.literals.begin(), item.literals.end());
    if (item.length == 0) continue;
    put(item.distance & 255);
    put(item.distance >> 8);
    put_more(match);
  }
  return encoded;
}

// Decodes in portions as the reader does: of the output only `window` bytes are kept. All buffers are of
// their own and exact, so that a sanitizer sees every step outside. False if the input is refused.
bool DecodeInPortions(StoredFormat format, size_t window, const Bytes& encoded, size_t text_size,
                      size_t longest, Random& random, Bytes* text) {
  Decoder decoder = {};
  decoder.format = format;
  size_t in_done = 0;
  text->clear();
  for (;;) {
    const Bytes in(encoded.begin() + static_cast<ptrdiff_t>(in_done),
                   encoded.begin() + static_cast<ptrdiff_t>(
                                         std::min(encoded.size(), in_done + Pick(random, 1, longest))));
    const size_t kept = std::min(text->size(), window);
    const size_t room = std::min(text_size - text->size(), Pick(random, 1, longest));
    Bytes buffer(text->end() - static_cast<ptrdiff_t>(kept), text->end());
    buffer.resize(kept + room);
    Portion portion = {in.data(), in.data() + in.size(), buffer.data(), buffer.data() + kept,
                       buffer.data() + buffer.size()};
    const bool good = decode(&decoder, &portion);
    const size_t made = static_cast<size_t>(portion.out - buffer.data()) - kept;
    const size_t used = static_cast<size_t>(portion.in - in.data());
    EXPECT_LE(made, room);
    EXPECT_LE(used, in.size());
    if (!good) return false;
    EXPECT_TRUE(made == room || used == in.size()) << "stopped without need";
    text->insert(text->end(), buffer.begin() + static_cast<ptrdiff_t>(kept),
                 buffer.begin() + static_cast<ptrdiff_t>(kept + made));
    in_done += used;
    if (text->size() == text_size || (made == 0 && in_done == encoded.size())) return true;
  }
}

struct Format {
  StoredFormat format;
  size_t window;
  size_t shortest;
  size_t longest;
  Bytes (*encode)(const Script&);
};

constexpr Format kFormats[] = {
    {STORED_PGLZ, PGLZ_WINDOW, 3, 273, EncodePglz},
    {STORED_LZ4, LZ4_WINDOW, 4, 3000, EncodeLz4},
};

TEST(Decompress, AnyPortions) {
  Random random(1);
  for (const Format& format : kFormats) {
    for (int round = 0; round < 60; ++round) {
      const Script script(random, Pick(random, 1, round < 10 ? 20 : 1000), format.window, format.shortest,
                          format.longest);
      const Bytes encoded = format.encode(script);
      for (size_t longest : {1, 3, 100, 5000, 1000000}) {
        if (longest < 5000 && round >= 10) continue;  // for the time they take
        Bytes text;
        ASSERT_TRUE(DecodeInPortions(format.format, format.window, encoded, script.text.size(), longest,
                                     random, &text));
        ASSERT_TRUE(text == script.text) << format.format << ' ' << round << ' ' << longest;
      }
    }
  }
}

TEST(Decompress, PlainIsCopied) {
  Random random(2);
  const Script script(random, 100, 4000, 3, 100);
  Bytes text;
  ASSERT_TRUE(DecodeInPortions(STORED_PLAIN, 0, script.text, script.text.size(), 100, random, &text));
  EXPECT_TRUE(text == script.text);
}

TEST(Decompress, ARepetitionOfNothing) {
  Random random(3);
  Bytes text;
  // Behind one byte: back by 0 or 2 bytes.
  for (uint8_t distance : {0, 2}) {
    EXPECT_FALSE(DecodeInPortions(STORED_PGLZ, PGLZ_WINDOW, {2, 'x', 0, distance}, 100, 9, random, &text));
    EXPECT_FALSE(DecodeInPortions(STORED_LZ4, LZ4_WINDOW, {0x10, 'x', distance, 0}, 100, 9, random, &text));
  }
  EXPECT_TRUE(DecodeInPortions(STORED_PGLZ, PGLZ_WINDOW, {2, 'x', 0, 1}, 4, 9, random, &text));
  EXPECT_EQ(text, Bytes(4, 'x'));
  EXPECT_TRUE(DecodeInPortions(STORED_LZ4, LZ4_WINDOW, {0x10, 'x', 1, 0}, 5, 9, random, &text));
  EXPECT_EQ(text, Bytes(5, 'x'));
}

TEST(Decompress, SurvivesAnyInput) {
  Random random(4);
  for (const Format& format : kFormats) {
    size_t refused = 0;
    for (int round = 0; round < 4000; ++round) {
      Bytes encoded;
      if (round % 2 == 0) {
        encoded.resize(Pick(random, 1, 400));
        for (uint8_t& byte : encoded) byte = static_cast<uint8_t>(Pick(random, 0, 255));
      } else {
        encoded = format.encode(Script(random, 50, format.window, format.shortest, format.longest));
        for (size_t i = 0; i < 3; ++i) {
          encoded[Pick(random, 0, encoded.size() - 1)] = static_cast<uint8_t>(Pick(random, 0, 255));
        }
      }
      Bytes text;
      refused += !DecodeInPortions(format.format, format.window, encoded, Pick(random, 1, 20000),
                                   Pick(random, 1, 3000), random, &text);
    }
    EXPECT_GT(refused, 100u);
  }
}

// The server takes no value that goes on behind its end, be it by a single byte.
TEST(Decompress, NothingMayFollowTheEnd) {
  struct Case {
    StoredFormat format;
    std::string stored;
    bool complete;
  };
  using namespace std::string_literals;
  const Case cases[] = {
      {STORED_PGLZ, "\0abcdefgh"s, true},
      {STORED_PGLZ, "\0abcdefgh\0"s, false},
      {STORED_PGLZ, "\0abcdefgh\1\x0F"s, false},
      {STORED_PGLZ, "\0abcdefgh\1\x0F\1"s, false},
      {STORED_LZ4,
       "\x80"s
       "abcdefgh"s,
       true},
      {STORED_LZ4,
       "\x80"s
       "abcdefgh\1"s,
       false},
      {STORED_LZ4,
       "\x80"s
       "abcdefgh\1\0"s,
       false},
      {STORED_LZ4,
       "\x80"s
       "abcdefgh\1\0\x10"s,
       false},
  };
  for (const Case& c : cases) {
    Decoder decoder = {};
    decoder.format = c.format;
    uint8_t text[8];
    Portion portion = {};
    portion.in = reinterpret_cast<const uint8_t*>(c.stored.data());
    portion.in_end = portion.in + c.stored.size();
    portion.window = portion.out = text;
    portion.out_end = text + sizeof text;
    const bool good = decode(&decoder, &portion);
    EXPECT_EQ(portion.out, portion.out_end);
    EXPECT_EQ(good && portion.in == portion.in_end && decode_is_complete(&decoder), c.complete)
        << c.stored.size();
  }
}

}  // namespace
}  // namespace tokenmeter::test
