/*
 * The tokenizer's only door: bytes in, token counts or ids out.
 *
 * Conventions
 *   - Text is pointer and length, UTF-8, need not end in NUL. Bytes that are not well-formed UTF-8 are
 *     counted as the tokens of the single bytes; nothing here can be made to read or write elsewhere.
 *   - Errors are values. No function throws or jumps. None keeps memory after it returns, but for what each
 *     thread remembers of the pieces it has counted lately: at most 1 MiB, and no text longer than 30 bytes;
 *     and, if tm_remember_texts asks for it, of whole texts: 32 bytes for each, and no text at all.
 *   - Encodings are immutable and live as long as the process. Every function may be called from any
 *     thread.
 *   - `cancelled` may be NULL. Else it is polled at least every 64 KiB of text, or every MiB of one that
 *     only repeats itself or is looked up by its hash, but not at the start. It must return without side effect; when it returns true,
 *     the call ends with TM_CANCELLED. What was done until then is a whole number of pieces: the caller may
 *     go on behind it, with the rest of the text.
 */
#ifndef TOKENMETER_TOKENIZER_H
#define TOKENMETER_TOKENIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum TmStatus {
  TM_OK = 0,
  TM_CANCELLED,     /* `cancelled` said so */
  TM_OUT_OF_MEMORY, /* scratch space for a long piece could not be had */
  TM_TOO_MANY,      /* more tokens than the caller's array holds */
  TM_INVALID,       /* the definition of an encoding cannot be used */
  TM_INTERNAL,      /* a bug of ours: an unexpected exception ended at the door */
  TM_NEEDS_MORE,    /* the part of a text is too short to tell */
} TmStatus;

/* What went wrong; valid when the function returned anything but TM_OK. */
typedef struct TmError {
  uint64_t offset;   /* bytes of the text that were done, and whose tokens the answer holds */
  char message[512]; /* for TM_INTERNAL and TM_INVALID: what is wrong; else empty */
} TmError;

typedef struct TmEncoding TmEncoding;

/* The encoding of that name, exactly as written; NULL if there is none. */
const TmEncoding *tm_encoding_find(const char *name, size_t length);

/* All encodings in a fixed order: index 0, 1, ...; NULL past the last. */
const TmEncoding *tm_encoding_at(size_t index);

const char *tm_encoding_name(const TmEncoding *encoding);

/*
 * The number of tokens of the text; the text of special tokens counts as ordinary text. O(length) time;
 * memory does not grow with it (a piece longer than 64 bytes takes up to some 200 KB while it is merged).
 */
TmStatus tm_count(const TmEncoding *encoding, const char *text, size_t length, bool (*cancelled)(void),
                  uint64_t *count, TmError *error);

/*
 * As tm_count for a part of a text, which is not remembered as a text of its own. If more follows, counts the
 * pieces that are settled whatever follows; error->offset says how many bytes those are, also after TM_OK. The
 * caller puts the bytes that were not taken before the next part. (0 bytes taken: the part is too short, give a
 * longer one.)
 */
TmStatus tm_count_part(const TmEncoding *encoding, const char *text, size_t length, bool more_follows,
                       bool (*cancelled)(void), uint64_t *count, TmError *error);

/*
 * A place in a text, and the tokens before it. They are settled: of every prefix that has at least `known_from`
 * bytes these are the first tokens, and the rest has as many as if it were a text of its own.
 */
typedef struct TmSettled {
  uint64_t offset;
  uint64_t count;
  uint64_t known_from;
} TmSettled;

/* What tm_truncate knows of a text so far; all zeros at first. Plain numbers: nothing to release. */
typedef struct TmTruncation {
  TmSettled last;
  TmSettled before;
} TmTruncation;

/*
 * The longest prefix of whole characters whose own tokens are at most `max_tokens`: *prefix bytes, *count tokens.
 * A prefix's own count is what tm_count says of it alone, so it may be more or less than what the whole text has
 * up to there, and a longer prefix may have fewer. With `more_follows` the text is the beginning of one; then
 * TM_NEEDS_MORE says that only a longer part can tell. After that, and after TM_CANCELLED, the caller may call
 * again, with the same beginning and the same *known, and no work on what is settled is done twice.
 *
 * Time is that of counting the answer, not the text, but for a single long piece at its end. truncate.hpp says of
 * which encodings the answer is proved to be the longest, and how far it is searched for in others.
 */
TmStatus tm_truncate(const TmEncoding *encoding, const char *text, size_t length, bool more_follows,
                     uint64_t max_tokens, bool (*cancelled)(void), TmTruncation *known, size_t *prefix,
                     uint64_t *count, TmError *error);

