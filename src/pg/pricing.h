/*
 * Pricing one call: its meters as the engine takes them, the rate card of its model, and the engine's answer. Used in
 * this order: begin_pricing, the adding of meters, price_call.
 */
#ifndef TOKENMETER_PRICING_H
#define TOKENMETER_PRICING_H

#include "metering/metering.h"
#include "rate_card.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

typedef struct PricedCall
{
	TmCall		call;			/* what it is, but for its meters; the caller fills it in */
	TmAmount   *amounts;
	size_t		amount_count;
	TmCostStatus status;
	TmCost		cost;
} PricedCall;

/* Room for the token meters and those of `quantities`, which may be NULL. */
extern void begin_pricing(PricedCall *priced, Jsonb *quantities);

/* The names of TmMeters' members. */
extern const char *const token_meter_names[6];

/* A token meter of the call, by its number in token_meter_names. */
extern void add_token_meter(PricedCall *priced, int meter, int64 tokens);

/* Raises an error for a quantity that is none. */
extern void add_quantities(PricedCall *priced, Jsonb *quantities);

/* The time of the UTC day at a moment. */
extern int64 time_of_day(TimestampTz moment);

extern void price_call(PricedCall *priced, const RateCard *card);

/* What the call costs, as numeric, where it has a cost. */
extern Datum priced_cost(const PricedCall *priced);

/* Why the call has no cost, allocated; NULL if it has. */
extern char *describe_problem(const PricedCall *priced);

/* The numbers of the prices and factors that the cost comes from, each once: a bigint[]. */
extern Datum used_price_ids(const PricedCall *priced);

/* The numbers of an amount's factors: a bigint[]. */
extern Datum factor_ids(const TmAmount *amount);

extern bool any_tier_assumed(const PricedCall *priced);

#endif
