/*
 * Reads a long text that is stored compressed or out of line part by part.
 *
 * The stored bytes come from the value itself, or out of line, from the TOAST table, by chunks; each is decoded
 * behind what is in the buffer. That keeps, before the bytes that the caller has not taken yet, those which the
 * decoder may still refer to.
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/heaptoast.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/toast_compression.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "compat.h"
#include "decompress.h"
#include "toast.h"

/* Shorter texts are detoasted: they fit in memory, and are remembered when counted. */
#define SHORTEST_STORED_TEXT (1024 * 1024)

/* Bytes of a text in memory, but for a single piece that is longer. */
#define PART_SIZE (256 * 1024)

/* Stored bytes that are fetched at a time: whole rows of the TOAST table. */
#define FETCH_SIZE (32 * TOAST_MAX_CHUNK_SIZE)

/* Of a compressed value that is stored out of line the first bytes repeat its size and format. */
#define COMPRESSION_INFO_SIZE sizeof(uint32)

struct StoredText
{
	/* Where the stored bytes come from. */
	Relation	toast_table;	/* NULL: all are here */
	Oid			value_id;		/* in the table */
	int32		stored_size;
	int32		fetched;		/* of these */
	struct varlena *chunk;		/* room for those fetched last */
	const uint8_t *stored;		/* those not decoded yet */
	const uint8_t *stored_end;

	Decoder		decoder;
	size_t		undecoded;		/* bytes of the text that are still to come */

	/* The text itself. */
	uint8_t    *buffer;
	size_t		capacity;
	size_t		begin;			/* of what the caller has not taken */
	size_t		end;
};

/* How far back the decoder may refer. */
static size_t
window_size(const StoredText *text)
{
	switch (text->decoder.format)
	{
		case STORED_PLAIN:
			return 0;
		case STORED_PGLZ:
			return PGLZ_WINDOW;
		case STORED_LZ4:
			return LZ4_WINDOW;
	}
	return 0;
}

/* False for a method that is not known here. */
static bool
set_format(StoredText *text, uint32 compression_method)
{
	switch (compression_method)
	{
		case TOAST_PGLZ_COMPRESSION_ID:
			text->decoder.format = STORED_PGLZ;
			return true;
		case TOAST_LZ4_COMPRESSION_ID:
			text->decoder.format = STORED_LZ4;
			return true;
	}
	return false;
}

/* Fills in what a value in a TOAST table is; false if it cannot be read by parts. */
static bool
describe_external(StoredText *text, struct varlena *value)
{
	struct varatt_external pointer;

	VARATT_EXTERNAL_GET_POINTER(pointer, value);
	if (pointer.va_rawsize - VARHDRSZ < SHORTEST_STORED_TEXT)
		return false;
	text->undecoded = pointer.va_rawsize - VARHDRSZ;
	text->stored_size = VARATT_EXTERNAL_GET_EXTSIZE(pointer);
	text->value_id = pointer.va_valueid;
	if (VARATT_EXTERNAL_IS_COMPRESSED(pointer) &&
		!set_format(text, VARATT_EXTERNAL_GET_COMPRESS_METHOD(pointer)))
		return false;
	text->toast_table = table_open(pointer.va_toastrelid, AccessShareLock);
	text->chunk = palloc(VARHDRSZ + FETCH_SIZE);
	return true;
}

/* The same for one that is compressed in the row itself. */
static bool
describe_compressed(StoredText *text, struct varlena *value)
{
	text->undecoded = VARDATA_COMPRESSED_GET_EXTSIZE(value);
	text->stored = (const uint8_t *) value + VARHDRSZ_COMPRESSED;
	text->stored_end = (const uint8_t *) value + VARSIZE(value);
	return text->undecoded >= SHORTEST_STORED_TEXT &&
		set_format(text, VARDATA_COMPRESSED_GET_COMPRESS_METHOD(value));
}

