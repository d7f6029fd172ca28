// The vocabulary image: everything a tokenizer looks up, laid out once by the compiler (compiler.hpp)
// so that nothing is built at run time. It holds offsets and no pointers, so it works wherever it is
// mapped: linked into read-only data, its pages are shared by every process that counts.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace tokenmeter::tokenizer {

using TokenId = uint32_t;
inline constexpr TokenId kNoToken = 0xFFFFFFFF;

// Which pre-tokenizer cuts the text; kNone: the image's splitter does. Values stand in images: never
// renumber.
enum class Pattern : uint32_t {
  kNone = 0,
  kGpt2 = 1,
  kCl100k = 2,
  kO200k = 3,
  kQwen2 = 4,
  kTekken = 5,
  kDeepSeekV3 = 6,
};

// What makes tokens of a piece. Values stand in images: never renumber.
enum class ModelKind : uint32_t { kBpe = 1, kUnigram = 2, kWordPiece = 3 };

// A run of records in the image: byte offset from its start, and how many.
struct Section {
  uint64_t offset;
  uint64_t count;
};

// How strings begin: a byte, and the next one if all that begin with the first have the same.
struct TrieStart {
  char first;
  char second;
  bool has_second;
};

// A trie over the bytes of strings; node 0 is its root.
struct TrieSections {
  Section slots;   // uint64_t[]: node and byte -> the next node, by a perfect hash
  Section pilots;  // uint16_t[]
  Section values;  // uint32_t[]: of each node, what the string that leads there stands for, or kNoToken
  Section starts;  // TrieStart[]: how strings begin
  Section pairs;   // uint64_t[1024]: bits of the two bytes that they begin with, the first in the high byte
};

struct ImageHeader {
  static constexpr char kMagic[8] = {'T', 'M', 'V', 'O', 'C', 'A', 'B', '\0'};
  static constexpr uint32_t kVersion = 7;
  static constexpr uint32_t kByteOrder = 0x01020304;  // read back differently on a foreign machine

  char magic[8];
  uint32_t version;
  uint32_t byte_order;
  uint64_t size;           // of the whole image, in bytes
  uint32_t token_limit;    // largest token + 1
  uint32_t longest_token;  // bytes of the longest ordinary token
  Section byte_tokens;     // TokenId[256]: the token of each single byte
  Section byte_pairs;      // TokenId[256 * 256]: the token of each two bytes, or kNoToken
  Section token_offsets;   // uint32_t[token_limit + 1]: token t is token_bytes[offsets[t], offsets[t+1])
  Section token_bytes;     // char[]; a hole in the ids has no bytes
  Section token_slots;     // uint64_t[2^n]: bytes -> token, see TokenSlot
  Section characters;      // CharacterRecord[2^16]: of each character of the Basic Multilingual Plane
  Section pair_slots;      // uint64_t[]: two tokens -> the token they merge into, by a perfect hash
  Section pair_pilots;     // uint16_t[]
  Section piece_slots;     // PieceSlot[]: short pieces -> how many tokens they are, by a perfect hash
  Section piece_pilots;    // uint16_t[]
  Section encodings;       // EncodingRecord[]
  Section special_tokens;  // SpecialTokenRecord[], by encoding, then by id
  Section strings;         // char[]: names and special tokens' texts

  // What the vocabularies that are linked into the library do without.
  ModelKind model;
  uint32_t flags;         // see below
  TokenId unknown;        // what is not in the vocabulary; kNoToken: is dropped
  uint32_t longest_word;  // kWordPiece: characters; longer ones are unknown
  uint32_t
      continuing;  // kWordPiece: the node of `pieces` that what continues a word starts from, or kNoToken
  double unknown_score;       // kUnigram
  Section ids;                // TokenId[token_limit]: the published id of each token; none: its own number
  Section tokens_by_id;       // TokenId[]: the other way round, kNoToken where no token has that id
  TrieSections pieces;        // kUnigram, kWordPiece: the tokens' texts
  Section continuing_prefix;  // char[], kWordPiece: what tokens begin with that continue a word
  Section scores;             // kUnigram: double[token_limit]
  Section priorities;         // uint32_t[token_limit]: the lower merges first; none: the tokens' numbers
  char tied_start[8];  // what every token starts with whose priority is another's too, if it is so short
  uint32_t tied_start_length;  // 0: there is no such text
  uint32_t space_length;
  char space[8];           // what stands for a space in tokens; none: a space
  Section joined;          // uint64_t[2^n]: bits of which characters may stand side by side in a token
  Section normalizer;      // char[]: program of normalizer.hpp
  Section splitter;        // char[]: program of splitter.hpp
  Section added_tokens;    // AddedTokenRecord[]
  Section words;           // char[]: CodePointTable of \w; none, if no added token asks for it
  TrieSections added_raw;  // the texts of those that are looked for in the text as it is: index of record
  TrieSections added_normalized;  // and in the normalized text

