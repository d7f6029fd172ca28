/*
 * The two formats, each as a machine that can stop at every byte.
 *
 * pglz (src/common/pg_lzcompress.c of PostgreSQL): a control byte, then 8 items, whose kinds are its bits, the
 * lowest first. 0: a byte as it is. 1: a tag of 2 or 3 bytes; the low half of the first is the length less 3, or
 * 15, if the third byte says by how much the length is more than 18; the high half and the second byte are the
 * distance.
 *
 * lz4 (the LZ4 block format description): a token, of which the high half is the number of literal bytes, and
 * the low half the length of a match less 4; 15 in a half means that bytes follow that are added to it, up to
 * one that is not 255. Token, more of the first number, literals, distance (2 bytes, the low one first), more of
 * the second number. The last sequence ends behind its literals.
 */
#include "decompress.h"

#include <string.h>

static inline size_t
smaller(uint64_t a, size_t b)
{
	return a < b ? (size_t) a : b;
}

static inline size_t
in_left(const Portion *portion)
{
	return (size_t) (portion->in_end - portion->in);
}

static inline size_t
out_left(const Portion *portion)
{
	return (size_t) (portion->out_end - portion->out);
}

/* Moves bytes as they are; returns how many, at most `length`. */
static size_t
copy_literals(Portion *portion, uint64_t length)
{
	size_t		count = smaller(length, smaller(in_left(portion), out_left(portion)));

	if (count == 0)
		return 0;				/* there need not even be an input */
	memcpy(portion->out, portion->in, count);
	portion->in += count;
	portion->out += count;
	return count;
}

/* Begins a repetition. False if it goes back behind the beginning. */
static inline bool
begin_match(Decoder *decoder, const Portion *portion, uint32_t distance, uint64_t length)
{
	decoder->distance = distance;
	decoder->match = length;
	return distance != 0 && distance <= (size_t) (portion->out - portion->window);
}

/* Goes on with it, as far as the output has room. */
static inline void
copy_match(Decoder *decoder, Portion *portion)
{
	size_t		length = smaller(decoder->match, out_left(portion));
	size_t		distance = decoder->distance;

	decoder->match -= length;
	/* What is repeated may overlap with the repetition: what there is of it doubles with every round. */
	while (length > distance)
	{
		memcpy(portion->out, portion->out - distance, distance);
		portion->out += distance;
		length -= distance;
		distance *= 2;
	}
	memcpy(portion->out, portion->out - distance, length);
	portion->out += length;
}

/* Takes what is missing of a tag; false if the input ends before. */
static inline bool
complete_tag(Decoder *decoder, Portion *portion)
{
	while (decoder->tag_length < 2 || (decoder->tag_length == 2 && (decoder->tag[0] & 15) == 15))
	{
		if (in_left(portion) == 0)
			return false;
		decoder->tag[decoder->tag_length++] = *portion->in++;
	}
	return true;
}

static bool
decode_pglz(Decoder *decoder, Portion *portion)
{
	for (;;)
	{
		if (decoder->match != 0)
		{
			copy_match(decoder, portion);
			if (decoder->match != 0)
				return true;
		}
		if (decoder->items == 0)
		{
			if (in_left(portion) == 0)
				return true;
			decoder->control = *portion->in++;
			decoder->items = 8;
		}
		if ((decoder->control & 1) == 0)
		{
			if (copy_literals(portion, 1) == 0)
				return true;
		}
		else
		{
			const uint8_t *tag = decoder->tag;
			uint32_t	length;

			if (!complete_tag(decoder, portion))
				return true;
			length = (tag[0] & 15) + 3 + (decoder->tag_length == 3 ? tag[2] : 0);
			decoder->tag_length = 0;
			if (!begin_match(decoder, portion, (tag[0] & 0xF0) << 4 | tag[1], length))
				return false;
		}
		decoder->control >>= 1;
		decoder->items--;
	}
}

/* What comes next in an lz4 block. */
enum
{
	LZ4_TOKEN,
	LZ4_MORE_LITERALS,			/* another byte of their number */
	LZ4_LITERALS,
	LZ4_DISTANCE_LOW,
	LZ4_DISTANCE_HIGH,
	LZ4_MORE_MATCH,				/* another byte of its length */
	LZ4_MATCH,
};

static bool
decode_lz4(Decoder *decoder, Portion *portion)
{
	for (;;)
	{
		uint8_t		byte;

		/* The steps that need no byte, or all that there are. */
		if (decoder->step == LZ4_LITERALS)
		{
			decoder->literals -= copy_literals(portion, decoder->literals);
			if (decoder->literals != 0)
				return true;
			decoder->step = LZ4_DISTANCE_LOW;
		}
		else if (decoder->step == LZ4_MATCH)
		{
			copy_match(decoder, portion);
			if (decoder->match != 0)
				return true;
			decoder->step = LZ4_TOKEN;
		}

		if (in_left(portion) == 0)
			return true;
		byte = *portion->in++;
		switch (decoder->step)
		{
			case LZ4_TOKEN:
				decoder->literals = byte >> 4;
				decoder->match = (byte & 15) + 4;
				decoder->step = decoder->literals == 15 ? LZ4_MORE_LITERALS : LZ4_LITERALS;
				break;
			case LZ4_MORE_LITERALS:
				decoder->literals += byte;
				if (byte != 255)
					decoder->step = LZ4_LITERALS;
				break;
			case LZ4_DISTANCE_LOW:
				decoder->distance = byte;
				decoder->step = LZ4_DISTANCE_HIGH;
				break;
			case LZ4_DISTANCE_HIGH:
				if (!begin_match(decoder, portion, decoder->distance | (uint32_t) byte << 8,
								 decoder->match))
					return false;
				decoder->step = decoder->match == 15 + 4 ? LZ4_MORE_MATCH : LZ4_MATCH;
				break;
			case LZ4_MORE_MATCH:
				decoder->match += byte;
				if (byte != 255)
					decoder->step = LZ4_MATCH;
				break;
		}
	}
}

bool
decode(Decoder *decoder, Portion *portion)
{
	switch (decoder->format)
	{
		case STORED_PLAIN:
			copy_literals(portion, SIZE_MAX);
			return true;
		case STORED_PGLZ:
			return decode_pglz(decoder, portion);
		case STORED_LZ4:
			return decode_lz4(decoder, portion);
	}
	return false;
}

bool
decode_is_complete(const Decoder *decoder)
{
	switch (decoder->format)
	{
		case STORED_PLAIN:
			return true;
		case STORED_PGLZ:
			/* A control byte with no item behind it would be one too many. */
			return decoder->match == 0 && decoder->tag_length == 0 && decoder->items != 8;
		case STORED_LZ4:
			/* The last sequence is literals only. */
			return decoder->step == LZ4_DISTANCE_LOW;
	}
	return false;
}
