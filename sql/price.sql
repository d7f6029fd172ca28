-- Prices, and what calls cost.
CREATE FUNCTION pg_temp.cost(provider text, model text, service_tier text, at timestamptz, quantities jsonb,
  tenant_id text DEFAULT NULL, region text DEFAULT NULL, known_at timestamptz DEFAULT 'infinity',
  OUT cost numeric, OUT currency text, OUT assumed boolean, OUT problem text)
LANGUAGE sql BEGIN ATOMIC
  SELECT p.cost, p.currency, p.tier_assumed, p.problem
  FROM tokenmeter.price_call($1, $2, $3, $4, NULL, $5, $6, $7, $8) p;
END;

-- 500 uncached and 500 cached input tokens and 200 output tokens; as meters of a row, and as JSON.
SELECT cost, currency, tier_assumed, problem,
  ARRAY(SELECT concat_ws(' ', p.origin, p.model, p.meter, p.unit_price) FROM tokenmeter.price p WHERE p.price_id = ANY (price_ids)
    ORDER BY p.meter) AS by_prices
FROM tokenmeter.price_call('openai', 'gpt-4o', 'standard', '2025-06-01', ROW(500, 500, NULL, NULL, 200, 0)::tokenmeter.token_meters, NULL);
SELECT token_cost('gpt-4o', '{"input": 500, "cache_read": 500, "output": 200}', '2025-06-01');
SELECT token_cost('gpt-4o', NULL), token_cost('unheard-of', '{"input": 1}');
-- One call before and one after o3's price changed at midnight UTC.
SELECT at AT TIME ZONE 'UTC' AS at, token_cost('o3', '{"input": 1000, "output": 100, "reasoning": 900}', at)
FROM unnest(ARRAY['2025-06-09 23:59:59.999999+00', '2025-06-10 00:00:00+00']::timestamptz[]) AS t (at);
-- The smallest price there is, of one token; more tokens than a double counts.
BEGIN;
INSERT INTO tokenmeter.price (provider, model, meter, unit_quantity, unit_price, effective_from) VALUES
  ('me', 'tiny', 'input', 1, 1.3e-10, '2025-01-01');
SELECT * FROM pg_temp.cost('me', 'tiny', 'standard', '2025-07-01', '{"input": 1}');
SELECT * FROM pg_temp.cost('me', 'tiny', 'standard', '2025-07-01', '{"input": 9223372036854775807}');
ROLLBACK;
-- Fallbacks: reasoning pays output's price, cached input that has no price pays input's.
SELECT token_cost('o3', '{"reasoning": 1000000}', '2025-07-01'), token_cost('gpt-4-turbo', '{"cache_read": 1000000}', '2025-07-01');
-- As people write models; a fine-tuned model has its own price, an unknown one of these has none.
SELECT provider, left(model, 40) AS model, cost, problem
FROM (VALUES ('openai', 'OpenAI/GPT-4o-mini'), ('openai', 'ft:gpt-4o-mini-2024-07-18:acme::x'), ('openai', 'ft:o1-pro:acme::x'),
  ('openai', 'gpt-4o-mini:variant'), ('Azure', 'gpt-4o-mini'), (NULL, 'azure/eu/gpt-4o-mini'), ('', 'gpt-4o-mini'),
  ('openrouter', 'gpt-4o-mini'), (NULL, 'openrouter/openai/gpt-4o-mini:free'), ('openai', ''), ('openai', repeat('long', 64))) AS c (provider, model),
  LATERAL pg_temp.cost(provider, model, 'standard', '2025-07-01', '{"input": 1000000}');