  // Tokens are made of characters, not of bytes.
  static constexpr uint32_t kOfCharacters = 1;
  // What is not in the vocabulary becomes its bytes' tokens.
  static constexpr uint32_t kByteFallback = 2;
  // Unknown characters side by side are one unknown token.
  static constexpr uint32_t kFuseUnknown = 4;
  // Sums of scores are of 32 bits.
  static constexpr uint32_t kFloatScores = 8;
  // Texts begin with a space that was not there.
  static constexpr uint32_t kAddsSpace = 32;
  // The model is kBpe, every byte has a token and no character is unknown: merge.hpp knows how to merge.
  static constexpr uint32_t kMergesInLanes = 16;
};

// A token that is found in the text itself.
struct AddedTokenRecord {
  static constexpr uint32_t kSpecial = 1;  // not taken: the text of special tokens is ordinary text
  static constexpr uint32_t kSingleWord = 2;
  static constexpr uint32_t kLeftStrip = 4;
  static constexpr uint32_t kRightStrip = 8;

  TokenId id;  // as published
  uint32_t flags;
};

// One encoding that uses the image's vocabulary.
struct EncodingRecord {
  uint32_t name_offset;  // into strings; NUL-terminated
  Pattern pattern;
  uint32_t first_special_token;  // index into special_tokens
  uint32_t special_token_count;
};

struct SpecialTokenRecord {
  TokenId id;
  uint32_t text_offset;  // into strings
  uint32_t text_length;
};

// The table of tokens is open-addressed with linear probing over a power of two of 64-bit slots; an empty
// slot is all ones, and at least a quarter of the slots are empty.
inline constexpr uint64_t kEmptySlot = ~uint64_t{0};

// A token slot: high half of the hash | id.
struct TokenSlot {
  static uint64_t Make(uint64_t hash, TokenId id) { return (hash & 0xFFFFFFFF00000000) | id; }
  static bool MayHold(uint64_t slot, uint64_t hash) { return (slot ^ hash) >> 32 == 0; }
  static TokenId Id(uint64_t slot) { return static_cast<TokenId>(slot); }
};

// The tables of pairs and of pieces are perfect hashes: what is looked up can be in one slot only, so it
// takes one comparison, and no loop that nobody can predict. The hash chooses one of the pilots, and hash
// and pilot choose the slot; the compiler has found, for each group of keys that share a pilot, one that
// leads each to a slot of its own (hash and displace: Belazzougui, Botelho and Dietzfelbinger, 2009). These
// functions are part of the image format: a change of one is a new kVersion.
inline uint64_t ScaleHash(uint64_t hash, uint64_t count) { return (hash >> 32) * count >> 32; }

inline uint64_t PilotIndex(uint64_t hash, uint64_t pilot_count) { return ScaleHash(hash, pilot_count); }

inline uint64_t PerfectSlotIndex(uint64_t hash, uint16_t pilot, uint64_t slot_count) {
  return ScaleHash((hash ^ pilot * 0x9E3779B97F4A7C15) * 0xFF51AFD7ED558CCD, slot_count);
}

inline uint64_t MixHash(uint64_t value) {
  value *= 0x9E3779B97F4A7C15;  // 2^64 / golden ratio
  return value ^ value >> 32;
}

// Tokens have so many bits. A token's number is its merge priority too: lower merges first. Where the
// published ids are in another order, the header's `ids` has them.
inline constexpr int kTokenBits = 21;
inline constexpr TokenId kNoSuchToken = (TokenId{1} << kTokenBits) - 1;  // fits the bits, but is no token
inline constexpr TokenId kTokenLimit = kNoSuchToken;

