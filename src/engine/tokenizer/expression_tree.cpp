#include "tokenizer/expression_tree.hpp"

#include <cctype>
#include <optional>
#include <string>

#include "tokenizer/expression_rewriter.hpp"
#include "tokenizer/properties.hpp"
#include "tokenizer/utf8.hpp"

namespace tokenmeter::tokenizer {
namespace {

using Node = ExpressionNode;
using Kind = Node::Kind;
using Greed = Node::Greed;

Node SetNode(CodePointSet set, size_t position) {
  Node node;
  node.kind = Kind::kSet;
  node.set = std::move(set);
  node.position = position;
  return node;
}

CodePointSet Single(uint32_t c) { return {c, c}; }

class Parser {
 public:
  Parser(std::string_view pattern, Dialect dialect) : pattern_(pattern), dialect_(dialect) {}

  Node Parse() {
    if (pattern_.size() > kLongestPattern) {
      throw DefinitionError("regular expression is longer than " + std::to_string(kLongestPattern) +
                            " bytes");
    }
    Node node = ParseAlternation({}, 0);
    if (at_ != pattern_.size()) Fail("unmatched \")\"", at_);
    return node;
  }

 private:
  struct Flags {
    bool ignore_case = false;
    bool dot_all = false;
  };

  // ---- Errors, and the characters of the pattern.

  [[noreturn]] void Fail(const std::string& what, size_t position) const {
    size_t character = 1;
    for (size_t i = 0; i < position && i < pattern_.size(); ++i) character += (pattern_[i] & 0xC0) != 0x80;
    throw DefinitionError("regular expression: " + what + " at character " + std::to_string(character));
  }

  [[noreturn]] void NotSupported(const std::string& what, size_t position) const {
    size_t end = std::min(pattern_.size(), std::max(at_, position + 1));
    while (end < pattern_.size() && (pattern_[end] & 0xC0) == 0x80) ++end;
    const std::string text(pattern_.substr(position, end - position));
    Fail(what + " (\"" + text + "\") is not supported", position);
  }

  bool AtEnd() const { return at_ == pattern_.size(); }
  char Peek(size_t ahead = 0) const { return at_ + ahead < pattern_.size() ? pattern_[at_ + ahead] : '\0'; }
  bool LooksAt(std::string_view text) const { return pattern_.substr(at_).starts_with(text); }
  bool Take(std::string_view text) {
    if (!LooksAt(text)) return false;
    at_ += text.size();
    return true;
  }

  uint32_t TakeCharacter() {
    if (AtEnd()) Fail("unexpected end", at_);
    const auto character = DecodeCharacter(pattern_.data() + at_, pattern_.data() + pattern_.size());
    if (character.code_point > kLastCodePoint) Fail("invalid UTF-8", at_);
    at_ += character.length;
    return character.code_point;
  }

  std::optional<uint32_t> TakeNumber() {
    std::optional<uint32_t> number;
    for (; Peek() >= '0' && Peek() <= '9'; ++at_) {
      number = number.value_or(0) * 10 + static_cast<uint32_t>(Peek() - '0');
      if (*number > kMostRepeats) Fail("repetition of more than " + std::to_string(kMostRepeats), at_);
    }
    return number;
  }

  uint32_t TakeHex(size_t most_digits) {
    const size_t start = at_;
    uint32_t value = 0;
    for (; at_ - start < most_digits && std::isxdigit(static_cast<unsigned char>(Peek())); ++at_) {
      value = value * 16 + static_cast<uint32_t>(std::stoi(std::string(1, Peek()), nullptr, 16));
    }
    if (at_ == start || value > kLastCodePoint) Fail("malformed code point", start);
    return value;
  }

  // ---- Structure.

  Node ParseAlternation(Flags flags, size_t depth) {
    if (depth > kDeepestExpression) Fail("groups are nested too deeply", at_);
    Node alternatives;
    alternatives.kind = Kind::kAlternate;
    alternatives.position = at_;
    TakeInlineFlags(&flags);
    do {
      alternatives.children.push_back(ParseSequence(flags, depth));
    } while (Take("|"));
    if (alternatives.children.size() == 1) return std::move(alternatives.children.front());
    return alternatives;
  }

