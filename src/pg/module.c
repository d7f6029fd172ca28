/*
 * Loading of the library: its magic block and its settings.
 */
#include "postgres.h"

#include "fmgr.h"

#include "setting.h"

PG_MODULE_MAGIC;

void _PG_init(void);

void
_PG_init(void)
{
	define_settings();
}
