// An unchanged Drizzle client on the view that tokenmeter.create_prisma_view() makes.
import { count, desc, eq, sum } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { integer, jsonb, numeric, pgTable, text, timestamp } from 'drizzle-orm/pg-core';
import pg from 'pg';
import { show } from '../show.mjs';

const pool = new pg.Pool();
const db = drizzle(pool);
const tokenUsage = pgTable('TokenUsage', {
  id: text().primaryKey().$defaultFn(() => crypto.randomUUID()),
  userId: text().notNull(),
  sessionId: text().notNull(),
  model: text().notNull(),
  inputTokens: integer().notNull(),
  outputTokens: integer().notNull(),
  timestamp: timestamp({ precision: 3 }).notNull().defaultNow(),
  tags: jsonb(),
  cost: numeric(),
});
const usage = (id, userId, inputTokens, outputTokens) =>
  ({ id, userId, sessionId: 's1', model: 'gpt-4o', inputTokens, outputTokens, timestamp: new Date('2026-01-31T23:59:59.999Z') });

await show('insert', db.insert(tokenUsage).values({ ...usage('d1', 'ada', 100, 7), tags: { seq: 1 } }).returning());
const [{ id, timestamp: now }] = await db.insert(tokenUsage).values(
  { userId: 'bob', sessionId: 's2', model: 'gpt-4o', inputTokens: 1, outputTokens: 1 }).returning();
console.log('insert with defaults:', id.length, Math.abs(now - Date.now()) < 60_000);
await show('insert many', db.insert(tokenUsage).values([usage('d2', 'ada', 10, 1), usage('d3', 'bob', 20, 2)]).returning({ id: tokenUsage.id }));
await show('onConflictDoNothing',
  db.insert(tokenUsage).values([usage('d2', 'ada', 10, 1), usage('d4', 'bob', 30, 3)]).onConflictDoNothing().returning({ id: tokenUsage.id }));
await show('onConflictDoNothing with a target', db.insert(tokenUsage).values(usage('d5', 'ada', 1, 1)).onConflictDoNothing({ target: tokenUsage.id }));
await show('insert in a transaction', db.transaction(async (tx) => {
  await tx.insert(tokenUsage).values(usage('d6', 'ada', 40, 4));
  return tx.$count(tokenUsage);
}));
await show('insert in a transaction that is rolled back', db.transaction(async (tx) => {
  await tx.insert(tokenUsage).values(usage('d7', 'ada', 50, 5));
  throw { code: 'ours' };
}));
await show('select', db.select().from(tokenUsage).where(eq(tokenUsage.id, 'd3')));
await show('order and limit', db.select({ id: tokenUsage.id }).from(tokenUsage).orderBy(desc(tokenUsage.inputTokens)).limit(2));
await show('group', db.select({ userId: tokenUsage.userId, tokens: sum(tokenUsage.inputTokens), calls: count() })
  .from(tokenUsage).groupBy(tokenUsage.userId).orderBy(tokenUsage.userId));
await show('update', db.update(tokenUsage).set({ inputTokens: 1 }).where(eq(tokenUsage.id, 'd1')));
await show('delete', db.delete(tokenUsage).where(eq(tokenUsage.id, 'd1')));
await pool.end();
