/*
 * Reads a long text that is stored compressed or out of line part by part, so that it need never be in memory
 * as a whole.
 */
#ifndef TOKENMETER_TOAST_H
#define TOKENMETER_TOAST_H

#include "engine.h"

typedef struct StoredText StoredText;

/*
 * Begins to read a text argument as it was passed, not detoasted. NULL where reading by parts gains nothing or
 * is not possible; the text is then to be detoasted.
 */
extern StoredText *open_stored_text(Datum value);

/*
 * Drops so many bytes from the front of what was read last, and reads on. Gives what is there now: longer than
 * before, if nothing was dropped. *last: the text ends with it.
 */
extern Utf8 read_stored_text(StoredText *text, size_t drop, bool *last);

extern void close_stored_text(StoredText *text);

#endif
