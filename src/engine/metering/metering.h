/*
 * The metering rules' only door: what a model's name stands for, what a provider's usage object says, what a call
 * costs, and how long calls take.
 * Plain data in and out; the conventions are those of tokenizer/tokenizer.h: nothing throws, jumps or keeps
 * memory, and any thread may call.
 */
#ifndef TOKENMETER_METERING_H
#define TOKENMETER_METERING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Model names. One model is written in many ways: "gpt-4o-mini", "GPT-4o-Mini", "openai/gpt-4o-mini",
 * "azure/eu/gpt-4o-mini", "ft:gpt-4o-mini:acme::id". The readings of a name are what to look it up by, the
 * most specific first:
 *   1. the name in lower case
 *   2. without the path of a known provider, or of `provider`, and of a region before it, step by step
 *   3. of a fine-tuned model "ft:" and its base model, since it has prices of its own
 *   4. without what follows a colon, which may be a variant with other prices; without "ft:"
 */
enum { TM_MODEL_NAME_SIZE = 256, TM_MODEL_READINGS = 8 };

typedef struct TmModelReading {
  char text[TM_MODEL_NAME_SIZE]; /* ends in NUL */
  bool has_other_prices;         /* one of 4: the same tokenizer, but not the same prices */
} TmModelReading;

/*
 * Writes the distinct readings, in order; returns how many: 0 if the name is empty, or too long. `provider`, as
 * tm_provider_name writes it, is whose the call is, or NULL.
 */
size_t tm_model_readings(const char *name, size_t length, const char *provider,
                         TmModelReading readings[TM_MODEL_READINGS]);

/*
 * The name under which a provider's prices stand, for the names that clients and price lists have for it
 * ("gemini": "google", "vertex_ai-language-models": "vertex_ai"): lower case, ending in NUL. False if the name is
 * empty, or too long.
 */
bool tm_provider_name(const char *name, size_t length, char provider[TM_MODEL_NAME_SIZE]);

/*
 * What the name's path begins with ("azure/eu/gpt-4o": "azure"; also "openai:gpt-4o"), as tm_provider_name writes
 * it; false where the name has no path. `known`: it can be nothing but a provider.
 */
bool tm_model_path_provider(const char *name, size_t length, char provider[TM_MODEL_NAME_SIZE], bool *known);

/*
 * How specifically a pattern of the model or price table names this reading: 0 if it does not. A pattern
 * is a name in lower case, or the start of names followed by '*'. A longer start is more specific, and a
 * whole name more than any start.
 */
size_t tm_model_specificity(const char *pattern, size_t pattern_length, const char *reading);

/*
 * Usage objects. The meters of a call are disjoint; a token meter that the provider did not report is
 * TM_NOT_REPORTED, which is not the same as a reported 0.
 */
#define TM_NOT_REPORTED INT64_C(-1)

typedef struct TmMeters {
  int64_t input; /* neither read from nor written to a cache */
  int64_t cache_read;
  int64_t cache_write;
  int64_t cache_write_1h;
  int64_t output; /* without reasoning */
  int64_t reasoning;
} TmMeters;

enum { TM_USAGE_NAME_SIZE = 64, TM_USAGE_DECIMAL_SIZE = 64, TM_USAGE_QUANTITIES = 32 };

/* How much of a meter other than those six; more than 0. */
typedef struct TmQuantity {
  const char *meter;                  /* static; named as prices name it */
  char amount[TM_USAGE_DECIMAL_SIZE]; /* exact: a decimal number, maybe with an exponent */
} TmQuantity;

/* What a usage object says. Strings are empty where it does not say that. */
typedef struct TmUsage {
  TmMeters meters;
  size_t quantity_count;
  TmQuantity quantities[TM_USAGE_QUANTITIES];
  char service_tier[TM_USAGE_NAME_SIZE]; /* lower case; letters, digits, '-', '_' and '.' only */
  char region[TM_USAGE_NAME_SIZE];       /* likewise */
  char cost[TM_USAGE_DECIMAL_SIZE];      /* what the provider says the call costs, as an amount; */
  char currency[4];                      /* set where cost is */
} TmUsage;

typedef enum TmUsageStatus {
  TM_USAGE_OK = 0,
  TM_USAGE_NOT_JSON,      /* the text is not a JSON object, or one of absurd size */
  TM_USAGE_UNKNOWN_SHAPE, /* an object, but of no known provider */
  TM_USAGE_NOT_A_COUNT,   /* the value of `key` is no whole number from 0 to 2^63 - 1 */
  TM_USAGE_NOT_A_NUMBER,  /* the value of `key` is no decimal number from 0 on, or one too long to keep */
  TM_USAGE_CONTRADICTION, /* the part `key` is larger than what it is part of; or `key` is not the sum of its
                             parts; or not what another spelling of it says */
  TM_USAGE_INTERNAL       /* a bug of ours, or no memory */
} TmUsageStatus;

