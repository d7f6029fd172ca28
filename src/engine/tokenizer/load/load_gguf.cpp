// The vocabulary in the metadata of a GGUF file: tokenizer.ggml.*, as llama.cpp takes it.
#include <algorithm>
#include <cstring>
#include <map>

#include "tokenizer/load/byte_level.hpp"
#include "tokenizer/load/gguf_pre_tokenizers.hpp"
#include "tokenizer/load/load.hpp"
#include "tokenizer/load/load_error.hpp"
#include "tokenizer/load/merge_rules.hpp"
#include "tokenizer/load/sentence_pieces.hpp"

namespace tokenmeter::tokenizer {
namespace {

constexpr std::string_view kTokens = "tokenizer.ggml.tokens";
constexpr std::string_view kTokenType = "tokenizer.ggml.token_type";
constexpr std::string_view kScores = "tokenizer.ggml.scores";

enum Type : uint32_t {
  kUint8 = 0,
  kInt8 = 1,
  kUint16 = 2,
  kInt16 = 3,
  kUint32 = 4,
  kInt32 = 5,
  kFloat32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kUint64 = 10,
  kInt64 = 11,
  kFloat64 = 12,
};

// Bytes of a value; 0 for types that have no fixed size, or are none.
size_t SizeOf(uint32_t type) {
  static constexpr size_t kSizes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  return type < std::size(kSizes) ? kSizes[type] : 0;
}

// Reads the file from its start on; what goes past the end is an error.
class Reader {
 public:
  explicit Reader(std::string_view file) : file_(file) {}

  size_t offset() const { return at_; }
  size_t left() const { return file_.size() - at_; }

  std::string_view Take(uint64_t length) {
    if (length > left()) {
      Fail("byte ", at_, " begins ", length, " bytes, but the file ends after ", left());
    }
    at_ += length;
    return file_.substr(at_ - length, length);
  }

  template <typename Number>
  Number Take() {
    Number number;
    std::memcpy(&number, Take(sizeof number).data(), sizeof number);
    return number;
  }

  std::string_view TakeString() { return Take(Take<uint64_t>()); }

 private:
  std::string_view file_;
  size_t at_ = 0;
};

struct Value {
  uint32_t type;
  uint64_t count;  // of an array
  // As in the file; of an array all elements.
  std::string_view bytes;
  uint32_t element_type;  // of an array
};

Value ReadArray(Reader* reader) {
  const size_t start = reader->offset();
  Value array{.type = kArray, .count = 0, .bytes = {}, .element_type = reader->Take<uint32_t>()};
  array.count = reader->Take<uint64_t>();
  const size_t size = array.element_type == kString ? sizeof(uint64_t) : SizeOf(array.element_type);
  if (size == 0)
    Fail("byte ", start, " begins an array of the type ", array.element_type, ", which is not supported");
  if (array.count > reader->left() / size) {
    Fail("byte ", start, " begins an array of ", array.count, " elements, but the file ends after ",
         reader->left(), " bytes");
  }
  if (array.element_type != kString) {
    array.bytes = reader->Take(array.count * size);
    return array;
  }
  Reader strings = *reader;
  for (uint64_t i = 0; i < array.count; ++i) strings.TakeString();
  array.bytes = reader->Take(strings.offset() - reader->offset());
  return array;
}

Value ReadValue(Reader* reader) {
  const size_t start = reader->offset();
  const auto type = reader->Take<uint32_t>();
  if (type == kArray) return ReadArray(reader);
  if (type == kString) return {.type = type, .count = 0, .bytes = reader->TakeString(), .element_type = 0};
  if (SizeOf(type) == 0) Fail("byte ", start, " begins a value of the unknown type ", type);
  return {.type = type, .count = 0, .bytes = reader->Take(SizeOf(type)), .element_type = 0};
}

// The keys that are about the tokenizer, and their values. A key that is asked for and is of another type
// is an error.
class Metadata {
 public:
  explicit Metadata(std::string_view file) {
    Reader reader(file);
    if (reader.left() < 4 || reader.Take(4) != "GGUF") Fail("the file does not begin with \"GGUF\"");
    const auto version = reader.Take<uint32_t>();
    if (version != 2 && version != 3) {
      const bool foreign = version == 0x02000000 || version == 0x03000000;
      Fail("GGUF version ", version, " is not supported", foreign ? ": the file is big-endian" : "");
    }
    reader.Take<uint64_t>();  // how many tensors
    const auto count = reader.Take<uint64_t>();
    for (uint64_t i = 0; i < count; ++i) {
      const size_t start = reader.offset();
      const std::string_view key = reader.TakeString();
      const Value value = ReadValue(&reader);
      if (!key.starts_with("tokenizer.")) continue;
      if (!values_.emplace(key, value).second)
        Fail("byte ", start, ": the key ", Quote(key), " comes twice");
    }
  }

