/*
 * No text in the server's log. PostgreSQL logs a statement that fails with the literals in it, and quotes in messages
 * what it could not read. Our own errors hold no text and hide the statement; where the library is loaded, the server's
 * errors on statements that name a door are logged by their SQLSTATE alone. The client gets them whole. What the hook
 * cannot see: an EXECUTE and a function in SQL do not name the door of the statement that they run, and the last words
 * on a backend that was killed are the postmaster's.
 */
#include "postgres.h"

#include "tcop/tcopprot.h"

#include "compat.h"
#include "privacy.h"

static emit_log_hook_type next_hook;

/* What statements on doors have in them, in lower case. */
static const char *const door_names[] = {"inbox", "message_log"};

void
hide_statement(void *argument)
{
	(void) argument;
	errhidestmt(true);
	errhidecontext(true);		/* COPY's has the line that it was at */
}

/* Has the text the word in it, in whatever case? */
static bool
has_word(const char *text, const char *word)
{
	size_t		length = strlen(word);

	for (; *text != '\0'; text++)
	{
		if (pg_strncasecmp(text, word, length) == 0)
			return true;
	}
	return false;
}

static bool
names_door(const char *statement)
{
	for (int i = 0; statement != NULL && i < (int) lengthof(door_names); i++)
	{
		if (has_word(statement, door_names[i]))
			return true;
	}
	return false;
}

/* Is it of a statement on a door, be it one within a function? */
static bool
is_of_door(const ErrorData *error)
{
	return names_door(debug_query_string) || names_door(error->internalquery) || names_door(error->context);
}

/*
 * In place of the server's own error, its SQLSTATE goes to the log. Of our own, and of what is no error, only the
 * statement and the context are left out.
 */
static void
log_without_text(ErrorData *error)
{
	static bool is_logging = false;
	bool		is_own = error->domain != NULL && strcmp(error->domain, TEXTDOMAIN) == 0;

	if (!error->output_to_server || is_logging || !(is_own || is_of_door(error)))
		return;
	if (is_own || error->elevel < WARNING)
	{
		error->hide_stmt = true;
		error->hide_ctx = true;
		return;
	}
	error->output_to_server = false;
	is_logging = true;
	ereport(LOG,
			(errcode(error->sqlerrcode),
			 errmsg("a statement on a door of the ledger met an error: SQLSTATE %s",
					unpack_sql_state(error->sqlerrcode)),
			 errdetail_log("Its message and the statement are not logged: they could hold text."),
			 errhidestmt(true),
			 errhidecontext(true)));
	is_logging = false;
}

static void
log_hook(ErrorData *error)
{
	if (next_hook != NULL)
		next_hook(error);
	log_without_text(error);
}

void
install_log_hook(void)
{
	next_hook = emit_log_hook;
	emit_log_hook = log_hook;
}
