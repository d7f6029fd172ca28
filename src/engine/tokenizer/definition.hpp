// A definition: what a tokenizer's published file says, whatever its format. The loaders read files into
// definitions (load.hpp), and the compiler makes images of them (compiler.hpp). Neither runs while text is
// counted.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/image.hpp"

namespace tokenmeter::tokenizer {

// The definition cannot be used: it is malformed, contradicts itself, or asks for what is not supported.
// The message says what is wrong and, by the names in the file, where; it is shown to the user as it is.
class DefinitionError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The library whose regular expressions a file has. They differ in what `$`, `{1,3}+`, \w and (?m) mean.
enum class Dialect : uint8_t {
  kOniguruma,   // Hugging Face's
  kFancyRegex,  // tiktoken's
};

// One step that rewrites text before it is cut. Texts are UTF-8. Steps run one after another on each
// stretch of text between added tokens.
struct NormalizerStep {
  enum class Kind : uint8_t {
    kNfc,
    kNfd,
    kNfkc,
    kNfkd,
    kLowercase,
    kStripAccents,
    kNmt,
    kStrip,          // white space at the start, if `left`, and at the end, if `right`
    kPrepend,        // `content` before a stretch that is not empty
    kReplace,        // each `pattern`, a string, by `content`
    kReplaceRegex,   // each match of `pattern`, a regular expression, by `content`
    kBert,           // BertNormalizer: the four flags below
    kCharsmap,       // `content` is a precompiled_charsmap of SentencePiece, applied as Hugging Face does
    kByteLevel,      // each byte becomes the character that stands for it in GPT-2's alphabet
    kSentencePiece,  // SentencePiece's own normalizer: `content` is its precompiled_charsmap, which may be
                     // empty; and the last four flags
  };
  Kind kind;
  std::string pattern{};
  std::string content{};
  bool left = false;
  bool right = false;
  bool clean_text = false;
  bool handle_chinese_chars = false;
  bool strip_accents = false;  // as it works out: null in the file means what `lowercase` is
  bool lowercase = false;
  bool add_dummy_prefix = false;
  bool add_everywhere = false;  // before every stretch, not the first of a text alone
  bool remove_extra_whitespaces = false;
  bool escape_whitespaces = false;
};

// One step that cuts text into pieces; each takes the pieces of the one before.
struct SplitStep {
  enum class Kind : uint8_t {
    kRegex,       // at the matches of `pattern`, a regular expression of Oniguruma's or tiktoken's kind
    kString,      // at each `pattern`, a string
    kByteLevel,   // GPT-2's regular expression, if `use_regex`; a space first, if `add_prefix_space`.
                  // Steps behind it see each byte as its character in GPT-2's alphabet
    kMetaspace,   // spaces become `pattern`; each stretch begins with one, as `prepend` says; if `split`,
                  // a piece begins at each
    kDigits,      // numbers are pieces of their own, if `individual` each digit
    kWhitespace,  // \w+|[^\w\s]+ are the pieces
    kWhitespaceSplit,  // at white space, which goes
    kPunctuation,      // at punctuation, by `behavior`
    kBert,             // BertPreTokenizer
    kUnicodeScripts,   // where the script changes
    kCharDelimiter,    // at each `pattern`, a character, which goes
    kFixedLength,      // pieces of `length` characters
  };
  // What becomes of a match.
  enum class Behavior : uint8_t { kRemoved, kIsolated, kMergedWithPrevious, kMergedWithNext, kContiguous };
  enum class Prepend : uint8_t { kAlways, kNever, kFirst };  // kFirst: where the text starts

  Kind kind;
  std::string pattern{};
  Dialect dialect = Dialect::kOniguruma;
  Behavior behavior = Behavior::kIsolated;
  bool invert = false;  // the matches are the pieces, what is between them the delimiters
  bool use_regex = true;
  bool add_prefix_space = false;
  Prepend prepend = Prepend::kAlways;
  bool split = true;
  bool individual = false;
  uint32_t length = 0;
};

// A token that is found in the text itself, before any model sees it.
struct AddedToken {
  TokenId id;
  std::string content;
  bool special = false;      // not found: the text of special tokens counts as ordinary text
  bool single_word = false;  // only where no word character stands beside it
  bool lstrip = false;       // takes the white space before it
  bool rstrip = false;       // and behind it
  bool normalized = false;   // is looked for in the normalized text, in its own normalized form
};

struct Definition {
  // A pair of tokens that merge.
  struct MergeRule {
    TokenId left;
    TokenId right;
    TokenId merged;
  };

  ModelKind model = ModelKind::kBpe;

  // By id; a hole is an empty string. With byte_level they are raw bytes, each byte of a text a symbol of
  // its own; else they are UTF-8, and the symbols are characters.
  std::vector<std::string> tokens;
  bool byte_level = false;

  // kBpe. The earlier merge goes first. With merge_any any two tokens merge that together are a token, and
  // the merge that makes the token of the lower id goes first; `merges` is then empty. With whole_pieces a
  // piece that is a token is not merged.
  std::vector<MergeRule> merges;
  bool merge_any = false;
  bool whole_pieces = false;

  // kUnigram, and for SentencePiece's BPE: the score of each token, higher is better. For kBpe with scores
  // any two tokens merge that together are a token, the one of the highest score first.
  std::vector<double> scores;
  bool scores_are_float = false;  // sums are of 32 bits, as SentencePiece's own
  // kUnigram: the score of a character that is not in the vocabulary, so much below the lowest in it.
  static constexpr double kUnknownPenalty = 10;
  double unknown_score = 0;

  // Tokens that the model itself never makes of text (control tokens and the like): ids, in order. Only
  // they may have the same bytes as another token.
  std::vector<TokenId> unreachable;
  // SentencePiece's user defined symbols: cut out of the normalized text first, the longest first. Ids, in
  // order.
  std::vector<TokenId> user_defined;

  // What is not in the vocabulary: with byte_fallback its bytes, where byte_tokens has them all; else
  // `unknown`, once for all that stand side by side with fuse_unknown; else it is dropped.
  bool byte_fallback = false;
  std::vector<TokenId> byte_tokens;  // 256 of them, or none; kNoToken where the file has none
  // Whether the names of the byte tokens, like <0x41>, are tokens of the text, too.
  bool finds_byte_names = false;
  std::optional<TokenId> unknown;
  bool fuse_unknown = false;

  // kWordPiece.
  std::string continuing_prefix;  // of tokens that do not begin a word
  uint32_t longest_word = 100;    // characters; longer ones are `unknown`

  std::vector<NormalizerStep> normalizer;
  std::vector<SplitStep> splitter;
  std::vector<AddedToken> added_tokens;
};

}  // namespace tokenmeter::tokenizer
