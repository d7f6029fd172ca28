#include "tokenizer/expression.hpp"

#include <algorithm>
#include <bitset>
#include <cstring>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tokenizer/code_points.hpp"
#include "tokenizer/expression_tree.hpp"
#include "tokenizer/utf8.hpp"

namespace tokenmeter::tokenizer {
namespace {

using Node = ExpressionNode;
using Kind = Node::Kind;

// Characters that are in the same sets of a pattern are of one class. Class 0 is in none; it has the bytes
// that are no UTF-8 too. Behind the classes comes the end of the text, as one more.
constexpr size_t kMostClasses = 254;
using ClassSet = std::bitset<256>;

struct Instruction {
  enum class Kind : uint32_t {
    kSet,    // a character of a class in `set`, then `next`
    kAny,    // any character, then `next`
    kLook,   // what follows is of a class in `set`, then `next`
    kSplit,  // `next`, and if that leads to no match, `other`
    kMatch,
  };
  Kind kind;
  uint32_t next = 0;
  uint32_t other = 0;
  uint32_t set = 0;
};

constexpr size_t kMostInstructions = 10'000;
constexpr size_t kMostSets = 2'000;

// A program: this, the instructions, the sets, the table of classes.
struct ProgramHeader {
  uint32_t instruction_count;
  uint32_t set_count;
  uint32_t class_count;  // the end of the text is of the class of this number
  uint32_t start;        // of a match at a known place
  uint32_t search;       // of a match at the first place where there is one
  uint32_t reverse;      // of the same backwards
};

class Compiler {
 public:
  explicit Compiler(const Node& tree) { CollectSets(tree); }

  std::string Compile(const Node& tree) {
    DivideIntoClasses();
    ProgramHeader header{};
    const uint32_t match = Add({Instruction::Kind::kMatch});
    header.start = Emit(tree, match, false);
    header.search = Add({Instruction::Kind::kSplit});
    instructions_[header.search].next = header.start;
    instructions_[header.search].other = Add({Instruction::Kind::kAny, header.search});
    header.reverse = Emit(tree, match, true);
    header.instruction_count = static_cast<uint32_t>(instructions_.size());
    header.set_count = static_cast<uint32_t>(class_sets_.size());
    header.class_count = class_count_;
    std::string program(reinterpret_cast<const char*>(&header), sizeof header);
    program.append(reinterpret_cast<const char*>(instructions_.data()),
                   instructions_.size() * sizeof(Instruction));
    program.append(reinterpret_cast<const char*>(class_sets_.data()),
                   class_sets_.size() * sizeof(ClassSet));
    return program + CodePointTable::Compile(class_of_);
  }

 private:
  void CollectSets(const Node& node) {
    if (node.kind == Kind::kSet || node.kind == Kind::kLook) {
      sets_.emplace(Key(node.set), sets_.size());
      if (sets_.size() > kMostSets)
        throw DefinitionError("regular expression has too many different classes");
    }
    for (const Node& child : node.children) CollectSets(child);
  }

  static std::vector<uint32_t> Key(const CodePointSet& set) {
    std::vector<uint32_t> key;
    for (const auto& range : set.ranges()) key.insert(key.end(), {range.first, range.last});
    return key;
  }

  // Gives code points that are in the same sets the same class.
  void DivideIntoClasses() {
    // Where a set begins or ends: then it is turned on or off.
    std::map<uint32_t, std::vector<size_t>> turns;
    for (const auto& [key, index] : sets_) {
      for (size_t i = 0; i < key.size(); i += 2) {
        turns[key[i]].push_back(index);
        turns[key[i + 1] + 1].push_back(index);
      }
    }
    turns[kLastCodePoint + 1];
    members_.resize(sets_.size());
    std::vector<bool> in_set(sets_.size());
    std::map<std::vector<bool>, uint8_t> classes{{in_set, 0}};
    class_of_.resize(kLastCodePoint + 1);
    uint32_t first = 0;
    for (const auto& [turn, sets] : turns) {
      const auto [found, is_new] = classes.emplace(in_set, static_cast<uint8_t>(classes.size()));
      if (classes.size() > kMostClasses) {
        throw DefinitionError("regular expression tells too many classes of characters apart");
      }
      if (is_new) {
        for (size_t i = 0; i < in_set.size(); ++i) members_[i].set(found->second, in_set[i]);
      }
      std::fill(class_of_.begin() + first, class_of_.begin() + turn, found->second);
      first = turn;
      for (const size_t index : sets) in_set[index] = !in_set[index];
    }
    class_count_ = static_cast<uint32_t>(classes.size());
  }

