// The door's part for encodings that are loaded: from a published file to an image, and from an image to an
// encoding.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "tokenizer/code_points.hpp"
#include "tokenizer/compile_interrupt.hpp"
#include "tokenizer/door.hpp"
#include "tokenizer/encoding.hpp"
#include "tokenizer/image_compiler.hpp"
#include "tokenizer/load/load.hpp"
#include "tokenizer/normalize/normalizer.hpp"
#include "tokenizer/properties.hpp"
#include "tokenizer/splitter.hpp"

namespace tokenmeter::tokenizer {
namespace {

Definition Load(const TmDefinition& source) {
  const std::string_view file(source.bytes, source.length);
  const std::string_view name(source.format, source.format_length);
  const std::optional<Format> format = name == "auto" ? DetectFormat(file) : FindFormat(name);
  if (!format.has_value()) {
    throw DefinitionError(name == "auto" ? "format is none of those known" : "format is not known");
  }
  switch (*format) {
    case Format::kHuggingFace:
      return LoadHuggingFace(file);
    case Format::kTiktoken:
      return LoadTiktoken(file, {source.pattern, source.pattern_length},
                          {source.special_tokens, source.special_tokens_length});
    case Format::kSentencePiece:
      return LoadSentencePiece(file);
    case Format::kTekken:
      return LoadTekken(file);
    case Format::kGguf:
      return LoadGguf(file);
  }
  throw DefinitionError("format is not known");
}

// SentencePiece looks for its user defined symbols in the normalized text.
void AddUserDefined(Definition* definition) {
  if (definition->model != ModelKind::kBpe) return;
  for (TokenId id : definition->user_defined) {
    AddedToken token{.id = id, .content = definition->tokens.at(id)};
    token.normalized = true;
    definition->added_tokens.push_back(std::move(token));
  }
}

// The library takes user defined symbols out of the text before its character map.
void RequireUnchanged(const Definition& definition) {
  if (definition.user_defined.empty() || definition.normalizer.empty()) return;
  NormalizerStep map = definition.normalizer.front();
  if (map.kind != NormalizerStep::Kind::kSentencePiece || map.content.empty()) return;
  map.add_dummy_prefix = map.remove_extra_whitespaces = map.escape_whitespaces = false;
  const std::string program = CompileNormalizer({map});
  Normalizer normalizer(program);
  for (TokenId id : definition.user_defined) {
    const std::string& symbol = definition.tokens.at(id);
    std::string_view mapped;
    normalizer.Apply(symbol, false, nullptr, &mapped);
    if (mapped != symbol) {
      throw DefinitionError("user defined symbol " + std::to_string(id) +
                            " is changed by the character map, which is not supported");
    }
  }
}

std::string AddedText(const AddedToken& token, bool is_normalized_already, Normalizer* normalizer) {
  std::string_view text = token.content;
  if (token.normalized && !is_normalized_already) normalizer->Apply(token.content, false, nullptr, &text);
  return std::string(text);
}

// \w of Rust's regular expressions.
std::string WordTable() {
  std::vector<uint8_t> values(kLastCodePoint + 1);
  const CodePointSet words = Property("word") | Property("joincontrol");
  for (const CodePointSet::Range& range : words.ranges()) {
    std::fill(values.begin() + range.first, values.begin() + range.last + 1, 1);
  }
  return CodePointTable::Compile(values);
}

// What is done to spaces, which the text of tokens does not have.
void FindSpaces(const Definition& definition, Programs* programs) {
  constexpr std::string_view kEscapedSpace = "\xE2\x96\x81";
  for (const NormalizerStep& step : definition.normalizer) {
    if (step.kind == NormalizerStep::Kind::kReplace && step.pattern == " ") programs->space = step.content;
    if (step.kind == NormalizerStep::Kind::kPrepend && step.content == kEscapedSpace)
      programs->adds_space = true;
    if (step.kind == NormalizerStep::Kind::kSentencePiece) {
      if (step.escape_whitespaces) programs->space = kEscapedSpace;
      programs->adds_space = step.add_dummy_prefix;
    }
  }
  for (const SplitStep& step : definition.splitter) {
    if (step.kind != SplitStep::Kind::kMetaspace) continue;
    programs->space = step.pattern;
    programs->adds_space = step.prepend != SplitStep::Prepend::kNever;
  }
}

std::string Compile(Definition definition) {
  RequireUnchanged(definition);
  const size_t looked_for_as_they_are = definition.added_tokens.size();
  AddUserDefined(&definition);
  Programs programs;
  programs.normalizer = CompileNormalizer(definition.normalizer);
  FindSpaces(definition, &programs);
  if (std::ranges::any_of(definition.added_tokens, &AddedToken::single_word)) programs.words = WordTable();
  Normalizer normalizer(programs.normalizer);
  EncodingDefinition encoding;
  for (size_t i = 0; i < definition.added_tokens.size(); ++i) {
    const AddedToken& token = definition.added_tokens[i];
    programs.added_texts.push_back(AddedText(token, i >= looked_for_as_they_are, &normalizer));
    encoding.special_tokens.push_back({token.id, token.content});
  }
  std::ranges::stable_sort(encoding.special_tokens, {}, &EncodingDefinition::SpecialToken::id);
  encoding.pattern = FastPattern(definition.splitter).value_or(Pattern::kNone);
  if (encoding.pattern == Pattern::kNone) programs.splitter = CompileSplitter(definition.splitter);
  return CompileImage(definition, programs, {encoding});
}

bool Fits(const Section& section, size_t record, size_t size) {
  return section.offset <= size && section.count <= (size - section.offset) / record;
}

// That the image was made whole, by a compiler of this version for a machine like this: its hash, which its
// owner has verified, says that it is the compiler's.
bool IsOurs(const void* image, size_t size) {
  const auto& header = *static_cast<const ImageHeader*>(image);
  return size >= sizeof header &&
         std::memcmp(header.magic, ImageHeader::kMagic, sizeof header.magic) == 0 &&
         header.version == ImageHeader::kVersion && header.byte_order == ImageHeader::kByteOrder &&
         header.size == size && Fits(header.encodings, sizeof(EncodingRecord), size) &&
         header.encodings.count != 0;
}

}  // namespace
}  // namespace tokenmeter::tokenizer

