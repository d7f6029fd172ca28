/*
 * Rows that wait to be posted. A call becomes an entry as soon as it arrives; entries, and problems with calls, wait in
 * tuplestores, in memory, until their statement ends or there are many. What waits goes with the transaction, or
 * subtransaction, of its statement.
 */
#ifndef TOKENMETER_WAITING_H
#define TOKENMETER_WAITING_H

#include "access/tupdesc.h"
#include "utils/tuplestore.h"

#include "call.h"

/* The columns of tokenmeter.problem. */
enum
{
	PROBLEM_SQLSTATE, PROBLEM_MESSAGE, PROBLEM_CALL, PROBLEM_ENTRY, PROBLEM_COLUMNS
};

/* The rows of a kind that wait. */
typedef struct WaitingRows
{
	const char *name;			/* of the relation that the statements below read them from */
	TupleDesc	descriptor;
	Tuplestorestate *rows;
	int64		count;
} WaitingRows;

/* What waits of one statement; of statements within statements, the inner one's is on top. */
typedef struct Waiting
{
	struct Waiting *below;
	SubTransactionId since;		/* the subtransaction that the statement is of */
	Oid			door;			/* the table that the calls were inserted into; InvalidOid: a function */
	bool		is_posting;		/* nothing may be added: what is being posted may itself insert calls */
	Size		size;			/* of the rows, in bytes */
	MemoryContext context;		/* holds it all */
	WaitingRows entries;
	WaitingRows problems;
} Waiting;

/* What waits of the innermost statement; NULL: nothing does. */
extern Waiting *waiting;

/* Puts a place for waiting rows on top; takes it off, with what is in it. */
extern void push_waiting(Oid door);
extern void forget_top(void);

/* Sees to it that the top is of the statement that runs and of the door; tells whether it is. */
extern void begin_waiting(Oid door);
extern bool is_waiting(Oid door);

/* Adds a row to those on top. */
extern void add_row(WaitingRows *rows, Datum *values, bool *nulls);

/* Do so many rows wait on top that they are to be posted before their statement ends? */
extern bool is_full(void);

/* Lets statements of the SPI connection read the rows by their name. */
extern void show_rows(WaitingRows *rows);

/*
 * A row type of the schema tokenmeter, allocated. Raises object_not_in_prerequisite_state if it has another number of
 * columns: the library is newer than the extension, or older.
 */
extern TupleDesc row_type(const char *name, int columns);
extern void check_columns(TupleDesc descriptor, int columns);

#endif