// Two adjacent tokens.
inline uint64_t PairKey(TokenId left, TokenId right) { return uint64_t{left} << kTokenBits | right; }

inline uint64_t PairHash(uint64_t key) { return MixHash(key); }

// A node of a trie and the byte that leads on from it.
inline uint64_t TrieKey(uint32_t node, uint8_t byte) { return uint64_t{node} << 8 | byte; }

// The bit of `joined` for two characters that stand side by side.
inline uint64_t JoinedBit(uint32_t left, uint32_t right, uint64_t word_count) {
  return ScaleHash(MixHash(uint64_t{left} << 32 | right), word_count * 64);
}

// A pair slot: the pair's key | the token that it merges into; all ones if it is empty.
inline constexpr uint64_t kEmptyPairSlot = ~uint64_t{0};

inline uint64_t MakePairSlot(uint64_t key, TokenId merged) { return key << kTokenBits | merged; }

inline bool HoldsPair(uint64_t slot, uint64_t key) { return slot >> kTokenBits == key; }

// A character of several bytes that is a token, and whether merging may begin with that token instead of
// the bytes. It may, if no merge can cross the character's edges before its own bytes have merged:
//   kLeftOfAscii, kLeftOfOthers   no token that ends in an ASCII character, or in another byte, merges with
//                                 some of its first bytes too early;
//   kRight                        no token that starts with a whole character merges with some of its last
//                                 bytes too early; nor, for kRightOfAny, any token at all.
// kRight is enough where the next character is one byte, or stands for its bytes: none of its first bytes
// then merges across its edge.
struct CharacterRecord {
  static constexpr uint32_t kLeftOfAscii = 1;
  static constexpr uint32_t kLeftOfOthers = 2;
  static constexpr uint32_t kRight = 4;
  static constexpr uint32_t kRightOfAny = 8;
  static constexpr int kFlagBits = 4;
  static constexpr uint32_t kAllFlags = (1u << kFlagBits) - 1;

  uint32_t value;  // token | flags; 0 if the character is no token

  TokenId token() const { return value >> kFlagBits; }
};

// Hash of a token's bytes. Part of the image format: a change of it is a new kVersion.
inline uint64_t HashBytes(const char* bytes, size_t length) {
  const auto load = [](const char* from, size_t size) {
    uint64_t word = 0;
    std::memcpy(&word, from, size);
    return word;
  };
  uint64_t hash = length;
  for (; length > 8; bytes += 8, length -= 8) hash = MixHash(hash ^ load(bytes, 8));
  return MixHash(MixHash(hash ^ load(bytes, length)));
}

// The image is laid out, and pieces are cut from words, for little-endian machines.
static_assert(std::endian::native == std::endian::little);

// A short piece: its bytes, padded with zeros, and in the last byte its length (high half) and how many
// tokens it is (low half). An empty slot is all zeros.
struct PieceSlot {
  static constexpr size_t kLongest = 15;

  uint64_t low;
  uint64_t high;

  uint64_t count() const { return high >> 56 & 0xF; }
  size_t length() const { return high >> 60; }
  const char* bytes() const { return reinterpret_cast<const char*>(this); }
  // How many tokens the key's piece is, if the slot is that piece's; else 0.
  uint64_t CountOf(const PieceSlot& key) const { return count() & -uint64_t{Holds(key)}; }
  // Whether the slot is of the key's piece. The key's own count is 0.
  bool Holds(const PieceSlot& key) const {
    return ((low ^ key.low) | ((high ^ key.high) & ~(uint64_t{0xF} << 56))) == 0;
  }
};

// The key of the piece of `length` bytes, 1 to PieceSlot::kLongest, at `bytes`, of which 16 are readable.
inline PieceSlot PieceKey(const char* bytes, size_t length) {
  // Ones for the bytes that are the piece's: read `length` bytes before the middle.
  alignas(32) static constexpr unsigned char kMasks[32] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                                           0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
  PieceSlot key;
  PieceSlot mask;
  std::memcpy(&key, bytes, sizeof key);
  std::memcpy(&mask, kMasks + 16 - length, sizeof mask);
  return {key.low & mask.low, (key.high & mask.high) | uint64_t{length} << 60};
}