using namespace tokenmeter::tokenizer;

TmStatus tm_compile(const TmDefinition* definition, bool (*cancelled)(void), char** image, size_t* size,
                    TmError* error) {
  return AtTheDoor(error, [&] {
    const CompileInterrupt interrupt(cancelled);
    const std::string compiled = Compile(Load(*definition));
    *image = static_cast<char*>(std::malloc(compiled.size()));
    if (*image == nullptr) throw std::bad_alloc();
    std::memcpy(*image, compiled.data(), compiled.size());
    *size = compiled.size();
    return TM_OK;
  });
}

void tm_free(char* image) { std::free(image); }

TmStatus tm_detect_format(const char* bytes, size_t length, const char** format, TmError* error) {
  return AtTheDoor(error, [&] {
    const std::optional<Format> detected = DetectFormat({bytes, length});
    *format = detected.has_value() ? FormatName(*detected).data() : nullptr;
    return TM_OK;
  });
}

uint32_t tm_image_version(void) { return ImageHeader::kVersion; }

TmStatus tm_encoding_open(const char* name, const void* image, size_t size, const TmEncoding** encoding,
                          TmError* error) {
  return AtTheDoor(error, [&] {
    if (!IsOurs(image, size)) throw DefinitionError("image is not of this version");
    const Vocabulary vocabulary(image);
    const EncodingRecord& record = vocabulary.Encodings().front();
    auto name_copy = std::make_unique<char[]>(std::strlen(name) + 1);
    std::strcpy(name_copy.get(), name);
    *encoding = new TmEncoding{name_copy.get(), record.pattern, vocabulary, &record};
    name_copy.release();
    return TM_OK;
  });
}