-- Never a silent 0: no model, no price yet, no number; but a reported 0 is a number.
SELECT model, at, quantities, c.*
FROM (VALUES ('unheard-of', '2025-07-01', '{"input": 1}'), ('unheard-of', '2025-07-01', '{"input": 0}'),
  ('gpt-4o', '2020-01-01', '{"input": 1}'), ('gpt-4o', '2025-07-01', '{"input": null}'), ('gpt-4o', '2025-07-01', '{}'),
  ('gpt-4o', '2025-07-01', '{"input": 1, "zeppelin": 1}'), ('gpt-4o', '2025-07-01', '{"input": 0, "output": 0, "zeppelin": 0}')) AS v (model, at, quantities),
  LATERAL pg_temp.cost('openai', model, 'standard', at::timestamptz, quantities::jsonb) c;

-- A user's own prices.
BEGIN;
INSERT INTO tokenmeter.price (provider, model, meter, service_tier, context_above, currency, unit_quantity, unit_price, effective_from) VALUES
  ('me', 'm', 'input', 'standard', 0, 'EUR', 1000000, 1, '2025-01-01'),
  ('me', 'm', 'input', 'standard', 1000, 'EUR', 1000000, 2, '2025-01-01'),
  ('me', 'm', 'input', 'batches', 0, 'EUR', 1000000, 0.5, '2025-01-01'),
  ('me', 'm', 'web_search', 'standard', 0, 'EUR', 1000, 10, '2025-01-01'),
  ('other', 'm', 'input', 'standard', 0, 'USD', 1000000, 7, '2025-01-01'),
  ('other', 'm', 'web_search', 'standard', 0, 'EUR', 1000, 10, '2025-01-01'),
  ('Me', 'Mine', 'input', 'standard', 0, 'EUR', 1000000, 1, '2025-01-01'),
  ('openai', 'o3', 'input', 'standard', 0, 'USD', 1000000, 1, '2025-05-01');
SELECT tier, quantities, c.*
FROM (VALUES ('standard', '{"input": 1000}'), ('standard', '{"input": 900, "cache_read": 101}'), ('batch', '{"input": 1000}'),
  ('Batches', '{"input": 1000}'), ('batch', '{"input": 1001}'), ('priority', '{"input": 1000}'), (NULL, '{"input": 1000, "web_search": 3}'),
  ('batch', '{"web_search": 3}')) AS v (tier, quantities),
  LATERAL pg_temp.cost('me', 'm', tier, '2025-07-01', quantities::jsonb) c;
SELECT * FROM pg_temp.cost('other', 'm', 'standard', '2025-07-01', '{"input": 1000, "web_search": 1}');
-- The user's own price is not overtaken by a later shipped one.
SELECT cost FROM pg_temp.cost('openai', 'o3', 'standard', '2025-07-01', '{"input": 1000000}');
-- Whose prices a call pays that names no provider: prices of several are never mixed.
SELECT model, c.* FROM unnest('{mine,m,me/m,other/m,nobody/m}'::text[]) AS model,
  LATERAL pg_temp.cost(NULL, model, 'standard', '2025-07-01', '{"input": 1000}') c;
-- Owned prices go before a list's, whatever tier or context the list knows besides; other spellings of a region.
INSERT INTO tokenmeter.price (provider, model, meter, region, currency, unit_quantity, unit_price, factor, effective_from) VALUES
  ('openai', 'gpt-5', 'input', NULL, 'USD', 1000000, 1, NULL, '2025-01-01'), ('me', 'm', '*', 'EU', 'EUR', NULL, NULL, 1.5, '2025-01-01'), ('me', 'm', 'output', NULL, 'EUR', 1073741824, 1, NULL, '2025-01-01');
SELECT tier, cost, assumed FROM unnest('{standard,priority,batch}'::text[]) AS tier, LATERAL pg_temp.cost('openai', 'gpt-5', tier, '2025-10-01', '{"input": 1000000}');
SELECT cost FROM pg_temp.cost('me', 'm', 'standard', '2025-07-01', '{"input": 1000, "output": 1}', NULL, 'eu');
-- Patterns that overlap: the whole name, then the longest start.
INSERT INTO tokenmeter.price (provider, model, meter, unit_quantity, unit_price, effective_from) VALUES
  ('me', '*', 'web_search', 1000, 1, '2025-01-01'), ('me', 'big*', 'web_search', 1000, 2, '2025-01-01'),
  ('me', 'bigger*', 'web_search', 1000, 3, '2025-01-01'), ('me', 'bigger', 'web_search', 1000, 4, '2025-01-01');
