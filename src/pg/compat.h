/*
 * Differences between the supported server versions, in one place; and whose errors ours are: posting tells by it that
 * their messages hold no text.
 */
#ifndef TOKENMETER_COMPAT_H
#define TOKENMETER_COMPAT_H

/* PostgreSQL 16 took the varlena macros out of postgres.h. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* PostgreSQL 16 gave the strings of settings an allocator of their own. */
#if PG_VERSION_NUM >= 160000
#define copy_for_guc(text) guc_strdup(LOG, (text))
#else
#define copy_for_guc(text) strdup(text)
#define guc_free(text) free(text)
#endif

/* PostgreSQL 18 has another word for a function that does not return. */
#if PG_VERSION_NUM < 180000
#define pg_noreturn pg_attribute_noreturn()
#endif

#undef TEXTDOMAIN
#define TEXTDOMAIN "tokenmeter"

#endif
