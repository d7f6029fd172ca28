/*
 * Rate cards, read from tokenmeter.price by index scans when a model is first met. Names are compared byte by byte,
 * in the encoding of the database.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "decimal.h"
#include "engine.h"
#include "model.h"
#include "rate_card.h"
#include "table_cache.h"

/* Columns of tokenmeter.price, in the order of src/sql/40-price.sql. */
enum
{
	PRICE_ID = 1,
	PRICE_ORIGIN = 2,
	PRICE_PROVIDER = 3,
	PRICE_MODEL = 4,
	PRICE_METER = 5,
	PRICE_SERVICE_TIER = 6,
	PRICE_CONTEXT_ABOVE = 7,
	PRICE_TENANT_ID = 8,
	PRICE_REGION = 9,
	PRICE_HOURS_FROM = 10,
	PRICE_HOURS_TO = 11,
	PRICE_CURRENCY = 12,
	PRICE_UNIT_PRICE = 14,
	PRICE_FACTOR = 15,
	PRICE_EFFECTIVE_FROM = 16,
	PRICE_RECORDED_AT = 17,
	PRICE_UNIT_FRACTION = 20
};

/* A backend whose cards take more memory than this forgets all: names of models come from outside. */
enum
{
	MAX_CARD_BYTES = 16 * 1024 * 1024,
	MAX_TENANT_SIZE = 256
};

typedef struct CardEntry
{
	/* Provider as it was given, newline, model, newline, tenant if it has prices of its own. */
	char		key[2 * TM_MODEL_NAME_SIZE + MAX_TENANT_SIZE + 2];
	RateCard	card;
} CardEntry;

/* Whether a tenant has prices of its own. */
typedef struct TenantEntry
{
	char		tenant_id[MAX_TENANT_SIZE];
	bool		has_prices;
} TenantEntry;

static struct
{
	MemoryContext context;		/* holds the cards; NULL before the first */
	HTAB	   *table;
	HTAB	   *tenants;
	Oid			relation;		/* tokenmeter.price */
	uint64		changes;		/* of it, as far as they are known here */
	uint64		changes_then;	/* when the cards were begun */
	uint64		generation_then;	/* table_cache_generation then: whose a model is */
} cards;

static const RateCard empty_card;

static void
note_change(Datum argument, Oid relation)
{
	(void) argument;
	if (relation == cards.relation || relation == InvalidOid)
		cards.changes++;
}

/* Forgets all cards, and looks up where the prices are. */
static void
begin_cards(void)
{
	HASHCTL		control = {.keysize = sizeof(((CardEntry *) NULL)->key), .entrysize = sizeof(CardEntry)};
	HASHCTL		tenants = {.keysize = MAX_TENANT_SIZE, .entrysize = sizeof(TenantEntry)};

	if (cards.context == NULL)
	{
		cards.context = AllocSetContextCreate(TopMemoryContext, "tokenmeter rate cards", ALLOCSET_DEFAULT_SIZES);
		CacheRegisterRelcacheCallback(note_change, (Datum) 0);
	}
	cards.table = NULL;
	MemoryContextReset(cards.context);
	cards.changes_then = cards.changes;
	cards.generation_then = table_cache_generation;
	cards.relation = get_relname_relid("price", get_namespace_oid("tokenmeter", false));
	control.hcxt = tenants.hcxt = cards.context;
	cards.tenants = hash_create("tokenmeter tenants", 64, &tenants, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	cards.table = hash_create("tokenmeter rate cards", 64, &control, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
}

static void
refresh_cards(void)
{
	AcceptInvalidationMessages();
	if (cards.table == NULL || !OidIsValid(cards.relation) || cards.changes != cards.changes_then ||
		table_cache_generation != cards.generation_then || MemoryContextMemAllocated(cards.context, true) > MAX_CARD_BYTES)
		begin_cards();
}

/* The call's model, as prices may name it. */
typedef struct ModelReadings
{
	TmModelReading items[TM_MODEL_READINGS];
	size_t		count;
} ModelReadings;

static ModelReadings
read_model(const text *model, const char *provider)
{
	ModelReadings readings;

	readings.count = tm_model_readings(VARDATA_ANY(model), VARSIZE_ANY_EXHDR(model), provider, readings.items);
	return readings;
}

static bool
read_decimal(HeapTuple tuple, TupleDesc descriptor, int column, TmDecimal *decimal)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, column, descriptor, &isnull);

	/* The table's checks see to it that it fits. */
	return !isnull && decimal_from_numeric(DatumGetNumeric(value), decimal);
}

