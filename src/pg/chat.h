/*
 * Counting the prompt of a chat.
 */
#ifndef TOKENMETER_PG_CHAT_H
#define TOKENMETER_PG_CHAT_H

#include "engine.h"
#include "utils/jsonb.h"

/*
 * Counts messages, and tools if they are not NULL. False where the model's encoding or chat template is not known;
 * raises the error for messages that are none.
 */
extern bool count_chat_messages(const text *model, Jsonb *messages, Jsonb *tools, TmChatCount *count);

#endif