  // (?i) and the like at the start of a pattern or group: there, both dialects mean all of it.
  void TakeInlineFlags(Flags* flags) {
    while (LooksAt("(?")) {
      const size_t start = at_;
      at_ += 2;
      Flags changed = *flags;
      if (!TakeFlags(&changed) || !Take(")")) {
        at_ = start;
        return;
      }
      *flags = changed;
    }
  }

  // Letters of flags, as in i-m; whether there were any.
  bool TakeFlags(Flags* flags) {
    const size_t start = at_;
    for (bool on = true;; ++at_) {
      const char flag = Peek();
      if (flag == '-') {
        on = false;
      } else if (flag == 'i') {
        flags->ignore_case = on;
      } else if (flag == (dialect_ == Dialect::kOniguruma ? 'm' : 's')) {
        flags->dot_all = on;
      } else if ((flag >= 'a' && flag <= 'z') || (flag >= 'A' && flag <= 'Z')) {
        if (LooksAt("P<") || LooksAt("P=") || LooksAt("P>")) return false;
        NotSupported(std::string("flag \"") + flag + "\"", at_);
      } else {
        return at_ != start;
      }
    }
  }

  Node ParseSequence(Flags flags, size_t depth) {
    Node sequence;
    sequence.position = at_;
    bool after_folded = false;
    while (!AtEnd() && Peek() != '|' && Peek() != ')') {
      if (Take("(?#")) {
        const size_t end = pattern_.find(')', at_);
        if (end == pattern_.npos) Fail("unterminated comment", at_);
        at_ = end + 1;
        continue;
      }
      const size_t start = at_;
      is_folded_ = false;
      Node atom = ParseAtom(flags, depth);
      if (is_folded_ && after_folded) RefuseFoldedPair(sequence.children.back().set, atom.set, start);
      after_folded = is_folded_;
      sequence.children.push_back(ParseQuantifiers(std::move(atom), start));
      after_folded = after_folded && sequence.children.back().kind == Kind::kSet;
    }
    if (sequence.children.size() == 1) return std::move(sequence.children.front());
    return sequence;
  }

  Node ParseAtom(Flags flags, size_t depth) {
    const size_t start = at_;
    if (++atoms_ > kMostAtoms) Fail("more than " + std::to_string(kMostAtoms) + " elements", start);
    switch (Peek()) {
      case '(':
        return ParseGroup(flags, depth);
      case '[':
        return SetNode(ParseClass(flags, depth), start);
      case '.':
        ++at_;
        return SetNode(flags.dot_all ? CodePointSet::All() : ~Single('\n'), start);
      case '\\':
        return ParseEscape(flags);
      case '$':
        ++at_;
        return LookNode(dialect_ == Dialect::kOniguruma ? Single('\n') : CodePointSet(), true, start);
      case '^':
        ++at_;
        NotSupported("anchor", start);
      case '*':
      case '+':
      case '?':
        Fail("nothing to repeat", start);
      default:
        return Literal(TakeCharacter(), flags, start);
    }
  }

  Node LookNode(CodePointSet set, bool at_end, size_t position) const {
    Node node = SetNode(std::move(set), position);
    node.kind = Kind::kLook;
    node.at_end = at_end;
    return node;
  }

  Node ParseGroup(Flags flags, size_t depth) {
    const size_t start = at_;
    ++at_;
    bool looks_ahead = false;
    bool negated = false;
    bool atomic = false;
    if (Take("?")) {
      if (Take("<=") || Take("<!")) NotSupported("look-behind", start);
      if (Take("=")) {
        looks_ahead = true;
      } else if (Take("!")) {
        looks_ahead = negated = true;
      } else if (Take(">")) {
        atomic = true;
      } else if (Take("<") || Take("P<")) {
        const size_t end = pattern_.find('>', at_);
        if (end == pattern_.npos) Fail("unterminated name of a group", at_);
        at_ = end + 1;
      } else if (!Take(":")) {
        const bool has_flags = TakeFlags(&flags);
        if (has_flags && Peek() == ')') NotSupported("change of flags within a sequence", start);
        if (!has_flags || !Take(":")) NotSupported("group", start);
      }
    } else if (LooksAt("*")) {
      NotSupported("group", start);
    }
    Node inner = ParseAlternation(flags, depth + 1);
    if (!Take(")")) Fail("missing \")\" for the group", start);
    is_folded_ = false;
    if (looks_ahead) return ToLook(inner, negated, start);
    if (!atomic) return inner;
    Node once;
    once.kind = Kind::kRepeat;
    once.least = once.most = 1;
    once.greed = Greed::kPossessive;
    once.position = start;
    once.children.push_back(std::move(inner));
    return once;
  }

