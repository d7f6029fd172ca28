-- Costs over time: entries that are priced late or again, and how each cost came about. The cases are what users of
-- other meters complain about.
BEGIN;
SELECT tokenmeter.create_ledger();

CREATE FUNCTION pg_temp.explain(id text) RETURNS TABLE (meter text, quantity numeric, per numeric, price numeric, currency text,
  rule text, amount numeric)
LANGUAGE sql AS $$
  SELECT e.meter, e.quantity, e.unit_quantity, e.unit_price, e.currency, regexp_replace(e.rule, 'price_id -?\d+', 'price_id N', 'g'), e.amount
  FROM llm.usage u, LATERAL tokenmeter.explain_cost(u.entry_id) e WHERE u.request_id = $1
$$;
-- Entries whose lines do not add up to their cost: never any.
CREATE VIEW inexplicable AS
SELECT u.entry_id, u.cost, sum(e.amount) AS explained FROM llm.usage u LEFT JOIN LATERAL tokenmeter.explain_cost(u.entry_id) e ON true
GROUP BY u.occurred_at, u.entry_id, u.cost HAVING u.cost IS DISTINCT FROM coalesce(sum(e.amount), CASE WHEN u.priced THEN 0 END);

-- Cache writes are not input tokens too: 3 input, 12,304 written, 550 output on Claude 3.7 Sonnet are 0.054399.
INSERT INTO llm.message_log (request_id, occurred_at, provider, model, usage) VALUES
  ('cache write', '2025-06-01', 'anthropic', 'claude-3-7-sonnet-20250219', '{"input_tokens": 3, "cache_creation_input_tokens": 12304, "output_tokens": 550}')
RETURNING cost;
SELECT * FROM pg_temp.explain('cache write');
-- A reported 0 is no missing number: nothing is counted in its place.
INSERT INTO llm.message_log (request_id, occurred_at, model, input_text, output_text, usage) VALUES
  ('reported zero', '2025-06-01', 'gpt-4o', 'Hello, world!', 'Hi.', '{"prompt_tokens": 0, "completion_tokens": 0}')
RETURNING counted_input_tokens, input_tokens, cost, priced;
SELECT * FROM pg_temp.explain('reported zero');
-- More than 200,000 tokens, most of them written to the cache: all at the higher rates.
INSERT INTO llm.message_log (request_id, occurred_at, provider, model, usage) VALUES
  ('long cache write', '2025-10-15', 'anthropic', 'claude-sonnet-4-5-20250929', '{"input_tokens": 5, "cache_creation_input_tokens": 585659, "output_tokens": 100}'),
  ('edge of long', '2025-10-15', 'anthropic', 'claude-sonnet-4-5-20250929', '{"input_tokens": 5, "cache_creation_input_tokens": 199995, "output_tokens": 100}')
RETURNING request_id, cost;
SELECT * FROM pg_temp.explain('long cache write');
-- A batch with cached tokens: half of each, since Anthropic says so.
INSERT INTO llm.message_log (request_id, occurred_at, provider, model, service_tier, input_tokens, cache_read_tokens, output_tokens) VALUES
  ('batch', '2025-06-01', 'anthropic', 'claude-3-7-sonnet-20250219', 'batch', 1000, 200, 10), ('not batch', '2025-06-01', 'anthropic', 'claude-3-7-sonnet-20250219', NULL, 1000, 200, 10)
RETURNING request_id, cost;
SELECT * FROM pg_temp.explain('batch');
-- Reasoning is in the output that is reported: it is billed once.
INSERT INTO llm.message_log (request_id, occurred_at, model, usage) VALUES
  ('reasoning', '2025-07-01', 'o3', '{"prompt_tokens": 10, "completion_tokens": 100, "completion_tokens_details": {"reasoning_tokens": 64}}')
RETURNING output_tokens, reasoning_tokens, cost;
SELECT * FROM pg_temp.explain('reasoning');
-- A service tier with no price of its own: the standard one, and marked.
INSERT INTO llm.message_log (request_id, occurred_at, model, service_tier, input_tokens) VALUES ('scale', '2025-07-01', 'gpt-4', 'scale', 1000)
RETURNING cost;
SELECT service_tier, tier_assumed FROM llm.usage WHERE request_id = 'scale';
SELECT rule FROM pg_temp.explain('scale');
-- A price change at midnight, and a call of the day before that arrives later.
INSERT INTO llm.message_log (request_id, occurred_at, model, input_tokens) VALUES
  ('after', '2025-06-10 00:00+00', 'o3', 1000000), ('before, late', '2025-06-09 23:59:59.999999+00', 'o3', 1000000)
RETURNING request_id, cost;

-- An unknown model has no cost, is listed, and is priced once a price is known.
INSERT INTO llm.message_log (request_id, occurred_at, tenant_id, provider, model, input_tokens, output_tokens, quantities) VALUES
  ('new 1', '2025-06-01', 'acme', 'me', 'brand-new', 1000, 100, NULL), ('new 2', '2025-06-02', 'acme', 'me', 'brand-new', 2000, 0, '{"web_search": 1}')
RETURNING request_id, cost, priced;
INSERT INTO llm.message_log (request_id, occurred_at, provider, model, messages, output_tokens) VALUES ('uncounted', '2025-06-02', 'me', 'brand-new', '[{"role": "user", "content": "Hello"}]', 1)
RETURNING cost;
SELECT provider, model, reason, calls FROM llm.unpriced ORDER BY reason;
SELECT rule, amount FROM pg_temp.explain('new 1');
SELECT tokenmeter.price_pending();
INSERT INTO tokenmeter.price (provider, model, meter, unit_quantity, unit_price, currency, effective_from) VALUES
  ('me', 'brand-new', 'input', 1000000, 1, 'EUR', '2025-01-01'), ('me', 'brand-new', 'output', 1000000, 4, 'EUR', '2025-01-01');
