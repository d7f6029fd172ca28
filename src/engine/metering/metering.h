/*
 * The metering rules' only door: what a model's name stands for, and what a provider's usage object says.
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
 *   2. without the path of a known provider or region before it
 *   3. without what follows a colon; "ft:" stays in front, since a fine-tuned model has prices of its own
 *   4. without "ft:": the base model, which has the same tokenizer
 */
enum { TM_MODEL_NAME_SIZE = 256, TM_MODEL_READINGS = 4 };

typedef struct TmModelReading {
  char text[TM_MODEL_NAME_SIZE]; /* ends in NUL */
  bool is_base_of_fine_tuned;    /* reading 4 */
} TmModelReading;

/* Writes the distinct readings, in order; returns how many: 0 if the name is empty, or too long. */
size_t tm_model_readings(const char *name, size_t length, TmModelReading readings[TM_MODEL_READINGS]);

/*
 * The provider that the name's path begins with ("azure/eu/gpt-4o": "azure"; also "openai:gpt-4o"), in lower
 * case and ending in NUL; false where it has none.
 */
bool tm_model_path_provider(const char *name, size_t length, char provider[TM_MODEL_NAME_SIZE]);

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

#ifdef __cplusplus
}
#endif

#endif
