/*
 * Posting what waits into the ledger.
 */
#ifndef TOKENMETER_POST_H
#define TOKENMETER_POST_H

#include "call.h"

/* Raises undefined_table where there is no ledger. */
extern void require_ledger(void);

/*
 * Makes the entry of a call that arrives at a lenient door wait, or the problem with it: InvalidOid if the door is a
 * function. When many wait they are posted, with the rights of an owner.
 */
extern void arrive_leniently(Call *call, Oid door, Oid owner);

/*
 * Posts what is on top of what waits, with the rights of an owner, or of the caller if that is InvalidOid, and takes it
 * off. What is wrong with it is written into llm.intake_problem.
 */
extern void post_leniently(Oid owner);

/*
 * Posts one call, with the rights of the caller; raises what is wrong with it. Sets number and time of its entry; if the
 * same call is known, of that one. False if another call is known by its id.
 */
extern bool post_strictly(Call *call, Datum *occurred_at, Datum *entry_id);

#endif