inline uint64_t PieceHash(const PieceSlot& key) {
  return MixHash(MixHash(key.low ^ key.high * 0x9E3779B97F4A7C15));
}

// Where probing for a token starts, in a table of mask + 1 slots.
inline uint64_t TokenSlotIndex(uint64_t hash, uint64_t mask) { return hash & mask; }

// A read-only view of an image; as cheap to copy as the pointer it is.
class Vocabulary {
 public:
  Vocabulary() = default;
  explicit Vocabulary(const void* image) : header_(static_cast<const ImageHeader*>(image)) {}

  const ImageHeader& header() const { return *header_; }
  ModelKind model() const { return header_->model; }
  bool Has(uint32_t flag) const { return (header_->flags & flag) != 0; }
  TokenId token_limit() const { return header_->token_limit; }
  size_t longest_token() const { return header_->longest_token; }

  TokenId ByteToken(uint8_t byte) const { return Records<TokenId>(header_->byte_tokens)[byte]; }

  // Merge for the tokens of two single bytes: merging a piece begins with these.
  TokenId MergeBytes(uint8_t left, uint8_t right) const {
    return Records<TokenId>(header_->byte_pairs)[size_t{left} << 8 | right];
  }

  // The bytes of an ordinary token; empty for an id that is none.
  std::string_view TokenBytes(TokenId token) const {
    if (token >= header_->token_limit) return {};
    const auto offsets = Records<uint32_t>(header_->token_offsets);
    const char* bytes = Records<char>(header_->token_bytes).data();
    return {bytes + offsets[token], offsets[token + 1] - offsets[token]};
  }

  // The published id of a token, and the token of an id: kNoToken if there is none.
  TokenId IdOf(TokenId token) const {
    return header_->ids.count == 0 ? token : Records<TokenId>(header_->ids)[token];
  }
  TokenId TokenOf(TokenId id) const {
    if (header_->ids.count == 0) return id;
    return id < header_->tokens_by_id.count ? Records<TokenId>(header_->tokens_by_id)[id] : kNoToken;
  }

  // The token that these bytes are as a whole, or kNoToken.
  TokenId FindToken(const char* bytes, size_t length) const {
    if (length > header_->longest_token) return kNoToken;
    const auto slots = Records<uint64_t>(header_->token_slots);
    const uint64_t mask = slots.size() - 1;
    const uint64_t hash = HashBytes(bytes, length);
    for (uint64_t i = TokenSlotIndex(hash, mask);; i = (i + 1) & mask) {
      const uint64_t slot = slots[i];
      if (slot == kEmptySlot) return kNoToken;
      if (!TokenSlot::MayHold(slot, hash)) continue;
      const std::string_view token = TokenBytes(TokenSlot::Id(slot));
      if (token.size() == length && std::memcmp(token.data(), bytes, length) == 0) {
        return TokenSlot::Id(slot);
      }
    }
  }

  // Where the table would have a short piece; brings that nearer to the processor.
  const PieceSlot* PrefetchPiece(const PieceSlot& key) const {
    const PieceSlot* slot =
        &PerfectSlot<PieceSlot>(PieceHash(key), header_->piece_pilots, header_->piece_slots);
    __builtin_prefetch(slot);
    return slot;
  }

  // Where the table would have a pair; brings that nearer to the processor.
  const uint64_t* PrefetchPair(uint64_t key) const {
    const uint64_t* slot = &PerfectSlot<uint64_t>(PairHash(key), header_->pair_pilots, header_->pair_slots);
    __builtin_prefetch(slot);
    return slot;
  }

  // The token that two adjacent tokens merge into, or kNoToken.
  TokenId Merge(TokenId left, TokenId right) const {
    const uint64_t key = PairKey(left, right);
    const uint64_t slot = PerfectSlot<uint64_t>(PairHash(key), header_->pair_pilots, header_->pair_slots);
    return HoldsPair(slot, key) ? static_cast<TokenId>(slot) & kNoSuchToken : kNoToken;
  }

  // Of a character of two or three bytes.
  CharacterRecord Character(uint32_t code_point) const {
    return Records<CharacterRecord>(header_->characters)[code_point];
  }

