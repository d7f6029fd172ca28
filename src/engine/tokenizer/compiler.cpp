#include "tokenizer/compiler.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <functional>
#include <map>
#include <numeric>
#include <unordered_map>

#include "tokenizer/unicode.hpp"
#include "tokenizer/utf8.hpp"

namespace tokenmeter::tokenizer {
namespace {

// The lines of a text, without comments (#) and empty ones, each split at `separator`.
std::vector<std::vector<std::string_view>> ReadFields(std::string_view text, char separator,
                                                      size_t field_count) {
  std::vector<std::vector<std::string_view>> lines;
  while (!text.empty()) {
    const size_t length = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, length);
    text.remove_prefix(std::min(length + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    auto& fields = lines.emplace_back();
    while (fields.size() + 1 < field_count) {
      const size_t end = line.find(separator);
      if (end == line.npos) throw CompileError("too few fields in line: " + std::string(line));
      fields.push_back(line.substr(0, end));
      line.remove_prefix(end + 1);
    }
    fields.push_back(line);
  }
  return lines;
}

uint32_t ReadNumber(std::string_view text, int base) {
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw CompileError("not a number: " + std::string(text));
  }
  return number;
}

std::string DecodeBase64(std::string_view text) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  uint32_t bits = 0;
  int bit_count = 0;
  for (char c : text.substr(0, text.find('='))) {
    const size_t digit = kDigits.find(c);
    if (digit == kDigits.npos) throw CompileError("not base64: " + std::string(text));
    bits = bits << 6 | static_cast<uint32_t>(digit);
    bit_count += 6;
    if (bit_count >= 8) {
      bit_count -= 8;
      bytes.push_back(static_cast<char>(bits >> bit_count));
    }
  }
  return bytes;
}

Pattern ReadPattern(std::string_view name) {
  if (name == "gpt2") return Pattern::kGpt2;
  if (name == "cl100k") return Pattern::kCl100k;
  if (name == "o200k") return Pattern::kO200k;
  throw CompileError("unknown pattern: " + std::string(name));
}

std::string ReplaceId(std::string_view text, TokenId id) {
  static constexpr std::string_view kPlaceholder = "{id}";
  std::string replaced(text);
  if (const size_t at = replaced.find(kPlaceholder); at != replaced.npos) {
    replaced.replace(at, kPlaceholder.size(), std::to_string(id));
  }
  return replaced;
}

// Two adjacent tokens that merge.
struct TokenPair {
  TokenId left;
  TokenId right;
};

using TokenIds = std::unordered_map<std::string_view, TokenId>;

TokenIds IndexTokens(const Tokens& tokens) {
  TokenIds ids;
  ids.reserve(tokens.size());
  for (TokenId id = 0; id < tokens.size(); ++id) {
    if (tokens[id].empty()) continue;
    if (!ids.emplace(tokens[id], id).second) {
      throw CompileError("tokens with the same bytes: " + std::to_string(ids[tokens[id]]) + " and " +
                         std::to_string(id));
    }
  }
  return ids;
}

// The last merge that makes the token when its own bytes are encoded, by the definition of the encoding:
// merge the leftmost adjacent pair whose bytes together are the token of lowest id. In any text, a token
// can come from no other pair: until the merge that makes it, nothing has crossed its edges, so the
// merges within them were these, in this order. Returns false if merging does not yield the token; it
// then occurs as a whole piece only.
bool FindLastMerge(const TokenIds& ids, std::string_view token, TokenPair* last) {
  std::vector<std::string_view> parts;
  for (size_t i = 0; i < token.size(); ++i) parts.push_back(token.substr(i, 1));
  while (parts.size() > 1) {
    TokenId lowest = kNoToken;
    size_t at = 0;
    for (size_t i = 0; i + 1 < parts.size(); ++i) {
      const std::string_view both(parts[i].data(), parts[i].size() + parts[i + 1].size());
      const auto found = ids.find(both);
      if (found != ids.end() && found->second < lowest) {
        lowest = found->second;
        at = i;
      }
    }
    if (lowest == kNoToken) return false;
    *last = {ids.at(parts[at]), ids.at(parts[at + 1])};
    parts[at] = std::string_view(parts[at].data(), parts[at].size() + parts[at + 1].size());
    parts.erase(parts.begin() + static_cast<ptrdiff_t>(at) + 1);
  }
  return true;
}

// An empty open-addressed table with room for `count` entries, at most three quarters full.
std::vector<uint64_t> MakeSlots(size_t count) {
  return std::vector<uint64_t>(std::bit_ceil(count + count / 3 + 1), kEmptySlot);
}

void Insert(std::vector<uint64_t>* slots, uint64_t index, uint64_t slot) {
  const uint64_t mask = slots->size() - 1;
  while ((*slots)[index] != kEmptySlot) index = (index + 1) & mask;
  (*slots)[index] = slot;
}

std::vector<uint64_t> MakeTokenSlots(const TokenIds& ids) {
  std::vector<uint64_t> slots = MakeSlots(ids.size());
  const std::map<std::string_view, TokenId> in_order(ids.begin(), ids.end());
  for (const auto& [bytes, id] : in_order) {
    const uint64_t hash = HashBytes(bytes.data(), bytes.size());
    Insert(&slots, TokenSlotIndex(hash, slots.size() - 1), TokenSlot::Make(hash, id));
  }
  return slots;
}

// Lays sections one after another behind the header, each aligned for its records.
class ImageWriter {
 public:
  explicit ImageWriter(size_t header_size) : bytes_(header_size, '\0') {}