  uint32_t Add(Instruction instruction) {
    if (instructions_.size() == kMostInstructions) throw DefinitionError("regular expression is too large");
    instructions_.push_back(instruction);
    return static_cast<uint32_t>(instructions_.size() - 1);
  }

  uint32_t SetIndex(const Node& node) {
    ClassSet set = members_[sets_.at(Key(node.set))];
    set.set(class_count_, node.at_end);
    for (size_t i = 0; i < class_sets_.size(); ++i) {
      if (class_sets_[i] == set) return static_cast<uint32_t>(i);
    }
    class_sets_.push_back(set);
    return static_cast<uint32_t>(class_sets_.size() - 1);
  }

  // Instructions for the node, after which `next` goes on; returns the first. Backwards, sequences are
  // turned round.
  uint32_t Emit(const Node& node, uint32_t next, bool backwards) {
    switch (node.kind) {
      case Kind::kSet:
        return Add({Instruction::Kind::kSet, next, 0, SetIndex(node)});
      case Kind::kLook:
        return Add({Instruction::Kind::kLook, next, 0, SetIndex(node)});
      case Kind::kSequence:
        for (size_t i = 0; i < node.children.size(); ++i) {
          next = Emit(node.children[backwards ? i : node.children.size() - 1 - i], next, backwards);
        }
        return next;
      case Kind::kAlternate: {
        uint32_t rest = Emit(node.children.back(), next, backwards);
        for (size_t i = node.children.size() - 1; i-- != 0;) {
          rest = Add({Instruction::Kind::kSplit, Emit(node.children[i], next, backwards), rest});
        }
        return rest;
      }
      case Kind::kRepeat:
        return EmitRepeat(node, next, backwards);
    }
    return next;
  }

  uint32_t EmitRepeat(const Node& node, uint32_t next, bool backwards) {
    const Node& child = node.children.front();
    const auto split = [&](uint32_t more, uint32_t enough) {
      if (node.greed == Node::Greed::kLazy) std::swap(more, enough);
      return Add({Instruction::Kind::kSplit, more, enough});
    };
    uint32_t rest = next;
    if (node.most == Node::kEndless) {
      rest = split(0, next);
      const uint32_t body = Emit(child, rest, backwards);
      (node.greed == Node::Greed::kLazy ? instructions_[rest].other : instructions_[rest].next) = body;
    } else {
      for (uint32_t i = node.least; i < node.most; ++i) rest = split(Emit(child, rest, backwards), next);
    }
    for (uint32_t i = 0; i < node.least; ++i) rest = Emit(child, rest, backwards);
    return rest;
  }

  std::map<std::vector<uint32_t>, size_t> sets_;  // by their ranges
  std::vector<ClassSet> members_;                 // the classes of each
  std::vector<uint8_t> class_of_;
  uint32_t class_count_ = 0;
  std::vector<Instruction> instructions_;
  std::vector<ClassSet> class_sets_;
};

static_assert(sizeof(ClassSet) == 32);

}  // namespace

// The automaton that a part of a program stands for. A state is the list of instructions that wait for the
// next character, the preferred first; forwards, what they look ahead for is decided when that is known.
// Backwards it is known from the start, since it was passed over last, and is part of the state.
class Expression::Automaton {
 public:
  struct Step {
    uint32_t state;
    bool matched;  // a match ends, or backwards starts, before the character that was read
  };
  static constexpr uint32_t kDead = 0;

  Automaton(const std::vector<Instruction>* instructions, const std::vector<ClassSet>* sets,
            uint32_t class_count, bool backwards)
      : instructions_(*instructions),
        sets_(*sets),
        class_count_(class_count),
        backwards_(backwards),
        visited_(instructions->size()) {
    Clear();
  }

  // The state in which a run begins at the instruction; `behind` is the class of what follows the place
  // where it begins, asked for backwards only.
  uint32_t Start(uint32_t instruction, uint32_t behind) {
    uint32_t* known = &starts_[backwards_ ? behind : instruction];
    if (*known == kUnknown) {
      list_ = {instruction};
      const uint32_t state = Intern(behind);
      *known = state;  // behind what Intern may have forgotten
    }
    return *known;
  }

  // Goes on with a character of the class.
  __attribute__((always_inline)) Step Go(uint32_t state, uint32_t cls) {
    const uint32_t known = steps_[state * (class_count_ + 1) + cls];
    return known != kUnknown ? Decode(known) : Learn(state, cls);
  }

 private:
  // How much states may take together before all are forgotten.
  static constexpr size_t kMostBytes = 1024 * 1024;
  static constexpr uint32_t kUnknown = 0xFFFFFFFF;