SELECT model, cost FROM unnest('{small,big,bigger,bigger-still,me/bigger}'::text[]) AS model,
  LATERAL pg_temp.cost('me', model, 'standard', '2025-07-01', '{"web_search": 1000}') c;
-- A tenant's own; a discount; a region; hours of the day; an end.
INSERT INTO tokenmeter.price (provider, model, meter, tenant_id, region, hours_from, hours_to, unit_quantity, unit_price, factor, effective_from) VALUES
  ('me', 'x', 'input', NULL, NULL, '00:00', '00:00', 1000000, 10, NULL, '2025-01-01'),
  ('me', 'x', 'input', NULL, NULL, '16:30', '00:30', 1000000, 5, NULL, '2025-01-01'),
  ('me', 'x', 'input', 'acme', NULL, '00:00', '00:00', 1000000, 7, NULL, '2025-01-01'),
  ('me', 'x', '*', NULL, 'eu', '00:00', '00:00', NULL, NULL, 1.1, '2025-01-01'),
  ('me', '*', '*', 'bulk', NULL, '00:00', '00:00', NULL, NULL, 0.8, '2025-01-01'),
  ('me', 'x', 'input', 'acme', NULL, '00:00', '00:00', NULL, NULL, NULL, '2025-08-01');
SELECT at, tenant, region, cost
FROM (VALUES ('2025-07-01 12:00+00', NULL, NULL), ('2025-07-01 16:29:59.999999+00', NULL, NULL), ('2025-07-01 16:30+00', NULL, NULL),
  ('2025-07-01 00:29:59+00', NULL, NULL), ('2025-07-01 00:30+00', NULL, NULL), ('2025-07-01 12:00+00', 'acme', NULL),
  ('2025-07-01 12:00+00', 'acme', 'eu'), ('2025-07-01 12:00+00', 'bulk', 'eu'), ('2025-08-01 12:00+00', 'acme', NULL)) AS v (at, tenant, region),
  LATERAL pg_temp.cost('me', 'x', 'standard', at::timestamptz, '{"input": 1000000}', tenant, region) c;
-- As it was known at a moment.
INSERT INTO tokenmeter.price (provider, model, meter, unit_quantity, unit_price, effective_from, recorded_at) VALUES
  ('me', 'y', 'input', 1000000, 1, '2025-01-01', '2025-01-01'), ('me', 'y', 'input', 1000000, 2, '2025-01-01', '2025-03-01');
SELECT known_at, cost FROM unnest('{2025-02-01,2025-03-01,infinity}'::timestamptz[]) known_at,
  LATERAL pg_temp.cost('me', 'y', 'standard', '2025-02-01', '{"input": 1000000}', NULL, NULL, known_at);
-- A price is seen at once, and gone with its transaction.
SAVEPOINT s;
INSERT INTO tokenmeter.price (provider, model, meter, unit_quantity, unit_price, effective_from) VALUES ('me', 'y', 'output', 1000000, 1, '2025-01-01');
SELECT cost FROM pg_temp.cost('me', 'y', 'standard', '2025-02-01', '{"output": 1000000}');
ROLLBACK TO s;
SELECT cost, problem FROM pg_temp.cost('me', 'y', 'standard', '2025-02-01', '{"output": 1000000}');
ROLLBACK;

-- Other currencies, for reports.
BEGIN;
INSERT INTO tokenmeter.exchange_rate (from_currency, to_currency, rate, effective_from, source) VALUES
  ('CNY', 'USD', 0.1393, '2025-01-01', 'bank'), ('CNY', 'USD', 0.1402, '2025-07-01', 'bank');
