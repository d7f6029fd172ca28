/*
 * From a call to an entry of the ledger.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_collation.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "call.h"
#include "chat.h"
#include "compat.h"
#include "engine.h"
#include "model.h"
#include "pricing.h"
#include "usage.h"

enum
{
	MAX_ID_LENGTH = 1000,		/* bytes of request_id and source */
	MAX_QUANTITIES = 64,		/* names; buckets keep a sum for each */
	FIRST_YEAR = 2,				/* of occurred_at, in UTC */
	LAST_YEAR = 9998,
	FINGERPRINT_SIZE = 16		/* bytes: half of a SHA-256 */
};

/* Why an entry has no cost, as tokenmeter.uncounted() says it. */
#define UNCOUNTED "a text could not be counted"

/* The six columns of token numbers, as they come in TmMeters. */
static const char *const token_columns[] = {
	"input_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens", "output_tokens",
	"reasoning_tokens"
};

static const text *
text_of(const Call *call, CallColumn column)
{
	return call->nulls[column] ? NULL : DatumGetTextPP(call->values[column]);
}

static bool
is_empty(const Call *call, CallColumn column)
{
	const text *value = text_of(call, column);

	return value == NULL || VARSIZE_ANY_EXHDR(value) == 0;
}

/* A JSON value that is there: not null, nor JSON's null. */
static Jsonb *
json_of(const Call *call, CallColumn column)
{
	Jsonb	   *value;
	JsonbValue	scalar;

	if (call->nulls[column])
		return NULL;
	value = DatumGetJsonbP(call->values[column]);
	if (JB_ROOT_IS_SCALAR(value) && JsonbExtractScalar(&value->root, &scalar) && scalar.type == jbvNull)
		return NULL;
	return value;
}

static bool
has_tools(const Jsonb *tools)
{
	return tools != NULL && !(JB_ROOT_IS_ARRAY(tools) && !JB_ROOT_IS_SCALAR(tools) && JB_ROOT_COUNT(tools) == 0);
}

static void
set_column(Call *call, CallColumn column, Datum value)
{
	call->values[column] = value;
	call->nulls[column] = false;
}

static void
check_not_negative(const char *name, int64 number)
{
	if (number < 0)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s must not be negative, but is %lld", name, (long long) number),
				 errhint("Leave out a number that is not known.")));
}

static void
check_numbers(const Call *call)
{
	for (int i = 0; i < (int) lengthof(token_columns); i++)
	{
		if (!call->nulls[CALL_INPUT_TOKENS + i])
			check_not_negative(token_columns[i], DatumGetInt64(call->values[CALL_INPUT_TOKENS + i]));
	}
	if (!call->nulls[CALL_LATENCY_MS])
		check_not_negative("latency_ms", DatumGetInt32(call->values[CALL_LATENCY_MS]));
	if (!call->nulls[CALL_TTFT_MS])
		check_not_negative("ttft_ms", DatumGetInt32(call->values[CALL_TTFT_MS]));
}

static bool
is_too_long(const Call *call, CallColumn column)
{
	const text *value = text_of(call, column);

	return value != NULL && VARSIZE_ANY_EXHDR(value) > MAX_ID_LENGTH;
}

static bool
is_currency(const text *value)
{
	const char *bytes = VARDATA_ANY(value);

	if (VARSIZE_ANY_EXHDR(value) != 3)
		return false;
	for (int i = 0; i < 3; i++)
	{
		if (bytes[i] < 'A' || bytes[i] > 'Z')
			return false;
	}
	return true;
}

static void
check_money(const Call *call)
{
	const text *currency = text_of(call, CALL_CURRENCY);
	Numeric		cost = call->nulls[CALL_PROVIDER_COST] ? NULL : DatumGetNumeric(call->values[CALL_PROVIDER_COST]);

	if ((cost != NULL && (numeric_is_nan(cost) || numeric_is_inf(cost))) ||
		(currency != NULL && !is_currency(currency)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("provider_cost must be a number, and currency a code of three capital letters")));
}

static bool
is_token_meter(const JsonbValue *key)
{
	for (int i = 0; i < (int) lengthof(token_meter_names); i++)
	{
		if ((int) strlen(token_meter_names[i]) == key->val.string.len &&
			memcmp(token_meter_names[i], key->val.string.val, key->val.string.len) == 0)
			return true;
	}
	return false;
}

