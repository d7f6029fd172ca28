// LiteLLM's way of logging: finished requests in batches, by createMany with skipDuplicates. What it has sent it
// never sends again, so a batch that fails would be lost.
import { PrismaPg } from '@prisma/adapter-pg';
import prismaClient from '@prisma/client';
import { show } from '../show.mjs';

const prisma = new prismaClient.PrismaClient({ adapter: new PrismaPg({}) });
const logs = prisma.liteLLM_SpendLogs;
const request = (id, prompt_tokens, completion_tokens, more = {}) => ({
  request_id: id, call_type: 'acompletion', api_key: 'hash-of-key', spend: 0.000123,
  total_tokens: prompt_tokens + completion_tokens, prompt_tokens, completion_tokens,
  startTime: new Date('2026-01-31T23:59:58.000Z'), endTime: new Date('2026-01-31T23:59:58.900Z'),
  model: 'gpt-4o', model_group: 'gpt-4o', custom_llm_provider: 'openai', user: 'ada', team_id: 'team-1',
  metadata: { additional_usage_values: {} }, cache_hit: 'False', request_tags: ['test'], session_id: 'session-1',
  status: 'success', ...more });

// A batch; then one with requests of the first again, under other times, and with what cannot be metered.
await show('batch', logs.createMany({ skipDuplicates: true, data: [
  request('r1', 100, 7), request('r2', 10, 1, { user: 'bob' }), request('r3', 20, 2) ] }));
await show('batch with repeats', logs.createMany({ skipDuplicates: true, data: [
  request('r2', 10, 1, { user: 'bob', startTime: new Date('2026-02-01T00:00:05.000Z') }), request('r4', 30, 3),
  request('r5', -5, 3), request('r6', 40, 4, { model: 'house-model', custom_llm_provider: 'house' }) ] }));
// The same request twice in one batch.
await show('batch with a request twice', logs.createMany({ skipDuplicates: true, data: [
  request('r7', 50, 5), request('r7', 50, 5) ] }));
// A large batch, in one statement. What was metered stays when the log is cleaned up.
await show('large batch', logs.createMany({ skipDuplicates: true, data:
  Array.from({ length: 1000 }, (_, i) => request(`many-${i}`, i, 1, { team_id: 'team-2' })) }));
await show('rows', logs.count());
await show('rows deleted', logs.deleteMany());
await show('metered of the large batch', prisma.$queryRaw`SELECT count(*)::int AS calls, count(DISTINCT request_id)::int AS ids,
  sum(input_tokens)::int AS input, sum(output_tokens)::int AS output, sum(cost)::text AS cost FROM llm.usage WHERE team_id = 'team-2'`);
await prisma.$disconnect();