static Datum
read_column(HeapTuple tuple, TupleDesc descriptor, int column)
{
	bool		isnull;

	return heap_getattr(tuple, column, descriptor, &isnull);
}

/* Lower numbers go before higher ones. */
static uint8
rank_of_origin(const char *origin)
{
	return strcmp(origin, "own") == 0 ? 0 : strcmp(origin, "litellm") == 0 ? 1 : 2;
}

static void
read_price(HeapTuple tuple, TupleDesc descriptor, TmPrice *price)
{
	price->price_id = DatumGetInt64(read_column(tuple, descriptor, PRICE_ID));
	price->origin = rank_of_origin(read_text_column(tuple, descriptor, PRICE_ORIGIN));
	price->meter = read_text_column(tuple, descriptor, PRICE_METER);
	price->service_tier = read_text_column(tuple, descriptor, PRICE_SERVICE_TIER);
	price->tenant_id = read_text_column(tuple, descriptor, PRICE_TENANT_ID);
	price->region = read_text_column(tuple, descriptor, PRICE_REGION);
	price->currency = read_text_column(tuple, descriptor, PRICE_CURRENCY);
	price->context_above = DatumGetInt64(read_column(tuple, descriptor, PRICE_CONTEXT_ABOVE));
	price->hours_from = DatumGetTimeADT(read_column(tuple, descriptor, PRICE_HOURS_FROM));
	price->hours_to = DatumGetTimeADT(read_column(tuple, descriptor, PRICE_HOURS_TO));
	price->effective_from = DatumGetTimestampTz(read_column(tuple, descriptor, PRICE_EFFECTIVE_FROM));
	price->recorded_at = DatumGetTimestampTz(read_column(tuple, descriptor, PRICE_RECORDED_AT));
	if (read_decimal(tuple, descriptor, PRICE_UNIT_PRICE, &price->rate) &&
		read_decimal(tuple, descriptor, PRICE_UNIT_FRACTION, &price->unit_fraction))
		price->kind = TM_PRICE_UNIT;
	else if (read_decimal(tuple, descriptor, PRICE_FACTOR, &price->rate))
		price->kind = TM_PRICE_FACTOR;
	else
		price->kind = TM_PRICE_ENDED;
}


/* Adds the row, if its model is the call's. */
static void
add_price(RateCard *card, HeapTuple tuple, TupleDesc descriptor, const ModelReadings *readings)
{
	const text *model = DatumGetTextPP(read_column(tuple, descriptor, PRICE_MODEL));
	TmPrice		price = {0};

	price.model_rank = tm_model_rank(VARDATA_ANY(model), VARSIZE_ANY_EXHDR(model), readings->items,
									 readings->count, &price.is_whole_name);
	if (price.model_rank == 0)
		return;
	read_price(tuple, descriptor, &price);
	if (card->count == card->capacity)
	{
		card->capacity = card->capacity == 0 ? 16 : 2 * card->capacity;
		card->prices = card->prices == NULL
			? palloc(card->capacity * sizeof *card->prices)
			: repalloc(card->prices, card->capacity * sizeof *card->prices);
	}
	card->prices[card->count++] = price;
}

/* An index scan of the prices: the columns of the index compared with texts. */
static SysScanDesc
begin_scan(Relation prices, const char *index, const int *columns, const char *const *values, int count)
{
	ScanKeyData keys[2];

	Assert(count <= (int) lengthof(keys));
	for (int i = 0; i < count; i++)
		ScanKeyInit(&keys[i], columns[i], BTEqualStrategyNumber, F_TEXTEQ, CStringGetTextDatum(values[i]));
	return systable_beginscan(prices, get_relname_relid(index, RelationGetNamespace(prices)), true, NULL, count,
							  keys);
}

static SysScanDesc
scan_model(Relation prices, const char *provider, const char *model)
{
	const int	columns[] = {PRICE_PROVIDER, PRICE_MODEL};
	const char *const values[] = {provider, model};

	return begin_scan(prices, "price_key", columns, values, 2);
}

