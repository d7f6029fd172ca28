/*
 * No text in the server's log.
 */
#ifndef TOKENMETER_PRIVACY_H
#define TOKENMETER_PRIVACY_H

#include "utils/elog.h"

/* While this is on the stack of error contexts, an error is logged without its statement and context. */
extern void hide_statement(void *argument);

/* From now on errors that statements on doors meet are logged without anything that could be text. */
extern void install_log_hook(void);

#endif
