// SentencePiece's .model: a ModelProto in the wire format of protocol buffers, which is read here by hand.
// Field numbers are those of sentencepiece_model.proto.
#include <algorithm>
#include <bit>
#include <cstring>

#include "tokenizer/load/load.hpp"
#include "tokenizer/load/load_error.hpp"
#include "tokenizer/load/sentence_pieces.hpp"

namespace tokenmeter::tokenizer {
namespace {

// A field of a message. Offsets are from the start of the file.
struct Field {
  enum Wire { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

  std::string_view message;  // its name
  size_t offset;
  uint32_t number;
  uint32_t wire;
  uint64_t value;          // of all but kBytes
  std::string_view bytes;  // of kBytes
  size_t bytes_offset;

  [[noreturn]] void Fail(std::string_view what) const {
    tokenizer::Fail("byte ", offset, ": field ", number, " of ", message, " ", what);
  }

  void Require(Wire required, std::string_view type) const {
    if (wire != required) Fail("is not " + std::string(type));
  }
  bool Boolean() const {
    Require(kVarint, "a boolean");
    return value != 0;
  }
  int64_t Enum() const {
    Require(kVarint, "an enumeration");
    return static_cast<int64_t>(value);
  }
  float Float() const {
    Require(kFixed32, "a float");
    return std::bit_cast<float>(static_cast<uint32_t>(value));
  }
  std::string_view Bytes() const {
    Require(kBytes, "a string or message");
    return bytes;
  }
};

// Reads the fields of a message one by one.
class Message {
 public:
  // The whole file.
  Message(std::string_view name, std::string_view bytes) : name_(name), bytes_(bytes) {}
  // A message in another.
  Message(std::string_view name, const Field& field)
      : name_(name), bytes_(field.Bytes()), start_(field.bytes_offset) {}

  // False at the end.
  bool Next(Field* field) {
    if (at_ == bytes_.size()) return false;
    *field = {.message = name_,
              .offset = Offset(),
              .number = 0,
              .wire = 0,
              .value = 0,
              .bytes = {},
              .bytes_offset = 0};
    const uint64_t tag = Varint();
    field->wire = tag & 7;
    if (tag >> 3 == 0 || tag >> 32 != 0) Fail("is not a field");
    field->number = static_cast<uint32_t>(tag >> 3);
    switch (field->wire) {
      case Field::kVarint:
        field->value = Varint();
        break;
      case Field::kFixed64:
        field->value = Fixed(8);
        break;
      case Field::kFixed32:
        field->value = Fixed(4);
        break;
      case Field::kBytes: {
        const uint64_t length = Varint();
        field->bytes_offset = Offset();
        field->bytes = Take(length);
        break;
      }
      default:
        field->Fail("has the unknown wire type " + std::to_string(field->wire));
    }
    return true;
  }

 private:
  size_t Offset() const { return start_ + at_; }

  [[noreturn]] void Fail(std::string_view what) const {
    tokenizer::Fail("byte ", Offset(), " of ", name_, " ", what);
  }

  std::string_view Take(uint64_t length) {
    if (length > bytes_.size() - at_) {
      Fail("begins " + std::to_string(length) + " bytes, but " + std::to_string(bytes_.size() - at_) +
           " are left");
    }
    at_ += length;
    return bytes_.substr(at_ - length, length);
  }

  uint64_t Fixed(size_t length) {
    uint64_t value = 0;
    std::memcpy(&value, Take(length).data(), length);
    return value;
  }

  uint64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<uint8_t>(Take(1)[0]);
      if (shift == 63 && byte > 1) Fail("ends a number of more than 64 bits");
      value |= uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) return value;
    }
  }

  std::string_view name_;
  std::string_view bytes_;
  size_t start_ = 0;
  size_t at_ = 0;
};

Piece ReadPiece(const Field& message, size_t index) {
  const std::string name = "pieces[" + std::to_string(index) + "]";
  Piece piece{.text = {}, .score = 0, .type = Piece::kNormal};
  Message reader(name, message);
  for (Field field; reader.Next(&field);) {
    switch (field.number) {
      case 1:
        piece.text = field.Bytes();
        break;
      case 2:
        piece.score = field.Float();
        break;
      case 3:
        piece.type = field.Enum();
        break;
      default:
        field.Fail("is not supported");
    }
  }
  if (piece.text.empty()) Fail("byte ", message.offset, ": ", name, " has no text");
  return piece;
}

struct TrainerSpec {
  int64_t model_type = 1;
  bool byte_fallback = false;
  bool treat_whitespace_as_suffix = false;
};