/* Are there prices of the model, by its whole name, at this provider? */
static bool
has_prices(Relation prices, const char *provider, const ModelReadings *readings)
{
	bool		found = false;

	for (size_t i = 0; i < readings->count && !found; i++)
	{
		SysScanDesc scan;

		if (readings->items[i].has_other_prices)
			continue;
		scan = scan_model(prices, provider, readings->items[i].text);

		found = HeapTupleIsValid(systable_getnext(scan));
		systable_endscan(scan);
	}
	return found;
}

/* The only provider that has prices of the model by the first of its names that has any; false if several have. */
static bool
find_sole_provider(Relation prices, const ModelReadings *readings, char *provider)
{
	const int	column = PRICE_MODEL;
	bool		several = false;

	provider[0] = '\0';
	for (size_t i = 0; i < readings->count && provider[0] == '\0'; i++)
	{
		const char *name = readings->items[i].text;
		SysScanDesc scan;
		HeapTuple	tuple;

		if (readings->items[i].has_other_prices)
			continue;
		scan = begin_scan(prices, "price_model", &column, &name, 1);
		while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		{
			char	   *found = read_text_column(tuple, RelationGetDescr(prices), PRICE_PROVIDER);

			several = several || (provider[0] != '\0' && strcmp(provider, found) != 0);
			strlcpy(provider, found, TM_MODEL_NAME_SIZE);
		}
		systable_endscan(scan);
	}
	return provider[0] != '\0' && !several;
}

/*
 * Whose prices a call pays that names no provider: whose name its model's path begins with; else whose the model
 * is; else the only one that has prices for it. Prices of several providers are never mixed.
 */
static bool
find_provider(Relation prices, const text *model, char *provider)
{
	bool		known = false;
	ModelReadings readings;
	const char *owner;

	if (tm_model_path_provider(VARDATA_ANY(model), VARSIZE_ANY_EXHDR(model), provider, &known))
	{
		readings = read_model(model, provider);
		if (known || has_prices(prices, provider, &readings))
			return true;
	}
	owner = find_model_owner(model);
	if (owner != NULL)
		return tm_provider_name(owner, strlen(owner), provider);
	readings = read_model(model, NULL);
	return find_sole_provider(prices, &readings, provider);
}

/* Does the row concern this tenant? NULL: no tenant that has prices of its own. */
static bool
is_for_tenant(HeapTuple tuple, TupleDesc descriptor, const char *tenant_id)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, PRICE_TENANT_ID, descriptor, &isnull);
	const text *row_tenant;

	if (isnull)
		return true;
	row_tenant = DatumGetTextPP(value);
	return tenant_id != NULL && strlen(tenant_id) == VARSIZE_ANY_EXHDR(row_tenant) &&
		memcmp(tenant_id, VARDATA_ANY(row_tenant), VARSIZE_ANY_EXHDR(row_tenant)) == 0;
}

/* Reads what a scan finds of the model into the card. */
static void
read_scan(Relation prices, SysScanDesc scan, const ModelReadings *readings, const char *tenant_id, RateCard *card)
{
	TupleDesc	descriptor = RelationGetDescr(prices);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		if (is_for_tenant(tuple, descriptor, tenant_id))
			add_price(card, tuple, descriptor, readings);
	}
	systable_endscan(scan);
}

static void
read_card(const text *provider_name, const text *model, const char *tenant_id, RateCard *card)
{
	Relation	prices;
	char		provider[TM_MODEL_NAME_SIZE];
	bool		found;

	/* Metering goes on without prices. */
	if (!OidIsValid(cards.relation))
		return;
	prices = table_open(cards.relation, AccessShareLock);
	if (provider_name != NULL && VARSIZE_ANY_EXHDR(provider_name) > 0)
		found = tm_provider_name(VARDATA_ANY(provider_name), VARSIZE_ANY_EXHDR(provider_name), provider);
	else
		found = find_provider(prices, model, provider);
	if (found)
	{
		const int	column = PRICE_PROVIDER;
		const char *const value = provider;
		ModelReadings readings = read_model(model, provider);

		for (size_t i = 0; i < readings.count; i++)
			read_scan(prices, scan_model(prices, provider, readings.items[i].text), &readings, tenant_id, card);
		read_scan(prices, begin_scan(prices, "price_pattern", &column, &value, 1), &readings, tenant_id, card);
	}
	table_close(prices, AccessShareLock);
	tm_rate_card_sort(card->prices, card->count);
}