/* What is no name could be a text. It is not quoted. */
static void
check_quantity_name(const JsonbValue *name)
{
	const char *bytes = name->val.string.val;
	int			length = name->val.string.len;
	int			valid = 0;

	while (valid < length && (isalnum((unsigned char) bytes[valid]) || strchr("_-.:/", bytes[valid]) != NULL) &&
		   !IS_HIGHBIT_SET(bytes[valid]))
		valid++;
	if (length == 0 || length >= NAMEDATALEN || valid < length)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("names of quantities must be of at most %d letters, digits, and _ - . : /", NAMEDATALEN - 1),
				 errhint("Give quantities as {\"web_search\": 2}.")));
}

static void
check_quantity_count(Jsonb *quantities)
{
	if (JB_ROOT_COUNT(quantities) > MAX_QUANTITIES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("quantities must not have more than %d names, but have %u", MAX_QUANTITIES,
						JB_ROOT_COUNT(quantities)),
				 errhint("A name stands for a meter; what tells calls apart belongs in tags.")));
}

static void
check_quantities(Jsonb *quantities)
{
	JsonbIterator *iterator;
	JsonbValue	key = {0};
	JsonbValue	value;

	if (quantities == NULL)
		return;
	if (!JB_ROOT_IS_OBJECT(quantities))
		ereport(ERROR,
				(errcode(ERRCODE_SQL_JSON_OBJECT_NOT_FOUND),
				 errmsg("quantities must be a JSON object"),
				 errhint("Give it as {\"web_search\": 2}.")));
	check_quantity_count(quantities);
	iterator = JsonbIteratorInit(&quantities->root);
	for (JsonbIteratorToken token; (token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE;)
	{
		if (token == WJB_KEY)
		{
			key = value;
			check_quantity_name(&key);
		}
		else if (token == WJB_VALUE &&
				 (value.type != jbvNumeric || is_token_meter(&key) ||
				  DatumGetBool(DirectFunctionCall2(numeric_lt, NumericGetDatum(value.val.numeric),
												   DirectFunctionCall1(int4_numeric, Int32GetDatum(0))))))
			ereport(ERROR,
					(errcode(ERRCODE_SQL_JSON_NUMBER_NOT_FOUND),
					 errmsg("quantity \"%.*s\" must be a number from 0 on, and no token meter",
							key.val.string.len, key.val.string.val),
					 errhint("Numbers of tokens have columns of their own.")));
	}
}

static TimestampTz
beginning_of_year(int year)
{
	return (date2j(year, 1, 1) - POSTGRES_EPOCH_JDATE) * USECS_PER_DAY;
}

/*
 * In every time zone the day, month and quarter around a call are dates of four digits, which any client reads. What
 * clients have for no time, as the beginning of year 1, is not one.
 */
static void
check_time(TimestampTz occurred_at)
{
	if (occurred_at < beginning_of_year(FIRST_YEAR) || occurred_at >= beginning_of_year(LAST_YEAR + 1))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_FIELD_OVERFLOW),
				 errmsg("occurred_at must be in the years %d to %d", FIRST_YEAR, LAST_YEAR),
				 errhint("Leave out a time that is not known.")));
}

static void
check_call(const Call *call)
{
	if (is_empty(call, CALL_MODEL))
		ereport(ERROR,
				(errcode(ERRCODE_NOT_NULL_VIOLATION),
				 errmsg("a call needs a model"),
				 errhint("Give the model's name as the provider writes it.")));
	check_time(DatumGetTimestampTz(call->values[CALL_OCCURRED_AT]));
	if (is_too_long(call, CALL_REQUEST_ID) || is_too_long(call, CALL_SOURCE))
		ereport(ERROR,
				(errcode(ERRCODE_STRING_DATA_RIGHT_TRUNCATION),
				 errmsg("request_id and source must not be longer than 1000 bytes")));
	check_numbers(call);
	check_money(call);
	check_quantities(json_of(call, CALL_QUANTITIES));
}

/* What a call that leaves something out means by it. */
static void
fill_in(Call *call)
{
	const text *tier = text_of(call, CALL_SERVICE_TIER);
	char		name[TM_SERVICE_TIER_SIZE];

	if (call->nulls[CALL_SOURCE])
		set_column(call, CALL_SOURCE, PointerGetDatum(cstring_to_text("")));
	if (!tm_service_tier(tier != NULL ? VARDATA_ANY(tier) : "", tier != NULL ? VARSIZE_ANY_EXHDR(tier) : 0, name))
		ereport(ERROR,
				(errcode(ERRCODE_STRING_DATA_RIGHT_TRUNCATION),
				 errmsg("service_tier must be shorter than %d bytes", TM_SERVICE_TIER_SIZE)));
	set_column(call, CALL_SERVICE_TIER, CStringGetTextDatum(name));
}

