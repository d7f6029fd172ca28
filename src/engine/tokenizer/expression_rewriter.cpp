#include "tokenizer/expression_rewriter.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

namespace tokenmeter::tokenizer {
namespace {

using Node = ExpressionNode;
using Kind = Node::Kind;
using Greed = Node::Greed;

// ---- What may follow, and possessive quantifiers.

// What a match may go on with: characters, or nothing.
struct Continuation {
  CodePointSet first;
  bool may_be_empty;
};

// The same with the node before it.
Continuation Before(const Node& node, const Continuation& behind) {
  switch (node.kind) {
    case Kind::kSet:
    case Kind::kLook:
      return {node.set, false};
    case Kind::kSequence: {
      Continuation all = behind;
      for (auto child = node.children.rbegin(); child != node.children.rend(); ++child) {
        all = Before(*child, all);
      }
      return all;
    }
    case Kind::kAlternate: {
      Continuation any{{}, false};
      for (const Node& child : node.children) {
        const Continuation one = Before(child, behind);
        any = {any.first | one.first, any.may_be_empty || one.may_be_empty};
      }
      return any;
    }
    case Kind::kRepeat: {
      const Continuation once = Before(node.children.front(), behind);
      if (node.least != 0) return once;
      return {once.first | behind.first, once.may_be_empty || behind.may_be_empty};
    }
  }
  return behind;
}

// Replaces what is possessive by what is not; false where there is no such.
bool ReplacePossessive(Node* node, const Continuation& behind) {
  node->greed = Greed::kGreedy;
  if (behind.may_be_empty) return true;  // nothing is ever given back
  if (node->least == 1 && node->most == 1) {
    // An atomic group: of what repeats greedily, the same as possessive.
    Node inner = std::move(node->children.front());
    *node = std::move(inner);
    if (node->kind == Kind::kSet) return true;
    if (node->kind != Kind::kRepeat || node->greed != Greed::kGreedy) return false;
  }
  if (node->children.front().kind != Kind::kSet) return false;
  const CodePointSet set = node->children.front().set;
  // Giving back leaves a character of the set to go on with.
  if ((set & behind.first).empty()) return true;
  // So does taking less, which can be forbidden.
  Node none_follows;
  none_follows.kind = Kind::kLook;
  none_follows.set = ~set;
  none_follows.at_end = true;
  Node replacement;
  if (node->most == Node::kEndless) {
    replacement.kind = Kind::kSequence;
    replacement.children = {*node, none_follows};
  } else if (node->least == 0 && node->most == 1) {
    replacement.kind = Kind::kAlternate;
    replacement.children = {node->children.front(), none_follows};
  } else {
    return false;
  }
  *node = std::move(replacement);
  return true;
}

// Makes the tree one without what is possessive.
void ResolvePossessives(Node* node, const Continuation& behind) {
  if (node->kind == Kind::kSequence) {
    Continuation after = behind;
    for (auto child = node->children.rbegin(); child != node->children.rend(); ++child) {
      ResolvePossessives(&*child, after);
      after = Before(*child, after);
    }
    return;
  }
  Continuation after = behind;
  if (node->kind == Kind::kRepeat) {
    if (node->greed == Greed::kPossessive && !ReplacePossessive(node, behind)) {
      throw DefinitionError(
          "regular expression: possessive repetition or atomic group of other than a class of characters "
          "is "
          "not supported, at byte " +
          std::to_string(node->position + 1));
    }
    if (node->kind != Kind::kRepeat) return;
    const Node& child = node->children.front();
    if (node->most > 1) {
      const Continuation again = Before(child, behind);
      // Only what may be the last time may be followed by nothing.
      after = {after.first | again.first, after.may_be_empty && node->least <= 1};
    }
  }
  for (Node& child : node->children) ResolvePossessives(&child, after);
}

// ---- One form for what is equivalent.

bool IsRepeatOfSet(const Node& node, uint32_t least, uint32_t most) {
  return node.kind == Kind::kRepeat && node.least == least && node.most == most &&
         node.greed == Greed::kGreedy && node.children.front().kind == Kind::kSet;
}

// Sequences within sequences become one, as do repetitions of once.
void Flatten(Node* node) {
  for (Node& child : node->children) Flatten(&child);
  if (node->kind == Kind::kRepeat && node->least == 1 && node->most == 1) {
    Node child = std::move(node->children.front());
    *node = std::move(child);
    return;
  }
  if (node->kind != Kind::kSequence && node->kind != Kind::kAlternate) return;
  std::vector<Node> flat;
  for (Node& child : node->children) {
    if (child.kind == node->kind) {
      std::ranges::move(child.children, std::back_inserter(flat));
    } else {
      flat.push_back(std::move(child));
    }
  }
  node->children = std::move(flat);
  if (node->children.size() == 1) {
    Node child = std::move(node->children.front());
    *node = std::move(child);
  }
}

// Whether a node begins with a set, and always does.
const Node* LeadingSet(const Node& node) {
  if (node.kind == Kind::kSet) return &node;
  if (node.kind != Kind::kSequence || node.children.empty()) return nullptr;
  return node.children.front().kind == Kind::kSet ? &node.children.front() : nullptr;
}

Node WithoutLeadingSet(Node node) {
  if (node.kind == Kind::kSet) return {};
  node.children.erase(node.children.begin());
  if (node.children.size() == 1) return Node(std::move(node.children.front()));
  return node;
}

// Of neighbouring alternatives that begin with the same set, one: that set, then the alternatives. Then
// those that begin with sets that have nothing in common are put in order, and those that are sets become
// one.
void MergeAlternatives(Node* node) {
  for (Node& child : node->children) MergeAlternatives(&child);
  if (node->kind != Kind::kAlternate) return;
  std::vector<Node> merged;
  for (size_t i = 0; i < node->children.size();) {
    const Node* leading = LeadingSet(node->children[i]);
    size_t end = i + 1;
    while (leading != nullptr && end < node->children.size()) {
      const Node* other = LeadingSet(node->children[end]);
      if (other == nullptr || !(other->set == leading->set)) break;
      ++end;
    }
    if (end == i + 1) {
      merged.push_back(std::move(node->children[i]));
    } else {
      Node rest;
      rest.kind = Kind::kAlternate;
      Node sequence;
      sequence.children.push_back(*leading);
      for (size_t j = i; j < end; ++j)
        rest.children.push_back(WithoutLeadingSet(std::move(node->children[j])));
      MergeAlternatives(&rest);
      sequence.children.push_back(std::move(rest));
      merged.push_back(std::move(sequence));
    }
    i = end;
  }
  const auto may_swap = [](const Node& before, const Node& behind) {
    const Node* a = LeadingSet(before);
    const Node* b = LeadingSet(behind);
    if (a == nullptr || b == nullptr || a->set.empty() || b->set.empty()) return false;
    if (!(a->set & b->set).empty()) return false;
    const bool a_is_set = before.kind == Kind::kSet;
    const bool b_is_set = behind.kind == Kind::kSet;
    if (a_is_set != b_is_set) return b_is_set;
    return b->set.ranges().front().first < a->set.ranges().front().first;
  };
  for (size_t i = 1; i < merged.size(); ++i) {
    for (size_t j = i; j != 0 && may_swap(merged[j - 1], merged[j]); --j)
      std::swap(merged[j - 1], merged[j]);
  }
  node->children.clear();
  for (Node& child : merged) {
    if (child.kind == Kind::kSet && !node->children.empty() && node->children.back().kind == Kind::kSet) {
      node->children.back().set |= child.set;
    } else {
      node->children.push_back(std::move(child));
    }
  }
}

// What is looked for behind a run is a set that the run consists of, as in \s+(?!\S).
bool IsRunBeforeSame(const Node& node) {
  return node.kind == Kind::kSequence && node.children.size() == 2 &&
         IsRepeatOfSet(node.children[0], 1, Node::kEndless) && node.children[1].kind == Kind::kLook &&
         node.children[1].at_end && node.children[1].set == node.children[0].children.front().set;
}

bool IsRunAtEnd(const Node& node, const CodePointSet& set) {
  return node.kind == Kind::kSequence && node.children.size() == 2 &&
         IsRepeatOfSet(node.children[0], 1, Node::kEndless) &&
         node.children[0].children.front().set == set && node.children[1].kind == Kind::kLook &&
         node.children[1].at_end && node.children[1].set.empty();
}

// Alternatives of the whole pattern, each of which ends where the match does.
void SimplifyTails(Node* node) {
  std::vector<Node> alone;
  const bool is_alternation = node->kind == Kind::kAlternate;
  if (!is_alternation) alone.push_back(*node);
  std::vector<Node>& all = is_alternation ? node->children : alone;
  // X*Y+ with a Y that is part of X ends behind the last Y, as X*Y does.
  for (Node& tail : all) {
    if (tail.kind != Kind::kSequence || tail.children.size() < 2) continue;
    Node& last = tail.children.back();
    const Node& before = tail.children[tail.children.size() - 2];
    if (!IsRepeatOfSet(last, 1, Node::kEndless) || !IsRepeatOfSet(before, 0, Node::kEndless)) continue;
    const CodePointSet& set = last.children.front().set;
    if ((set & before.children.front().set) == set) last = Node(last.children.front());
  }
  for (size_t i = 0; i + 1 < all.size();) {
    if (IsRunBeforeSame(all[i + 1])) {
      const CodePointSet& set = all[i + 1].children[1].set;
      // X+(?![^X]) takes all up to the end by itself.
      if (IsRunAtEnd(all[i], set)) {
        all.erase(all.begin() + static_cast<std::ptrdiff_t>(i));
        continue;
      }
    }
    if (IsRunBeforeSame(all[i])) {
      // Where that fails, the run is one character.
      const Node& run = all[i].children[0];
      Node& next = all[i + 1];
      if (next.kind == Kind::kSet && next.set == run.children.front().set) next = Node(run);
    }
    ++i;
  }
  if (!is_alternation) *node = Node(std::move(alone.front()));
}

}  // namespace

void RewriteExpression(ExpressionNode* tree) {
  ResolvePossessives(tree, {{}, true});
  Flatten(tree);
  MergeAlternatives(tree);
  Flatten(tree);
  SimplifyTails(tree);
}

}  // namespace tokenmeter::tokenizer
