/*
 * Images of loaded encodings as files below the data directory, from where every backend maps them. A file is named
 * for the hash of the definition that its image was compiled from, and is made again whenever it is not there.
 */
#ifndef TOKENMETER_IMAGE_FILE_H
#define TOKENMETER_IMAGE_FILE_H

#include "common/sha2.h"

typedef struct ImageHash
{
	uint8		bytes[PG_SHA256_DIGEST_LENGTH];
} ImageHash;

/*
 * Maps the image, for as long as the process lives. NULL if there is no file, or none that is whole and of this
 * library's version.
 */
extern const void *map_image_file(const ImageHash *hash, size_t *size);

/*
 * Writes the file, so that other backends see all of it or nothing, and removes those that nobody needs any more.
 * Several may do so at once.
 */
extern void write_image_file(const ImageHash *hash, const void *image, size_t size);

/* Deletes the file, if there is one. Backends that have mapped it keep it. */
extern void remove_image_file(const ImageHash *hash);

#endif
