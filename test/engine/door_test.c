/* The engine's two doors, used from C: they must compile as C11 and work without a C++ caller. */
#include <stdio.h>
#include <string.h>

#include "metering/metering.h"
#include "tokenizer/tokenizer.h"

static int failures = 0;

static void
check(bool holds, const char *what)
{
  if (!holds)
  {
    ++failures;
    fprintf(stderr, "failed: %s\n", what);
  }
}

static bool
always(void)
{
  return true;
}

/* Longer than what is done between two polls. */
static char long_text[1 << 18];

int
main(void)
{
  const char text[] = "Hello, world";
  const TmEncoding *encoding = tm_encoding_find("cl100k_base", strlen("cl100k_base"));
  TmError error;
  TmUsage usage;
  TmModelReading readings[TM_MODEL_READINGS];
  const char *key;
  uint64_t count = 0;
  uint32_t tokens[8];
  uint64_t token_count = 0;

  check(encoding != NULL, "cl100k_base is there");
  check(tm_count(encoding, text, strlen(text), NULL, &count, &error) == TM_OK && count == 3, "tm_count");
  check(tm_encode(encoding, text, strlen(text), NULL, tokens, 8, &token_count, &error) == TM_OK &&
            token_count == 3 && tokens[0] == 9906 && tokens[1] == 11 && tokens[2] == 1917,
        "tm_encode");
  memset(long_text, ' ', sizeof long_text);
  for (size_t i = 0; i < sizeof long_text; i += 4)
    long_text[i] = (char)('a' + i / 4 % 26);
  check(tm_count(encoding, long_text, sizeof long_text, always, &count, &error) == TM_CANCELLED &&
            error.offset > 0 && error.offset < sizeof long_text,
        "cancel");
  check(tm_fail_for_test(&error) == TM_INTERNAL, "exceptions end at the door");
  check(tm_model_readings("OpenAI/gpt-4o", strlen("OpenAI/gpt-4o"), NULL, readings) == 2 &&
            strcmp(readings[1].text, "gpt-4o") == 0,
        "tm_model_readings");
  check(tm_usage_read("{\"prompt_tokens\": 3}", 20, &usage, &key) == TM_USAGE_OK && usage.meters.input == 3,
        "tm_usage_read");
  return failures != 0;
}
