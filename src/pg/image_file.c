#include "postgres.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "miscadmin.h"
#include "port/pg_crc32c.h"
#include "storage/fd.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "utils/builtins.h"

#include "image_file.h"
#include "tokenizer/tokenizer.h"

/*
 * In the data directory. A base backup may copy it; whatever is in it can be lost. All databases share it, and none
 * can see which images the others have rows for: so an image is removed when no session has opened it for a month.
 */
#define IMAGE_DIRECTORY "tokenmeter"

#define SECONDS_BETWEEN_TOUCHES (24 * 60 * 60)
#define SECONDS_UNTIL_UNUSED (30 * SECONDS_BETWEEN_TOUCHES)

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

/* Notes in the file's time that it is used. */
static void
touch_file(const char *path, const struct stat *status)
{
	if (time(NULL) - status->st_mtime > SECONDS_BETWEEN_TOUCHES)
		(void) utimes(path, NULL);
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
		touch_file(path, &status);
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
			if (written == 0)
				errno = ENOSPC;
			ereport(ERROR, (errcode_for_file_access(), errmsg("could not write file \"%s\": %m", path)));
		}
		bytes = (const char *) bytes + written;
		size -= written;
		CHECK_FOR_INTERRUPTS();
	}
}

static void
write_file(const char *path, const void *image, size_t size)
{
	ImageTrailer trailer;
	int			fd = OpenTransientFile(path, O_WRONLY | O_CREAT | O_TRUNC | PG_BINARY);

	if (fd < 0)
		ereport(ERROR, (errcode_for_file_access(), errmsg("could not create file \"%s\": %m", path)));
	memset(&trailer, 0, sizeof trailer);
	trailer.size = size;
	trailer.crc = checksum(image, size);
	trailer.version = tm_image_version();
	write_part(fd, path, image, size);
	write_part(fd, path, &trailer, sizeof trailer);
	if (CloseTransientFile(fd) != 0)
		ereport(ERROR, (errcode_for_file_access(), errmsg("could not close file \"%s\": %m", path)));
}

/* Deletes a file, whether or not another backend was faster. */
static void
remove_file(const char *path)
{
	if (unlink(path) < 0 && errno != ENOENT)
		ereport(LOG, (errcode_for_file_access(), errmsg("could not remove file \"%s\": %m", path)));
}

/*
 * Whether nobody needs a file of this directory any more: one that a backend was writing which is no more, an image
 * of an earlier version, or one that is not used. What is not named like our files is left alone, and so are images
 * of later versions: then it is we who are outdated.
 */
static bool
is_needless(const char *name, const char *path)
{
	size_t		digits = strspn(name, "0123456789abcdef");
	unsigned	version;
	int			pid;
	int			end = 0;
	struct stat status;

	if (digits != 2 * sizeof((ImageHash *) NULL)->bytes)
		return false;
	if (sscanf(name + digits, ".%u.tmp.%d%n", &version, &pid, &end) == 2 && name[digits + end] == '\0')
		return pid > 0 && BackendPidGetProc(pid) == NULL;
	end = 0;
	if (sscanf(name + digits, ".%u%n", &version, &end) != 1 || name[digits + end] != '\0')
		return false;
	return version < tm_image_version() ||
		(stat(path, &status) == 0 && time(NULL) - status.st_mtime > SECONDS_UNTIL_UNUSED);
}

static void
remove_needless_files(void)
{
	DIR		   *directory = AllocateDir(IMAGE_DIRECTORY);
	struct dirent *entry;

	while ((entry = ReadDirExtended(directory, IMAGE_DIRECTORY, LOG)) != NULL)
	{
		char	   *path = psprintf("%s/%s", IMAGE_DIRECTORY, entry->d_name);

		if (is_needless(entry->d_name, path))
			remove_file(path);
		pfree(path);
	}
	FreeDir(directory);
}

void
write_image_file(const ImageHash *hash, const void *image, size_t size)
{
	char	   *path = image_path(hash);
	char	   *unfinished = psprintf("%s.tmp.%d", path, MyProcPid);

	if (MakePGDirectory(IMAGE_DIRECTORY) < 0 && errno != EEXIST)
		ereport(ERROR, (errcode_for_file_access(), errmsg("could not create directory \"%s\": %m", IMAGE_DIRECTORY)));
	PG_TRY();
	{
		write_file(unfinished, image, size);
		/* Syncs the file before and the directory after. */
		durable_rename(unfinished, path, ERROR);
	}
	PG_CATCH();
	{
		remove_file(unfinished);
		PG_RE_THROW();
	}
	PG_END_TRY();
	remove_needless_files();
	pfree(unfinished);
	pfree(path);
}

void
remove_image_file(const ImageHash *hash)
{
	char	   *path = image_path(hash);

	remove_file(path);
	pfree(path);
}
