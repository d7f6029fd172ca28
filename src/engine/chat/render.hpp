// A whole conversation by its template.
#pragma once

#include "chat/conversation.hpp"
#include "chat/prompt.hpp"
#include "chat/template.hpp"

namespace tokenmeter::chat {

struct RenderedChat {
  Prompt prompt;
  Gaps gaps;
};

// `model` is a name as it is written, or empty; it decides what images cost. Throws TooDeep where JSON that
// is written into the prompt is too deep.
RenderedChat Render(const Template& chat_template, std::string_view model,
                    const Conversation& conversation);

}  // namespace tokenmeter::chat