  static Step Decode(uint32_t step) { return {step >> 1, (step & 1) != 0}; }

  void Clear() {
    states_.clear();
    keys_.clear();
    steps_.clear();
    starts_.assign(std::max<size_t>(instructions_.size(), class_count_ + 1), kUnknown);
    bytes_ = 0;
    list_.clear();
    Intern(class_count_);  // kDead
  }

  // The state of list_.
  uint32_t Intern(uint32_t behind) {
    std::vector<uint32_t> key = list_;
    key.push_back(backwards_ && !list_.empty() ? behind : class_count_);
    if (const auto found = states_.find(Bytes(key)); found != states_.end()) return found->second;
    const size_t size = 2 * key.size() * sizeof(uint32_t) + (class_count_ + 1) * sizeof(uint32_t);
    if (bytes_ + size > kMostBytes && keys_.size() > 2) {
      const std::vector<uint32_t> kept = list_;
      Clear();
      list_ = kept;
    }
    bytes_ += size;
    const auto state = static_cast<uint32_t>(keys_.size());
    states_.emplace(Bytes(key), state);
    keys_.push_back(std::move(key));
    steps_.resize(keys_.size() * (class_count_ + 1), kUnknown);
    return state;
  }

  static std::string Bytes(const std::vector<uint32_t>& key) {
    return {reinterpret_cast<const char*>(key.data()), key.size() * sizeof(uint32_t)};
  }

  __attribute__((noinline)) Step Learn(uint32_t state, uint32_t cls) {
    const std::vector<uint32_t> key = keys_[state];
    const uint32_t behind = backwards_ ? key.back() : cls;
    std::vector<uint32_t> waiting;
    bool matched = false;
    ++visit_;
    for (size_t i = 0; i + 1 < key.size() && (backwards_ || !matched); ++i) {
      matched = Follow(key[i], behind, &waiting) || matched;
    }
    list_.clear();
    ++visit_;
    for (const uint32_t at : waiting) {
      const Instruction& instruction = instructions_[at];
      const bool passes = cls != class_count_ &&
                          (instruction.kind == Instruction::Kind::kAny || sets_[instruction.set].test(cls));
      if (passes && visited_[instruction.next] != visit_) {
        visited_[instruction.next] = visit_;
        list_.push_back(instruction.next);
      }
    }
    const size_t known = keys_.size();
    const uint32_t next = Intern(cls);
    // Not if all was forgotten meanwhile.
    if (next >= known || keys_.size() == known)
      steps_[state * (class_count_ + 1) + cls] = next << 1 | matched;
    return {next, matched};
  }

  // Adds to `waiting` the instructions that are reached without a character, the preferred first. Returns
  // whether a match is; forwards, what is less preferred is left out then.
  bool Follow(uint32_t from, uint32_t behind, std::vector<uint32_t>* waiting) {
    bool matched = false;
    stack_.assign(1, from);
    while (!stack_.empty()) {
      const uint32_t at = stack_.back();
      stack_.pop_back();
      if (visited_[at] == visit_) continue;
      visited_[at] = visit_;
      const Instruction& instruction = instructions_[at];
      switch (instruction.kind) {
        case Instruction::Kind::kSet:
        case Instruction::Kind::kAny:
          waiting->push_back(at);
          break;
        case Instruction::Kind::kLook:
          if (sets_[instruction.set].test(behind)) stack_.push_back(instruction.next);
          break;
        case Instruction::Kind::kSplit:
          stack_.push_back(instruction.other);
          stack_.push_back(instruction.next);
          break;
        case Instruction::Kind::kMatch:
          if (!backwards_) return true;
          matched = true;
          break;
      }
    }
    return matched;
  }

  const std::vector<Instruction>& instructions_;
  const std::vector<ClassSet>& sets_;
  const uint32_t class_count_;
  const bool backwards_;

  std::unordered_map<std::string, uint32_t> states_;  // by their keys
  std::vector<std::vector<uint32_t>> keys_;           // instructions, then what lies behind
  std::vector<uint32_t> steps_;   // of each state and class: state | matched, or kUnknown
  std::vector<uint32_t> starts_;  // states where runs begin, or kUnknown
  size_t bytes_ = 0;

  std::vector<uint32_t> list_;
  std::vector<uint32_t> stack_;
  std::vector<uint64_t> visited_;  // by instruction: the last visit
  uint64_t visit_ = 0;
};

struct Expression::Parts {
  ProgramHeader header;
  std::vector<Instruction> instructions;
  std::vector<ClassSet> sets;
  CodePointTable classes;
  uint8_t ascii_classes[0x80];
  std::optional<Automaton> forwards;
  std::optional<Automaton> backwards;