  // What is looked ahead for must be seen on one character.
  Node ToLook(const Node& inner, bool negated, size_t position) const {
    CodePointSet set;
    bool at_end = false;
    const std::vector<Node> alternatives =
        inner.kind == Kind::kAlternate ? inner.children : std::vector<Node>{inner};
    for (const Node& node : alternatives) {
      // Of X+ the first X is enough.
      const bool repeats = node.kind == Kind::kRepeat && node.least == 1;
      const Node& one = repeats ? node.children.front() : node;
      if (one.kind != Kind::kSet && one.kind != Kind::kLook) {
        NotSupported("look-ahead for other than one character", position);
      }
      set |= one.set;
      at_end = at_end || one.at_end;
    }
    return negated ? LookNode(~set, !at_end, position) : LookNode(std::move(set), at_end, position);
  }

  // The quantifiers behind an atom.
  Node ParseQuantifiers(Node atom, size_t start) {
    for (;;) {
      uint32_t least = 0;
      uint32_t most = Node::kEndless;
      const bool is_interval = Peek() == '{';
      if (is_interval) {
        if (!TakeInterval(&least, &most)) return atom;
      } else if (Take("+")) {
        least = 1;
      } else if (Take("?")) {
        most = 1;
      } else if (!Take("*")) {
        return atom;
      }
      Node repeat;
      repeat.kind = Kind::kRepeat;
      repeat.least = least;
      repeat.most = most;
      repeat.position = start;
      // To Oniguruma, what looks possessive or lazy behind some intervals is one more quantifier.
      const bool is_oniguruma = dialect_ == Dialect::kOniguruma;
      if (!(is_oniguruma && is_interval && least == most) && Take("?")) {
        repeat.greed = Greed::kLazy;
      } else if (!(is_oniguruma && is_interval) && Take("+")) {
        repeat.greed = Greed::kPossessive;
      }
      if (most > 1 && MayBeEmpty(atom)) NotSupported("repetition of what may be empty", start);
      repeat.children.push_back(std::move(atom));
      atom = std::move(repeat);
    }
  }

  // {n}, {n,}, {n,m}, {,m}; false, and nothing taken, where the brace is a character.
  bool TakeInterval(uint32_t* least, uint32_t* most) {
    const size_t start = at_;
    ++at_;
    const auto first = TakeNumber();
    const bool has_comma = Take(",");
    const auto second = has_comma ? TakeNumber() : first;
    if ((!first && !second) || !Take("}")) {
      if (dialect_ == Dialect::kFancyRegex) Fail("malformed repetition", start);
      at_ = start;
      return false;
    }
    *least = first.value_or(0);
    *most = second.value_or(Node::kEndless);
    if (*least > *most) Fail("repetition with limits out of order", start);
    return true;
  }

  static bool MayBeEmpty(const Node& node) {
    const auto may_be_empty = [](const Node& child) { return MayBeEmpty(child); };
    switch (node.kind) {
      case Kind::kSet:
        return false;
      case Kind::kLook:
        return true;
      case Kind::kSequence:
        return std::ranges::all_of(node.children, may_be_empty);
      case Kind::kAlternate:
        return std::ranges::any_of(node.children, may_be_empty);
      case Kind::kRepeat:
        return node.least == 0 || MayBeEmpty(node.children.front());
    }
    return true;
  }

  // ---- Characters.

  Node Literal(uint32_t c, Flags flags, size_t start) {
    if (!flags.ignore_case) return SetNode(Single(c), start);
    RefuseFullFolding(Single(c), start);
    is_folded_ = true;
    return SetNode(CloseUnderCase(Single(c)), start);
  }

  // Oniguruma takes some characters for sequences of several where case is ignored, as \u00DF for ss; that
  // is not followed here.
  void RefuseFullFolding(const CodePointSet& set, size_t start) const {
    if (dialect_ != Dialect::kOniguruma) return;
    if (!(CloseUnderCase(set) & Property("(full folding)")).empty()) {
      NotSupported("ignoring the case of a character that folds to several", start);
    }
  }