StoredText *
open_stored_text(Datum value)
{
	struct varlena *varlena = (struct varlena *) DatumGetPointer(value);
	bool		external = VARATT_IS_EXTERNAL_ONDISK(varlena);
	StoredText *text;

	if (!external && !VARATT_IS_COMPRESSED(varlena))
		return NULL;
	/* Another encoding is converted as a whole. */
	if (GetDatabaseEncoding() != PG_UTF8)
		return NULL;

	text = palloc0(sizeof(StoredText));
	text->decoder.format = STORED_PLAIN;
	if (external ? !describe_external(text, varlena) : !describe_compressed(text, varlena))
	{
		pfree(text);
		return NULL;
	}
	text->capacity = PART_SIZE + window_size(text);
	text->buffer = palloc(text->capacity);
	return text;
}

void
close_stored_text(StoredText *text)
{
	if (text->toast_table != NULL)
	{
		table_close(text->toast_table, AccessShareLock);
		pfree(text->chunk);
	}
	pfree(text->buffer);
	pfree(text);
}

static void
raise_corrupted(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("compressed text is corrupt")));
}

static bool
all_is_fetched(const StoredText *text)
{
	return text->toast_table == NULL || text->fetched == text->stored_size;
}

/* Fetches the next stored bytes from the TOAST table. */
static void
fetch(StoredText *text)
{
	int32		size = Min(FETCH_SIZE, text->stored_size - text->fetched);
	int32		skip = 0;

	table_relation_fetch_toast_slice(text->toast_table, text->value_id, text->stored_size,
									 text->fetched, size, text->chunk);
	if (text->fetched == 0 && text->decoder.format != STORED_PLAIN)
		skip = Min(size, (int32) COMPRESSION_INFO_SIZE);
	text->fetched += size;
	text->stored = (const uint8_t *) VARDATA(text->chunk) + skip;
	text->stored_end = (const uint8_t *) VARDATA(text->chunk) + size;
}

/* Makes room behind what is in the buffer. */
static void
make_room(StoredText *text)
{
	size_t		keep_from = text->end - Min(text->end, window_size(text));

	keep_from = Min(keep_from, text->begin);
	text->begin -= keep_from;
	text->end -= keep_from;
	memmove(text->buffer, text->buffer + keep_from, text->end);

	/* At least half of it, or little would be gained by reading on. */
	if (text->end > text->capacity / 2)
	{
		text->capacity = Min(2 * text->capacity, text->end + text->undecoded);
		text->buffer = repalloc_huge(text->buffer, text->capacity);
	}
}

/* Decodes into the buffer until it is full or the text ends. */
static void
fill(StoredText *text)
{
	size_t		missing = Min(text->capacity - text->end, text->undecoded);
	Portion		portion;

	portion.window = text->buffer;
	portion.out = text->buffer + text->end;
	portion.out_end = portion.out + missing;
	for (;;)
	{
		portion.in = text->stored;
		portion.in_end = text->stored_end;
		if (!decode(&text->decoder, &portion))
			raise_corrupted();
		text->stored = portion.in;
		if (portion.out == portion.out_end)
			break;
		CHECK_FOR_INTERRUPTS();
		if (all_is_fetched(text))
			raise_corrupted();	/* the text should be longer */
		fetch(text);
	}
	text->end += missing;
	text->undecoded -= missing;
	if (text->undecoded == 0 && (text->stored != text->stored_end || !all_is_fetched(text) ||
								 !decode_is_complete(&text->decoder)))
		raise_corrupted();		/* it should be shorter */
}

Utf8
read_stored_text(StoredText *text, size_t drop, bool *last)
{
	Utf8		part;

	text->begin += drop;
	if (text->undecoded != 0)
	{
		make_room(text);
		fill(text);
	}
	*last = text->undecoded == 0;
	part.bytes = (const char *) text->buffer + text->begin;
	part.length = text->end - text->begin;
	return part;
}
