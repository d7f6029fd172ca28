/*
 * Loading of the library: its magic block, its settings and its hook.
 */
#include "postgres.h"

#include "fmgr.h"

#include "privacy.h"
#include "setting.h"

PG_MODULE_MAGIC;

void _PG_init(void);

void
_PG_init(void)
{
	define_settings();
	install_log_hook();
}
