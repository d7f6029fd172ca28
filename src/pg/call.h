/*
 * A call as it comes through a door, and the entry of the ledger that it becomes: what is reported is read, what has a
 * text is counted, what is billed is priced. The texts end here.
 */
#ifndef TOKENMETER_CALL_H
#define TOKENMETER_CALL_H

#include "access/htup.h"
#include "access/tupdesc.h"

/* The columns of tokenmeter.call, in the order of src/sql/50-ledger.sql. */
typedef enum CallColumn
{
	CALL_REQUEST_ID, CALL_SOURCE, CALL_OCCURRED_AT,
	CALL_TENANT_ID, CALL_TEAM_ID, CALL_PROJECT_ID, CALL_USER_ID, CALL_SESSION_ID, CALL_API_KEY_ID,
	CALL_PROVIDER, CALL_MODEL, CALL_SERVICE_TIER,
	CALL_INPUT_TEXT, CALL_MESSAGES, CALL_TOOLS, CALL_OUTPUT_TEXT, CALL_REASONING_TEXT, CALL_USAGE,
	CALL_INPUT_TOKENS, CALL_CACHE_READ_TOKENS, CALL_CACHE_WRITE_TOKENS, CALL_CACHE_WRITE_1H_TOKENS,
	CALL_OUTPUT_TOKENS, CALL_REASONING_TOKENS,
	CALL_QUANTITIES, CALL_PROVIDER_COST, CALL_CURRENCY,
	CALL_STATUS, CALL_LATENCY_MS, CALL_TTFT_MS, CALL_TAGS,
	CALL_COLUMNS
} CallColumn;

typedef struct Call
{
	Datum		values[CALL_COLUMNS];
	bool		nulls[CALL_COLUMNS];
} Call;

/* The columns of tokenmeter.entry, in the order of src/sql/50-ledger.sql. */
typedef enum EntryColumn
{
	ENTRY_ID, ENTRY_OCCURRED_AT, ENTRY_SOURCE, ENTRY_REQUEST_ID, ENTRY_FINGERPRINT,
	ENTRY_TENANT_ID, ENTRY_TEAM_ID, ENTRY_PROJECT_ID, ENTRY_USER_ID, ENTRY_SESSION_ID, ENTRY_API_KEY_ID,
	ENTRY_PROVIDER, ENTRY_MODEL, ENTRY_ENCODING, ENTRY_SERVICE_TIER, ENTRY_REGION,
	ENTRY_REPORTED,				/* six columns, as TmMeters */
	ENTRY_COUNTED_INPUT = ENTRY_REPORTED + 6, ENTRY_COUNTED_OUTPUT, ENTRY_COUNTED_REASONING,
	ENTRY_BILLED,				/* six columns, as TmMeters */
	ENTRY_QUANTITIES = ENTRY_BILLED + 6, ENTRY_METHOD,
	ENTRY_COST, ENTRY_CURRENCY, ENTRY_PRICE_IDS, ENTRY_TIER_ASSUMED, ENTRY_UNPRICED_REASON,
	ENTRY_PROVIDER_COST, ENTRY_PROVIDER_COST_CURRENCY,
	ENTRY_STATUS, ENTRY_LATENCY_MS, ENTRY_TTFT_MS, ENTRY_TAGS,
	ENTRY_COLUMNS
} EntryColumn;

typedef struct Entry
{
	Datum		values[ENTRY_COLUMNS];
	bool		nulls[ENTRY_COLUMNS];
} Entry;

/*
 * Makes the entry of a call, but for its number. What it points to is the call's, or allocated. Raises the errors of
 * docs/ledger.md; they hold no text.
 */
extern void make_entry(Call *call, Entry *entry);

/* Leaves the texts out of a call. */
extern void forget_texts(Call *call);

#endif
