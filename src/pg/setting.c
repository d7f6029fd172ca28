/*
 * The settings tokenmeter.*. SQL reads them by current_setting(), which also knows what is set before the
 * library is loaded.
 */
#include "postgres.h"

#include <limits.h>

#include "pgtime.h"
#include "utils/datetime.h"
#include "utils/formatting.h"
#include "utils/guc.h"

#include "engine.h"
#include "setting.h"

static char *report_time_zone;
static char *report_zones;
static int	keep_15min;
static double drift_threshold;
static int	text_cache_size;

static bool
is_zone_abbreviation(const char *name)
{
	char	   *token = asc_tolower(name, strlen(name));
	pg_tz	   *zone;
	int			offset;
	int			type;

#if PG_VERSION_NUM >= 160000
	DateTimeErrorExtra extra;

	(void) DecodeTimezoneAbbrev(0, token, &type, &offset, &zone, &extra);
#else
	type = DecodeTimezoneAbbrev(0, token, &offset, &zone);
#endif
	pfree(token);
	return type != UNKNOWN_FIELD;
}

/* Buckets are quarters of an hour, so a day must be made of such. */
static bool
check_zone_name(const char *name)
{
	pg_tz	   *zone = pg_tzset(name);
	long		offset;

	if (zone == NULL)
	{
		GUC_check_errdetail("\"%s\" is not a time zone; pg_timezone_names lists them.", name);
		return false;
	}
	/* AT TIME ZONE takes an abbreviation before a zone of the same name, and without its changes of the clock. */
	if (is_zone_abbreviation(name) && !(pg_get_timezone_offset(zone, &offset) && offset == 0))
	{
		GUC_check_errdetail("\"%s\" is also an abbreviation. Name the zone by a place, as in Europe/Paris.", name);
		return false;
	}
	if (pg_get_timezone_offset(zone, &offset) && offset % 900 != 0)
	{
		GUC_check_errdetail("The offset of \"%s\" is no multiple of 15 minutes.", name);
		return false;
	}
	return true;
}

static bool
check_time_zone(char **newval, void **extra, GucSource source)
{
	(void) extra;
	(void) source;

	return check_zone_name(*newval);
}

/* Names between commas, each perhaps between spaces; the string may be empty. tokenmeter.wanted_zones() reads them alike. */
static bool
check_zone_names(char **newval, void **extra, GucSource source)
{
	char	   *names = pstrdup(*newval);
	char	   *rest;

	(void) extra;
	(void) source;

	for (char *name = strtok_r(names, ",", &rest); name != NULL; name = strtok_r(NULL, ",", &rest))
	{
		name += strspn(name, " ");
		for (size_t length = strlen(name); length > 0 && name[length - 1] == ' '; length--)
			name[length - 1] = '\0';
		if (name[0] != '\0' && !check_zone_name(name))
			return false;
	}
	pfree(names);
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

	DefineCustomStringVariable("tokenmeter.report_zones",
							   "Sets the time zones that days and months of usage are kept for, besides UTC and tokenmeter.time_zone.",
							   "Names of pg_timezone_names, between commas. tokenmeter.maintain() makes those that are new.",
							   &report_zones,
							   "",
							   PGC_USERSET,
							   0,
							   check_zone_names,
							   NULL,
							   NULL);

	DefineCustomIntVariable("tokenmeter.keep_15min",
							"Sets how long usage by 15 minutes is kept; 0: for ever.",
							"tokenmeter.maintain() deletes what is older, by whole days; days and months stay.",
							&keep_15min,
							0,
							0,
							INT_MAX,
							PGC_USERSET,
							GUC_UNIT_MIN,
							NULL,
							NULL,
							NULL);

	DefineCustomRealVariable("tokenmeter.drift_threshold",
							 "Sets how far reported tokens may be from counted ones before an alert is raised.",
							 "A share of the counted ones: 0.02 is 2 %.",
							 &drift_threshold,
							 0.02,
							 0,
							 1000,
							 PGC_USERSET,
							 0,
							 NULL,
							 NULL,
							 NULL);

	MarkGUCPrefixReserved("tokenmeter");
}