  const std::map<std::string_view, Value>& values() const { return values_; }

  bool Has(std::string_view key) const { return values_.contains(key); }

  std::string_view String(std::string_view key) const { return Get(key, kString, "a string").bytes; }

  bool BooleanOr(std::string_view key, bool otherwise) const {
    return Has(key) ? Get(key, kBool, "a boolean").bytes[0] != 0 : otherwise;
  }

  TokenId IdOr(std::string_view key, TokenId otherwise) const {
    return Has(key) ? Number<TokenId>(Get(key, kUint32, "an unsigned integer of 32 bits").bytes, 0)
                    : otherwise;
  }

  std::vector<std::string_view> Strings(std::string_view key) const {
    const Value& array = Array(key);
    if (array.element_type != kString) Fail(key, " is not an array of strings");
    std::vector<std::string_view> strings;
    strings.reserve(array.count);
    Reader reader(array.bytes);
    for (uint64_t i = 0; i < array.count; ++i) strings.push_back(reader.TakeString());
    return strings;
  }

  std::vector<int32_t> Integers(std::string_view key) const {
    const Value& array = Array(key);
    if (array.element_type != kInt32 && array.element_type != kUint32) {
      Fail(key, " is not an array of integers of 32 bits");
    }
    return Numbers<int32_t>(array);
  }

  std::vector<float> Floats(std::string_view key) const {
    const Value& array = Array(key);
    if (array.element_type != kFloat32) Fail(key, " is not an array of numbers of 32 bits");
    return Numbers<float>(array);
  }

  std::string_view Bytes(std::string_view key) const {
    const Value& array = Array(key);
    if (array.element_type != kUint8 && array.element_type != kInt8) Fail(key, " is not an array of bytes");
    return array.bytes;
  }

 private:
  const Value& Get(std::string_view key, Type type, std::string_view name) const {
    const auto found = values_.find(key);
    if (found == values_.end()) Fail("the key ", key, " is missing");
    if (found->second.type != type) Fail(key, " is not ", name);
    return found->second;
  }

  const Value& Array(std::string_view key) const { return Get(key, kArray, "an array"); }

  template <typename Result>
  static Result Number(std::string_view bytes, size_t index) {
    Result number;
    std::memcpy(&number, bytes.data() + index * sizeof number, sizeof number);
    return number;
  }

  template <typename Result>
  static std::vector<Result> Numbers(const Value& array) {
    std::vector<Result> numbers(array.count);
    for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = Number<Result>(array.bytes, i);
    return numbers;
  }