/* The tenant, if it has prices of its own; else NULL. */
static const char *
tenant_with_prices(const char *tenant_id)
{
	const int	column = PRICE_TENANT_ID;
	TenantEntry *entry;
	Relation	prices;
	SysScanDesc scan;
	bool		found;

	if (tenant_id == NULL || tenant_id[0] == '\0' || strlen(tenant_id) >= MAX_TENANT_SIZE || !OidIsValid(cards.relation))
		return NULL;
	entry = hash_search(cards.tenants, tenant_id, HASH_FIND, NULL);
	if (entry == NULL)
	{
		prices = table_open(cards.relation, AccessShareLock);
		scan = begin_scan(prices, "price_tenant", &column, &tenant_id, 1);
		found = HeapTupleIsValid(systable_getnext(scan));
		systable_endscan(scan);
		table_close(prices, AccessShareLock);
		entry = hash_search(cards.tenants, tenant_id, HASH_ENTER, NULL);
		entry->has_prices = found;
	}
	return entry->has_prices ? tenant_id : NULL;
}

/* A name in the key of a card: false if it is too long, or has a line end in it, which ends names there. */
static bool
add_to_key(StringInfo key, const char *name, int length, int limit)
{
	if (length >= limit || memchr(name, '\n', length) != NULL)
		return false;
	appendBinaryStringInfo(key, name, length);
	appendStringInfoChar(key, '\n');
	return true;
}

const RateCard *
find_rate_card(const text *provider, const text *model, const char *tenant_id)
{
	char		key_bytes[sizeof(((CardEntry *) NULL)->key) + 1] = "";
	StringInfoData key = {.data = key_bytes, .maxlen = sizeof key_bytes};
	CardEntry  *entry;
	RateCard	card = {0};
	MemoryContext caller;

	refresh_cards();
	tenant_id = tenant_with_prices(tenant_id);
	if (!add_to_key(&key, provider != NULL ? VARDATA_ANY(provider) : "",
					provider != NULL ? VARSIZE_ANY_EXHDR(provider) : 0, TM_MODEL_NAME_SIZE) ||
		!add_to_key(&key, VARDATA_ANY(model), VARSIZE_ANY_EXHDR(model), TM_MODEL_NAME_SIZE) ||
		(tenant_id != NULL && !add_to_key(&key, tenant_id, strlen(tenant_id), MAX_TENANT_SIZE)))
		return &empty_card;
	entry = hash_search(cards.table, key.data, HASH_FIND, NULL);
	if (entry != NULL)
		return &entry->card;

	caller = MemoryContextSwitchTo(cards.context);
	read_card(provider, model, tenant_id, &card);
	MemoryContextSwitchTo(caller);
	entry = hash_search(cards.table, key.data, HASH_ENTER, NULL);
	entry->card = card;
	return &entry->card;
}

RateCard *
make_rate_card(const text *model, const int64 *price_ids, int count)
{
	RateCard   *card = palloc0(sizeof *card);
	Relation	prices;

	refresh_cards();
	if (!OidIsValid(cards.relation))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("there is no table tokenmeter.price")));
	prices = table_open(cards.relation, AccessShareLock);
	for (int i = 0; i < count; i++)
	{
		Oid			index = get_relname_relid("price_pkey", RelationGetNamespace(prices));
		ScanKeyData key;
		SysScanDesc scan;
		HeapTuple	tuple;
		ModelReadings readings;

		ScanKeyInit(&key, PRICE_ID, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(price_ids[i]));
		scan = systable_beginscan(prices, index, true, NULL, 1, &key);
		tuple = systable_getnext(scan);
		if (!HeapTupleIsValid(tuple))
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_OBJECT),
					 errmsg("price %lld does not exist", (long long) price_ids[i]),
					 errdetail("An entry of the ledger was priced by it."),
					 errhint("Restore the rows of tokenmeter.price.")));
		readings = read_model(model, read_text_column(tuple, RelationGetDescr(prices), PRICE_PROVIDER));
		add_price(card, tuple, RelationGetDescr(prices), &readings);
		systable_endscan(scan);
	}
	table_close(prices, AccessShareLock);
	tm_rate_card_sort(card->prices, card->count);
	return card;
}