  struct Character {
    uint32_t cls;
    uint32_t length;
  };

  // The character at `at`; at the end its class is that of the end.
  __attribute__((always_inline)) Character At(std::string_view text, size_t at) const {
    if (at == text.size()) return {header.class_count, 0};
    const auto byte = static_cast<uint8_t>(text[at]);
    if (byte < 0x80) return {ascii_classes[byte], 1};
    const auto character = DecodeCharacter(text.data() + at, text.data() + text.size());
    return {classes[character.code_point], character.length};
  }

  // The character that ends before `at`.
  Character Before(std::string_view text, size_t at) const {
    for (uint32_t length = 1; length <= 4 && length <= at; ++length) {
      if ((text[at - length] & 0xC0) == 0x80) continue;
      const auto character = DecodeCharacter(text.data() + at - length, text.data() + at);
      if (character.length == length) return {classes[character.code_point], length};
      break;
    }
    return {0, 1};
  }

  static constexpr size_t kNowhere = static_cast<size_t>(-1);

  // How far a run goes between two looks at the interrupt.
  static constexpr size_t kStretch = 16 * 1024;

  // Where the match ends that a run from `at` on finds, or kNowhere.
  size_t RunForwards(std::string_view text, size_t at, uint32_t start, Interrupt* interrupt) {
    size_t found = kNowhere;
    size_t checked = at;
    uint32_t state = forwards->Start(start, 0);
    for (;;) {
      const Character c = At(text, at);
      const Automaton::Step step = forwards->Go(state, c.cls);
      if (step.matched) found = at;
      if (step.state == Automaton::kDead) break;
      state = step.state;
      at += c.length;
      if (at - checked < kStretch) continue;
      if (interrupt != nullptr && interrupt->Check(at - checked)) return kNowhere;
      checked = at;
    }
    return interrupt != nullptr && interrupt->Check(at - checked) ? kNowhere : found;
  }

  // Where, not before `from`, the first match starts that ends at `at`.
  size_t RunBackwards(std::string_view text, size_t from, size_t at, Interrupt* interrupt) {
    size_t found = at;
    size_t checked = at;
    uint32_t state = backwards->Start(header.reverse, At(text, at).cls);
    for (;;) {
      const Character c = at == from ? Character{header.class_count, 0} : Before(text, at);
      const Automaton::Step step = backwards->Go(state, c.cls);
      if (step.matched) found = at;
      if (step.state == Automaton::kDead) return found;
      state = step.state;
      at -= c.length;
      if (checked - at < kStretch) continue;
      if (interrupt != nullptr && interrupt->Check(checked - at)) return found;
      checked = at;
    }
  }
};

std::string CompileExpression(std::string_view pattern, Dialect dialect) {
  const Node tree = ParseExpression(pattern, dialect);
  return Compiler(tree).Compile(tree);
}

Expression::Expression(std::string_view program) : parts_(std::make_unique<Parts>()) {
  Parts& parts = *parts_;
  const auto take = [&program](void* to, size_t size) {
    std::memcpy(to, program.data(), size);
    program.remove_prefix(size);
  };
  take(&parts.header, sizeof parts.header);
  parts.instructions.resize(parts.header.instruction_count);
  take(parts.instructions.data(), parts.instructions.size() * sizeof(Instruction));
  parts.sets.resize(parts.header.set_count);
  take(parts.sets.data(), parts.sets.size() * sizeof(ClassSet));
  parts.classes = CodePointTable(program.data());
  for (uint32_t c = 0; c < 0x80; ++c) parts.ascii_classes[c] = parts.classes[c];
  parts.forwards.emplace(&parts.instructions, &parts.sets, parts.header.class_count, false);
  parts.backwards.emplace(&parts.instructions, &parts.sets, parts.header.class_count, true);
}

Expression::Expression(Expression&&) noexcept = default;
Expression::~Expression() = default;

bool Expression::Find(std::string_view text, size_t from, size_t* start, size_t* end,
                      Interrupt* interrupt) const {
  Parts& parts = *parts_;
  const auto raised = [interrupt] { return interrupt != nullptr && interrupt->raised(); };
  *start = from;
  // Mostly one match follows another.
  *end = parts.RunForwards(text, from, parts.header.start, interrupt);
  if (*end != Parts::kNowhere || raised() || from == text.size()) return *end != Parts::kNowhere;
  *end = parts.RunForwards(text, from, parts.header.search, interrupt);
  if (*end == Parts::kNowhere) return false;
  *start = parts.RunBackwards(text, from, *end, interrupt);
  return !raised();
}

}  // namespace tokenmeter::tokenizer