  void RefuseFoldedPair(const CodePointSet& first, const CodePointSet& second, size_t start) const {
    if (dialect_ != Dialect::kOniguruma) return;
    // The pairs of ASCII letters that something folds to; beyond ASCII there are more.
    for (const std::string_view pair : {"ss", "ff", "fi", "fl", "st"}) {
      if (first.Contains(pair[0]) && second.Contains(pair[1])) {
        NotSupported("ignoring the case of \"" + std::string(pair) + "\"", start);
      }
    }
    if (second.ranges().back().last > 0x17F && !second.Contains('k')) {
      NotSupported("ignoring the case of a sequence beyond ASCII", start);
    }
  }

  // \d and the like; `letter` in lower case.
  CodePointSet PerlClass(char letter, bool in_brackets) const {
    switch (letter) {
      case 'd':
        return Property("nd");
      case 's':
        return Property("whitespace");
      case 'h':
        return CodePointSet('0', '9') | CodePointSet('A', 'F') | CodePointSet('a', 'f');
      default:
        break;
    }
    return Word(in_brackets);
  }

  CodePointSet Word(bool in_brackets) const {
    const CodePointSet word = Property("word");
    if (dialect_ == Dialect::kFancyRegex) return word | Property("joincontrol");
    if (in_brackets) return word;
    // Outside of brackets Oniguruma has Latin-1's superscripts and fractions too.
    return word | CodePointSet(0xB2, 0xB3) | Single(0xB9) | CodePointSet(0xBC, 0xBE);
  }

  // A class that stands for itself behind a backslash, or nothing.
  std::optional<CodePointSet> TakeClassEscape(bool in_brackets) {
    const size_t start = at_;
    const char letter = Peek(1);
    switch (letter) {
      case 'd':
      case 's':
      case 'w':
      case 'h':
        at_ += 2;
        return PerlClass(letter, in_brackets);
      case 'D':
      case 'S':
      case 'W':
      case 'H':
        at_ += 2;
        return ~PerlClass(static_cast<char>(letter | 0x20), in_brackets);
      case 'p':
      case 'P':
        break;
      default:
        return std::nullopt;
    }
    at_ += 2;
    bool negated = letter == 'P';
    std::string_view name;
    if (Take("{")) {
      if (Take("^")) negated = !negated;
      const size_t end = pattern_.find('}', at_);
      if (end == pattern_.npos) Fail("unterminated property", start);
      name = pattern_.substr(at_, end - at_);
      at_ = end + 1;
    } else {
      if (dialect_ == Dialect::kOniguruma || AtEnd()) NotSupported("property without braces", start);
      name = pattern_.substr(at_++, 1);
    }
    const size_t equals = name.find('=');
    auto set = FindProperty(equals == name.npos ? name : name.substr(equals + 1));
    if (set && *set == Property("word")) set = Word(in_brackets);
    if (!set || name.starts_with('(')) NotSupported("property", start);
    return negated ? ~*set : *set;
  }

  // A single character behind a backslash.
  uint32_t TakeCharacterEscape() {
    const size_t start = at_;
    ++at_;
    const uint32_t c = TakeCharacter();
    switch (c) {
      case 't':
        return '\t';
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 'f':
        return '\f';
      case 'v':
        return '\v';
      case 'a':
        return '\a';
      case 'e':
        return 0x1B;
      case 'x':
        if (!Take("{")) return TakeHex(2);
        break;
      case 'u':
        if (!Take("{")) return TakeHex(4);
        break;
      default:
        if (c < 0x80 && std::isalnum(static_cast<int>(c))) NotSupported("escape", start);
        return c;
    }
    const uint32_t value = TakeHex(6);
    if (!Take("}")) Fail("malformed code point", start);
    return value;
  }

