/*
 * The settings tokenmeter.*, and what is a time zone to them. Before the library is loaded a setting is any string, without
 * its unit or default: what reads one by current_setting() loads the library first.
 */
#include "postgres.h"

#include <limits.h>

#include "fmgr.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/formatting.h"
#include "utils/guc.h"

#include "compat.h"
#include "engine.h"
#include "setting.h"

#define ZONE_HINT "Name the zone by a place, as in Europe/Paris; pg_timezone_names lists them."

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

/*
 * Buckets are quarters of an hour, so a day must be made of such. The zones of places have been since 2000 and before. A POSIX
 * specification may say anything, but has no more than two offsets: those before and after its first change of the clock.
 */
static bool
has_whole_quarters(const pg_tz *zone)
{
	const pg_time_t year_2000 = (pg_time_t) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY;
	pg_time_t	boundary;
	long		before;
	long		after;
	int			before_is_dst;
	int			after_is_dst;
	int			found = pg_next_dst_boundary(&year_2000, &before, &before_is_dst, &boundary, &after, &after_is_dst, zone);

	return found >= 0 && before % 900 == 0 && (found == 0 || after % 900 == 0);
}

/* A zone that days can be reported in. NULL if the name is of none, and then what is the matter with it. */
static pg_tz *
find_zone(const char *name, const char **problem)
{
	pg_tz	   *zone = pg_tzset(name);
	long		offset;

	if (zone == NULL)
		*problem = "is not a time zone";
	/* AT TIME ZONE takes an abbreviation before a zone of the same name, and without its changes of the clock. */
	else if (is_zone_abbreviation(name) && !(pg_get_timezone_offset(zone, &offset) && offset == 0))
		*problem = "is also an abbreviation, which stands for one offset all year";
	else if (!pg_tz_acceptable(zone))
		*problem = "uses leap seconds";
	else if (!has_whole_quarters(zone))
		*problem = "has an offset that is no multiple of 15 minutes";
	else
		return zone;
	return NULL;
}

static pg_tz *
check_zone_name(const char *name)
{
	const char *problem;
	pg_tz	   *zone = find_zone(name, &problem);

	if (zone == NULL)
	{
		GUC_check_errdetail("\"%s\" %s.", name, problem);
		GUC_check_errhint("%s", ZONE_HINT);
	}
	return zone;
}

/* The setting becomes the name as pg_timezone_names has it, which llm.report_zone is compared with. */
static bool
check_time_zone(char **newval, void **extra, GucSource source)
{
	pg_tz	   *zone = check_zone_name(*newval);
	char	   *name;

	(void) extra;
	(void) source;

	if (zone == NULL)
		return false;
	name = copy_for_guc(pg_get_timezone_name(zone));
	if (name == NULL)
		return false;
	guc_free(*newval);
	*newval = name;
	return true;
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
		if (name[0] != '\0' && check_zone_name(name) == NULL)
			return false;
	}
	pfree(names);
	return true;
}

PG_FUNCTION_INFO_V1(tokenmeter_report_time_zone);

Datum
tokenmeter_report_time_zone(PG_FUNCTION_ARGS)
{
	(void) fcinfo;

	PG_RETURN_TEXT_P(cstring_to_text(report_time_zone));
}

PG_FUNCTION_INFO_V1(tokenmeter_report_zone_name);

Datum
tokenmeter_report_zone_name(PG_FUNCTION_ARGS)
{
	const char *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	const char *problem;
	pg_tz	   *zone = find_zone(name, &problem);

	if (zone == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("usage cannot be reported in the time zone \"%s\"", name),
				 errdetail("\"%s\" %s.", name, problem),
				 errhint("%s", ZONE_HINT)));
	PG_RETURN_TEXT_P(cstring_to_text(pg_get_timezone_name(zone)));
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