SELECT tokenmeter.price_pending(), tokenmeter.price_pending();
SELECT provider, model, reason, calls FROM llm.unpriced ORDER BY reason;
SELECT model, calls, cost, currency, unpriced_calls FROM llm.usage_monthly WHERE model = 'brand-new' ORDER BY currency, calls;
SELECT correction, correction_reason, cost, currency, tenant_id, input_tokens FROM llm.usage WHERE corrects IS NOT NULL;
SELECT meter, quantity, rule, amount FROM llm.usage u, LATERAL tokenmeter.explain_cost(u.entry_id) WHERE u.corrects IS NOT NULL;

-- A price that was recorded wrongly, mended for its time; and a change of price that became known late.
INSERT INTO tokenmeter.price (provider, model, meter, unit_quantity, unit_price, currency, effective_from) VALUES
  ('me', 'brand-new', 'input', 1000000, 2, 'EUR', '2025-01-01'), ('me', 'brand-new', 'output', 1000000, 8, 'EUR', '2025-06-02');
SELECT * FROM tokenmeter.reprice('2025-06-01', '2025-06-03', 'brand-new');
SAVEPOINT s;
SELECT * FROM tokenmeter.reprice('2025-06-01', '2025-06-03', 'brand*', dry_run => false);
ROLLBACK TO s;
SELECT count(*) FROM llm.usage WHERE revision > 1;
SELECT * FROM tokenmeter.reprice('2025-06-01', '2025-06-03', 'brand*', 'the invoice of June says 2', false);
SELECT * FROM tokenmeter.reprice('2025-06-01', '2025-06-03', 'brand*', 'again', false);
SELECT revision, correction, correction_reason, cost, currency FROM llm.usage WHERE model = 'brand-new' AND priced ORDER BY entry_id;
SELECT meter, quantity, unit_price, rule, amount FROM llm.usage u, LATERAL tokenmeter.explain_cost(u.entry_id) WHERE revision = 2;
SELECT model, calls, cost, currency, unpriced_calls FROM llm.usage_monthly WHERE model = 'brand-new' ORDER BY currency, calls;
INSERT INTO llm.message_log (request_id, occurred_at, provider, model, output_tokens) VALUES ('changed', '2025-07-01', 'me', 'brand-new', 1000000)
RETURNING cost;
INSERT INTO tokenmeter.price (provider, model, meter, unit_quantity, unit_price, currency, effective_from) VALUES ('me', 'brand-new', 'output', 1000000, 5, 'USD', '2025-07-01');
SELECT * FROM tokenmeter.reprice('2025-07-01', '2025-07-02', NULL, 'they bill in dollars now', false);
SELECT revision, correction, cost, currency FROM llm.usage WHERE model = 'brand-new' AND occurred_at >= '2025-07-01' ORDER BY entry_id;
SELECT e.rule, e.currency, e.amount FROM llm.usage u, LATERAL tokenmeter.explain_cost(u.entry_id) e WHERE corrects IS NOT NULL AND occurred_at >= '2025-07-01';
-- Without a price again, what was billed stays.
INSERT INTO tokenmeter.price (provider, model, meter, effective_from) VALUES ('me', 'brand-new', 'output', '2025-07-01');
SELECT * FROM tokenmeter.reprice('2025-07-01', '2025-07-02', NULL, 'ended', false);

-- Two currencies in one report, and both in one.
INSERT INTO tokenmeter.exchange_rate (from_currency, to_currency, rate, effective_from, source) VALUES ('EUR', 'USD', 1.17, '2025-01-01', 'bank'), ('EUR', 'USD', 1.18, '2025-06-02', 'bank');
SELECT currency, sum(cost) AS cost, sum(tokenmeter.convert_currency(cost, currency, 'USD', occurred_at)) AS usd
FROM llm.usage WHERE occurred_at >= '2025-06-01' AND occurred_at < '2025-07-01' GROUP BY currency ORDER BY currency;

-- A discount of one tenant on top of the provider's hours, both by name.
INSERT INTO tokenmeter.price (provider, model, meter, hours_from, hours_to, tenant_id, unit_quantity, unit_price, factor, effective_from) VALUES
  ('me', 'peak*', 'input', '00:00', '00:00', NULL, 1000000, 10, NULL, '2025-01-01'), ('me', 'peak', '*', '01:00', '04:00', NULL, NULL, NULL, 2, '2025-01-01'),
  ('me', '*', '*', '00:00', '00:00', 'bulk', NULL, NULL, 0.9, '2025-01-01');
INSERT INTO llm.message_log (request_id, occurred_at, tenant_id, provider, model, input_tokens) VALUES
  ('bulk at peak', '2025-06-01 02:00+00', 'bulk', 'me', 'peak', 1000000), ('at peak', '2025-06-01 02:00+00', 'acme', 'me', 'peak', 1000000), ('bulk', '2025-06-01 05:00+00', 'bulk', 'me', 'peak', 1000000)
RETURNING request_id, cost;
SELECT rule, amount FROM pg_temp.explain('bulk at peak');
SELECT * FROM inexplicable;
\set VERBOSITY terse
SAVEPOINT s;
SELECT * FROM tokenmeter.explain_cost(-1);
ROLLBACK TO s;
SELECT * FROM tokenmeter.reprice(NULL, '2025-06-03');
ROLLBACK;
-- What a snapshot older than the prices could get wrong is refused.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT tokenmeter.price_pending();
ROLLBACK;
