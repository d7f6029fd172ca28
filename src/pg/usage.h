/*
 * Reading a provider's usage object.
 */
#ifndef TOKENMETER_USAGE_H
#define TOKENMETER_USAGE_H

#include "metering/metering.h"
#include "utils/jsonb.h"

/* Raises the error for an object that is none, or contradicts itself. */
extern void read_usage(Jsonb *json, TmUsage *usage);

/* Its quantities as jsonb. Names and numbers of the engine's need no escapes. */
extern Datum usage_quantities(const TmUsage *usage);

/* Its cost as numeric; it must have one. */
extern Datum usage_cost(const TmUsage *usage);

#endif