  // Whether some token has these two characters side by side; may be true of others, too. False for all, if
  // tokens are of bytes.
  bool MayBeJoined(uint32_t left, uint32_t right) const {
    const auto words = Records<uint64_t>(header_->joined);
    const uint64_t bit = JoinedBit(left, right, words.size());
    return (words[bit / 64] >> bit % 64 & 1) != 0;
  }

  // Whether merge.hpp may merge the bytes: no two merges that may happen in them have the same priority.
  bool MayMergeInLanes(const char* bytes, size_t length) const {
    if (!Has(ImageHeader::kMergesInLanes)) return false;
    if (header_->priorities.count == 0) return true;
    return header_->tied_start_length != 0 &&
           memmem(bytes, length, header_->tied_start, header_->tied_start_length) == nullptr;
  }
  uint32_t PriorityOf(TokenId token) const {
    return header_->priorities.count == 0 ? token : Records<uint32_t>(header_->priorities)[token];
  }

  // Of a character of four bytes. Those of byte-level vocabularies are made of their bytes.
  CharacterRecord LongCharacter(const char* bytes) const {
    if (!Has(ImageHeader::kOfCharacters)) return {0};
    const TokenId token = FindToken(bytes, 4);
    return {token == kNoToken ? 0 : token << CharacterRecord::kFlagBits | CharacterRecord::kAllFlags};
  }

  std::string_view ContinuingPrefix() const { return Program(header_->continuing_prefix); }
  std::span<const double> Scores() const { return Records<double>(header_->scores); }
  std::string_view Program(const Section& section) const {
    return {Records<char>(section).data(), section.count};
  }
  std::span<const AddedTokenRecord> AddedTokens() const {
    return Records<AddedTokenRecord>(header_->added_tokens);
  }

  // The node of a trie that the byte leads to; 0, the root, if none.
  uint32_t TrieStep(const TrieSections& trie, uint32_t node, uint8_t byte) const {
    if (trie.slots.count == 0) return 0;
    const uint64_t key = TrieKey(node, byte);
    const uint64_t slot = PerfectSlot<uint64_t>(PairHash(key), trie.pilots, trie.slots);
    return HoldsPair(slot, key) ? static_cast<uint32_t>(slot) & kNoSuchToken : 0;
  }
  bool MayBegin(const TrieSections& trie, uint8_t first, uint8_t second) const {
    const uint32_t pair = uint32_t{first} << 8 | second;
    return (Records<uint64_t>(trie.pairs)[pair / 64] >> pair % 64 & 1) != 0;
  }
  std::span<const TrieStart> TrieStarts(const TrieSections& trie) const {
    return Records<TrieStart>(trie.starts);
  }
  uint32_t TrieValue(const TrieSections& trie, uint32_t node) const {
    return Records<uint32_t>(trie.values)[node];
  }

  std::span<const EncodingRecord> Encodings() const { return Records<EncodingRecord>(header_->encodings); }
  const char* EncodingName(const EncodingRecord& encoding) const {
    return Records<char>(header_->strings).data() + encoding.name_offset;
  }
  std::span<const SpecialTokenRecord> SpecialTokens(const EncodingRecord& encoding) const {
    return Records<SpecialTokenRecord>(header_->special_tokens)
        .subspan(encoding.first_special_token, encoding.special_token_count);
  }
  std::string_view SpecialTokenText(const SpecialTokenRecord& token) const {
    return {Records<char>(header_->strings).data() + token.text_offset, token.text_length};
  }

 private:
  template <typename Record>
  std::span<const Record> Records(const Section& section) const {
    const char* base = reinterpret_cast<const char*>(header_);
    return {reinterpret_cast<const Record*>(base + section.offset), section.count};
  }

  // The one slot of a table that may hold what has this hash.
  template <typename Slot>
  const Slot& PerfectSlot(uint64_t hash, const Section& pilots, const Section& slots) const {
    const uint16_t pilot = Records<uint16_t>(pilots)[PilotIndex(hash, pilots.count)];
    return Records<Slot>(slots)[PerfectSlotIndex(hash, pilot, slots.count)];
  }

  const ImageHeader* header_ = nullptr;
};

}  // namespace tokenmeter::tokenizer
