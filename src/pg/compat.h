/*
 * Differences between the supported server versions, in one place.
 */
#ifndef TOKENMETER_COMPAT_H
#define TOKENMETER_COMPAT_H

/* PostgreSQL 16 took the varlena macros out of postgres.h. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#endif
