/*
 * Rows that wait to be posted. A call becomes an entry as soon as it arrives; entries, and problems with calls, wait in
 * tuplestores until their statement ends. What waits goes with the transaction, or subtransaction, of its statement.
 */
#ifndef TOKENMETER_WAITING_H
#define TOKENMETER_WAITING_H

#include "access/tupdesc.h"
#include "utils/tuplestore.h"

#include "call.h"

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
	MemoryContext context;		/* holds it all */
	WaitingRows entries;
	WaitingRows problems;
} Waiting;

/* What waits of the innermost statement; NULL: nothing does. */
extern Waiting *waiting;

/* Puts a place for waiting rows on top; takes it off, with what is in it. */
extern void push_waiting(void);
extern void forget_top(void);

/* Sees to it that the top is of the statement that runs; tells whether it is. */
extern void begin_waiting(void);
extern bool is_waiting(void);

extern void add_row(WaitingRows *rows, Datum *values, bool *nulls);

/* Lets statements of the SPI connection read the rows by their name. */
extern void show_rows(WaitingRows *rows);

/* A row type of the schema tokenmeter, allocated. */
extern TupleDesc row_type(const char *name);

#endif
