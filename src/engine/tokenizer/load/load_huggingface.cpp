// tokenizer.json of Hugging Face's library: what its members mean is said there by the types of Rust that
// they are read into. Members that cannot change what ordinary text is counted as are read past:
// truncation, padding, post_processor and decoder.
#include <algorithm>

#include "tokenizer/compile_interrupt.hpp"
#include "tokenizer/load/byte_level.hpp"
#include "tokenizer/load/huggingface_steps.hpp"
#include "tokenizer/load/json_document.hpp"
#include "tokenizer/load/load.hpp"
#include "tokenizer/load/load_error.hpp"
#include "tokenizer/load/merge_rules.hpp"
#include "tokenizer/load/sentence_pieces.hpp"
#include "tokenizer/token_index.hpp"

namespace tokenmeter::tokenizer {
namespace {

// The kind of a model; old files do not tell it, but their members do.
std::string_view ModelType(JsonValue model) {
  if (const auto type = model.Find("type")) return type->String();
  if (model.Find("merges")) return "BPE";
  if (model.Get("vocab").is_array()) return "Unigram";
  return model.Find("continuing_subword_prefix") ? "WordPiece" : "WordLevel";
}

// The model's vocabulary as it stands in the file, which is before tokens become bytes.
struct ModelTokens {
  TokenIndex index;
  std::vector<std::string_view> texts;  // by id; a hole is empty
};

// model.vocab where it is an object: text to id.
ModelTokens ReadVocabulary(JsonValue vocab) {
  ModelTokens vocabulary{TokenIndex(vocab.Members().size()), {}};
  std::vector<bool> taken;
  for (const JsonValue entry : vocab.Members()) {
    CompileInterrupt::Poll();
    const TokenId id = entry.Integer(0, kTokenLimit - 1);
    if (id >= taken.size()) {
      taken.resize(id + 1);
      vocabulary.texts.resize(id + 1);
    }
    if (taken[id]) entry.Fail("has the id of another token, " + std::to_string(id));
    taken[id] = true;
    vocabulary.texts[id] = entry.key();
    vocabulary.index.Add(entry.key(), id);
  }
  return vocabulary;
}

void ReadMerges(JsonValue merges, const TokenIndex& index, Definition* definition) {
  MergeReader reader(index, definition);
  for (const JsonValue merge : merges.Elements()) {
    std::string fault;
    if (merge.is_string()) {
      // The first line of a merges.txt, which old files took over.
      if (merge.String().starts_with("#version")) continue;
      fault = reader.AddLine(merge.String());
    } else {
      if (merge.Elements().size() != 2) merge.Fail("must be two tokens");
      const JsonValue left = *merge.Elements().begin();
      const JsonValue right = *++merge.Elements().begin();
      fault = reader.Add(left.String(), right.String());
    }
    if (!fault.empty()) merge.Fail("is no merge: " + fault);
  }
  reader.Finish();
}

void RequireEmpty(JsonValue model, std::string_view key) {
  const auto value = model.Find(key);
  if (value && !value->String().empty()) value->FailUnsupported();
}

// The library would merge byte tokens by their names, too.
void RequireUnmerged(JsonValue merges, const Definition& definition) {
  std::vector<bool> is_byte(definition.tokens.size());
  for (TokenId id : definition.byte_tokens) {
    if (id != kNoToken) is_byte[id] = true;
  }
  for (const auto& [left, right, merged] : definition.merges) {
    if (is_byte[left] || is_byte[right] || is_byte[merged]) {
      merges.Fail("has a merge of byte tokens, " + Quote(definition.tokens[left]) + " and " +
                  Quote(definition.tokens[right]) + ", which is not supported");
    }
  }
}

ModelTokens ReadBpe(JsonValue model, Definition* definition) {
  model.AllowOnly({"type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix",
                   "fuse_unk", "byte_fallback", "ignore_merges", "vocab", "merges"});
  RequireEmpty(model, "continuing_subword_prefix");
  RequireEmpty(model, "end_of_word_suffix");
  definition->model = ModelKind::kBpe;
  definition->whole_pieces = model.BooleanOr("ignore_merges", false);
  definition->fuse_unknown = model.BooleanOr("fuse_unk", false);
  ModelTokens vocabulary = ReadVocabulary(model.Get("vocab"));
  definition->tokens.assign(vocabulary.texts.begin(), vocabulary.texts.end());
  ReadMerges(model.Get("merges"), vocabulary.index, definition);

  const bool byte_fallback = model.BooleanOr("byte_fallback", false);
  bool complete = false;  // nothing is ever unknown
  if (definition->byte_level) {
    MakeByteLevel(definition);
    complete = HasAllBytes(*definition);
    // The library would fall back to the bytes of the characters that stand for bytes.
    if (byte_fallback && !complete) {
      model.Get("byte_fallback").Fail("is not supported with ByteLevel where model.vocab lacks a byte");
    }
  } else if (byte_fallback) {
    definition->byte_fallback = true;
    definition->byte_tokens = FindByteTokens(vocabulary.index);
    definition->finds_byte_names = definition->whole_pieces;
    RequireUnmerged(model.Get("merges"), *definition);
    complete = std::ranges::find(definition->byte_tokens, kNoToken) == definition->byte_tokens.end();
  }
  if (const auto unknown = model.Find("unk_token")) {
    const TokenId id = vocabulary.index.Find(unknown->String());
    if (id != kNoToken) {
      definition->unknown = id;
    } else if (!complete) {
      unknown->Fail(Quote(unknown->String()) + " is not in model.vocab");
    }
  }
  return vocabulary;
}

ModelTokens ReadWordPiece(JsonValue model, Definition* definition) {
  model.AllowOnly({"type", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word", "vocab"});
  definition->model = ModelKind::kWordPiece;
  ModelTokens vocabulary = ReadVocabulary(model.Get("vocab"));
  definition->tokens.assign(vocabulary.texts.begin(), vocabulary.texts.end());
  const JsonValue unknown = model.Get("unk_token");
  definition->unknown = vocabulary.index.Find(unknown.String());
  if (definition->unknown == kNoToken) unknown.Fail(Quote(unknown.String()) + " is not in model.vocab");
  definition->continuing_prefix = model.Get("continuing_subword_prefix").String();
  definition->longest_word = model.Get("max_input_chars_per_word").Integer(0, INT32_MAX);
  return vocabulary;
}

ModelTokens ReadUnigram(JsonValue model, Definition* definition) {
  model.AllowOnly({"type", "vocab", "unk_id", "byte_fallback"});
  definition->model = ModelKind::kUnigram;
  const JsonValue vocab = model.Get("vocab");
  const size_t size = vocab.Elements().size();
  if (size == 0) vocab.Fail("is empty");
  if (size > kTokenLimit) vocab.Fail("has more than " + std::to_string(kTokenLimit) + " elements");
  ModelTokens vocabulary{TokenIndex(size), {}};
  for (const JsonValue entry : vocab.Elements()) {
    if (entry.Elements().size() != 2) entry.Fail("must be a token and its score");
    const std::string_view text = (*entry.Elements().begin()).String();
    const auto id = static_cast<TokenId>(vocabulary.texts.size());
    if (!vocabulary.index.Add(text, id)) entry.Fail("comes twice: " + Quote(text));
    vocabulary.texts.push_back(text);
    definition->scores.push_back((*++entry.Elements().begin()).Number());
  }
  definition->tokens.assign(vocabulary.texts.begin(), vocabulary.texts.end());
  // Without it the library fails on text that the vocabulary does not cover.
  definition->unknown = model.Get("unk_id").Integer(0, static_cast<uint32_t>(size - 1));
  definition->unknown_score = std::ranges::min(definition->scores) - Definition::kUnknownPenalty;
  definition->fuse_unknown = true;
  definition->byte_fallback = model.BooleanOr("byte_fallback", false);
  if (definition->byte_fallback) {
    definition->byte_tokens = FindByteTokens(vocabulary.index);
    definition->finds_byte_names = true;
    const auto missing = std::ranges::count(definition->byte_tokens, kNoToken);
    // The library would give up all unknown characters that stand side by side for one byte.
    if (missing != 0 && missing != 256)
      model.Get("byte_fallback").Fail("is not supported where model.vocab has some of the 256 bytes only");
  }
  return vocabulary;
}

ModelTokens ReadModel(JsonValue model, Definition* definition) {
  const std::string_view type = ModelType(model);
  if (type == "BPE") return ReadBpe(model, definition);
  // Its tokens would be words of the alphabet's characters.
  if (definition->byte_level) Fail("ByteLevel is not supported with a model of the type ", Quote(type));
  if (type == "WordPiece") return ReadWordPiece(model, definition);
  if (type == "Unigram") return ReadUnigram(model, definition);
  if (const auto named = model.Find("type")) named->FailUnsupported();
  model.Fail("is of the type \"WordLevel\", which is not supported");
}

AddedToken ReadAddedToken(JsonValue token) {
  token.AllowOnly({"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"});
  return {.id = token.Get("id").Integer(0, kTokenLimit - 1),
          .content = std::string(token.Get("content").String()),
          .special = token.Get("special").Boolean(),
          .single_word = token.Get("single_word").Boolean(),
          .lstrip = token.Get("lstrip").Boolean(),
          .rstrip = token.Get("rstrip").Boolean(),
          .normalized = token.Get("normalized").Boolean()};
}

// Whether the model's vocabulary has the text as another id, or another text as the id.
bool Contradicts(const AddedToken& token, const ModelTokens& vocabulary) {
  const TokenId known = vocabulary.index.Find(token.content);
  if (known != kNoToken) return known != token.id;
  return token.id < vocabulary.texts.size() && !vocabulary.texts[token.id].empty();
}

void ReadAddedTokens(JsonValue tokens, const ModelTokens& vocabulary, Definition* definition) {
  TokenIndex contents(tokens.Elements().size());
  std::vector<TokenId> ids;
  for (const JsonValue entry : tokens.Elements()) {
    AddedToken token = ReadAddedToken(entry);
    if (token.content.empty()) continue;  // as the library does
    const JsonValue content = entry.Get("content");
    if (!contents.Add(content.String(), token.id)) content.Fail(Quote(token.content) + " comes twice");
    if (Contradicts(token, vocabulary)) {
      entry.Fail("is " + Quote(token.content) + " with the id " + std::to_string(token.id) +
                 ", which contradicts model.vocab");
    }
    ids.push_back(token.id);
    definition->added_tokens.push_back(std::move(token));
  }
  std::ranges::sort(ids);
  const auto twice = std::ranges::adjacent_find(ids);
  if (twice != ids.end()) tokens.Fail("has two tokens with the id " + std::to_string(*twice));
}

}  // namespace

Definition LoadHuggingFace(std::string_view file) {
  const JsonDocument document(file);
  const JsonValue root = document.root();
  root.AllowOnly({"version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer",
                  "post_processor", "decoder", "model"});
  const auto version = root.Find("version");
  if (version && version->String() != "1.0") version->FailUnsupported();
  Definition definition;
  if (const auto normalizer = root.Find("normalizer")) definition.normalizer = ReadNormalizer(*normalizer);
  if (const auto splitter = root.Find("pre_tokenizer")) definition.splitter = ReadPreTokenizer(*splitter);
  definition.byte_level = EndsInBytes(&definition);
  const ModelTokens vocabulary = ReadModel(root.Get("model"), &definition);
  if (const auto tokens = root.Find("added_tokens")) ReadAddedTokens(*tokens, vocabulary, &definition);
  return definition;
}

}  // namespace tokenmeter::tokenizer