  Node ParseEscape(Flags flags) {
    const size_t start = at_;
    if (Take("\\z")) return LookNode({}, true, start);
    if (dialect_ == Dialect::kOniguruma && Take("\\N")) return SetNode(~Single('\n'), start);
    if (dialect_ == Dialect::kOniguruma && Take("\\O")) return SetNode(CodePointSet::All(), start);
    if (auto set = TakeClassEscape(false)) {
      // Oniguruma does not fold what stands outside of brackets.
      const bool folds = flags.ignore_case && dialect_ == Dialect::kFancyRegex;
      return SetNode(folds ? CloseUnderCase(*set) : *std::move(set), start);
    }
    return Literal(TakeCharacterEscape(), flags, start);
  }

  // [...] with nested classes and &&.
  CodePointSet ParseClass(Flags flags, size_t depth) {
    const size_t start = at_;
    if (depth > kDeepestExpression) Fail("classes are nested too deeply", at_);
    ++at_;
    const bool negated = Take("^");
    CodePointSet all = CodePointSet::All();
    CodePointSet members;
    bool has_members = false;
    for (bool is_first = true;; is_first = false) {
      if (AtEnd()) Fail("missing \"]\" for the class", start);
      if (Peek() == ']' && !is_first) break;
      if (Take("&&")) {
        if (!has_members) NotSupported("empty side of \"&&\"", start);
        all &= members;
        members = {};
        has_members = false;
        continue;
      }
      if (LooksAt("--") && !is_first && dialect_ == Dialect::kFancyRegex) {
        NotSupported("difference of classes", at_);
      }
      if (LooksAt("~~")) NotSupported("symmetric difference of classes", at_);
      members |= ParseClassMember(flags, depth);
      has_members = true;
    }
    ++at_;
    if (!has_members) NotSupported("empty side of \"&&\"", start);
    all &= members;
    if (flags.ignore_case) {
      if (!negated) RefuseFullFolding(all, start);
      all = CloseUnderCase(all);
    }
    return negated ? ~all : all;
  }

  // A class within a class, or a character or a range of them.
  CodePointSet ParseClassMember(Flags flags, size_t depth) {
    const size_t start = at_;
    if (LooksAt("[:")) return ParsePosixClass();
    if (Peek() == '[') return ParseClass(flags, depth + 1);
    if (Peek() == '\\') {
      if (auto set = TakeClassEscape(true)) return *std::move(set);
    }
    const auto take = [this] { return Peek() == '\\' ? TakeCharacterEscape() : TakeCharacter(); };
    const uint32_t first = take();
    if (Peek() != '-' || Peek(1) == ']' || Peek(1) == '[' || LooksAt("-&&")) return Single(first);
    ++at_;
    if (Peek() == '\\' && TakeClassEscape(true)) NotSupported("range that ends with a class", start);
    const uint32_t last = take();
    if (last < first) Fail("range out of order", start);
    return {first, last};
  }

  // [:alpha:] and the like.
  CodePointSet ParsePosixClass() {
    const size_t start = at_;
    const size_t end = pattern_.find(":]", at_ + 2);
    if (end == pattern_.npos) NotSupported("class within a class", start);
    std::string_view name = pattern_.substr(at_ + 2, end - at_ - 2);
    at_ = end + 2;
    const bool negated = name.starts_with('^');
    if (negated) name.remove_prefix(1);
    // Oniguruma's are those of Unicode.
    for (const std::string_view known : {"alpha", "digit", "alnum", "upper", "lower", "space", "word"}) {
      if (name == known && dialect_ == Dialect::kOniguruma)
        return negated ? ~Property(name) : Property(name);
    }
    if (name == "punct" && dialect_ == Dialect::kOniguruma) {
      const CodePointSet punctuation = Property("p") | Property("s");
      return negated ? ~punctuation : punctuation;
    }
    NotSupported("named class", start);
  }

  std::string_view pattern_;
  Dialect dialect_;
  size_t at_ = 0;
  size_t atoms_ = 0;
  bool is_folded_ = false;  // the atom was a literal whose case is ignored
};

}  // namespace

bool ExpressionNode::operator==(const ExpressionNode& other) const {
  return kind == other.kind && set == other.set && at_end == other.at_end && least == other.least &&
         most == other.most && greed == other.greed && children == other.children;
}

ExpressionNode ParseExpression(std::string_view pattern, Dialect dialect) {
  Node tree = Parser(pattern, dialect).Parse();
  RewriteExpression(&tree);
  return tree;
}

}  // namespace tokenmeter::tokenizer