  template <typename Records>
  Section Append(const Records& records) {
    constexpr size_t kAlignment = 64;
    bytes_.resize((bytes_.size() + kAlignment - 1) / kAlignment * kAlignment, '\0');
    const Section section{bytes_.size(), std::size(records)};
    bytes_.append(reinterpret_cast<const char*>(std::data(records)),
                  std::size(records) * sizeof(*std::data(records)));
    return section;
  }

  std::string Finish(ImageHeader header) {
    header.size = bytes_.size();
    std::memcpy(bytes_.data(), &header, sizeof header);
    return std::move(bytes_);
  }

 private:
  std::string bytes_;
};

// Finds the pilots of a perfect hash, and which slot each key gets.
class PerfectHash {
 public:
  // The hashes of the keys; throws where two are the same.
  explicit PerfectHash(const std::vector<uint64_t>& hashes)
      : slots_(hashes.size() + hashes.size() / 16 + 1, kFree), pilots_(hashes.size() / kGroup + 1) {
    std::vector<std::vector<uint32_t>> groups(pilots_.size());
    for (uint32_t key = 0; key < hashes.size(); ++key) {
      groups[PilotIndex(hashes[key], pilots_.size())].push_back(key);
    }
    // Large groups are hard to place, so they go first.
    std::vector<size_t> order(groups.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, std::greater<>(), [&](size_t group) { return groups[group].size(); });
    for (size_t group : order) pilots_[group] = Place(hashes, groups[group]);
  }

  const std::vector<uint16_t>& pilots() const { return pilots_; }

  // The table: records[i] for the i-th key, and `empty` in the slots that no key has got.
  template <typename Record>
  std::vector<Record> Table(const std::vector<Record>& records, Record empty) const {
    std::vector<Record> table;
    for (uint32_t key : slots_) table.push_back(key == kFree ? empty : records[key]);
    return table;
  }

 private:
  static constexpr size_t kGroup = 4;  // keys that share a pilot, on average
  static constexpr uint32_t kFree = UINT32_MAX;

  // Puts the keys into free slots, and returns the pilot that leads there.
  uint16_t Place(const std::vector<uint64_t>& hashes, const std::vector<uint32_t>& keys) {
    for (uint32_t pilot = 0; pilot <= UINT16_MAX; ++pilot) {
      const auto slot_of = [&](uint32_t key) -> uint32_t& {
        return slots_[PerfectSlotIndex(hashes[key], static_cast<uint16_t>(pilot), slots_.size())];
      };
      size_t placed = 0;
      for (; placed < keys.size() && slot_of(keys[placed]) == kFree; ++placed) {
        slot_of(keys[placed]) = keys[placed];
      }
      if (placed == keys.size()) return static_cast<uint16_t>(pilot);
      while (placed > 0) slot_of(keys[--placed]) = kFree;
    }
    throw CompileError("no perfect hash of " + std::to_string(hashes.size()) + " keys found");
  }

