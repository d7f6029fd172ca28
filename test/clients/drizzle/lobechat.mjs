// LobeChat's way of writing a chat: the question and an empty answer in one insert, the answer and its usage by an
// update when the stream has ended; then all that users do to messages. One entry for each call of a model.
import { and, eq, isNull } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { integer, jsonb, pgTable, text, timestamp, varchar } from 'drizzle-orm/pg-core';
import pg from 'pg';
import { show } from '../show.mjs';

const pool = new pg.Pool();
const db = drizzle(pool);
const topics = pgTable('topics', { id: text().primaryKey(), userId: text('user_id').notNull(), totalTokens: integer('total_tokens') });
const messages = pgTable('messages', {
  id: text().primaryKey(), role: varchar({ length: 255 }).notNull(), content: text(), model: text(), provider: text(),
  error: jsonb(), tools: jsonb(), reasoning: jsonb(), metadata: jsonb(), usage: jsonb(),
  userId: text('user_id').notNull(), sessionId: text('session_id'), topicId: text('topic_id'), parentId: text('parent_id'),
  workspaceId: text('workspace_id'), clientId: text('client_id'),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
});
const model = { model: 'gpt-4o', provider: 'openai' };
const usage = (totalInputTokens, totalOutputTokens, more = {}) =>
  ({ totalInputTokens, totalOutputTokens, totalTokens: totalInputTokens + totalOutputTokens, ...more });

const createTopic = (id) => db.insert(topics).values({ id, userId: 'ada' });
// The pair of rows at the start of a turn.
const ask = (topicId, question, answer) => db.transaction((tx) => tx.insert(messages).values([
  { id: question, role: 'user', content: 'What is the answer?', userId: 'ada', topicId },
  { id: answer, role: 'assistant', content: '...', parentId: question, userId: 'ada', topicId, ...model },
]).returning({ id: messages.id }));
const change = (id, values) => db.update(messages).set({ ...values, updatedAt: new Date() })
  .where(and(eq(messages.id, id), eq(messages.userId, 'ada'), isNull(messages.workspaceId))).returning({ topicId: messages.topicId });
// The end of a stream: the message, and the sums of its topic.
const finish = (id, values) => db.transaction(async (tx) => {
  const [{ topicId }] = await tx.update(messages).set({ ...values, updatedAt: new Date() })
    .where(and(eq(messages.id, id), eq(messages.userId, 'ada'))).returning({ topicId: messages.topicId });
  await tx.select({ id: topics.id }).from(topics).where(eq(topics.id, topicId)).for('update');
  await tx.update(topics).set({ totalTokens: values.usage?.totalTokens ?? null }).where(eq(topics.id, topicId));
});

// One turn, with all that comes after it.
await createTopic('topic1');
await show('ask', ask('topic1', 'm1', 'm2'));
await change('m2', { metadata: { operationId: 'op1' } });
const answer = { content: 'Forty-two.', usage: usage(100, 7, { cost: 0.00032 }), metadata: { operationId: 'op1', ...usage(100, 7) } };
await finish('m2', answer);
await change('m2', { content: 'Forty-three.' });
await change('m2', { metadata: { ...answer.metadata, collapsed: true } });
await change('m2', answer);  // the same again

// Cached input and reasoning, as parts of the totals.
await ask('topic1', 'm3', 'm4');
await finish('m4', { content: 'Yes.', reasoning: { content: 'Hm.' }, model: 'o3',
  usage: usage(128, 71, { inputCachedTokens: 28, inputCacheMissTokens: 100, outputReasoningTokens: 64, outputTextTokens: 7 }) });

// An agent's run: each step is a call; what the tool answers is none. A step that is sent again is refused.
await ask('topic1', 'm5', 'm6');
await finish('m6', { content: '', tools: [{ id: 'call1', apiName: 'search', arguments: '{}' }], usage: usage(50, 5) });
await db.insert(messages).values({ id: 'm7', role: 'tool', content: 'Found.', parentId: 'm6', userId: 'ada', topicId: 'topic1' });
const step = (id) => db.insert(messages).values(
  { id, role: 'assistant', content: '', parentId: 'm7', userId: 'ada', topicId: 'topic1', clientId: 'agent-runtime:op2:step:1', ...model });
await step('m8');
await show('step again', step('m8-again'));
await finish('m8', { content: 'It is found.', usage: usage(60, 6) });

// Regenerated: another answer to the same question. Then a call that failed without usage.
await db.insert(messages).values({ id: 'm9', role: 'assistant', content: '...', parentId: 'm1', userId: 'ada', topicId: 'topic1', ...model });
await finish('m9', { content: 'Forty-four.', usage: usage(101, 8) });
await ask('topic1', 'm10', 'm11');
await change('m11', { content: '', error: { type: 'ProviderBizError' } });

// A copy of the topic, with usage: calls that were metered already.
await createTopic('topic2');
await show('copies', db.insert(messages).values((await db.select().from(messages).where(eq(messages.topicId, 'topic1')))
  .map((message) => ({ ...message, id: `copy-${message.id}`, topicId: 'topic2', parentId: null, clientId: null }))).returning({ id: messages.id }));
await change('copy-m2', { content: 'Edited copy.' });

// Deletes leave the ledger alone.
await db.update(messages).set({ parentId: null }).where(eq(messages.parentId, 'm2'));
await db.delete(messages).where(eq(messages.id, 'm2'));
await db.delete(topics).where(eq(topics.id, 'topic1'));
await show('rows left', db.$count(messages));

// The generations before: usage in metadata, nested and then flat.
await createTopic('topic3');
await ask('topic3', 'm20', 'm21');
await finish('m21', { content: 'Nested.', metadata: { usage: usage(30, 3), performance: { latency: 900 } } });
await ask('topic3', 'm22', 'm23');
await finish('m23', { content: 'Flat.', metadata: { ...usage(40, 4), tps: 10 } });
await pool.end();
