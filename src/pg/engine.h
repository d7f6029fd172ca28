/*
 * What the glue needs around every call of the engine: text as UTF-8, the cancel flag, and errors raised
 * after the engine has returned.
 */
#ifndef TOKENMETER_ENGINE_H
#define TOKENMETER_ENGINE_H

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

/* For the engine's `cancelled`: is this query to stop? */
extern bool query_is_cancelled(void);

/* Raises the error that a status other than TM_OK stands for; returns if it is TM_OK. */
extern void check_status(TmStatus status, const TmError *error);

/* Tokens of the text, with check_status. */
extern uint64 count_tokens(const TmEncoding *encoding, Utf8 content);

#endif
