#include "tokenizer/vocabulary_layout.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <queue>
#include <utility>

#include "tokenizer/compile_interrupt.hpp"
#include "tokenizer/utf8.hpp"

namespace tokenmeter::tokenizer {
namespace {

// A merge as the definition has it: the lowest priority goes first, and of equals the leftmost.
struct Merge {
  uint32_t priority;
  TokenId merged;
};
constexpr uint32_t kNoMerge = UINT32_MAX;

std::string Describe(TokenId id) { return "token " + std::to_string(id); }

size_t CharacterLength(std::string_view text) {
  return DecodeCharacter(text.data(), text.data() + text.size()).length;
}

// What the definition says of two adjacent tokens.
class MergeRules {
 public:
  MergeRules(const Definition& definition, const TextIndex& index) : index_(index) {
    if (!definition.scores.empty()) RankByScores(definition);
    any_ = definition.merge_any || !definition.scores.empty();
    for (uint32_t rank = 0; rank < definition.merges.size(); ++rank) {
      CompileInterrupt::Poll();
      const auto& rule = definition.merges[rank];
      rules_[PairKey(rule.left, rule.right)] = {rank, rule.merged};
    }
  }

  // `both` is the text of the two.
  Merge Find(TokenId left, TokenId right, std::string_view both) const {
    if (any_) {
      Spend(both.size());
      const auto found = index_.find(both);
      if (found == index_.end()) return {kNoMerge, kNoToken};
      return {ranks_.empty() ? found->second : ranks_[found->second], found->second};
    }
    const auto found = rules_.find(PairKey(left, right));
    return found != rules_.end() ? found->second : Merge{kNoMerge, kNoToken};
  }

 private:
  // Looking texts up takes time that grows with the square of the longest tokens' lengths. Published
  // vocabularies take a hundredth of this.
  static constexpr uint64_t kMostBytes = uint64_t{1} << 33;

  void Spend(size_t bytes) const {
    spent_ += bytes;
    if (spent_ > kMostBytes) throw DefinitionError("vocabulary has too many tokens that are too long");
  }

  void RankByScores(const Definition& definition) {
    std::vector<TokenId> order(definition.tokens.size());
    std::iota(order.begin(), order.end(), 0);
    const auto score = [&definition](TokenId id) { return definition.scores[id]; };
    std::ranges::stable_sort(order, std::greater<>(), score);
    ranks_.resize(order.size());
    uint32_t rank = 0;
    for (size_t i = 0; i < order.size(); ++i) {
      if (i > 0 && score(order[i]) != score(order[i - 1])) ++rank;
      ranks_[order[i]] = rank;
    }
  }

  const TextIndex& index_;
  mutable uint64_t spent_ = 0;  // bytes looked up
  bool any_;
  std::vector<uint32_t> ranks_;  // by id
  std::unordered_map<uint64_t, Merge> rules_;
};

// The last merge that makes the token when its own text is encoded, by the definition of the encoding. In
// any text, a token can come from no other pair: until the merge that makes it, nothing has crossed its
// edges, so the merges within them were these, in this order.
class LastMerge {
 public:
  LastMerge(const MergeRules& rules, const TextIndex& index, bool of_bytes)
      : rules_(rules), index_(index), of_bytes_(of_bytes) {}

  // Returns false if merging does not yield the token; it then occurs as a whole piece only, if at all.
  bool Find(std::string_view token, TokenPair* parts, uint32_t* priority) {
    if (!Start(token)) return false;
    size_t left = symbols_.size();
    while (!heap_.empty()) {
      CompileInterrupt::Poll();
      const auto [lowest, at] = heap_.top();
      heap_.pop();
      Symbol& symbol = symbols_[at];
      if (symbol.merge.priority != lowest) continue;
      Symbol& next = symbols_[symbol.next];
      *parts = {symbol.token, next.token};
      *priority = lowest;
      symbol.token = symbol.merge.merged;
      symbol.end = next.end;
      symbol.next = next.next;
      next.merge = {kNoMerge, kNoToken};
      if (symbol.next != kEnd) symbols_[symbol.next].previous = at;
      --left;
      FindMerge(at);
      if (symbol.previous != kEnd) FindMerge(symbol.previous);
    }
    return left == 1;
  }

 private:
  static constexpr uint32_t kEnd = UINT32_MAX;
  struct Symbol {
    TokenId token;
    size_t begin;
    size_t end;
    uint32_t previous;
    uint32_t next;
    Merge merge;  // with the next one
  };

  bool Start(std::string_view token) {
    text_ = token;
    symbols_.clear();
    heap_ = {};
    for (size_t at = 0; at < token.size();) {
      const size_t length = of_bytes_ ? 1 : CharacterLength(token.substr(at));
      const auto found = index_.find(token.substr(at, length));
      if (found == index_.end()) return false;
      const auto number = static_cast<uint32_t>(symbols_.size());
      symbols_.push_back({found->second, at, at + length, number - 1, number + 1, {kNoMerge, kNoToken}});
      at += length;
    }
    symbols_.back().next = kEnd;
    for (uint32_t i = 0; i + 1 < symbols_.size(); ++i) FindMerge(i);
    return true;
  }

