// An unchanged Prisma client on the view that tokenmeter.create_prisma_view() makes.
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '@prisma/client';
import { show } from '../show.mjs';

const prisma = new PrismaClient({ adapter: new PrismaPg({}) });
const { tokenUsage, meteredCall } = prisma;
const timestamp = new Date('2026-01-31T23:59:59.999Z');
const usage = (id, userId, inputTokens, outputTokens) =>
  ({ id, userId, sessionId: 's1', model: 'gpt-4o', inputTokens, outputTokens, timestamp });

await show('create', tokenUsage.create({ data: usage('c1', 'ada', 100, 7) }));
const { id, timestamp: now } = await tokenUsage.create({
  data: { userId: 'bob', sessionId: 's2', model: 'gpt-4o', inputTokens: 1, outputTokens: 1 } });
console.log('create with defaults:', /^c[a-z0-9]{24}$/.test(id), Math.abs(now - Date.now()) < 60_000);
await show('create again', tokenUsage.create({ data: usage('c1', 'ada', 100, 7) }));
await show('create another one with a known id', tokenUsage.create({ data: usage('c1', 'ada', 101, 7) }));
await show('createMany', tokenUsage.createMany({ data: [usage('c2', 'ada', 10, 1), usage('c3', 'bob', 20, 2)] }));
await show('createMany, skipDuplicates',
  tokenUsage.createMany({ data: [usage('c2', 'ada', 10, 1), usage('c4', 'bob', 30, 3)], skipDuplicates: true }));
await show('createManyAndReturn', tokenUsage.createManyAndReturn({ data: [usage('c5', 'cyd', 40, 4)] }));
await show('createManyAndReturn, skipDuplicates', tokenUsage.createManyAndReturn(
  { data: [usage('c5', 'cyd', 40, 4), usage('c6', 'cyd', 50, 5)], skipDuplicates: true, select: { id: true } }));
await show('create in a transaction', prisma.$transaction(async (tx) => {
  await tx.tokenUsage.create({ data: usage('c7', 'ada', 60, 6) });
  return tx.tokenUsage.count();
}));
await show('create in a transaction that is rolled back', prisma.$transaction(async (tx) => {
  await tx.tokenUsage.create({ data: usage('c8', 'ada', 70, 7) });
  throw { code: 'ours' };
}));
await show('upsert', tokenUsage.upsert({ where: { id: 'c9' }, create: usage('c9', 'bob', 80, 8), update: {} }));
await show('upsert again', tokenUsage.upsert({ where: { id: 'c9' }, create: usage('c9', 'bob', 80, 8), update: {} }));

await show('findUnique', tokenUsage.findUnique({ where: { id: 'c3' } }));
await show('findFirst', tokenUsage.findFirst({ where: { timestamp: { lt: new Date('2026-02-01') } }, orderBy: { inputTokens: 'desc' } }));
await show('findMany', tokenUsage.findMany(
  { where: { userId: { in: ['ada', 'cyd'] } }, orderBy: { id: 'asc' }, skip: 1, take: 2, select: { id: true, inputTokens: true } }));
await show('findMany from a cursor', tokenUsage.findMany({ cursor: { id: 'c4' }, orderBy: { id: 'asc' }, take: 2, select: { id: true } }));
await show('count', tokenUsage.count({ where: { userId: 'bob' } }));
await show('aggregate', tokenUsage.aggregate({ where: { timestamp }, _sum: { inputTokens: true }, _avg: { outputTokens: true },
  _min: { timestamp: true }, _max: { inputTokens: true }, _count: true }));
await show('groupBy', tokenUsage.groupBy({ by: ['userId', 'model'], where: { timestamp }, _sum: { inputTokens: true, outputTokens: true },
  _count: { _all: true }, having: { inputTokens: { _sum: { gt: 100 } } }, orderBy: { userId: 'asc' } }));

await show('more fields: text', meteredCall.create({ data:
  { id: 'm1', tenantId: 'acme', model: 'gpt-4o', inputText: 'Hello, world!', outputText: 'Hi.', tags: { seq: 1 }, timestamp } }));
await show('more fields: usage', meteredCall.create({ data:
  { id: 'm2', tenantId: 'acme', model: 'gpt-4o', usage: { prompt_tokens: 128, completion_tokens: 7 }, timestamp },
  select: { inputTokens: true, outputTokens: true, method: true, cost: true } }));
await show('cost', meteredCall.aggregate({ where: { timestamp }, _sum: { cost: true } }));

await show('a negative number', tokenUsage.create({ data: usage('e1', 'ada', -1, 1) }));
await show('update', tokenUsage.update({ where: { id: 'c1' }, data: { inputTokens: { increment: 1 } } }));
await show('updateMany', tokenUsage.updateMany({ where: { id: 'c1' }, data: { inputTokens: 1 } }));
await show('delete', tokenUsage.delete({ where: { id: 'c1' } }));
await show('deleteMany', tokenUsage.deleteMany());
await prisma.$disconnect();