/*
 * Reads a usage object as a provider gives it or a client stores it, or an object that has one within it:
 * usage_shapes.cpp lists which. Keys that are not known are passed over. `key` is set where the status names
 * one; it points to static memory. O(length).
 */
TmUsageStatus tm_usage_read(const char *json, size_t length, TmUsage *usage, const char **key);

/*
 * Decimals: numbers from 0 on, exact, in the base of PostgreSQL's numeric. The value is the sum of
 * digits[i] * 10000^(weight - i), its first and last digit are not 0; 0 has none.
 */
enum { TM_DECIMAL_DIGITS = 48 };

typedef struct TmDecimal {
  int16_t weight;
  uint16_t count;
  uint16_t digits[TM_DECIMAL_DIGITS];
} TmDecimal;

void tm_decimal_from_integer(uint64_t integer, TmDecimal *decimal);

/*
 * Prices. A rate card is all that is recorded of what the calls of one model at one provider may cost: an array of
 * rows that the caller keeps, put in order once by tm_rate_card_sort. Moments are microseconds on any one scale.
 */
typedef enum TmPriceKind {
  TM_PRICE_UNIT,   /* rate x unit_fraction is the price of one unit */
  TM_PRICE_FACTOR, /* prices are multiplied by the rate */
  TM_PRICE_ENDED   /* neither any more, from effective_from on */
} TmPriceKind;

typedef struct TmPrice {
  int64_t price_id;
  TmPriceKind kind;
  uint8_t origin;           /* 0 for the user's own; lower numbers go before higher ones */
  uint32_t model_rank;      /* how well its model names the call's: tm_model_rank */
  bool is_whole_name;       /* its model is no start of names */
  const char *meter;        /* of a factor also "*": every token meter */
  const char *service_tier; /* as tm_service_tier writes it; of a factor "standard": any */
  bool is_standard;         /* it is "standard": set by tm_rate_card_sort */
  const char *tenant_id;    /* NULL: any */
  const char *region;       /* NULL: any */
  const char *currency;
  int64_t context_above;    /* tokens of the whole prompt; 0: any call */
  int64_t hours_from;       /* microseconds of the UTC day; the same as hours_to: the whole day */
  int64_t hours_to;         /* not itself; before hours_from: over midnight */
  int64_t effective_from;
  int64_t recorded_at;
  uint32_t key;             /* the same for rows that differ in dates only: set by tm_rate_card_sort */
  TmDecimal rate;
  TmDecimal unit_fraction;  /* 1 / the number of units that the rate is for */
} TmPrice;

/* Puts rows into the order in which tm_price_call looks for prices. O(n log n). */
void tm_rate_card_sort(TmPrice *prices, size_t count);

/*
 * How well a price's model, a name or the start of names and '*', names the call's model with these readings: 0 if
 * not at all. A whole name goes before starts, a longer start before a shorter one, between equals the earlier reading.
 */
uint32_t tm_model_rank(const char *pattern, size_t pattern_length, const TmModelReading *readings, size_t count,
                       bool *is_whole_name);

/* The service tier as prices name it, ending in NUL; false if it is too long. */
enum { TM_SERVICE_TIER_SIZE = 64 };
bool tm_service_tier(const char *name, size_t length, char tier[TM_SERVICE_TIER_SIZE]);

typedef struct TmCall {
  const char *service_tier; /* as tm_service_tier writes it */
  const char *tenant_id;    /* or NULL */
  const char *region;       /* or NULL */
  int64_t occurred_at;
  int64_t time_of_day;      /* of occurred_at, in UTC */
  int64_t known_at;         /* rows recorded later are not known yet */
} TmCall;

enum { TM_FACTORS = 4 };

/* What one meter of a call costs, and why. */
typedef struct TmAmount {
  const char *meter;
  TmDecimal quantity;
  const TmPrice *price;               /* NULL: none applies, or the quantity is 0 */
  const TmPrice *factors[TM_FACTORS]; /* of the service tier, the region, the hours, and in general */
  bool tier_assumed;                  /* the standard price, since none is known for the call's service tier */
  TmDecimal amount;
} TmAmount;

