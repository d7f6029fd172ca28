/*
 * The chat rules' only door: how many prompt tokens a conversation is, by the rules of its model's family:
 * which texts and which fixed tokens it becomes. The texts are counted through tokenizer.h, whose conventions
 * hold here too: nothing throws, jumps or keeps memory, and any thread may call.
 */
#ifndef TOKENMETER_CHAT_H
#define TOKENMETER_CHAT_H

#include "tokenizer/tokenizer.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A JSON document laid out flat: the elements of an array stand behind it, of an object's members each key, as
 * a string, and its value. So a document of any depth is read without recursion, and its texts stay where
 * they are. Keys of an object are distinct.
 */
typedef enum TmJsonKind {
  TM_JSON_NULL,
  TM_JSON_FALSE,
  TM_JSON_TRUE,
  TM_JSON_NUMBER,
  TM_JSON_STRING,
  TM_JSON_ARRAY,
  TM_JSON_OBJECT
} TmJsonKind;

typedef struct TmJsonNode {
  TmJsonKind kind;
  uint32_t end;      /* index of the node behind this one and all that is in it */
  const char *bytes; /* of a string in UTF-8, without escapes; of a number as it is written */
  size_t length;     /* their number */
} TmJsonNode;

typedef struct TmChat {
  const TmEncoding *encoding;    /* NULL: the messages are checked only */
  const char *chat_template;     /* a name of tm_chat_template_at; NULL: the encoding's own */
  const char *model;             /* its name, ending in NUL, for rules about images; or NULL */
  const TmJsonNode *messages;    /* OpenAI's chat completions `messages`, or the responses API's `input` */
  const TmJsonNode *tools;       /* definitions of either API; or NULL */
} TmChat;

typedef enum TmChatStatus {
  TM_CHAT_OK = 0,
  TM_CHAT_CANCELLED,    /* call again with the same progress to go on */
  TM_CHAT_OUT_OF_MEMORY,
  TM_CHAT_NO_MESSAGES,  /* `messages` is neither a string nor an array */
  TM_CHAT_BAD_MESSAGE,  /* what is at `path` is no message, or no part of one: `problem` */
  TM_CHAT_TOO_DEEP,     /* a tool, or what a tool is called with, is nested more than TM_CHAT_DEEPEST_JSON levels */
  TM_CHAT_NO_TEMPLATE,  /* the encoding's models take no chats, or which template they have is not known */
  TM_CHAT_INTERNAL      /* a bug of ours */
} TmChatStatus;

/* What there is in a conversation that could not be counted. */
typedef enum TmChatGap {
  TM_CHAT_NO_GAP = 0,
  TM_CHAT_GAP_IMAGE_SIZE, /* the size of the image at `path` is not known */
  TM_CHAT_GAP_NO_RULE     /* there is no public rule for what is at `path`: `problem` */
} TmChatGap;

enum { TM_CHAT_PATH_SIZE = 128, TM_CHAT_DEEPEST_JSON = 64 };

typedef struct TmChatCount {
  uint64_t tokens;
  bool exact;                   /* all of it by published rules that are known to give what is billed */
  TmChatGap gap;                /* the first; then `tokens` lacks it, or has its text only */
  char path[TM_CHAT_PATH_SIZE]; /* such as messages[0].content[2], counted from 0; never a text of the chat */
  const char *problem;          /* static; NULL where there is none */
} TmChatCount;

/* How far a count has come. All zero at first. */
typedef struct TmChatProgress {
  uint64_t texts;  /* that are counted whole */
  uint64_t bytes;  /* of the next */
  uint64_t tokens; /* of all these */
} TmChatProgress;

/*
 * Counts the tokens of a conversation up to where the answer begins. Time and memory grow with the size of the
 * JSON alone. Status TM_CHAT_OK sets *count, statuses with a path or problem these.
 */
TmChatStatus tm_chat_count(const TmChat *chat, bool (*cancelled)(void), TmChatProgress *progress,
                           TmChatCount *count);

/* The names of all chat templates in a fixed order: index 0, 1, ...; NULL past the last. */
const char *tm_chat_template_at(size_t index);

#ifdef __cplusplus
}
#endif

#endif