  std::vector<uint32_t> slots_;
  std::vector<uint16_t> pilots_;
};

// The pair that each token is merged from; both are kNoToken where it is not.
std::vector<TokenPair> MakeTokenParts(const Tokens& tokens, const TokenIds& ids) {
  std::vector<TokenPair> parts;
  for (const std::string& token : tokens) {
    TokenPair pair{kNoToken, kNoToken};
    if (token.size() < 2 || !FindLastMerge(ids, token, &pair)) pair = {kNoToken, kNoToken};
    parts.push_back(pair);
  }
  return parts;
}

void AppendPairTable(const std::vector<TokenPair>& parts, ImageHeader* header, ImageWriter* writer) {
  std::vector<uint64_t> hashes;
  std::vector<uint64_t> slots;
  for (TokenId id = 0; id < parts.size(); ++id) {
    if (parts[id].left == kNoToken) continue;
    const uint64_t key = PairKey(parts[id].left, parts[id].right);
    hashes.push_back(PairHash(key));
    slots.push_back(MakePairSlot(key, id));
  }
  const PerfectHash perfect(hashes);
  header->pair_pilots = writer->Append(perfect.pilots());
  header->pair_slots = writer->Append(perfect.Table(slots, kEmptyPairSlot));
}

// The code point that a string begins with if its first character is whole, else kInvalidCodePoint.
uint32_t FirstCharacter(std::string_view bytes) {
  return DecodeCharacter(bytes.data(), bytes.data() + bytes.size()).code_point;
}

// The flags of CharacterRecord, proved from the pairs that merge. The proof: until a merge crosses an edge
// of the character, its bytes merge as they do alone, in order of the merged tokens' ids. The first merge
// to cross an edge joins a token at the edge inside, made so far, with one outside; it must be lower than
// the merge that would use up the former. So it is enough that there is none so low.
class CharacterFlags {
 public:
  CharacterFlags(const Tokens& tokens, const std::vector<TokenPair>& parts)
      : parts_(parts),
        behind_ascii_(tokens.size(), kNoToken),
        behind_others_(tokens.size(), kNoToken),
        before_whole_(tokens.size(), kNoToken),
        before_any_(tokens.size(), kNoToken) {
    for (TokenId id = 0; id < parts.size(); ++id) {
      const auto [left, right] = parts[id];
      if (left == kNoToken) continue;
      const bool ascii = static_cast<signed char>(tokens[left].back()) >= 0;
      Lower(&(ascii ? behind_ascii_ : behind_others_)[right], id);
      Lower(&before_any_[left], id);
      if (FirstCharacter(tokens[right]) != kInvalidCodePoint) Lower(&before_whole_[left], id);
    }
  }

  uint32_t Of(TokenId character) const {
    uint32_t flags = 0;
    if (IsLate(character, &TokenPair::left, behind_ascii_)) flags |= CharacterRecord::kLeftOfAscii;
    if (IsLate(character, &TokenPair::left, behind_others_)) flags |= CharacterRecord::kLeftOfOthers;
    if (IsLate(character, &TokenPair::right, before_whole_)) flags |= CharacterRecord::kRight;
    if (IsLate(character, &TokenPair::right, before_any_)) flags |= CharacterRecord::kRightOfAny;
    return flags;
  }

 private:
  static void Lower(TokenId* lowest, TokenId id) { *lowest = std::min(*lowest, id); }

  // Whether each token at one edge of the character is used up before its lowest merge with one outside.
  bool IsLate(TokenId token, TokenId TokenPair::*edge, const std::vector<TokenId>& lowest) const {
    for (; parts_[token].left != kNoToken; token = parts_[token].*edge) {
      if (lowest[parts_[token].*edge] <= token) return false;
    }
    return true;
  }