void
forget_texts(Call *call)
{
	static const CallColumn texts[] = {
		CALL_INPUT_TEXT, CALL_MESSAGES, CALL_TOOLS, CALL_OUTPUT_TEXT, CALL_REASONING_TEXT
	};

	for (int i = 0; i < (int) lengthof(texts); i++)
		call->nulls[texts[i]] = true;
}

/* A value as it is hashed: the same for what is the same. */
static Datum
canonical_value(CallColumn column, Datum value)
{
	if (column == CALL_PROVIDER)
		return DirectFunctionCall1Coll(lower, C_COLLATION_OID, value);
	if (column == CALL_PROVIDER_COST)
		return DirectFunctionCall1(numeric_trim_scale, value);
	return value;
}

static void
hash_bytes_of(pg_cryptohash_ctx *hash, const void *bytes, size_t length)
{
	if (pg_cryptohash_update(hash, bytes, length) < 0)
		elog(ERROR, "could not compute SHA-256: %s", pg_cryptohash_error(hash));
}

static void
hash_column(pg_cryptohash_ctx *hash, CallColumn column, Datum value)
{
	uint32		length = sizeof value;

	if (column >= CALL_INPUT_TOKENS && column <= CALL_REASONING_TOKENS)
		hash_bytes_of(hash, &value, sizeof value);
	else
	{
		struct varlena *bytes = PG_DETOAST_DATUM_PACKED(canonical_value(column, value));

		length = VARSIZE_ANY_EXHDR(bytes);
		hash_bytes_of(hash, VARDATA_ANY(bytes), length);
	}
	/* Where a value ends, and whose it is. */
	hash_bytes_of(hash, &length, sizeof length);
	hash_bytes_of(hash, &column, sizeof column);
}

/* What makes a call with a known id the same call: all it says but when it was and how long it took. */
static Datum
fingerprint_of(const Call *call)
{
	pg_cryptohash_ctx *hash = pg_cryptohash_create(PG_SHA256);
	uint8		digest[PG_SHA256_DIGEST_LENGTH];
	bytea	   *result = palloc(VARHDRSZ + FINGERPRINT_SIZE);

	if (pg_cryptohash_init(hash) < 0)
		elog(ERROR, "could not begin SHA-256: %s", pg_cryptohash_error(hash));
	for (CallColumn column = 0; column < CALL_COLUMNS; column++)
	{
		if (!call->nulls[column] && column != CALL_OCCURRED_AT && column != CALL_LATENCY_MS && column != CALL_TTFT_MS)
			hash_column(hash, column, call->values[column]);
	}
	if (pg_cryptohash_final(hash, digest, sizeof digest) < 0)
		elog(ERROR, "could not finish SHA-256: %s", pg_cryptohash_error(hash));
	pg_cryptohash_free(hash);
	SET_VARSIZE(result, VARHDRSZ + FINGERPRINT_SIZE);
	memcpy(VARDATA(result), digest, FINGERPRINT_SIZE);
	return PointerGetDatum(result);
}

/* The tokens of a text: counted, or estimated where only that can be done. */
static TmCountedTokens
count_column(const Call *call, CallColumn column, const TmEncoding *encoding, const TmEstimator *estimator)
{
	TmCountedTokens counted = {.tokens = TM_NOT_REPORTED, .has_text = !is_empty(call, column)};

	if (call->nulls[column])
		return counted;
	if (encoding != NULL)
		counted.tokens = (int64) count_text_argument(encoding, call->values[column]);
	else if (estimator != NULL)
	{
		counted.tokens = (int64) estimate_tokens(estimator, utf8_from_text(text_of(call, column)));
		counted.is_estimated = true;
	}
	return counted;
}

static int64
estimate_string(const TmEstimator *estimator, const JsonbValue *value)
{
	if (value->type != jbvString)
		return 0;
	return (int64) estimate_tokens(estimator, utf8_from_bytes(value->val.string.val, value->val.string.len));
}

