/*
 * Rate cards: what tokenmeter.price says of the calls of one model at one provider. Each backend keeps the cards of
 * the models it has met until a row of the table changes.
 */
#ifndef TOKENMETER_RATE_CARD_H
#define TOKENMETER_RATE_CARD_H

#include "metering/metering.h"

typedef struct RateCard
{
	TmPrice    *prices;
	size_t		count;
	size_t		capacity;
} RateCard;

/*
 * The card of a model for a tenant, or NULL, at `provider`, or, if that is NULL or empty, at the provider whose prices its calls pay. An
 * empty card where that is not clear, or there are no prices. It stays as it is until the next call.
 */
extern const RateCard *find_rate_card(const text *provider, const text *model, const char *tenant_id);

/* A card, allocated, of just these rows; raises undefined_object if one is not there. */
extern RateCard *make_rate_card(const text *model, const int64 *price_ids, int count);

#endif
