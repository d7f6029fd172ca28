/*
 * Which encoding a model's name stands for: an encoding's own name, or what tokenmeter.model says of one of
 * the name's readings. The rows are few, and are kept in memory.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/inval.h"

#include "compat.h"
#include "encoding.h"
#include "engine.h"
#include "metering/metering.h"
#include "model.h"
#include "table_cache.h"

/* Columns of tokenmeter.model, in the order of src/sql/10-model.sql. */
enum
{
	MODEL_PATTERN = 1,
	MODEL_SHIPPED = 2,
	MODEL_ENCODING = 3,
	MODEL_PROVIDER = 4,
	MODEL_CHAT_TEMPLATE = 5,
	MODEL_ESTIMATOR = 6
};

typedef struct ModelRow
{
	const char *pattern;		/* UTF-8, as all names here */
	size_t		pattern_length;
	bool		shipped;
	const char *encoding_name;	/* NULL: no public tokenizer */
	const char *provider;		/* or NULL */
	const char *chat_template;	/* NULL: the encoding's */
	const char *estimator;		/* or NULL: general */
} ModelRow;

/* A name; NULL for NULL. */
static const char *
read_name(HeapTuple tuple, TupleDesc descriptor, int column)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, column, descriptor, &isnull);

	return isnull ? NULL : utf8_name(DatumGetTextPP(value));
}

static void
read_row(HeapTuple tuple, TupleDesc descriptor, void *result)
{
	ModelRow   *row = result;
	bool		isnull;

	row->pattern = read_name(tuple, descriptor, MODEL_PATTERN);
	row->pattern_length = strlen(row->pattern);
	row->shipped = DatumGetBool(heap_getattr(tuple, MODEL_SHIPPED, descriptor, &isnull));
	row->encoding_name = read_name(tuple, descriptor, MODEL_ENCODING);
	row->provider = read_name(tuple, descriptor, MODEL_PROVIDER);
	row->chat_template = read_name(tuple, descriptor, MODEL_CHAT_TEMPLATE);
	row->estimator = read_name(tuple, descriptor, MODEL_ESTIMATOR);
}

static TableCache models = {.table_name = "model", .row_size = sizeof(ModelRow), .read_row = read_row};

/* The row that names the model best: the earliest reading that any row names, there the most specific. */
static const ModelRow *
find_model(Utf8 name)
{
	TmModelReading readings[TM_MODEL_READINGS];
	size_t		reading_count = tm_model_readings(name.bytes, name.length, NULL, readings);
	const ModelRow *rows;

	refresh_table_cache(&models);
	rows = models.rows;
	for (size_t i = 0; i < reading_count; i++)
	{
		const ModelRow *best = NULL;
		size_t		best_specificity = 0;

		for (const ModelRow *row = rows; row < rows + models.count; row++)
		{
			size_t		specificity = tm_model_specificity(row->pattern, row->pattern_length,
														   readings[i].text);

			if (specificity > best_specificity ||
				(best != NULL && specificity == best_specificity && best->shipped))
			{
				best = row;
				best_specificity = specificity;
			}
		}
		if (best != NULL)
			return best;
	}
	return NULL;
}

/* The encoding of that name itself: linked into the library, or loaded. */
static const TmEncoding *
find_encoding_by_name(const char *name, size_t length)
{
	const TmEncoding *encoding = tm_encoding_find(name, length);

	return encoding != NULL ? encoding : find_loaded_encoding(name, length);
}

const TmEncoding *
find_encoding(const text *name)
{
	Utf8		utf8 = utf8_from_text(name);
	const TmEncoding *encoding = find_encoding_by_name(utf8.bytes, utf8.length);
	const ModelRow *model;

	if (encoding != NULL)
		return encoding;
	model = find_model(utf8);
	if (model == NULL || model->encoding_name == NULL)
		return NULL;
	return find_encoding_by_name(model->encoding_name, strlen(model->encoding_name));
}

const TmEncoding *
find_chat_encoding(const text *name, char **chat_template)
{
	const TmEncoding *encoding = find_encoding(name);
	Utf8		utf8 = utf8_from_text(name);
	const ModelRow *model = NULL;

	if (encoding != NULL && find_encoding_by_name(utf8.bytes, utf8.length) == NULL)
		model = find_model(utf8);
	*chat_template = model != NULL && model->chat_template != NULL ? pstrdup(model->chat_template) : NULL;
	return encoding;
}