/* The strings in messages, but for what is not said: roles and types. */
static int64
estimate_messages(const TmEstimator *estimator, Jsonb *messages)
{
	JsonbIterator *iterator = JsonbIteratorInit(&messages->root);
	JsonbValue	value;
	bool		is_said = true;
	int64		tokens = 0;

	for (JsonbIteratorToken token; (token = JsonbIteratorNext(&iterator, &value, false)) != WJB_DONE;)
	{
		if (token == WJB_KEY)
			is_said = !(value.val.string.len == 4 && (memcmp(value.val.string.val, "role", 4) == 0 ||
													  memcmp(value.val.string.val, "type", 4) == 0));
		else if (token == WJB_ELEM || (token == WJB_VALUE && is_said))
			tokens += estimate_string(estimator, &value);
	}
	return tokens;
}

/* Of a definition of tools beside a text it is not public how the model is told of it. */
static void
add_tools(const TmEncoding *encoding, Jsonb *tools, TmCountedTokens *counted)
{
	StringInfoData json;

	if (encoding == NULL || counted->tokens == TM_NOT_REPORTED)
		return;
	initStringInfo(&json);
	JsonbToCString(&json, &tools->root, VARSIZE(tools));
	counted->tokens += (int64) count_tokens(encoding, utf8_from_bytes(json.data, json.len));
	counted->is_estimated = true;
}

/* The whole prompt: messages with tools, and a text besides. */
static TmCountedTokens
count_input(const Call *call, const TmEncoding *encoding, const TmEstimator *estimator)
{
	Jsonb	   *messages = json_of(call, CALL_MESSAGES);
	Jsonb	   *tools = json_of(call, CALL_TOOLS);
	TmCountedTokens counted = count_column(call, CALL_INPUT_TEXT, encoding, estimator);
	int64		text_tokens = counted.tokens;
	TmChatCount chat;

	counted.has_text = counted.has_text || messages != NULL || has_tools(tools);
	if (messages != NULL)
	{
		counted.tokens = TM_NOT_REPORTED;
		if (count_chat_messages(text_of(call, CALL_MODEL), messages, tools, &chat))
		{
			counted.tokens = (int64) chat.tokens;
			counted.is_estimated = !chat.exact;
		}
		else if (estimator != NULL)
		{
			counted.tokens = estimate_messages(estimator, messages);
			counted.is_estimated = true;
		}
		if (counted.tokens != TM_NOT_REPORTED && text_tokens != TM_NOT_REPORTED)
			counted.tokens += text_tokens;
	}
	else if (has_tools(tools))
		add_tools(encoding, tools, &counted);
	return counted;
}

static TmMeters
column_meters(const Call *call)
{
	int64		tokens[lengthof(token_columns)];

	for (int i = 0; i < (int) lengthof(token_columns); i++)
		tokens[i] = call->nulls[CALL_INPUT_TOKENS + i] ? TM_NOT_REPORTED
			: DatumGetInt64(call->values[CALL_INPUT_TOKENS + i]);
	return (TmMeters) {tokens[0], tokens[1], tokens[2], tokens[3], tokens[4], tokens[5]};
}

static void
check_entry_status(TmEntryStatus status)
{
	switch (status)
	{
		case TM_ENTRY_OK:
			return;
		case TM_ENTRY_MIXED_INPUT:
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("numbers of cached tokens without input_tokens, beside usage"),
					 errhint("Give all numbers of the input in columns, or all in usage.")));
			break;
		case TM_ENTRY_MIXED_OUTPUT:
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("reasoning_tokens without output_tokens, beside usage"),
					 errhint("Give all numbers of the output in columns, or all in usage.")));
			break;
	}
	elog(ERROR, "choosing numbers of tokens failed with status %d", (int) status);
}

static void
set_entry(Entry *entry, EntryColumn column, Datum value)
{
	entry->values[column] = value;
	entry->nulls[column] = false;
}

static void
set_entry_tokens(Entry *entry, EntryColumn column, int64 tokens)
{
	if (tokens != TM_NOT_REPORTED)
		set_entry(entry, column, Int64GetDatum(tokens));
}

/* Six columns. */
static void
set_entry_meters(Entry *entry, EntryColumn first, const TmMeters *meters)
{
	const int64 tokens[] = {meters->input, meters->cache_read, meters->cache_write, meters->cache_write_1h,
	meters->output, meters->reasoning};

	for (int i = 0; i < (int) lengthof(tokens); i++)
		set_entry_tokens(entry, first + i, tokens[i]);
}

/* A column that the entry has as the call gives it. */
static void
copy_column(const Call *call, CallColumn from, Entry *entry, EntryColumn to)
{
	if (!call->nulls[from])
		set_entry(entry, to, call->values[from]);
}

