/*
 * Encodings that were loaded into the database: tokenmeter.encoding holds their definitions, as they were
 * published, and so dumps and standbys carry them. What counts is an image that is compiled from the definition,
 * once on each server, and kept in a file (image_file.h). Nothing but a definition is ever believed of a row.
 *
 * Each backend keeps the names and hashes of the rows in memory (table_cache.h), and for good the encodings it has
 * opened.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_type_d.h"
#include "common/cryptohash.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "compat.h"
#include "encoding.h"
#include "engine.h"
#include "image_file.h"
#include "table_cache.h"

/* Columns of tokenmeter.encoding, in the order of src/sql/05-encoding.sql. */
enum
{
	ENCODING_NAME = 1,
	ENCODING_HASH = 2,
	ENCODING_FORMAT = 3,
	ENCODING_DEFINITION = 4,
	ENCODING_PATTERN = 5,
	ENCODING_SPECIAL_TOKENS = 6
};

typedef struct EncodingRow
{
	const char *name;			/* UTF-8 */
	size_t		name_length;
	ImageHash	hash;
} EncodingRow;

/* What this process has opened: never closed, for call sites point to it. */
typedef struct OpenEncoding
{
	struct OpenEncoding *next;
	ImageHash	hash;
	const TmEncoding *encoding;
} OpenEncoding;

static OpenEncoding *open_encodings;

static void
read_row(HeapTuple tuple, TupleDesc descriptor, void *result)
{
	EncodingRow *row = result;
	bool		isnull;
	bytea	   *hash = DatumGetByteaPP(heap_getattr(tuple, ENCODING_HASH, descriptor, &isnull));

	row->name = utf8_name(DatumGetTextPP(heap_getattr(tuple, ENCODING_NAME, descriptor, &isnull)));
	row->name_length = strlen(row->name);
	memset(&row->hash, 0, sizeof row->hash);
	memcpy(row->hash.bytes, VARDATA_ANY(hash), Min(VARSIZE_ANY_EXHDR(hash), sizeof row->hash.bytes));
}

static TableCache encodings = {.table_name = "encoding", .row_size = sizeof(EncodingRow), .read_row = read_row};

/* A definition as it was given to load_encoding(). */
typedef struct Definition
{
	bytea	   *file;
	Utf8		format;
	Utf8		pattern;
	Utf8		special_tokens;
} Definition;

static void
hash_part(pg_cryptohash_ctx *context, const void *bytes, size_t length)
{
	uint64		prefix = length;

	if (pg_cryptohash_update(context, (const uint8 *) &prefix, sizeof prefix) < 0 ||
		pg_cryptohash_update(context, bytes, length) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not compute %s hash: %s", "SHA256", pg_cryptohash_error(context))));
}

static ImageHash
hash_definition(const Definition *definition)
{
	pg_cryptohash_ctx *context = pg_cryptohash_create(PG_SHA256);
	ImageHash	hash;

	if (pg_cryptohash_init(context) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not initialize %s context: %s", "SHA256", pg_cryptohash_error(context))));
	hash_part(context, VARDATA_ANY(definition->file), VARSIZE_ANY_EXHDR(definition->file));
	hash_part(context, definition->format.bytes, definition->format.length);
	hash_part(context, definition->pattern.bytes, definition->pattern.length);
	hash_part(context, definition->special_tokens.bytes, definition->special_tokens.length);
	if (pg_cryptohash_final(context, hash.bytes, sizeof hash.bytes) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not finalize %s context: %s", "SHA256", pg_cryptohash_error(context))));
	pg_cryptohash_free(context);
	return hash;
}

/* Compiles the definition, and keeps the image in its file. */
static void
make_image_file(const Definition *definition, const ImageHash *hash)
{
	TmDefinition source;
	TmError		error;
	TmStatus	status;
	char	   *image;
	size_t		size;

	source.bytes = VARDATA_ANY(definition->file);
	source.length = VARSIZE_ANY_EXHDR(definition->file);
	source.format = definition->format.bytes;
	source.format_length = definition->format.length;
	source.pattern = definition->pattern.bytes;
	source.pattern_length = definition->pattern.length;
	source.special_tokens = definition->special_tokens.bytes;
	source.special_tokens_length = definition->special_tokens.length;

	status = compile_definition(&source, &image, &size, &error);
	if (status == TM_INVALID)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("definition of an encoding cannot be used: %s",
						pg_any_to_server(error.message, strlen(error.message), PG_UTF8))));
	check_status(status, &error, 0);
	PG_TRY();
	{
		write_image_file(hash, image, size);
	}
	PG_FINALLY();
	{
		tm_free(image);
	}
	PG_END_TRY();
}

static Utf8
utf8_column(HeapTuple tuple, TupleDesc descriptor, int column)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, column, descriptor, &isnull);

	return isnull ? utf8_from_bytes("", 0) : utf8_from_text(DatumGetTextPP(value));
}

