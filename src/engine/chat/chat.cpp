// The door's implementation: reads, renders, counts, and turns whatever is thrown behind the door into a
// status.
#include "chat/chat.h"

#include <algorithm>
#include <new>

#include "chat/render.hpp"

namespace tokenmeter::chat {
namespace {

// What tm_count says other than TM_OK. Thrown within this file only.
struct CountFailure {
  TmStatus status;
};

void Tell(const Place& place, const char* problem, TmChatCount* count) {
  const std::string path = place.ToString().substr(0, TM_CHAT_PATH_SIZE - 1);
  *std::ranges::copy(path, count->path).out = '\0';
  count->problem = problem;
}

// Counts the texts that are not counted yet.
void CountTexts(const TmEncoding* encoding, const Prompt& prompt, bool (*cancelled)(),
                TmChatProgress* progress) {
  uint64_t texts = 0;
  for (const Prompt::Piece& piece : prompt.pieces()) {
    if (!piece.special.empty() || texts++ < progress->texts) continue;
    const std::string_view rest = prompt.text(piece).substr(progress->bytes);
    uint64_t tokens = 0;
    TmError error;
    // What is left of a text is no text of its own that would come again.
    const TmStatus status =
        progress->bytes == 0
            ? tm_count(encoding, rest.data(), rest.size(), cancelled, &tokens, &error)
            : tm_count_part(encoding, rest.data(), rest.size(), false, cancelled, &tokens, &error);
    progress->tokens += tokens;
    progress->bytes += error.offset;
    if (status != TM_OK) throw CountFailure{status};
    progress->texts = texts;
    progress->bytes = 0;
  }
}

const Template* TemplateOf(const TmChat& chat) {
  if (chat.encoding == nullptr) return nullptr;
  if (chat.chat_template != nullptr) return FindTemplate(chat.chat_template);
  return TemplateOfEncoding(tm_encoding_name(chat.encoding));
}

TmChatStatus Count(const TmChat& chat, bool (*cancelled)(), TmChatProgress* progress, TmChatCount* count) {
  const Conversation conversation =
      ReadConversation({chat.messages, 0}, chat.tools == nullptr ? Json() : Json(chat.tools, 0));
  const Template* chat_template = TemplateOf(chat);
  if (chat_template == nullptr) return TM_CHAT_NO_TEMPLATE;
  const RenderedChat rendered =
      Render(*chat_template, chat.model == nullptr ? "" : chat.model, conversation);
  CountTexts(chat.encoding, rendered.prompt, cancelled, progress);
  const auto specials = std::ranges::count_if(
      rendered.prompt.pieces(), [](const Prompt::Piece& piece) { return !piece.special.empty(); });
  const int64_t fixed = rendered.prompt.tokens() + specials;
  count->tokens = progress->tokens + static_cast<uint64_t>(std::max<int64_t>(fixed, 0));
  count->exact = rendered.gaps.exact();
  count->gap = rendered.gaps.gap();
  if (count->gap != TM_CHAT_NO_GAP) Tell(rendered.gaps.place(), rendered.gaps.problem(), count);
  return TM_CHAT_OK;
}

}  // namespace

RenderedChat Render(const Template& chat_template, std::string_view model,
                    const Conversation& conversation) {
  RenderedChat rendered;
  chat_template.rule({chat_template, conversation, FindImageRule(model), &rendered.prompt, &rendered.gaps});
  rendered.prompt.Break();
  return rendered;
}

}  // namespace tokenmeter::chat

using namespace tokenmeter::chat;

TmChatStatus tm_chat_count(const TmChat* chat, bool (*cancelled)(void), TmChatProgress* progress,
                           TmChatCount* count) {
  *count = {};
  try {
    return Count(*chat, cancelled, progress, count);
  } catch (const ChatError& error) {
    Tell(error.place, error.problem, count);
    return error.status;
  } catch (const TooDeep&) {
    return TM_CHAT_TOO_DEEP;
  } catch (const CountFailure& failure) {
    if (failure.status == TM_CANCELLED) return TM_CHAT_CANCELLED;
    return failure.status == TM_OUT_OF_MEMORY ? TM_CHAT_OUT_OF_MEMORY : TM_CHAT_INTERNAL;
  } catch (const std::bad_alloc&) {
    return TM_CHAT_OUT_OF_MEMORY;
  } catch (...) {
    return TM_CHAT_INTERNAL;
  }
}

const char* tm_chat_template_at(size_t index) {
  return index < Templates().size() ? Templates()[index].name.data() : nullptr;
}