static void
copy_columns(const Call *call, Entry *entry)
{
	static const struct
	{
		CallColumn	from;
		EntryColumn to;
	}			copied[] = {
		{CALL_OCCURRED_AT, ENTRY_OCCURRED_AT}, {CALL_SOURCE, ENTRY_SOURCE},
		{CALL_TENANT_ID, ENTRY_TENANT_ID}, {CALL_TEAM_ID, ENTRY_TEAM_ID}, {CALL_PROJECT_ID, ENTRY_PROJECT_ID},
		{CALL_USER_ID, ENTRY_USER_ID}, {CALL_SESSION_ID, ENTRY_SESSION_ID}, {CALL_API_KEY_ID, ENTRY_API_KEY_ID},
		{CALL_PROVIDER, ENTRY_PROVIDER}, {CALL_MODEL, ENTRY_MODEL}, {CALL_SERVICE_TIER, ENTRY_SERVICE_TIER},
		{CALL_STATUS, ENTRY_STATUS}, {CALL_LATENCY_MS, ENTRY_LATENCY_MS}, {CALL_TTFT_MS, ENTRY_TTFT_MS},
		{CALL_TAGS, ENTRY_TAGS}
	};

	for (int i = 0; i < (int) lengthof(copied); i++)
		copy_column(call, copied[i].from, entry, copied[i].to);
}

/* Quantities of the usage object and of the column; the column's go before the other's. */
static Jsonb *
merge_quantities(const Call *call, const TmUsage *usage)
{
	Jsonb	   *given = json_of(call, CALL_QUANTITIES);

	if (usage->quantity_count == 0)
		return given;
	if (given == NULL)
		return DatumGetJsonbP(usage_quantities(usage));
	return DatumGetJsonbP(DirectFunctionCall2(jsonb_concat, usage_quantities(usage), JsonbPGetDatum(given)));
}

/* The region that the call's tags name, else its usage object; in lower case. */
static char *
region_of(const Call *call, const TmUsage *usage)
{
	Jsonb	   *tags = json_of(call, CALL_TAGS);
	JsonbValue	value;
	char	   *region = pstrdup(usage->region);

	if (tags != NULL && JB_ROOT_IS_OBJECT(tags) &&
		getKeyJsonValueFromContainer(&tags->root, "region", strlen("region"), &value) != NULL &&
		value.type == jbvString)
		region = pnstrdup(value.val.string.val, value.val.string.len);
	for (char *c = region; *c != '\0'; c++)
		*c = pg_ascii_tolower((unsigned char) *c);
	return region[0] != '\0' ? region : NULL;
}

/* What the provider says it costs: the columns, else the usage object. */
static void
set_provider_cost(const Call *call, const TmUsage *usage, Entry *entry)
{
	if (!call->nulls[CALL_PROVIDER_COST])
	{
		set_entry(entry, ENTRY_PROVIDER_COST, call->values[CALL_PROVIDER_COST]);
		set_entry(entry, ENTRY_PROVIDER_COST_CURRENCY,
				  call->nulls[CALL_CURRENCY] ? CStringGetTextDatum("USD") : call->values[CALL_CURRENCY]);
	}
	else if (usage->cost[0] != '\0')
	{
		set_entry(entry, ENTRY_PROVIDER_COST, usage_cost(usage));
		set_entry(entry, ENTRY_PROVIDER_COST_CURRENCY, CStringGetTextDatum(usage->currency));
	}
}

static void
set_cost(const Call *call, Jsonb *quantities, Entry *entry)
{
	const text *provider = text_of(call, CALL_PROVIDER);
	PricedCall	priced;
	char	   *problem;

	begin_pricing(&priced, quantities);
	for (int i = 0; i < (int) lengthof(token_meter_names); i++)
	{
		if (!entry->nulls[ENTRY_BILLED + i])
			add_token_meter(&priced, i, DatumGetInt64(entry->values[ENTRY_BILLED + i]));
	}
	if (quantities != NULL)
		add_quantities(&priced, quantities);
	priced.call.service_tier = TextDatumGetCString(entry->values[ENTRY_SERVICE_TIER]);
	priced.call.tenant_id = call->nulls[CALL_TENANT_ID] ? NULL : TextDatumGetCString(call->values[CALL_TENANT_ID]);
	priced.call.region = entry->nulls[ENTRY_REGION] ? NULL : TextDatumGetCString(entry->values[ENTRY_REGION]);
	priced.call.occurred_at = DatumGetTimestampTz(call->values[CALL_OCCURRED_AT]);
	priced.call.time_of_day = time_of_day(priced.call.occurred_at);
	priced.call.known_at = DT_NOEND;
	price_call(&priced, find_rate_card(provider, text_of(call, CALL_MODEL), priced.call.tenant_id));

	problem = describe_problem(&priced);
	if (problem != NULL)
	{
		set_entry(entry, ENTRY_UNPRICED_REASON, CStringGetTextDatum(problem));
		return;
	}
	set_entry(entry, ENTRY_COST, priced_cost(&priced));
	set_entry(entry, ENTRY_CURRENCY, CStringGetTextDatum(priced.cost.currency));
	set_entry(entry, ENTRY_PRICE_IDS, used_price_ids(&priced));
	set_entry(entry, ENTRY_TIER_ASSUMED, BoolGetDatum(any_tier_assumed(&priced)));
}

