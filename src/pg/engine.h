/*
 * What the glue needs around every call of the engine: text as UTF-8, interrupts, and errors raised after the
 * engine has returned.
 */
#ifndef TOKENMETER_ENGINE_H
#define TOKENMETER_ENGINE_H

#include "chat/chat.h"
#include "tokenizer/tokenizer.h"

/* Bytes of a text as the engine takes them: UTF-8, not ending in NUL. */
typedef struct Utf8
{
	const char *bytes;
	size_t		length;
} Utf8;

/* Converts from the database encoding where that is another; raises the server's own error if it can't. */
extern Utf8 utf8_from_bytes(const char *bytes, int length);
extern Utf8 utf8_from_text(const text *value);

/* The same for a name as tables have it; in SQL_ASCII, where it may be anything, it stays as it is. */
extern const char *utf8_name(const text *value);

/* The other way round, for messages and results. */
extern char *name_from_utf8(const char *name);

/* Raises the error that a status other than TM_OK stands for; `done` bytes of the text were tokenized. */
extern void check_status(TmStatus status, const TmError *error, uint64 done);

/* tm_compile; ends in an error when the query is cancelled. */
extern TmStatus compile_definition(const TmDefinition *definition, char **image, size_t *size, TmError *error);

/* Tokens of the text; interrupts are serviced while it is counted. */
extern uint64 count_tokens(const TmEncoding *encoding, Utf8 content);

/* The same for a text as it was passed to a function: one that is stored away is counted while it is read. */
extern uint64 count_text_argument(const TmEncoding *encoding, Datum content);

/* The tokens themselves, into tokens[count], where count is what count_tokens said. */
extern void encode_tokens(const TmEncoding *encoding, Utf8 content, uint32 *tokens, uint64 count);

/* tm_chat_count; interrupts are serviced while it counts. */
extern TmChatStatus count_chat(const TmChat *chat, TmChatCount *count);

/*
 * The longest prefix of content whose own tokens are at most max_tokens: its bytes and tokens. False if content is
 * but the beginning of a text, and too short to tell; *known, all zeros at first, then keeps what was found, for a
 * call with a longer part.
 */
extern bool truncate_tokens(const TmEncoding *encoding, Utf8 content, bool more_follows, uint64 max_tokens,
							TmTruncation *known, size_t *prefix, uint64 *count);

/* Where an end of content begins that has at most max_tokens tokens, and hardly ever could be longer. */
extern size_t find_tail(const TmEncoding *encoding, Utf8 content, uint64 max_tokens);

/* About how many tokens content is. */
extern uint64 estimate_tokens(const TmEstimator *estimator, Utf8 content);

/* UTF-8 as a text in the database encoding. */
extern text *text_from_utf8(Utf8 value);

#endif