  std::map<std::string_view, Value> values_;
};

// Requires that no key is there whose meaning is not known. Which special tokens a conversation is made of
// does not matter here.
void RequireKnownKeys(const Metadata& metadata) {
  static constexpr std::string_view kKnown[] = {
      "tokenizer.ggml.model",
      "tokenizer.ggml.pre",
      kTokens,
      kTokenType,
      "tokenizer.ggml.token_type_count",
      kScores,
      "tokenizer.ggml.merges",
      "tokenizer.ggml.add_space_prefix",
      "tokenizer.ggml.remove_extra_whitespaces",
      "tokenizer.ggml.precompiled_charsmap",
      "tokenizer.ggml.normalizer.lowercase",
      "tokenizer.ggml.normalizer.strip_accents",
      "tokenizer.ggml.normalizer.nfc",
      "tokenizer.ggml.add_bos_token",
      "tokenizer.ggml.add_eos_token",
      "tokenizer.ggml.add_sep_token",
      "tokenizer.ggml.suppress_tokens",
      "tokenizer.huggingface.json",
      "tokenizer.rwkv.world",
  };
  for (const auto& [key, value] : metadata.values()) {
    const bool known = std::ranges::find(kKnown, key) != std::end(kKnown) || key.ends_with("_token_id") ||
                       key.ends_with("_token_ids") || key.starts_with("tokenizer.chat_template");
    if (!known) Fail("the key ", Quote(key), " is not supported");
  }
}

// Refuses what a model's kind has no use for.
void RequireFalse(const Metadata& metadata, std::string_view key) {
  if (metadata.BooleanOr(key, false)) {
    Fail(key, " true is not supported with tokenizer.ggml.model ",
         Quote(metadata.String("tokenizer.ggml.model")));
  }
}

std::string PlaceOf(TokenId id, std::string_view text) {
  return std::string(kTokens) + "[" + std::to_string(id) + "] " + Quote(text);
}

// The tokens, of the type NORMAL where types are missing, and with scores if the model needs them.
std::vector<Piece> ReadPieces(const Metadata& metadata, bool with_scores) {
  const std::vector<std::string_view> texts = metadata.Strings(kTokens);
  const auto require_size = [&](std::string_view key, size_t size) {
    if (size != texts.size()) Fail(key, " has ", size, " elements, but ", kTokens, " has ", texts.size());
  };
  std::vector<int32_t> types(texts.size(), Piece::kNormal);
  std::vector<float> scores(texts.size());
  if (with_scores || metadata.Has(kTokenType)) {
    types = metadata.Integers(kTokenType);
    require_size(kTokenType, types.size());
  }
  if (with_scores) {
    scores = metadata.Floats(kScores);
    require_size(kScores, scores.size());
  }
  std::vector<Piece> pieces;
  pieces.reserve(texts.size());
  for (size_t i = 0; i < texts.size(); ++i) pieces.push_back({texts[i], scores[i], types[i]});
  return pieces;
}

// Finds tokens by their text; one that comes twice is an error. Empty ones are holes.
TokenIndex IndexTokens(const std::vector<Piece>& pieces) {
  TokenIndex index(pieces.size());
  for (TokenId id = 0; id < pieces.size(); ++id) {
    if (!pieces[id].text.empty() && !index.Add(pieces[id].text, id))
      Fail(PlaceOf(id, pieces[id].text), " comes twice");
  }
  return index;
}

// llama.cpp cuts tokens of these types out of the text, before anything else; control tokens and their like
// only where the caller wants them to be. Those with escaped spaces are hardly ever in the text itself, but
// are made of others as any token is.
void AddTokens(const std::vector<Piece>& pieces, Definition* definition) {
  for (TokenId id = 0; id < pieces.size(); ++id) {
    const Piece& piece = pieces[id];
    const bool special = piece.type == Piece::kControl || piece.type == Piece::kUnknown;
    if (piece.text.empty() || (!special && piece.type != Piece::kUserDefined)) continue;
    definition->added_tokens.push_back({.id = id, .content = std::string(piece.text), .special = special});
    if (!special && piece.text.find("\u2581") == piece.text.npos) definition->unreachable.push_back(id);
  }
  definition->user_defined.clear();
  std::ranges::sort(definition->unreachable);
}

std::optional<TokenId> ReadUnknown(const Metadata& metadata, TokenId otherwise,
                                   const Definition& definition) {
  const TokenId unknown = metadata.IdOr("tokenizer.ggml.unknown_token_id", otherwise);
  if (unknown >= definition.tokens.size())
    Fail("tokenizer.ggml.unknown_token_id ", unknown, " is not a token");
  return unknown;
}

// gpt2: BPE over bytes.
void ReadBytePairs(const Metadata& metadata, Definition* definition) {
  RequireFalse(metadata, "tokenizer.ggml.normalizer.lowercase");
  RequireFalse(metadata, "tokenizer.ggml.normalizer.strip_accents");
  definition->model = ModelKind::kBpe;
  const std::vector<Piece> pieces = ReadPieces(metadata, /*with_scores=*/false);
  const TokenIndex index = IndexTokens(pieces);
  TakePieces(kTokens, pieces, definition);
  definition->scores.clear();
  AddTokens(pieces, definition);

  const std::vector<std::string_view> merges = metadata.Strings("tokenizer.ggml.merges");
  MergeReader reader(index, definition);
  for (size_t i = 0; i < merges.size(); ++i) {
    const std::string fault = reader.AddLine(merges[i]);
    if (!fault.empty()) Fail("tokenizer.ggml.merges[", i, "] is no merge: ", fault);
  }
  reader.Finish();
  MakeByteLevel(definition);

  const std::string_view pre = metadata.Has("tokenizer.ggml.pre") ? metadata.String("tokenizer.ggml.pre")
                                                                  : std::string_view("default");
  if (!SetGgufPreTokenizer(pre, definition)) Fail("tokenizer.ggml.pre ", Quote(pre), " is not supported");
  if (metadata.BooleanOr("tokenizer.ggml.normalizer.nfc", false)) {
    definition->normalizer.push_back({.kind = NormalizerStep::Kind::kNfc});
  }
}

// llama and t5: SentencePiece's BPE and unigram, with a space before each stretch between user defined
// tokens.
void ReadSentencePieces(const Metadata& metadata, ModelKind model, Definition* definition) {
  for (const auto key : {"lowercase", "strip_accents", "nfc"}) {
    RequireFalse(metadata, std::string("tokenizer.ggml.normalizer.") + key);
  }
  const bool bpe = model == ModelKind::kBpe;
  definition->model = model;
  const std::vector<Piece> pieces = ReadPieces(metadata, /*with_scores=*/true);
  TakePieces(kTokens, pieces, definition);
  if (!bpe) {
    for (TokenId id : definition->user_defined) definition->scores[id] = 0;
  }
  definition->scores_are_float = true;
  definition->byte_fallback = !definition->byte_tokens.empty();
  definition->unknown = ReadUnknown(metadata, bpe ? 0 : 2, *definition);
  definition->fuse_unknown = true;
  NormalizerStep normalizer{
      .kind = NormalizerStep::Kind::kSentencePiece,
      .add_dummy_prefix = metadata.BooleanOr("tokenizer.ggml.add_space_prefix", bpe),
      .remove_extra_whitespaces = metadata.BooleanOr("tokenizer.ggml.remove_extra_whitespaces", false),
      .escape_whitespaces = true};
  constexpr std::string_view kCharsmap = "tokenizer.ggml.precompiled_charsmap";
  if (metadata.Has(kCharsmap)) {
    normalizer.content = metadata.Bytes(kCharsmap);
    if (!normalizer.content.empty()) CheckCharsmap(kCharsmap, normalizer.content);
  }
  definition->normalizer.push_back(std::move(normalizer));
  AddTokens(pieces, definition);
}

// The token as BERT has it: what begins a word is marked in GGUF, and what goes on is not.
std::string BertToken(std::string_view text) {
  constexpr std::string_view kSpace = "\u2581";
  if (text.starts_with(kSpace)) return std::string(text.substr(kSpace.size()));
  const bool bracketed = text.size() > 1 && text.starts_with('[') && text.ends_with(']');
  return bracketed ? std::string(text) : "##" + std::string(text);
}

// bert: WordPiece.
void ReadWordPieces(const Metadata& metadata, Definition* definition) {
  RequireFalse(metadata, "tokenizer.ggml.normalizer.nfc");
  definition->model = ModelKind::kWordPiece;
  std::vector<Piece> pieces = ReadPieces(metadata, /*with_scores=*/false);
  std::vector<std::string> texts;
  for (const Piece& piece : pieces) {
    const bool plain = piece.text.empty() || piece.type != Piece::kNormal;
    texts.push_back(plain ? std::string(piece.text) : BertToken(piece.text));
  }
  for (size_t i = 0; i < pieces.size(); ++i) pieces[i].text = texts[i];
  TakePieces(kTokens, pieces, definition);
  definition->scores.clear();
  AddTokens(pieces, definition);
  definition->unknown = ReadUnknown(metadata, 100, *definition);
  definition->continuing_prefix = "##";
  const bool lowercase = metadata.BooleanOr("tokenizer.ggml.normalizer.lowercase", true);
  definition->normalizer.push_back(
      {.kind = NormalizerStep::Kind::kBert,
       .clean_text = true,
       .handle_chinese_chars = true,
       .strip_accents = metadata.BooleanOr("tokenizer.ggml.normalizer.strip_accents", lowercase),
       .lowercase = lowercase});
  definition->splitter.push_back({.kind = SplitStep::Kind::kBert});
}

}  // namespace

Definition LoadGguf(std::string_view file) {
  const Metadata metadata(file);
  RequireKnownKeys(metadata);
  const std::string_view model = metadata.String("tokenizer.ggml.model");
  Definition definition;
  if (model == "gpt2") {
    ReadBytePairs(metadata, &definition);
  } else if (model == "llama") {
    ReadSentencePieces(metadata, ModelKind::kBpe, &definition);
  } else if (model == "t5") {
    ReadSentencePieces(metadata, ModelKind::kUnigram, &definition);
  } else if (model == "bert") {
    ReadWordPieces(metadata, &definition);
  } else {
    Fail("tokenizer.ggml.model ", Quote(model), " is not supported");
  }
  return definition;
}

}  // namespace tokenmeter::tokenizer
