/*
 * Encodings that were loaded into the database.
 */
#ifndef TOKENMETER_ENCODING_H
#define TOKENMETER_ENCODING_H

#include "tokenizer/tokenizer.h"
#include "utils/array.h"

/* The loaded encoding of that name; NULL if there is none. Makes its image first, where this server has none. */
extern const TmEncoding *find_loaded_encoding(const char *name, size_t length);

/* Adds the names of all loaded encodings to an array of text. */
extern void accumulate_loaded_encodings(ArrayBuildState *names);

#endif