SELECT tokenmeter.convert_currency(100, 'CNY', 'USD', '2025-06-30'), tokenmeter.convert_currency(100, 'CNY', 'USD', '2025-07-01'),
  tokenmeter.convert_currency(100, 'USD', 'USD', '2020-01-01'), tokenmeter.convert_currency(100, 'USD', 'CNY', '2025-07-01');
UPDATE tokenmeter.exchange_rate SET rate = 1;
ROLLBACK;

-- Prices are only added, and must be prices.
UPDATE tokenmeter.price SET unit_price = 0;
DELETE FROM tokenmeter.price;
TRUNCATE tokenmeter.price;
\set VERBOSITY terse
INSERT INTO tokenmeter.price (provider, model, meter, unit_quantity, unit_price, effective_from) VALUES ('me', 'm', 'input', 1000000, -1, now());
INSERT INTO tokenmeter.price (provider, model, meter, unit_quantity, unit_price, effective_from) VALUES ('me', 'm', 'input', 1000000, 'NaN', now());
INSERT INTO tokenmeter.price (provider, model, meter, unit_quantity, unit_price, effective_from) VALUES ('me', 'm', 'input', 0, 1, now());
INSERT INTO tokenmeter.price (provider, model, meter, unit_quantity, unit_price, effective_from) VALUES ('me', 'm', 'input', 3, 1, now());
INSERT INTO tokenmeter.price (provider, model, meter, unit_price, effective_from) VALUES ('me', 'm', 'input', 1, now());
INSERT INTO tokenmeter.price (provider, model, meter, unit_quantity, unit_price, effective_from) VALUES ('me', 'm', '*', 1, 1, now());
INSERT INTO tokenmeter.price (provider, model, meter, unit_quantity, unit_price, factor, effective_from) VALUES ('me', 'm', 'input', 1, 1, 2, now());
INSERT INTO tokenmeter.price (provider, model, meter, service_tier, region, factor, effective_from) VALUES ('me', 'm', '*', 'batch', 'eu', 2, now());
INSERT INTO tokenmeter.price (provider, model, meter, unit_quantity, unit_price, currency, effective_from) VALUES ('me', 'm', 'input', 1, 1, 'euro', now());
INSERT INTO tokenmeter.price (provider, model, meter, unit_quantity, unit_price, effective_from) VALUES ('me', 'm', 'input', 1, 1, 'infinity');
INSERT INTO tokenmeter.price (provider, model, meter, unit_quantity, unit_price, effective_from, recorded_at) VALUES ('me', 'm', 'input', 1, 1, '2999-01-03', '2998-01-01');
INSERT INTO tokenmeter.price (provider, model, meter, unit_quantity, unit_price, effective_from) VALUES ('me', 'm', 'Input', 1, 1, now());
INSERT INTO tokenmeter.price (provider, model, meter, unit_quantity, unit_price, effective_from, origin) VALUES ('me', 'm', 'input', 1, 1, now(), 'shipped');
INSERT INTO tokenmeter.price (provider, model, meter, unit_quantity, unit_price, effective_from) VALUES ('', 'm', 'input', 1, 1, now());
-- Quantities must be quantities.
SELECT token_cost('gpt-4o', '[1]');
SELECT token_cost('gpt-4o', '{"input": "1"}');
SELECT token_cost('gpt-4o', '{"input": [1]}');
SELECT token_cost('gpt-4o', '{"input": -1}');
SELECT token_cost('gpt-4o', '{"input": 1e30}');
SELECT token_cost('gpt-4o', '{"input": 1e-40}');
SELECT tokenmeter.price_call('openai', 'gpt-4o', 'standard', now(), ROW(-1, NULL, NULL, NULL, NULL, NULL)::tokenmeter.token_meters, NULL);
SELECT tokenmeter.service_tier(repeat('x', 100));
