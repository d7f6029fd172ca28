// JSON laid out as the door of the chat rules takes it, with the keys in jsonb's order.
#pragma once

#include <algorithm>
#include <deque>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "chat/chat.h"

class FlatJson {
 public:
  static FlatJson Parse(std::string_view json) { return FlatJson(nlohmann::json::parse(json)); }
  explicit FlatJson(const nlohmann::json& json) { Add(json); }

  const TmJsonNode* nodes() const { return nodes_.data(); }

 private:
  void Add(const nlohmann::json& json) {
    const size_t index = nodes_.size();
    nodes_.push_back({Kind(json), 0, nullptr, 0});
    if (json.is_string()) Keep(index, json.get<std::string>());
    if (json.is_number()) Keep(index, json.dump());
    if (json.is_array()) {
      for (const auto& element : json) Add(element);
    }
    if (json.is_object()) {
      std::vector<std::string> keys;
      for (const auto& [key, value] : json.items()) keys.push_back(key);
      std::ranges::stable_sort(keys, {}, &std::string::size);
      for (const std::string& key : keys) {
        Add(key);
        Add(json.at(key));
      }
    }
    nodes_[index].end = static_cast<uint32_t>(nodes_.size());
  }

  void Keep(size_t index, std::string text) {
    texts_.push_back(std::move(text));
    nodes_[index].bytes = texts_.back().data();
    nodes_[index].length = texts_.back().size();
  }

  static TmJsonKind Kind(const nlohmann::json& json) {
    if (json.is_string()) return TM_JSON_STRING;
    if (json.is_number()) return TM_JSON_NUMBER;
    if (json.is_array()) return TM_JSON_ARRAY;
    if (json.is_object()) return TM_JSON_OBJECT;
    if (json.is_boolean()) return json.get<bool>() ? TM_JSON_TRUE : TM_JSON_FALSE;
    return TM_JSON_NULL;
  }

  std::vector<TmJsonNode> nodes_;
  std::deque<std::string> texts_;
};
