// The little of a JSON text that usage is read from: the members of known names, down to a few levels. What
// lies elsewhere is passed over, however large or deep.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tokenmeter::metering {

struct UsageNode {
  enum class Kind : uint8_t { kObject, kArray, kNumber, kString, kBoolean };
  Kind kind;
  bool has_text;  // false of strings too long to be of use
  uint32_t end;   // the node behind this one and all that is in it
  std::string_view key;
  uint32_t offset;  // where its text begins
  uint32_t length;
};

class UsageDocument {
 public:
  enum class Status { kOk, kNotJson };

  // `names` are the members to keep, sorted. O(length): nulls and what is nested too deep are not kept; of
  // members that come twice, the first is. A text with tens of thousands of such members is refused.
  Status Read(std::string_view json, const std::vector<std::string_view>& names);

  // The outermost object.
  const UsageNode* root() const { return nodes_.data(); }

  // Text of a number as it is written, of a string, or of true and false.
  std::string_view Text(const UsageNode& node) const {
    return std::string_view(text_).substr(node.offset, node.length);
  }

  // Calls visit(node) for what lies at the path. Its steps are separated by '/': the name of a member; or
  // "name=value", a condition on the object reached, or on the elements of the array, that a member has
  // that text in any case, or with no value, that there is no such member.
  template <class Visit>
  void Each(const UsageNode* from, std::string_view path, Visit visit) const {
    const UsageNode* const node = Walk(from, &path);
    if (node == nullptr) return;
    if (path.empty()) return visit(*node);
    // An array, and steps within each of its elements.
    const UsageNode* const nodes = nodes_.data();
    for (uint32_t i = Index(node) + 1; i < node->end; i = nodes[i].end) {
      std::string_view rest = path;
      const UsageNode* const found = Walk(nodes + i, &rest);
      if (found != nullptr && rest.empty()) visit(*found);
    }
  }

  // The first of them; null where there is none.
  const UsageNode* Find(const UsageNode* from, std::string_view path) const;

 private:
  class Reader;

  uint32_t Index(const UsageNode* node) const { return static_cast<uint32_t>(node - nodes_.data()); }
  const UsageNode* Member(const UsageNode& object, std::string_view name) const;
  bool Holds(const UsageNode& object, std::string_view condition) const;
  // Goes the path's steps as far as to an array, and takes them off it. Null where it leads nowhere.
  const UsageNode* Walk(const UsageNode* node, std::string_view* path) const;

  std::vector<UsageNode> nodes_;
  std::string text_;
};

}  // namespace tokenmeter::metering