/* Counts what has a text, and chooses what is billed. */
static void
set_tokens(const Call *call, const TmUsage *usage, Entry *entry, bool *complete)
{
	const text *model = text_of(call, CALL_MODEL);
	const TmEncoding *encoding = find_encoding(model);
	const TmEstimator *estimator = encoding == NULL ? find_estimator(model) : NULL;
	TmCallTokens tokens = {
		.columns = column_meters(call),
		.usage = usage->meters,
		.input = count_input(call, encoding, estimator),
		.output = count_column(call, CALL_OUTPUT_TEXT, encoding, estimator),
		.reasoning = count_column(call, CALL_REASONING_TEXT, encoding, estimator),
	};
	TmEntryTokens chosen;

	check_entry_status(tm_entry_tokens(&tokens, &chosen));
	set_entry_meters(entry, ENTRY_REPORTED, &chosen.reported);
	set_entry_meters(entry, ENTRY_BILLED, &chosen.billed);
	if (encoding != NULL)
	{
		set_entry(entry, ENTRY_ENCODING, CStringGetTextDatum(name_from_utf8(tm_encoding_name(encoding))));
		set_entry_tokens(entry, ENTRY_COUNTED_INPUT, tokens.input.tokens);
		set_entry_tokens(entry, ENTRY_COUNTED_OUTPUT, tokens.output.tokens);
		set_entry_tokens(entry, ENTRY_COUNTED_REASONING, tokens.reasoning.tokens);
	}
	if (chosen.method != NULL)
		set_entry(entry, ENTRY_METHOD, CStringGetTextDatum(chosen.method));
	*complete = chosen.complete;
}

void
make_entry(Call *call, Entry *entry)
{
	TmUsage		usage = {.meters = {TM_NOT_REPORTED, TM_NOT_REPORTED, TM_NOT_REPORTED, TM_NOT_REPORTED,
	TM_NOT_REPORTED, TM_NOT_REPORTED}};
	Jsonb	   *usage_object = json_of(call, CALL_USAGE);
	Jsonb	   *quantities;
	char	   *region;
	bool		complete;

	memset(entry->nulls, true, sizeof entry->nulls);
	if (call->nulls[CALL_OCCURRED_AT])
		set_column(call, CALL_OCCURRED_AT, TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()));
	check_call(call);
	if (usage_object != NULL)
		read_usage(usage_object, &usage);
	if (call->nulls[CALL_SERVICE_TIER] && usage.service_tier[0] != '\0')
		set_column(call, CALL_SERVICE_TIER, CStringGetTextDatum(usage.service_tier));
	fill_in(call);
	if (!is_empty(call, CALL_REQUEST_ID))
	{
		set_entry(entry, ENTRY_REQUEST_ID, call->values[CALL_REQUEST_ID]);
		set_entry(entry, ENTRY_FINGERPRINT, fingerprint_of(call));
	}
	copy_columns(call, entry);
	region = region_of(call, &usage);
	if (region != NULL)
		set_entry(entry, ENTRY_REGION, CStringGetTextDatum(region));
	quantities = merge_quantities(call, &usage);
	if (quantities != NULL)
		set_entry(entry, ENTRY_QUANTITIES, JsonbPGetDatum(quantities));
	set_tokens(call, &usage, entry, &complete);
	set_provider_cost(call, &usage, entry);
	set_entry(entry, ENTRY_TIER_ASSUMED, BoolGetDatum(false));
	if (complete)
		set_cost(call, quantities, entry);
	else
		set_entry(entry, ENTRY_UNPRICED_REASON, CStringGetTextDatum(UNCOUNTED));
	forget_texts(call);
}
