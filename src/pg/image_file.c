#include "postgres.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "miscadmin.h"
#include "port/pg_crc32c.h"
#include "storage/fd.h"
#include "utils/builtins.h"

#include "image_file.h"
#include "tokenizer/tokenizer.h"

/* In the data directory. A base backup may copy it; whatever is in it can be lost. */
#define IMAGE_DIRECTORY "tokenmeter"

/* Behind the image in its file. */
typedef struct ImageTrailer
{
	uint64		size;			/* of the image */
	pg_crc32c	crc;			/* and its checksum */
	uint32		version;		/* tm_image_version() */
} ImageTrailer;

static char *
image_path(const ImageHash *hash)
{
	char		hex[2 * sizeof hash->bytes + 1];

	hex[hex_encode((const char *) hash->bytes, sizeof hash->bytes, hex)] = '\0';
	return psprintf("%s/%s.%u", IMAGE_DIRECTORY, hex, tm_image_version());
}

static pg_crc32c
checksum(const void *image, size_t size)
{
	pg_crc32c	crc;

	INIT_CRC32C(crc);
	COMP_CRC32C(crc, image, size);
	FIN_CRC32C(crc);
	return crc;
}

static bool
is_whole(const char *file, size_t file_size)
{
	ImageTrailer trailer;

	if (file_size < sizeof trailer)
		return false;
	memcpy(&trailer, file + file_size - sizeof trailer, sizeof trailer);
	return trailer.version == tm_image_version() && trailer.size == file_size - sizeof trailer &&
		EQ_CRC32C(trailer.crc, checksum(file, trailer.size));
}

/* The whole file, mapped; NULL if it cannot be. */
static void *
map_file(const char *path, size_t *size)
{
	int			fd = OpenTransientFile(path, O_RDONLY | PG_BINARY);
	struct stat status;
	void	   *file = MAP_FAILED;

	if (fd < 0)
	{
		if (errno != ENOENT)
			ereport(LOG, (errcode_for_file_access(), errmsg("could not open file \"%s\": %m", path)));
		return NULL;
	}
	if (fstat(fd, &status) == 0 && status.st_size > 0)
	{
		*size = status.st_size;
		file = mmap(NULL, *size, PROT_READ, MAP_SHARED, fd, 0);
	}
	CloseTransientFile(fd);
	return file != MAP_FAILED ? file : NULL;
}

const void *
map_image_file(const ImageHash *hash, size_t *size)
{
	char	   *path = image_path(hash);
	size_t		file_size;
	char	   *file = map_file(path, &file_size);

	if (file != NULL && !is_whole(file, file_size))
	{
		ereport(LOG, (errcode(ERRCODE_DATA_CORRUPTED), errmsg("file \"%s\" is damaged and will be made again", path)));
		munmap(file, file_size);
		file = NULL;
	}
	if (file != NULL)
		*size = file_size - sizeof(ImageTrailer);
	pfree(path);
	return file;
}

static void
write_part(int fd, const char *path, const void *bytes, size_t size)
{
	while (size > 0)
	{
		ssize_t		written = write(fd, bytes, Min(size, 1024 * 1024));

		if (written <= 0)
		{
			int			save_errno = written < 0 ? errno : ENOSPC;

			unlink(path);
			errno = save_errno;
			ereport(ERROR, (errcode_for_file_access(), errmsg("could not write file \"%s\": %m", path)));
		}
		bytes = (const char *) bytes + written;
		size -= written;
		CHECK_FOR_INTERRUPTS();
	}
}

void
write_image_file(const ImageHash *hash, const void *image, size_t size)
{
	char	   *path = image_path(hash);
	char	   *unfinished = psprintf("%s.tmp.%d", path, MyProcPid);
	ImageTrailer trailer;
	int			fd;

	memset(&trailer, 0, sizeof trailer);
	trailer.size = size;
	trailer.crc = checksum(image, size);
	trailer.version = tm_image_version();

	if (MakePGDirectory(IMAGE_DIRECTORY) < 0 && errno != EEXIST)
		ereport(ERROR, (errcode_for_file_access(), errmsg("could not create directory \"%s\": %m", IMAGE_DIRECTORY)));
	fd = OpenTransientFile(unfinished, O_WRONLY | O_CREAT | O_TRUNC | PG_BINARY);
	if (fd < 0)
		ereport(ERROR, (errcode_for_file_access(), errmsg("could not create file \"%s\": %m", unfinished)));
	write_part(fd, unfinished, image, size);
	write_part(fd, unfinished, &trailer, sizeof trailer);
	if (CloseTransientFile(fd) != 0)
		ereport(ERROR, (errcode_for_file_access(), errmsg("could not close file \"%s\": %m", unfinished)));
	/* Syncs the file before and the directory after. */
	durable_rename(unfinished, path, ERROR);
	pfree(unfinished);
	pfree(path);
}

void
remove_image_file(const ImageHash *hash)
{
	char	   *path = image_path(hash);

	if (unlink(path) < 0 && errno != ENOENT)
		ereport(LOG, (errcode_for_file_access(), errmsg("could not remove file \"%s\": %m", path)));
	pfree(path);
}
