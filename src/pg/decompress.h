/*
 * Decompresses what PostgreSQL compresses, bit by bit: input and output come in portions of any size, where the
 * server's own functions want the whole of both in memory. Knows no server.
 */
#ifndef TOKENMETER_DECOMPRESS_H
#define TOKENMETER_DECOMPRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C"
{
#endif

/* How stored bytes become a value. */
typedef enum StoredFormat
{
	STORED_PLAIN,
	STORED_PGLZ,
	STORED_LZ4,					/* one block, without a frame */
} StoredFormat;

/* How far back in the output a format may refer. */
#define PGLZ_WINDOW 4095
#define LZ4_WINDOW 65535

/* Where the decoder stands between two portions. All zeros but for the format is the beginning. */
typedef struct Decoder
{
	StoredFormat format;
	int			step;			/* of the format's own: what comes next in the input */
	uint8_t		control;		/* pglz: the kinds of the next items, a bit each */
	int			items;			/* pglz: how many */
	uint8_t		tag[3];			/* pglz: a tag's bytes */
	int			tag_length;		/* pglz: how many of them are here */
	uint64_t	literals;		/* lz4: bytes to be taken from the input as they are */
	uint64_t	match;			/* bytes to be repeated from the output */
	uint32_t	distance;		/* how far back these are */
} Decoder;

/* A portion: what is decoded moves from the input to the output. */
typedef struct Portion
{
	const uint8_t *in;
	const uint8_t *in_end;
	uint8_t    *window;			/* output that was made before, up to `out`: all, or as far back as the
								 * format may refer */
	uint8_t    *out;
	uint8_t    *out_end;
} Portion;

/*
 * Decodes until the input is used up or the output is full. False if the input is not of the format. Whatever
 * the input, nothing outside the portion is read or written.
 */
extern bool decode(Decoder *decoder, Portion *portion);

/* Whether a value may end where the decoder stands, when all input is used up. */
extern bool decode_is_complete(const Decoder *decoder);

#ifdef __cplusplus
}
#endif

#endif