  const std::vector<TokenPair>& parts_;
  // Of each token, the lowest merge with a token before it that ends in an ASCII character, or in another
  // byte; and with one behind it that begins with a whole character, or with anything.
  std::vector<TokenId> behind_ascii_;
  std::vector<TokenId> behind_others_;
  std::vector<TokenId> before_whole_;
  std::vector<TokenId> before_any_;
};

// Merges must come in the order of the ids, which the proof of CharacterFlags rests on: a merged token has
// a higher id than its parts.
bool MergesInOrder(const std::vector<TokenPair>& parts) {
  for (TokenId id = 0; id < parts.size(); ++id) {
    if (parts[id].left != kNoToken && std::max(parts[id].left, parts[id].right) >= id) return false;
  }
  return true;
}

std::vector<CharacterRecord> MakeCharacters(const Tokens& tokens, const std::vector<TokenPair>& parts) {
  std::vector<CharacterRecord> records(0x10000, CharacterRecord{0});
  if (!MergesInOrder(parts)) return records;
  const CharacterFlags flags(tokens, parts);
  for (TokenId id = 0; id < tokens.size(); ++id) {
    const std::string& token = tokens[id];
    if (token.size() != 2 && token.size() != 3) continue;
    const DecodedCharacter character = DecodeCharacter(token.data(), token.data() + token.size());
    if (character.length != token.size() || parts[id].left == kNoToken) continue;
    records[character.code_point].value = id << CharacterRecord::kFlagBits | flags.Of(id);
  }
  return records;
}

// The pieces that are short tokens.
void AppendPieceTable(const Tokens& tokens, ImageHeader* header, ImageWriter* writer) {
  std::vector<uint64_t> hashes;
  std::vector<PieceSlot> slots;
  for (const std::string& token : tokens) {
    if (token.empty() || token.size() > PieceSlot::kLongest) continue;
    char padded[sizeof(PieceSlot)] = {};
    std::copy(token.begin(), token.end(), padded);
    const PieceSlot key = PieceKey(padded, token.size());
    hashes.push_back(PieceHash(key));
    slots.push_back({key.low, key.high | uint64_t{1} << 56});
  }
  const PerfectHash perfect(hashes);
  header->piece_pilots = writer->Append(perfect.pilots());
  header->piece_slots = writer->Append(perfect.Table(slots, PieceSlot{0, 0}));
}

std::vector<TokenId> MakeBytePairs(const TokenIds& ids) {
  std::vector<TokenId> pairs;
  for (int left = 0; left < 256; ++left) {
    for (int right = 0; right < 256; ++right) {
      const char bytes[] = {static_cast<char>(left), static_cast<char>(right)};
      const auto found = ids.find(std::string_view(bytes, 2));
      pairs.push_back(found != ids.end() ? found->second : kNoToken);
    }
  }
  return pairs;
}

void AppendEncodings(const std::vector<EncodingDefinition>& encodings, ImageHeader* header,
                     ImageWriter* writer) {
  std::vector<EncodingRecord> records;
  std::vector<SpecialTokenRecord> specials;
  std::string strings;
  const auto add_string = [&strings](std::string_view text) {
    const auto offset = static_cast<uint32_t>(strings.size());
    strings.append(text).push_back('\0');
    return offset;
  };
  for (const EncodingDefinition& encoding : encodings) {
    records.push_back({add_string(encoding.name), encoding.pattern, static_cast<uint32_t>(specials.size()),
                       static_cast<uint32_t>(encoding.special_tokens.size())});
    for (const SpecialToken& token : encoding.special_tokens) {
      specials.push_back({token.id, add_string(token.text), static_cast<uint32_t>(token.text.size())});
    }
  }
  header->encodings = writer->Append(records);
  header->special_tokens = writer->Append(specials);
  header->strings = writer->Append(strings);
}

CharacterClass ClassOfProperty(std::string_view property, uint32_t code_point) {
  using enum CharacterClass;
  if (property == "Lu" || property == "Lt") return kUpper;
  if (property == "Ll") return kLower;
  if (property == "Lm" || property == "Lo") return kCaseless;
  if (property == "M") return kMark;
  if (property == "N") return kNumber;
  if (property == "White_Space") return code_point == '\r' || code_point == '\n' ? kNewline : kSpace;
  throw CompileError("unknown property: " + std::string(property));
}

}  // namespace

Tokens ReadTiktoken(std::string_view text) {
  Tokens tokens;
  for (const auto& line : ReadFields(text, ' ', 2)) {
    const TokenId id = ReadNumber(line[1], 10);
    if (id >= kTokenLimit) throw CompileError("token id too large: " + std::to_string(id));
    if (id >= tokens.size()) tokens.resize(id + 1);
    tokens[id] = DecodeBase64(line[0]);
  }
  return tokens;
}

