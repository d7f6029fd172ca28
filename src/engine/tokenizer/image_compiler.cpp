#include "tokenizer/image_compiler.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <functional>
#include <map>
#include <queue>
#include <unordered_map>
#include <utility>

#include "tokenizer/compile_interrupt.hpp"
#include "tokenizer/image_writer.hpp"
#include "tokenizer/load/load_error.hpp"
#include "tokenizer/perfect_hash.hpp"
#include "tokenizer/unigram.hpp"
#include "tokenizer/utf8.hpp"
#include "tokenizer/vocabulary_layout.hpp"

namespace tokenmeter::tokenizer {
namespace {

// The tokens by their texts, so that images do not depend on the secret of the index.
std::vector<std::pair<std::string_view, TokenId>> InOrder(const TextIndex& index) {
  std::vector<std::pair<std::string_view, TokenId>> tokens(index.begin(), index.end());
  std::ranges::sort(tokens, [](const auto& left, const auto& right) {
    CompileInterrupt::Poll();
    return left.first < right.first;
  });
  return tokens;
}

std::vector<uint64_t> MakeTokenSlots(const TextIndex& index) {
  // At least a quarter is empty.
  std::vector<uint64_t> slots(std::bit_ceil(index.size() + index.size() / 3 + 1), kEmptySlot);
  const uint64_t mask = slots.size() - 1;
  for (const auto& [bytes, token] : InOrder(index)) {
    const uint64_t hash = HashBytes(bytes.data(), bytes.size());
    uint64_t at = TokenSlotIndex(hash, mask);
    size_t probes = 0;
    for (; slots[at] != kEmptySlot; at = (at + 1) & mask) {
      // Only of tokens made for it so many hashes meet.
      if (++probes > 1000)
        throw DefinitionError("token " + Quote(bytes) + " and a thousand others collide");
    }
    CompileInterrupt::Poll();
    slots[at] = TokenSlot::Make(hash, token);
  }
  return slots;
}

void AppendPairTable(const VocabularyLayout& layout, ImageHeader* header, ImageWriter* writer) {
  std::vector<uint64_t> hashes;
  std::vector<uint64_t> slots;
  for (TokenId token = 0; token < layout.parts.size(); ++token) {
    const TokenPair pair = layout.parts[token];
    if (!pair.exists()) continue;
    const uint64_t key = PairKey(pair.left, pair.right);
    hashes.push_back(PairHash(key));
    slots.push_back(MakePairSlot(key, token));
  }
  const PerfectHash perfect(
      hashes, [&](size_t i) { return "token " + Quote(layout.tokens[slots[i] & kNoSuchToken]); });
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

std::vector<CharacterRecord> MakeCharacters(const Tokens& tokens, const TextIndex& index,
                                            const std::vector<TokenPair>& parts, bool of_characters) {
  std::vector<CharacterRecord> records(0x10000, CharacterRecord{0});
  if (!of_characters && !MergesInOrder(parts)) return records;
  const CharacterFlags flags(tokens, parts);
  for (const auto& [text, token] : index) {
    if (text.size() != 2 && text.size() != 3) continue;
    CompileInterrupt::Poll();
    const DecodedCharacter character = DecodeCharacter(text.data(), text.data() + text.size());
    if (character.length != text.size() || (!of_characters && !parts[token].exists())) continue;
    records[character.code_point].value = token << CharacterRecord::kFlagBits |
                                          (of_characters ? CharacterRecord::kAllFlags : flags.Of(token));
  }
  return records;
}

// The pieces that are short tokens.
void AppendPieceTable(const TextIndex& index, ImageHeader* header, ImageWriter* writer) {
  std::vector<uint64_t> hashes;
  std::vector<PieceSlot> slots;
  std::vector<std::string_view> texts;
  for (const auto& [text, token] : InOrder(index)) {
    if (text.size() > PieceSlot::kLongest) continue;
    char padded[sizeof(PieceSlot)] = {};
    std::copy(text.begin(), text.end(), padded);
    const PieceSlot key = PieceKey(padded, text.size());
    hashes.push_back(PieceHash(key));
    texts.push_back(text);
    slots.push_back({key.low, key.high | uint64_t{1} << 56});
  }
  const PerfectHash perfect(hashes, [&](size_t i) { return "token " + Quote(texts[i]); });
  header->piece_pilots = writer->Append(perfect.pilots());
  header->piece_slots = writer->Append(perfect.Table(slots, PieceSlot{0, 0}));
}

// What two bytes side by side merge into.
std::vector<TokenId> MakeBytePairs(const std::array<TokenId, 256>& byte_tokens,
                                   const std::vector<TokenPair>& parts) {
  std::unordered_map<uint64_t, TokenId> merged;
  for (TokenId token = 0; token < parts.size(); ++token) {
    CompileInterrupt::Poll();
    if (parts[token].exists()) merged[PairKey(parts[token].left, parts[token].right)] = token;
  }
  std::vector<TokenId> pairs;
  for (TokenId left : byte_tokens) {
    for (TokenId right : byte_tokens) {
      const auto found =
          left == kNoToken || right == kNoToken ? merged.end() : merged.find(PairKey(left, right));
      pairs.push_back(found != merged.end() ? found->second : kNoToken);
    }
  }
  return pairs;
}

// A trie over the bytes of strings, each of which stands for a value; of equal ones the first.
class TrieBuilder {
 public:
  // A look-up takes time for each byte of the longest string.
  static constexpr size_t kLongest = 1024;

  void Add(std::string_view text, uint32_t value) {
    if (text.size() > kLongest) {
      throw DefinitionError("a token of " + std::to_string(text.size()) +
                            " bytes is longer than the limit of " + std::to_string(kLongest));
    }
    uint32_t node = 0;
    for (char c : text) node = Child(node, static_cast<uint8_t>(c));
    if (values_[node] == kNoToken) values_[node] = value;
  }

  // The node that the text leads to; 0 if no string begins so.
  uint32_t Find(std::string_view text) const {
    uint32_t node = 0;
    for (char c : text) {
      const auto next = next_.find(TrieKey(node, static_cast<uint8_t>(c)));
      if (next == next_.end()) return 0;
      node = next->second;
    }
    return node;
  }

  TrieSections AppendTo(ImageWriter* writer) const {
    std::vector<uint64_t> hashes;
    std::vector<uint64_t> slots;
    for (const auto& [key, node] : next_) {
      hashes.push_back(PairHash(key));
      slots.push_back(MakePairSlot(key, node));
    }
    const PerfectHash perfect(hashes, [](size_t i) {
      return "step " + std::to_string(i) + " from one byte of a token to the next";
    });
    TrieSections sections;
    sections.pilots = writer->Append(perfect.pilots());
    sections.slots = writer->Append(perfect.Table(slots, kEmptyPairSlot));
    sections.values = writer->Append(values_);
    sections.starts = writer->Append(Starts());
    sections.pairs = writer->Append(MakePairs());
    return sections;
  }

 private:
  bool Begins(int first) const { return next_.contains(TrieKey(0, static_cast<uint8_t>(first))); }

  // A string of one byte may be followed by any.
  bool MayFollow(int first, int second) const {
    const uint32_t node = next_.at(TrieKey(0, static_cast<uint8_t>(first)));
    return values_[node] != kNoToken || next_.contains(TrieKey(node, static_cast<uint8_t>(second)));
  }

  std::vector<TrieStart> Starts() const {
    std::vector<TrieStart> starts;
    for (int first = 0; first < 256; ++first) {
      if (!Begins(first)) continue;
      std::string seconds;
      for (int second = 0; second < 256; ++second) {
        if (MayFollow(first, second)) seconds.push_back(static_cast<char>(second));
      }
      starts.push_back({static_cast<char>(first), seconds.front(), seconds.size() == 1});
    }
    return starts;
  }

  std::vector<uint64_t> MakePairs() const {
    std::vector<uint64_t> pairs(0x10000 / 64);
    for (uint32_t pair = 0; pair < 0x10000; ++pair) {
      const int first = static_cast<int>(pair >> 8);
      if (Begins(first) && MayFollow(first, static_cast<int>(pair & 0xFF))) {
        pairs[pair / 64] |= uint64_t{1} << pair % 64;
      }
    }
    return pairs;
  }

  uint32_t Child(uint32_t node, uint8_t byte) {
    CompileInterrupt::Poll();
    const auto [child, is_new] =
        next_.try_emplace(TrieKey(node, byte), static_cast<uint32_t>(values_.size()));
    if (is_new) values_.push_back(kNoToken);
    if (values_.size() > kTokenLimit) throw DefinitionError("vocabulary is too large");
    return child->second;
  }

  std::map<uint64_t, uint32_t> next_;
  std::vector<uint32_t> values_{kNoToken};
};

// The bits of `joined`, for all tokens that text may become.
std::vector<uint64_t> MakeJoined(const Definition& definition, const TextIndex& index) {
  // A part of a piece must not be taken for a whole one: all characters may.
  if (definition.whole_pieces) return {~uint64_t{0}};
  std::vector<std::pair<uint32_t, uint32_t>> pairs;
  for (const auto& [text, token] : index) {
    CompileInterrupt::Poll();
    uint32_t left = kInvalidCodePoint;
    for (const char* at = text.data(); at != text.data() + text.size();) {
      const DecodedCharacter character = DecodeCharacter(at, text.data() + text.size());
      if (left != kInvalidCodePoint) pairs.emplace_back(left, character.code_point);
      left = character.code_point;
      at += character.length;
    }
  }
  std::ranges::sort(pairs);
  pairs.erase(std::ranges::unique(pairs).begin(), pairs.end());
  // So many bits for each pair that hardly any other is taken for one.
  constexpr size_t kBitsPerPair = 16;
  std::vector<uint64_t> words(std::bit_ceil(pairs.size() * kBitsPerPair / 64 + 1));
  for (const auto& [left, right] : pairs) {
    const uint64_t bit = JoinedBit(left, right, words.size());
    words[bit / 64] |= uint64_t{1} << bit % 64;
  }
  return words;
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
    for (const auto& token : encoding.special_tokens) {
      specials.push_back({token.id, add_string(token.text), static_cast<uint32_t>(token.text.size())});
    }
  }
  header->encodings = writer->Append(records);
  header->special_tokens = writer->Append(specials);
  header->strings = writer->Append(strings);
}

void AppendTokenTexts(const Tokens& tokens, ImageHeader* header, ImageWriter* writer) {
  std::vector<uint32_t> offsets;
  std::string bytes;
  size_t longest = 0;
  for (const std::string& token : tokens) {
    offsets.push_back(static_cast<uint32_t>(bytes.size()));
    bytes += token;
    longest = std::max(longest, token.size());
  }
  offsets.push_back(static_cast<uint32_t>(bytes.size()));
  header->token_limit = static_cast<uint32_t>(tokens.size());
  header->longest_token = static_cast<uint32_t>(longest);
  header->token_offsets = writer->Append(offsets);
  header->token_bytes = writer->Append(bytes);
}

void AppendAddedTokens(const Definition& definition, const Programs& programs, ImageHeader* header,
                       ImageWriter* writer) {
  std::vector<AddedTokenRecord> records;
  TrieBuilder raw;
  TrieBuilder normalized;
  for (size_t i = 0; i < definition.added_tokens.size(); ++i) {
    const AddedToken& token = definition.added_tokens[i];
    TrieBuilder& trie = token.normalized ? normalized : raw;
    trie.Add(programs.added_texts[i], static_cast<uint32_t>(i));
    uint32_t flags = 0;
    if (token.special) flags |= AddedTokenRecord::kSpecial;
    if (token.single_word) flags |= AddedTokenRecord::kSingleWord;
    if (token.lstrip) flags |= AddedTokenRecord::kLeftStrip;
    if (token.rstrip) flags |= AddedTokenRecord::kRightStrip;
    records.push_back({token.id, flags});
  }
  if (records.empty()) return;
  header->added_tokens = writer->Append(records);
  if (!programs.words.empty()) header->words = writer->Append(programs.words);
  header->added_raw = raw.AppendTo(writer);
  header->added_normalized = normalized.AppendTo(writer);
}

// What all tokens begin with that share their priority with others.
std::string TiedStart(const VocabularyLayout& layout) {
  std::string start;
  for (size_t i = 0; i + 1 < layout.priorities.size(); ++i) {
    if (!layout.parts[i].exists() || layout.priorities[i] != layout.priorities[i + 1]) continue;
    for (const std::string& token : {layout.tokens[i], layout.tokens[i + 1]}) {
      if (start.empty()) start = token;
      start.resize(std::ranges::mismatch(start, token).in1 - start.begin());
      if (start.empty()) return start;
    }
  }
  return start;
}

void AppendPriorities(const VocabularyLayout& layout, ImageHeader* header, ImageWriter* writer) {
  header->priorities = writer->Append(layout.priorities);
  const std::string start = TiedStart(layout);
  header->tied_start_length = static_cast<uint32_t>(std::min(start.size(), sizeof header->tied_start));
  std::memcpy(header->tied_start, start.data(), header->tied_start_length);
}

void AppendBpe(const Definition& definition, const VocabularyLayout& layout, ImageHeader* header,
               ImageWriter* writer) {
  header->byte_pairs = writer->Append(MakeBytePairs(layout.byte_tokens, layout.parts));
  header->characters =
      writer->Append(MakeCharacters(layout.tokens, layout.index, layout.parts, !definition.byte_level));
  AppendPairTable(layout, header, writer);
  if (!layout.priorities.empty()) AppendPriorities(layout, header, writer);
  if (layout.HasEveryByte() && (definition.byte_level || definition.byte_fallback)) {
    header->flags |= ImageHeader::kMergesInLanes;
  }
}

// Of the tokens that are found by their text, which those of single bytes are not.
TrieBuilder MakeTokenTrie(const TextIndex& index, std::vector<TokenId> byte_tokens) {
  TrieBuilder trie;
  std::ranges::sort(byte_tokens);
  for (const auto& [text, token] : InOrder(index)) {
    if (!std::ranges::binary_search(byte_tokens, token)) trie.Add(text, token);
  }
  return trie;
}

std::vector<double> ScoresByNumber(const Definition& definition, const VocabularyLayout& layout) {
  std::vector<double> scores = definition.scores;
  for (size_t number = scores.size(); number < layout.ids.size(); ++number) {
    scores.push_back(definition.scores[layout.ids[number]]);
  }
  return scores;
}

// A piece that is a token need not become that token: others together may have a higher score.
void KeepBestAsTheyAre(const Vocabulary& vocabulary, TextIndex* index) {
  UnigramEncoder encoder(vocabulary, nullptr);
  std::erase_if(*index, [&encoder](const auto& entry) {
    CompileInterrupt::Poll();
    size_t count = 0;
    encoder.Encode(entry.first, [&count](std::span<const TokenId> tokens) { count += tokens.size(); });
    return count != 1;
  });
}

// Words that are too long are unknown, even if they are tokens.
void KeepWords(size_t longest_word, TextIndex* index) {
  std::erase_if(*index, [longest_word](const auto& entry) {
    size_t characters = 0;
    for (const char c : entry.first) characters += (c & 0xC0) != 0x80;
    return characters > longest_word;
  });
}

}  // namespace

std::string CompileImage(const Definition& definition, const Programs& programs,
                         const std::vector<EncodingDefinition>& encodings) {
  VocabularyLayout layout = LayOut(definition);
  ImageHeader header{};
  std::memcpy(header.magic, ImageHeader::kMagic, sizeof header.magic);
  header.version = ImageHeader::kVersion;
  header.byte_order = ImageHeader::kByteOrder;
  header.model = definition.model;
  if (!definition.byte_level) header.flags |= ImageHeader::kOfCharacters;
  if (definition.byte_fallback) header.flags |= ImageHeader::kByteFallback;
  if (definition.fuse_unknown) header.flags |= ImageHeader::kFuseUnknown;
  if (definition.scores_are_float) header.flags |= ImageHeader::kFloatScores;
  if (programs.adds_space) header.flags |= ImageHeader::kAddsSpace;
  header.unknown = layout.unknown;
  header.space_length = static_cast<uint32_t>(std::min(programs.space.size(), sizeof header.space));
  std::memcpy(header.space, programs.space.data(), header.space_length);

  ImageWriter writer(sizeof header);
  header.byte_tokens = writer.Append(layout.byte_tokens);
  AppendTokenTexts(layout.tokens, &header, &writer);
  if (!layout.ids.empty()) {
    header.ids = writer.Append(layout.ids);
    header.tokens_by_id = writer.Append(layout.numbers);
  }
  if (!definition.byte_level) header.joined = writer.Append(MakeJoined(definition, layout.index));
  switch (definition.model) {
    case ModelKind::kBpe:
      AppendBpe(definition, layout, &header, &writer);
      break;
    case ModelKind::kUnigram:
      header.pieces = MakeTokenTrie(layout.index, definition.byte_tokens).AppendTo(&writer);
      header.scores = writer.Append(ScoresByNumber(definition, layout));
      header.unknown_score = definition.unknown_score;
      KeepBestAsTheyAre(Vocabulary(writer.Draft(header)), &layout.index);
      break;
    case ModelKind::kWordPiece: {
      const TrieBuilder trie = MakeTokenTrie(layout.index, {});
      header.pieces = trie.AppendTo(&writer);
      header.continuing = trie.Find(definition.continuing_prefix);
      if (header.continuing == 0 && !definition.continuing_prefix.empty()) header.continuing = kNoToken;
      header.continuing_prefix = writer.Append(definition.continuing_prefix);
      header.longest_word = definition.longest_word;
      KeepWords(definition.longest_word, &layout.index);
      break;
    }
  }
  header.token_slots = writer.Append(MakeTokenSlots(layout.index));
  AppendPieceTable(layout.index, &header, &writer);
  header.normalizer = writer.Append(programs.normalizer);
  header.splitter = writer.Append(programs.splitter);
  AppendAddedTokens(definition, programs, &header, &writer);
  AppendEncodings(encodings, &header, &writer);
  return writer.Finish(header);
}

}  // namespace tokenmeter::tokenizer