void ReadTrainerSpec(const Field& message, TrainerSpec* spec) {
  // How the model was trained, and names that the pieces have too.
  static constexpr uint32_t kIgnored[] = {1,  2,  4,  5,  6,  7,  10, 11, 12, 13, 14, 15, 16, 17, 18,
                                          19, 20, 21, 22, 23, 25, 26, 30, 31, 32, 33, 34, 36, 40, 41,
                                          42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54};
  Message reader("trainer_spec", message);
  for (Field field; reader.Next(&field);) {
    switch (field.number) {
      case 3:
        spec->model_type = field.Enum();
        break;
      case 24:
        spec->treat_whitespace_as_suffix = field.Boolean();
        break;
      case 35:
        spec->byte_fallback = field.Boolean();
        break;
      default:
        if (!std::ranges::binary_search(kIgnored, field.number)) field.Fail("is not supported");
    }
  }
}

void ReadNormalizerSpec(const Field& message, NormalizerStep* step) {
  Message reader("normalizer_spec", message);
  for (Field field; reader.Next(&field);) {
    switch (field.number) {
      case 1:  // its name, and in 6 what the character map was made of
      case 6:
        break;
      case 2:
        step->content = field.Bytes();
        break;
      case 3:
        step->add_dummy_prefix = field.Boolean();
        break;
      case 4:
        step->remove_extra_whitespaces = field.Boolean();
        break;
      case 5:
        step->escape_whitespaces = field.Boolean();
        break;
      default:
        field.Fail("is not supported");
    }
  }
}

ModelKind ModelOf(const TrainerSpec& spec) {
  switch (spec.model_type) {
    case 1:
      return ModelKind::kUnigram;
    case 2:
      return ModelKind::kBpe;
    case 3:
      Fail("trainer_spec.model_type WORD is not supported");
    case 4:
      Fail("trainer_spec.model_type CHAR is not supported");
    default:
      Fail("trainer_spec.model_type ", spec.model_type, " is unknown");
  }
}

// The one piece for what is unknown.
TokenId FindUnknown(const std::vector<Piece>& pieces) {
  const auto unknown = std::ranges::find(pieces, Piece::kUnknown, &Piece::type);
  if (unknown == pieces.end()) Fail("pieces has none of the type UNKNOWN");
  if (std::ranges::count(pieces, Piece::kUnknown, &Piece::type) > 1)
    Fail("pieces has two of the type UNKNOWN");
  return static_cast<TokenId>(unknown - pieces.begin());
}

void CheckBytes(const TrainerSpec& spec, const Definition& definition) {
  if (!spec.byte_fallback && !definition.byte_tokens.empty()) {
    Fail("pieces has some of the type BYTE, but trainer_spec.byte_fallback is false");
  }
  if (spec.byte_fallback &&
      (definition.byte_tokens.empty() || std::ranges::count(definition.byte_tokens, kNoToken) > 0)) {
    Fail("pieces does not have all 256 of the type BYTE, but trainer_spec.byte_fallback is true");
  }
}

}  // namespace

Definition LoadSentencePiece(std::string_view file) {
  std::vector<Piece> pieces;
  TrainerSpec spec;
  NormalizerStep normalizer{.kind = NormalizerStep::Kind::kSentencePiece,
                            .add_dummy_prefix = true,
                            .remove_extra_whitespaces = true,
                            .escape_whitespaces = true};
  Message reader("the file", file);
  for (Field field; reader.Next(&field);) {
    switch (field.number) {
      case 1:
        pieces.push_back(ReadPiece(field, pieces.size()));
        break;
      case 2:
        ReadTrainerSpec(field, &spec);
        break;
      case 3:
        ReadNormalizerSpec(field, &normalizer);
        break;
      case 4:  // self_test_data, denormalizer_spec
      case 5:
        break;
      default:
        field.Fail("is not supported");
    }
  }
  Definition definition;
  definition.model = ModelOf(spec);
  if (spec.treat_whitespace_as_suffix)
    Fail("trainer_spec.treat_whitespace_as_suffix true is not supported");
  if (!normalizer.content.empty())
    CheckCharsmap("normalizer_spec.precompiled_charsmap", normalizer.content);
  definition.normalizer.push_back(std::move(normalizer));
  TakePieces("pieces", pieces, &definition);
  CheckBytes(spec, definition);
  definition.scores_are_float = true;
  definition.byte_fallback = spec.byte_fallback;
  definition.unknown = FindUnknown(pieces);
  definition.fuse_unknown = true;
  return definition;
}

}  // namespace tokenmeter::tokenizer
