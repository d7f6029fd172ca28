/*
 * Which encoding a model's name stands for.
 */
#ifndef TOKENMETER_MODEL_H
#define TOKENMETER_MODEL_H

#include "compat.h"
#include "tokenizer/tokenizer.h"

/*
 * The encoding of a model or encoding name; NULL where the name is unknown or its model has no public
 * tokenizer.
 */
extern const TmEncoding *find_encoding(const text *name);

/* The same; raises undefined_object where there is none. */
extern const TmEncoding *require_encoding(const text *name);

/*
 * The same, and which chat template the model has: *chat_template is NULL where its row names none, else the
 * name, allocated.
 */
extern const TmEncoding *find_chat_encoding(const text *name, char **chat_template);

/* Raises undefined_object for a name that has no encoding. */
pg_noreturn extern void raise_no_encoding(const text *name);

/*
 * As require_encoding for the argument at `index` of a function, remembered from call to call of one call site.
 */
extern const TmEncoding *encoding_argument(FunctionCallInfo fcinfo, int index);

/* Whose a model is, as tokenmeter.model says; NULL where it does not. Valid until the table changes. */
extern const char *find_model_owner(const text *name);

/*
 * By what the tokens of a model with no encoding are estimated; raises undefined_object for a name that is not
 * known.
 */
extern const TmEstimator *require_estimator(const text *name);

/* The same; NULL where the name is not known, or its tokens can be counted. */
extern const TmEstimator *find_estimator(const text *name);

#endif