/* Makes the image file of a row. Returns false if the row has gone, or has another hash. */
static bool
remake_image_file(const EncodingRow *row)
{
	Relation	relation = table_open(encodings.table, AccessShareLock);
	SysScanDesc scan = systable_beginscan(relation, InvalidOid, false, NULL, 0, NULL);
	TupleDesc	descriptor = RelationGetDescr(relation);
	HeapTuple	tuple;
	bool		found = false;

	while (!found && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		EncodingRow candidate;
		Definition	definition;
		ImageHash	hash;
		bool		isnull;

		read_row(tuple, descriptor, &candidate);
		if (strcmp(candidate.name, row->name) != 0)
			continue;
		definition.file = DatumGetByteaPP(heap_getattr(tuple, ENCODING_DEFINITION, descriptor, &isnull));
		definition.format = utf8_column(tuple, descriptor, ENCODING_FORMAT);
		definition.pattern = utf8_column(tuple, descriptor, ENCODING_PATTERN);
		definition.special_tokens = utf8_column(tuple, descriptor, ENCODING_SPECIAL_TOKENS);
		hash = hash_definition(&definition);
		if (memcmp(&hash, &row->hash, sizeof hash) != 0)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("definition of encoding \"%s\" is not what its hash says", name_from_utf8(row->name))));
		make_image_file(&definition, &hash);
		found = true;
	}
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	return found;
}

static const void *
require_image(const EncodingRow *row, size_t *size)
{
	const void *image = map_image_file(&row->hash, size);

	if (image == NULL && remake_image_file(row))
		image = map_image_file(&row->hash, size);
	if (image == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("encoding \"%s\" cannot be opened", name_from_utf8(row->name))));
	return image;
}

static const TmEncoding *
open_encoding(const EncodingRow *row)
{
	size_t		size;
	const void *image = require_image(row, &size);
	OpenEncoding *opened = MemoryContextAlloc(TopMemoryContext, sizeof(OpenEncoding));
	TmError		error;

	opened->hash = row->hash;
	check_status(tm_encoding_open(row->name, image, size, &opened->encoding, &error), &error, 0);
	opened->next = open_encodings;
	open_encodings = opened;
	return opened->encoding;
}

const TmEncoding *
find_loaded_encoding(const char *name, size_t length)
{
	const EncodingRow *rows;

	refresh_table_cache(&encodings);
	rows = encodings.rows;
	for (const EncodingRow *row = rows; row < rows + encodings.count; row++)
	{
		EncodingRow copy = *row;

		if (row->name_length != length || memcmp(row->name, name, length) != 0)
			continue;
		for (OpenEncoding *opened = open_encodings; opened != NULL; opened = opened->next)
		{
			if (memcmp(&opened->hash, &row->hash, sizeof row->hash) == 0 &&
				strcmp(tm_encoding_name(opened->encoding), row->name) == 0)
				return opened->encoding;
		}
		/* The rows may be read anew while it is opened. */
		copy.name = pstrdup(row->name);
		return open_encoding(&copy);
	}
	return NULL;
}

void
accumulate_loaded_encodings(ArrayBuildState *names)
{
	const EncodingRow *rows;

	refresh_table_cache(&encodings);
	rows = encodings.rows;
	for (const EncodingRow *row = rows; row < rows + encodings.count; row++)
		accumArrayResult(names, CStringGetTextDatum(name_from_utf8(row->name)), false, TEXTOID, CurrentMemoryContext);
}

static Utf8
utf8_argument(FunctionCallInfo fcinfo, int index)
{
	return PG_ARGISNULL(index) ? utf8_from_bytes("", 0) : utf8_from_text(PG_GETARG_TEXT_PP(index));
}

PG_FUNCTION_INFO_V1(tokenmeter_prepare_encoding);

/* prepare_encoding(definition, format, pattern, special_tokens): compiles it; returns its hash. */
Datum
tokenmeter_prepare_encoding(PG_FUNCTION_ARGS)
{
	Definition	definition;
	ImageHash	hash;
	bytea	   *result = palloc(VARHDRSZ + sizeof hash.bytes);

	definition.file = PG_GETARG_BYTEA_PP(0);
	definition.format = utf8_argument(fcinfo, 1);
	definition.pattern = utf8_argument(fcinfo, 2);
	definition.special_tokens = utf8_argument(fcinfo, 3);
	hash = hash_definition(&definition);
	make_image_file(&definition, &hash);
	SET_VARSIZE(result, VARHDRSZ + sizeof hash.bytes);
	memcpy(VARDATA(result), hash.bytes, sizeof hash.bytes);
	PG_RETURN_BYTEA_P(result);
}

PG_FUNCTION_INFO_V1(tokenmeter_detect_format);

/* The format of a definition; NULL if it is none of those known. */
Datum
tokenmeter_detect_format(PG_FUNCTION_ARGS)
{
	bytea	   *definition = PG_GETARG_BYTEA_PP(0);
	const char *format;
	TmError		error;

	check_status(tm_detect_format(VARDATA_ANY(definition), VARSIZE_ANY_EXHDR(definition), &format, &error),
				 &error, 0);
	if (format == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(format));
}

PG_FUNCTION_INFO_V1(tokenmeter_discard_encoding);

/* discard_encoding(hash): forgets the image. */
Datum
tokenmeter_discard_encoding(PG_FUNCTION_ARGS)
{
	bytea	   *argument = PG_GETARG_BYTEA_PP(0);
	ImageHash	hash;

	if (VARSIZE_ANY_EXHDR(argument) != sizeof hash.bytes)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("hash must have %d bytes", (int) sizeof hash.bytes)));
	memcpy(hash.bytes, VARDATA_ANY(argument), sizeof hash.bytes);
	remove_image_file(&hash);
	PG_RETURN_VOID();
}
