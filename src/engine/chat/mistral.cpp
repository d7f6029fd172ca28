// Mistral. Messages of one role that follow each other are one; the system speaks in a message of the user.
// Each text is encoded by itself, so that an encoding that puts a space before a text does it here too.
#include "chat/template.hpp"

namespace tokenmeter::chat {
namespace {

constexpr std::string_view kJoin = "\n\n";

struct Group {
  const Message* first;
  std::string content;
  std::vector<const ToolCall*> calls;
};

void AppendJoined(std::string_view text, std::string* joined) {
  if (text.empty()) return;
  if (!joined->empty()) *joined += kJoin;
  *joined += text;
}

// The messages as they are sent; those of the system apart.
std::vector<Group> GroupMessages(const Rendering& rendering, std::string* system) {
  std::vector<Group> groups;
  for (const Message& message : rendering.conversation.messages) {
    const std::string content = ContentOf(rendering, message, kJoin);
    if (message.role == "system") {
      AppendJoined(content, system);
      continue;
    }
    if (groups.empty() || message.role == "tool" || groups.back().first->role != message.role) {
      groups.push_back({&message, {}, {}});
    }
    AppendJoined(content, &groups.back().content);
    for (const ToolCall& call : message.calls) groups.back().calls.push_back(&call);
  }
  return groups;
}

// The first or the last group of a user; null where there is none.
const Group* UserGroup(const std::vector<Group>& groups, bool last) {
  const Group* found = nullptr;
  for (const Group& group : groups) {
    if (group.first->role == "user" && (found == nullptr || last)) found = &group;
  }
  return found;
}

void RenderUser(const Rendering& rendering, const Group& group, std::string_view system) {
  rendering.Fixed(rendering.chat_template.user.before);
  if (!system.empty()) {
    rendering.prompt->Text(system);
    rendering.prompt->Text(kJoin);
  }
  rendering.prompt->Text(group.content);
  rendering.Fixed(rendering.chat_template.user.after);
  rendering.prompt->Break();
}

void RenderAssistant(const Rendering& rendering, const Group& group) {
  std::string_view content = group.content;
  content = content.substr(0, content.find_last_not_of(' ') + 1);
  rendering.prompt->Text(content);
}

void RenderTools(const Rendering& rendering) {
  std::string* out = rendering.prompt->buffer();
  rendering.Fixed("[AVAILABLE_TOOLS]");
  char before = '[';
  for (const Tool& tool : rendering.conversation.tools) {
    out->push_back(before);
    if (before == ',') out->push_back(' ');
    WriteJson(tool.json, 0, out);
    before = ',';
  }
  out->push_back(']');
  rendering.Fixed("[/AVAILABLE_TOOLS]");
}

void RenderCalls(const Rendering& rendering, const Group& group) {
  if (!group.content.empty()) {
    rendering.gaps->NoRule(group.first->place, "The model's chat template has no text beside tool calls.");
  }
  std::string* out = rendering.prompt->buffer();
  rendering.Fixed("[TOOL_CALLS]");
  std::string_view before = "[{\"name\": ";
  for (const ToolCall* call : group.calls) {
    *out += before;
    WriteJsonString(call->name, out);
    *out += ", \"arguments\": " + NormalizedArguments(*call);
    if (!call->id.empty()) {
      *out += ", \"id\": ";
      WriteJsonString(call->id, out);
    }
    *out += "}";
    before = ", {\"name\": ";
  }
  *out += "]";
}

// What a tool says is written as JSON where it is such.
void RenderToolMessage(const Rendering& rendering, const Group& group) {
  std::string* out = rendering.prompt->buffer();
  rendering.Fixed(rendering.chat_template.tool.before);
  *out += "{\"content\": ";
  if (group.content.empty()) {
    *out += "{}";
  } else if (IsJson(group.content)) {
    *out += NormalizeJson(group.content);
  } else {
    WriteJsonString(group.content, out);
  }
  *out += ", \"call_id\": ";
  WriteJsonString(group.first->tool_call_id, out);
  *out += "}";
  rendering.Fixed(rendering.chat_template.tool.after);
}

}  // namespace

void RenderMistralV1(const Rendering& rendering) {
  std::string system;
  const std::vector<Group> groups = GroupMessages(rendering, &system);
  const Group* const first = UserGroup(groups, /*last=*/false);
  rendering.Fixed(rendering.chat_template.begin);
  for (const Group& group : groups) {
    if (group.first->role == "user") {
      RenderUser(rendering, group, &group == first ? system : "");
    } else if (group.first->role == "assistant") {
      rendering.prompt->Text(group.content);
      rendering.Fixed(rendering.chat_template.assistant.after);
      CountCallsAsText(rendering, *group.first);
    } else {
      CountMessageAsText(rendering, *group.first,
                         "The model's chat template has no messages of this role.");
    }
  }
  CountToolsAsText(rendering);
}

void RenderMistralV3(const Rendering& rendering) {
  std::string system;
  const std::vector<Group> groups = GroupMessages(rendering, &system);
  const Group* const last = UserGroup(groups, /*last=*/true);
  rendering.Fixed(rendering.chat_template.begin);
  for (const Group& group : groups) {
    if (group.first->role == "user") {
      if (&group == last && !rendering.conversation.tools.empty()) RenderTools(rendering);
      RenderUser(rendering, group, &group == last ? system : "");
    } else if (group.first->role == "assistant") {
      if (group.calls.empty()) {
        RenderAssistant(rendering, group);
      } else {
        RenderCalls(rendering, group);
      }
      rendering.Fixed(rendering.chat_template.assistant.after);
    } else if (group.first->role == "tool") {
      RenderToolMessage(rendering, group);
    } else {
      CountMessageAsText(rendering, *group.first,
                         "The model's chat template has no messages of this role.");
    }
  }
  if (last == nullptr) CountToolsAsText(rendering);
}

}  // namespace tokenmeter::chat
