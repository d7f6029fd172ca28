/*
 * The settings tokenmeter.*. SQL reads them by current_setting(), which also knows what is set before the
 * library is loaded.
 */
#include "postgres.h"

#include "pgtime.h"
#include "utils/guc.h"

#include "setting.h"

static char *report_time_zone;

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

void
define_settings(void)
{
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