/*
 * A long end of the text, of whole characters, whose own tokens are at most `max_tokens`: its *start. Hardly ever
 * is there a longer one; the search looks at those of a few characters more.
 */
TmStatus tm_tail(const TmEncoding *encoding, const char *text, size_t length, uint64_t max_tokens,
                 bool (*cancelled)(void), size_t *start, TmError *error);

/*
 * Lets tm_count remember the counts of the last so many texts of 2 KiB to 1 MiB (a power of two from 4 on: it
 * rounds up), in each thread its own: of a text that comes again only a hash is taken then, at some ten times
 * the speed of counting. 0, as it is at first: none. Each call forgets what was remembered.
 */
void tm_remember_texts(size_t texts);

/*
 * The tokens of the text, into tokens[capacity]; *count says how many. TM_TOO_MANY if they do not fit,
 * which cannot happen with the capacity that tm_count told.
 */
TmStatus tm_encode(const TmEncoding *encoding, const char *text, size_t length, bool (*cancelled)(void),
                   uint32_t *tokens, size_t capacity, uint64_t *count, TmError *error);

/*
 * The bytes of a token, special tokens included: *bytes points into the encoding. Returns their number,
 * 0 if the encoding has no such token. O(1), special tokens O(log n).
 */
size_t tm_token_bytes(const TmEncoding *encoding, uint32_t token, const char **bytes);

/*
 * What a token stands for where tokens are put together to a text again: spaces are spaces, a word that goes on has no
 * mark of that. Returns the length of what it writes to `text`, which has room for a byte more than tm_token_bytes()
 * says. What the encoding's normalizer took away does not come back.
 */
size_t tm_token_text(const TmEncoding *encoding, uint32_t token, bool is_first, char *text);

/*
 * Estimates for models whose tokenizer is not public: weights of kinds of characters, fitted to a tokenizer that is
 * related, or thought to be alike. docs/token.md says which, and how far they are off.
 */
typedef struct TmEstimator TmEstimator;

/* The estimator of that name ("claude", "gemini", "general", ...); NULL if there is none. */
const TmEstimator *tm_estimator_find(const char *name, size_t length);

/* About how many tokens the text is; 0 of an empty text only. O(length) time, no memory. */
TmStatus tm_estimate(const TmEstimator *estimator, const char *text, size_t length, bool (*cancelled)(void),
                     uint64_t *count, TmError *error);

/*
 * A tokenizer file as it was published: Hugging Face's tokenizer.json ("huggingface"), a .tiktoken rank file
 * ("tiktoken"), a SentencePiece model ("sentencepiece"), Mistral's tekken.json ("tekken") or the beginning of a GGUF
 * file ("gguf"); "auto" tells them apart. A rank file's regular expression and special tokens, a JSON object of
 * text to id, are given beside it; for the other formats these are empty.
 */
typedef struct TmDefinition {
  const char *bytes;
  size_t length;
  const char *format;
  size_t format_length;
  const char *pattern;
  size_t pattern_length;
  const char *special_tokens;
  size_t special_tokens_length;
} TmDefinition;

/*
 * Compiles a definition into an image, which is to be given back to tm_free(). TM_INVALID if the definition cannot be
 * used; error->message then says why, and where in the file. O(length log length); memory some ten times the
 * file's. A file of 10 MB takes about a second. `cancelled`, which may be NULL, is called every few milliseconds;
 * when it returns true, all is given up with TM_CANCELLED.
 */
TmStatus tm_compile(const TmDefinition *definition, bool (*cancelled)(void), char **image, size_t *size,
                    TmError *error);

void tm_free(char *image);

/* The name of the format that a definition seems to be of: *format is NULL if it is none of those known. */
TmStatus tm_detect_format(const char *bytes, size_t length, const char **format, TmError *error);

/* Images of another version cannot be opened, and are to be compiled anew. */
uint32_t tm_image_version(void);

/*
 * Makes an encoding of an image, which is at an address divisible by 64, stays there for ever and has been
 * verified to be what tm_compile() made. O(1). TM_INVALID if it is of another version.
 */
TmStatus tm_encoding_open(const char *name, const void *image, size_t size, const TmEncoding **encoding,
                          TmError *error);

/*
 * Ends with TM_INTERNAL by a C++ exception thrown and caught behind this door. It is there so that tests
 * can show what the callers of the door make of one.
 */
TmStatus tm_fail_for_test(TmError *error);

#ifdef __cplusplus
}
#endif

#endif