void
raise_no_encoding(const text *name)
{
	const ModelRow *model = find_model(utf8_from_text(name));
	char	   *shown = text_to_cstring(name);

	if (model != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("model \"%s\" has no tokenizer here", shown),
				 model->encoding_name == NULL
				 ? errdetail("Its provider does not publish one, or it is not loaded.")
				 : errdetail("Its encoding \"%s\" does not exist.", name_from_utf8(model->encoding_name)),
				 errhint("Use the token numbers that the provider reports, or token_estimate().")));
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("model or encoding \"%s\" is not known", shown),
			 errhint("tokenmeter.model lists the known models; tokenmeter.add_model() adds one.")));
}

const TmEncoding *
require_encoding(const text *name)
{
	const TmEncoding *encoding = find_encoding(name);

	if (encoding == NULL)
		raise_no_encoding(name);
	return encoding;
}

const TmEstimator *
find_estimator(const text *name)
{
	const ModelRow *model = find_model(utf8_from_text(name));
	const char *estimator_name;

	if (model == NULL || model->encoding_name != NULL)
		return NULL;
	estimator_name = model->estimator != NULL ? model->estimator : "general";
	return tm_estimator_find(estimator_name, strlen(estimator_name));
}

const TmEstimator *
require_estimator(const text *name)
{
	const TmEstimator *estimator = find_estimator(name);
	const ModelRow *model = find_model(utf8_from_text(name));

	if (estimator == NULL && model != NULL && model->encoding_name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("estimator \"%s\" does not exist", name_from_utf8(model->estimator))));
	if (estimator == NULL)
		raise_no_encoding(name);
	return estimator;
}

/* What a call site remembers between calls. */
typedef struct ResolvedModel
{
	const TmEncoding *encoding;
	uint64		generation;
	int			name_length;
	char		name[TM_MODEL_NAME_SIZE];
} ResolvedModel;

const TmEncoding *
encoding_argument(FunctionCallInfo fcinfo, int index)
{
	const text *name = PG_GETARG_TEXT_PP(index);
	const char *bytes = VARDATA_ANY(name);
	int			length = VARSIZE_ANY_EXHDR(name);
	ResolvedModel *last = fcinfo->flinfo->fn_extra;
	const TmEncoding *encoding;

	if (last != NULL && last->generation == table_cache_generation && last->name_length == length &&
		memcmp(last->name, bytes, length) == 0)
		return last->encoding;

	encoding = require_encoding(name);

	if (length <= TM_MODEL_NAME_SIZE)
	{
		if (last == NULL)
			last = fcinfo->flinfo->fn_extra =
				MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, sizeof(ResolvedModel));
		last->encoding = encoding;
		last->generation = table_cache_generation;
		last->name_length = length;
		memcpy(last->name, bytes, length);
	}
	return encoding;
}

PG_FUNCTION_INFO_V1(tokenmeter_token_encoding);

Datum
tokenmeter_token_encoding(PG_FUNCTION_ARGS)
{
	const TmEncoding *encoding = find_encoding(PG_GETARG_TEXT_PP(0));

	if (encoding == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(name_from_utf8(tm_encoding_name(encoding))));
}

const char *
find_model_owner(const text *name)
{
	const ModelRow *model = find_model(utf8_from_text(name));

	return model != NULL ? model->provider : NULL;
}

PG_FUNCTION_INFO_V1(tokenmeter_model_provider);

Datum
tokenmeter_model_provider(PG_FUNCTION_ARGS)
{
	const text *name = PG_GETARG_TEXT_PP(0);
	char		provider[TM_MODEL_NAME_SIZE];
	bool		known = false;
	const char *owner;

	if (tm_model_path_provider(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), provider, &known) && known)
		PG_RETURN_TEXT_P(cstring_to_text(provider));
	owner = find_model_owner(name);
	if (owner == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(name_from_utf8(owner)));
}

PG_FUNCTION_INFO_V1(tokenmeter_encodings);

Datum
tokenmeter_encodings(PG_FUNCTION_ARGS)
{
	ArrayBuildState *names = initArrayResult(TEXTOID, CurrentMemoryContext, false);
	const TmEncoding *encoding;

	(void) fcinfo;
	for (size_t i = 0; (encoding = tm_encoding_at(i)) != NULL; i++)
		accumArrayResult(names, CStringGetTextDatum(tm_encoding_name(encoding)), false, TEXTOID,
						 CurrentMemoryContext);
	accumulate_loaded_encodings(names);
	PG_RETURN_DATUM(makeArrayResult(names, CurrentMemoryContext));
}

/* Statement trigger on a table that backends keep in memory: tells them all that it has changed. */
PG_FUNCTION_INFO_V1(tokenmeter_table_changed);

Datum
tokenmeter_table_changed(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function must be called as a trigger")));
	CacheInvalidateRelcache(((TriggerData *) fcinfo->context)->tg_relation);
	return PointerGetDatum(NULL);
}
