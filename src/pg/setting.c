/*
 * The settings tokenmeter.*. SQL reads them by current_setting(), which also knows what is set before the
 * library is loaded.
 */
#include "postgres.h"

#include "pgtime.h"
#include "utils/guc.h"

#include "engine.h"
#include "setting.h"

static char *report_time_zone;
static int	text_cache_size;

static bool
check_time_zone(char **newval, void **extra, GucSource source)
{
	(void) extra;
	(void) source;

	if (pg_tzset(*newval) == NULL)
	{
		GUC_check_errdetail("\"%s\" is not a time zone; pg_timezone_names lists them.", *newval);
		return false;
	}
	return true;
}

static void
assign_text_cache_size(int newval, void *extra)
{
	(void) extra;

	/* The same value set again is to forget nothing. The compiled-in one is new, too: it was 0 before. */
	if (newval != text_cache_size)
		tm_remember_texts(newval);
}

void
define_settings(void)
{
	DefineCustomIntVariable("tokenmeter.text_cache_size",
							"Sets how many long texts a session remembers the token counts of.",
							"A text of 2 kB to 1 MB that comes again is then recognized by its hash. 32 bytes each; 0 switches this off.",
							&text_cache_size,
							1024,
							0,
							65536,
							PGC_USERSET,
							0,
							NULL,
							assign_text_cache_size,
							NULL);

	DefineCustomStringVariable("tokenmeter.time_zone",
							   "Sets the time zone of the days and months in usage reports.",
							   "A name of pg_timezone_names; independent of TimeZone.",
							   &report_time_zone,
							   "UTC",
							   PGC_USERSET,
							   0,
							   check_time_zone,
							   NULL,
							   NULL);

	MarkGUCPrefixReserved("tokenmeter");
}