std::vector<EncodingDefinition> ReadEncodings(std::string_view vocabulary, std::string_view encodings,
                                              std::string_view special_tokens) {
  std::vector<EncodingDefinition> definitions;
  for (const auto& line : ReadFields(encodings, '\t', 3)) {
    if (line[1] == vocabulary) definitions.push_back({std::string(line[0]), ReadPattern(line[2]), {}});
  }
  for (const auto& line : ReadFields(special_tokens, '\t', 4)) {
    const auto encoding = std::ranges::find(definitions, line[0], &EncodingDefinition::name);
    if (encoding == definitions.end()) continue;
    const TokenId last = ReadNumber(line[2], 10);
    for (TokenId id = ReadNumber(line[1], 10); id <= last; ++id) {
      encoding->special_tokens.push_back({id, ReplaceId(line[3], id)});
    }
  }
  for (EncodingDefinition& encoding : definitions) {
    std::ranges::sort(encoding.special_tokens, {}, &SpecialToken::id);
  }
  return definitions;
}

std::string CompileVocabulary(const Tokens& tokens, const std::vector<EncodingDefinition>& encodings) {
  const TokenIds ids = IndexTokens(tokens);

  std::array<TokenId, 256> byte_tokens{};
  for (int byte = 0; byte < 256; ++byte) {
    const char bytes = static_cast<char>(byte);
    const auto found = ids.find(std::string_view(&bytes, 1));
    if (found == ids.end()) throw CompileError("no token for byte " + std::to_string(byte));
    byte_tokens[static_cast<size_t>(byte)] = found->second;
  }

  std::vector<uint32_t> offsets;
  std::string token_bytes;
  size_t longest = 0;
  for (const std::string& token : tokens) {
    offsets.push_back(static_cast<uint32_t>(token_bytes.size()));
    token_bytes += token;
    longest = std::max(longest, token.size());
  }
  offsets.push_back(static_cast<uint32_t>(token_bytes.size()));

  ImageHeader header{};
  std::memcpy(header.magic, ImageHeader::kMagic, sizeof header.magic);
  header.version = ImageHeader::kVersion;
  header.byte_order = ImageHeader::kByteOrder;
  header.token_limit = static_cast<uint32_t>(tokens.size());
  header.longest_token = static_cast<uint32_t>(longest);

  ImageWriter writer(sizeof header);
  header.byte_tokens = writer.Append(byte_tokens);
  header.byte_pairs = writer.Append(MakeBytePairs(ids));
  const std::vector<TokenPair> parts = MakeTokenParts(tokens, ids);
  header.characters = writer.Append(MakeCharacters(tokens, parts));
  AppendPairTable(parts, &header, &writer);
  header.token_slots = writer.Append(MakeTokenSlots(ids));
  AppendPieceTable(tokens, &header, &writer);
  header.token_offsets = writer.Append(offsets);
  header.token_bytes = writer.Append(token_bytes);
  AppendEncodings(encodings, &header, &writer);
  return writer.Finish(header);
}

std::string CompileUnicode(std::string_view text) {
  using Block = std::array<CharacterClass, UnicodeImage::kBlockSize>;
  std::vector<Block> all(UnicodeImage::kBlockCount);
  for (const auto& line : ReadFields(text, '\t', 3)) {
    const uint32_t last = ReadNumber(line[1], 16);
    if (last >= UnicodeImage::kCodePointLimit) throw CompileError("code point beyond Unicode");
    for (uint32_t c = ReadNumber(line[0], 16); c <= last; ++c) {
      all[c / UnicodeImage::kBlockSize][c % UnicodeImage::kBlockSize] = ClassOfProperty(line[2], c);
    }
  }

  std::string block_of;
  std::vector<Block> distinct;
  for (const Block& block : all) {
    const auto found = std::ranges::find(distinct, block);
    block_of.push_back(static_cast<char>(found - distinct.begin()));
    if (found == distinct.end()) distinct.push_back(block);
  }
  if (distinct.size() > 256) throw CompileError("more than 256 distinct blocks of code points");
  return block_of.append(reinterpret_cast<const char*>(distinct.data()), distinct.size() * sizeof(Block));
}

}  // namespace tokenmeter::tokenizer