typedef enum TmCostStatus {
  TM_COST_OK = 0,
  TM_COST_NO_QUANTITY,    /* no meter has a number */
  TM_COST_NO_PRICE,       /* the amount `index` has no price, though the model has some */
  TM_COST_UNKNOWN_MODEL,  /* no price of the model is in effect */
  TM_COST_TWO_CURRENCIES, /* the amount `index` is in another currency than those before it */
  TM_COST_OUT_OF_RANGE    /* the amount `index` has too many digits */
} TmCostStatus;

typedef struct TmCost {
  TmDecimal total;
  const char *currency;
  size_t index;
} TmCost;

/*
 * Prices a call: of each of its amounts `meter` and `quantity` are given, the rest is filled in, also where another
 * amount is a problem. The meters are disjoint and differ. docs/price.md has the rules. O(amounts x rows of their meters).
 */
TmCostStatus tm_price_call(const TmPrice *prices, size_t price_count, const TmCall *call, TmAmount *amounts,
                           size_t amount_count, TmCost *cost);

/*
 * What an entry of the ledger says of a call's tokens. A number of tokens is reported in columns or in a usage
 * object; what has a text may be counted, or estimated where the model's tokenizer is not public.
 */
typedef struct TmCountedTokens {
  int64_t tokens;    /* TM_NOT_REPORTED: there is no number */
  bool has_text;     /* there is a text that is not empty */
  bool is_estimated; /* the number is not exact */
} TmCountedTokens;

typedef struct TmCallTokens {
  TmMeters columns;
  TmMeters usage;
  TmCountedTokens input; /* of the whole prompt: what of it was cached, a text cannot tell */
  TmCountedTokens output;
  TmCountedTokens reasoning;
} TmCallTokens;

typedef struct TmEntryTokens {
  TmMeters reported;
  TmMeters billed;
  const char *method; /* "reported", "counted", "estimated" or "mixed"; NULL where no number is known */
  bool complete;      /* no text is without a number */
} TmEntryTokens;

typedef enum TmEntryStatus {
  TM_ENTRY_OK = 0,
  TM_ENTRY_MIXED_INPUT, /* parts of the input in columns, its total in the usage object: in it, or beside it? */
  TM_ENTRY_MIXED_OUTPUT
} TmEntryStatus;

/*
 * Of input and of output each, the columns are what was reported if they have its total, else the usage object.
 * Billed is the reported number where there is one, else the counted one. O(1).
 */
TmEntryStatus tm_entry_tokens(const TmCallTokens *call, TmEntryTokens *entry);

/*
 * Sketches: distributions of whole numbers from 0 on, such as milliseconds, in few bytes. A quantile is within 2 % of
 * the exact one, and exact below 25. The same values always give the same bytes, in whatever order they were added and
 * merged. No byte is the sketch of no value. A bin's count stays at 2^63 - 1 when it gets there.
 * There is no version: later formats can begin with a bin's number that does not exist in this one.
 */
enum {
  TM_SKETCH_SIZE = 5500,   /* no sketch is larger */
  TM_SKETCH_VALUE_SIZE = 3 /* by so much one value more makes a sketch larger, at most */
};

typedef enum TmSketchStatus {
  TM_SKETCH_OK = 0,
  TM_SKETCH_MALFORMED,   /* the bytes are not a sketch */
  TM_SKETCH_NEGATIVE,    /* the value is below 0 */
  TM_SKETCH_NO_ROOM,     /* the sketch would be longer than its capacity; it is unchanged */
  TM_SKETCH_NO_FRACTION, /* the fraction is not from 0 to 1 */
  TM_SKETCH_EMPTY        /* no value has no quantiles */
} TmSketchStatus;

/*
 * Adds a value in place. O(bins up to that of the value): bytes behind it are not looked at, and may be malformed.
 */
TmSketchStatus tm_sketch_add(char *sketch, size_t *length, size_t capacity, int32_t value);

/* All values of two sketches. `result` needs no more room than both together. O(bins). */
TmSketchStatus tm_sketch_merge(const char *left, size_t left_length, const char *right, size_t right_length,
                               char result[TM_SKETCH_SIZE], size_t *length);

/* How many values were added, at most 2^63 - 1. O(bins). */
TmSketchStatus tm_sketch_count(const char *sketch, size_t length, int64_t *count);

/* About the value of rank ceil(fraction x count), at least 1, as percentile_disc has it. O(bins). */
TmSketchStatus tm_sketch_quantile(const char *sketch, size_t length, double fraction, double *value);

#ifdef __cplusplus
}
#endif

#endif