  void FindMerge(uint32_t at) {
    Symbol& symbol = symbols_[at];
    symbol.merge = {kNoMerge, kNoToken};
    if (symbol.next == kEnd) return;
    const Symbol& next = symbols_[symbol.next];
    symbol.merge =
        rules_.Find(symbol.token, next.token, text_.substr(symbol.begin, next.end - symbol.begin));
    if (symbol.merge.priority != kNoMerge) heap_.emplace(symbol.merge.priority, at);
  }

  const MergeRules& rules_;
  const TextIndex& index_;
  bool of_bytes_;
  std::string_view text_;
  std::vector<Symbol> symbols_;
  using Candidate = std::pair<uint32_t, uint32_t>;  // priority, symbol
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> heap_;
};

// The texts by id; a byte's token stands for the byte, however the file writes it.
Tokens TextsById(const Definition& definition) {
  Tokens texts = definition.tokens;
  for (size_t byte = 0; byte < definition.byte_tokens.size(); ++byte) {
    const TokenId id = definition.byte_tokens[byte];
    if (id != kNoToken) texts.at(id) = static_cast<char>(byte);
  }
  return texts;
}

// Gives the names of the byte tokens numbers of their own, behind the others.
void NumberByteNames(const Definition& definition, VocabularyLayout* layout) {
  layout->numbers.resize(layout->tokens.size());
  std::iota(layout->numbers.begin(), layout->numbers.end(), 0);
  layout->ids = layout->numbers;
  for (TokenId id : definition.byte_tokens) {
    if (id == kNoToken) continue;
    layout->tokens.push_back(definition.tokens.at(id));
    layout->ids.push_back(id);
  }
}

// The tokens that the model may make of text.
TextIndex IndexTokens(const Definition& definition, const Tokens& texts) {
  std::vector<bool> excluded(texts.size());
  const auto exclude = [&excluded](TokenId id) {
    if (id < excluded.size()) excluded[id] = true;
  };
  std::ranges::for_each(definition.unreachable, exclude);
  std::ranges::for_each(definition.byte_tokens, exclude);
  if (definition.model == ModelKind::kBpe) std::ranges::for_each(definition.user_defined, exclude);
  TextIndex index;
  index.reserve(texts.size());
  for (TokenId id = 0; id < texts.size(); ++id) {
    CompileInterrupt::Poll();
    if (texts[id].empty() || excluded[id]) continue;
    const auto [found, is_new] = index.emplace(texts[id], id);
    if (!is_new)
      throw DefinitionError(Describe(found->second) + " and " + Describe(id) + " have the same text");
  }
  // A character that has a token of its own does not need those of its bytes.
  for (TokenId id : definition.byte_tokens) {
    if (id != kNoToken) index.emplace(texts[id], id);
  }
  return index;
}

// What each token is merged from, by id, and when.
struct Derivation {
  std::vector<TokenPair> parts;
  std::vector<uint32_t> priorities;  // kNoMerge: not by merging
};

bool IsSymbol(const Definition& definition, std::string_view text) {
  return definition.byte_level ? text.size() == 1 : CharacterLength(text) == text.size();
}

// SentencePiece makes pieces of characters that are none themselves, too.
void RequireCharacters(const TextIndex& index) {
  for (const auto& [text, id] : index) {
    for (size_t at = 0; at < text.size();) {
      const size_t length = CharacterLength(text.substr(at));
      if (!index.contains(text.substr(at, length))) {
        throw DefinitionError(Describe(id) +
                              " has a character that is no token of its own, which is not supported");
      }
      at += length;
    }
  }
}

Derivation Derive(const Definition& definition, const Tokens& texts, TextIndex* index) {
  Derivation derivation{std::vector<TokenPair>(texts.size()),
                        std::vector<uint32_t>(texts.size(), kNoMerge)};
  if (!definition.scores.empty()) RequireCharacters(*index);
  const MergeRules rules(definition, *index);
  LastMerge last_merge(rules, *index, definition.byte_level);
  std::vector<std::string_view> unreachable;
  for (const auto& [text, id] : *index) {
    CompileInterrupt::Poll();
    if (IsSymbol(definition, text)) continue;
    TokenPair parts;
    uint32_t priority = kNoMerge;
    if (last_merge.Find(text, &parts, &priority)) {
      derivation.parts[id] = parts;
      derivation.priorities[id] = priority;
    } else if (!definition.whole_pieces) {
      unreachable.push_back(text);
    }
  }
  for (std::string_view text : unreachable) index->erase(text);
  return derivation;
}

uint32_t SortKey(uint32_t priority) { return priority + 1; }  // kNoMerge comes first

// The ids in the order of the image: symbols and what is not merged, then what is, the earlier first.
std::vector<TokenId> OrderIds(const Tokens& texts, const std::vector<uint32_t>& priorities) {
  std::vector<TokenId> order;
  for (TokenId id = 0; id < texts.size(); ++id) {
    if (!texts[id].empty()) order.push_back(id);
  }
  std::ranges::stable_sort(order, {}, [&priorities](TokenId id) { return SortKey(priorities[id]); });
  return order;
}

// The priorities of the tokens in this order, if the order itself does not say all: some tokens of
// SentencePiece's BPE have the same score, and of these the leftmost goes first, whichever it is.
std::vector<uint32_t> TiedPriorities(const std::vector<TokenId>& order,
                                     const std::vector<uint32_t>& by_id) {
  std::vector<uint32_t> priorities;
  bool tied = false;
  for (TokenId id : order) {
    tied = tied || (by_id[id] != kNoMerge && !priorities.empty() && priorities.back() == by_id[id]);
    priorities.push_back(by_id[id]);
  }
  return tied ? priorities : std::vector<uint32_t>();
}

// Whether the ids are in the order of merging as they are.
bool MergesInOrderOfIds(const std::vector<uint32_t>& priorities) {
  uint32_t last = 0;
  bool any = false;
  for (uint32_t priority : priorities) {
    if (priority == kNoMerge) continue;
    if (any && priority <= last) return false;
    last = priority;
    any = true;
  }
  return true;
}

std::array<TokenId, 256> FindByteTokens(const TextIndex& index) {
  std::array<TokenId, 256> tokens;
  for (size_t byte = 0; byte < tokens.size(); ++byte) {
    const char text = static_cast<char>(byte);
    const auto found = index.find(std::string_view(&text, 1));
    tokens[byte] = found != index.end() ? found->second : kNoToken;
  }
  return tokens;
}

bool IsInUtf8(size_t byte) { return byte < 0xC0 || (byte >= 0xC2 && byte < 0xF5); }

// Many vocabularies of bytes have none of those that no UTF-8 has. Whoever passes such bytes gets a token
// for each, whichever: so every byte has one.
void SubstituteImpossibleBytes(TokenId unknown, std::array<TokenId, 256>* tokens) {
  const TokenId substitute = unknown != kNoToken ? unknown : (*tokens)[0];
  for (size_t byte = 0; byte < tokens->size(); ++byte) {
    if ((*tokens)[byte] == kNoToken && !IsInUtf8(byte)) (*tokens)[byte] = substitute;
  }
}

// Gives the tokens the numbers that are their places in `order`, which has their numbers so far.
void Renumber(const std::vector<TokenId>& order, VocabularyLayout* layout) {
  std::vector<TokenId> numbers(layout->tokens.size(), kNoToken);
  for (TokenId number = 0; number < order.size(); ++number) numbers[order[number]] = number;
  const auto number_of = [&numbers](TokenId id) { return id == kNoToken ? kNoToken : numbers[id]; };

  Tokens tokens;
  std::vector<TokenPair> parts;
  for (TokenId id : order) {
    CompileInterrupt::Poll();
    tokens.push_back(std::move(layout->tokens[id]));
    parts.push_back({number_of(layout->parts[id].left), number_of(layout->parts[id].right)});
  }
  TextIndex index;
  index.reserve(layout->index.size());
  for (const auto& entry : layout->index) {
    CompileInterrupt::Poll();
    index.emplace(tokens[numbers[entry.second]], numbers[entry.second]);
  }
  for (TokenId& token : layout->byte_tokens) token = number_of(token);
  layout->unknown = number_of(layout->unknown);
  layout->tokens = std::move(tokens);
  layout->parts = std::move(parts);
  layout->index = std::move(index);
  if (layout->ids.empty()) {
    layout->ids = order;
    layout->numbers = std::move(numbers);
    return;
  }
  std::vector<TokenId> ids;
  for (TokenId number : order) ids.push_back(layout->ids[number]);
  layout->ids = std::move(ids);
  numbers.resize(layout->numbers.size());
  layout->numbers = std::move(numbers);
}

}  // namespace

bool VocabularyLayout::HasEveryByte() const {
  return std::ranges::find(byte_tokens, kNoToken) == byte_tokens.end();
}

VocabularyLayout LayOut(const Definition& definition) {
  VocabularyLayout layout;
  layout.tokens = TextsById(definition);
  if (definition.finds_byte_names) NumberByteNames(definition, &layout);
  if (layout.tokens.size() > kTokenLimit) throw DefinitionError("vocabulary is too large");
  layout.index = IndexTokens(definition, layout.tokens);
  layout.unknown = definition.unknown.value_or(kNoToken);
  layout.parts.resize(layout.tokens.size());
  if (definition.model != ModelKind::kBpe) {
    layout.byte_tokens = FindByteTokens(layout.index);
    return layout;
  }
  Derivation derivation = Derive(definition, layout.tokens, &layout.index);
  layout.parts = std::move(derivation.parts);
  layout.byte_tokens = FindByteTokens(layout.index);
  if (definition.byte_level) SubstituteImpossibleBytes(layout.unknown, &layout.byte_tokens);
  if (!MergesInOrderOfIds(derivation.priorities)) {
    const std::vector<TokenId> order = OrderIds(layout.tokens, derivation.priorities);
    layout.priorities = TiedPriorities(order, derivation.priorities);
    Renumber(order, &layout);
  }
  return layout;
}

}  // namespace tokenmeter::tokenizer
