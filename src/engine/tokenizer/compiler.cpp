#include "tokenizer/compiler.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <map>
#include <unordered_map>

#include "tokenizer/unicode.hpp"

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

std::vector<uint64_t> MakePairSlots(const Tokens& tokens, const TokenIds& ids) {
  std::vector<uint64_t> slots = MakeSlots(tokens.size());
  for (TokenId id = 0; id < tokens.size(); ++id) {
    TokenPair pair{};
    if (tokens[id].size() < 2 || !FindLastMerge(ids, tokens[id], &pair)) continue;
    const uint64_t key = PairSlot::Key(pair.left, pair.right);
    Insert(&slots, PairSlotIndex(key, slots.size() - 1), PairSlot::Make(key, id));
  }
  return slots;
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

// The pieces that are short tokens. Buckets are filled from their first slot on.
std::vector<PieceSlot> MakePieceSlots(const Tokens& tokens) {
  size_t count = 0;
  for (const std::string& token : tokens) count += !token.empty() && token.size() <= PieceSlot::kLongest;
  std::vector<PieceSlot> slots(std::bit_ceil(count + count / 4 + 1), PieceSlot{0, 0});
  const uint64_t mask = slots.size() - 1;
  for (const std::string& token : tokens) {
    if (token.empty() || token.size() > PieceSlot::kLongest) continue;
    char padded[16] = {};
    std::copy(token.begin(), token.end(), padded);
    PieceSlot slot = PieceKey(padded, token.size());
    uint64_t i = PieceHash(slot) * kPieceBucket & mask;
    while (!slots[i].empty()) i = (i + 1) & mask;
    slot.high |= uint64_t{1} << 56;
    slots[i] = slot;
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
    if (id >= PairSlot::kTokenLimit) throw CompileError("token id too large: " + std::to_string(id));
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
  header.pair_slots = writer.Append(MakePairSlots(tokens, ids));
  header.token_slots = writer.Append(MakeTokenSlots(ids));
  header.piece_slots = writer.Append(MakePieceSlots(tokens));
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
