-- Prices, and what calls cost.
-- 1,000 input, 500 of them cached, and 200 output tokens.
SELECT * FROM tokenmeter.call_cost('openai', 'gpt-4o', 'standard', '2025-06-01', '{"input": 500, "cache_read": 500, "output": 200}');
-- One call before and one after o3's price changed at midnight UTC.
SELECT at AT TIME ZONE 'UTC' AS at, cost FROM unnest(ARRAY['2025-06-09 23:59:59.999999+00', '2025-06-10 00:00:00+00']::timestamptz[]) AS t (at),
  tokenmeter.call_cost('openai', 'o3', 'standard', at, '{"input": 1000, "output": 100, "reasoning": 900}');
-- Fallbacks: reasoning pays output's price, cached input that has no price pays input's.
SELECT cost FROM tokenmeter.call_cost('openai', 'o3', 'standard', '2025-07-01', '{"reasoning": 1000000}');
SELECT cost FROM tokenmeter.call_cost('openai', 'gpt-4-turbo', 'standard', '2025-07-01', '{"cache_read": 1000000}');
-- As people write models; a fine-tuned model has its own price, an unknown one of these has none.
SELECT model, cost FROM unnest(ARRAY['OpenAI/GPT-4o-mini', 'azure/gpt-4o-mini', 'ft:gpt-4o-mini-2024-07-18:acme::x', 'ft:o1-pro:acme::x']) AS m (model),
  tokenmeter.call_cost('openai', model, 'standard', '2025-07-01', '{"input": 1000000}');
-- Never a silent 0: no model, no price yet, no number; but a reported 0 is a number.
SELECT cost IS NULL FROM tokenmeter.call_cost('openai', 'unheard-of', 'standard', '2025-07-01', '{"input": 1}');
SELECT cost IS NULL FROM tokenmeter.call_cost('openai', 'unheard-of', 'standard', '2025-07-01', '{"input": 0}');
SELECT cost IS NULL FROM tokenmeter.call_cost('openai', 'gpt-4o', 'standard', '2020-01-01', '{"input": 1}');
SELECT cost IS NULL FROM tokenmeter.call_cost('openai', 'gpt-4o', 'standard', '2025-07-01', '{"input": null}');
SELECT cost IS NULL FROM tokenmeter.call_cost('openai', 'gpt-4o', 'standard', '2025-07-01', '{"input": 1, "zeppelin": 1}');
SELECT cost FROM tokenmeter.call_cost('openai', 'gpt-4o', 'standard', '2025-07-01', '{"input": 0, "output": 0}');

-- A user's own prices: before shipped ones; provider, tier, context tier, unit.
BEGIN;
INSERT INTO tokenmeter.price (provider, model, meter, service_tier, context_above, currency, unit_quantity, unit_price, effective_from) VALUES
  ('me', 'm', 'input', 'standard', 0, 'EUR', 1000000, 1, '2025-01-01'),
  ('me', 'm', 'input', 'standard', 1000, 'EUR', 1000000, 2, '2025-01-01'),
  ('me', 'm', 'input', 'batch', 0, 'EUR', 1000000, 0.5, '2025-01-01'),
  ('me', 'm', 'output', 'standard', 0, 'EUR', 1, 0.00000000013, '2025-01-01'),
  ('me', 'm', 'web_search', 'standard', 0, 'EUR', 1000, 10, '2025-01-01'),
  ('other', 'm', 'input', 'standard', 0, 'USD', 1000000, 7, '2025-01-01'),
  ('other', 'm', 'web_search', 'standard', 0, 'EUR', 1000, 10, '2025-01-01'),
  ('me', 'mine', 'input', 'standard', 0, 'EUR', 1000000, 1, '2025-01-01'),
  ('openai', 'o3', 'input', 'standard', 0, 'USD', 1000000, 1, '2025-05-01');
SELECT * FROM tokenmeter.call_cost('me', 'm', 'standard', '2025-07-01', '{"input": 1000}');
SELECT * FROM tokenmeter.call_cost('me', 'm', 'standard', '2025-07-01', '{"input": 900, "cache_read": 101}');
SELECT * FROM tokenmeter.call_cost('me', 'm', 'batch', '2025-07-01', '{"input": 1000}');
SELECT * FROM tokenmeter.call_cost('me', 'm', 'standard', '2025-07-01', '{"output": 1}');
SELECT * FROM tokenmeter.call_cost('me', 'm', 'standard', '2025-07-01', '{"web_search": 3, "output": 0}');
SELECT * FROM tokenmeter.call_cost('other', 'm', 'standard', '2025-07-01', '{"input": 1000}');
SELECT * FROM tokenmeter.call_cost('other', 'm', 'standard', '2025-07-01', '{"input": 1000, "web_search": 1}');  -- two currencies
-- The user's own price is not overtaken by a later shipped one.
SELECT * FROM tokenmeter.call_cost('openai', 'o3', 'standard', '2025-07-01', '{"input": 1000000}');

-- Whose prices a call pays: prices of several providers are never mixed.
SELECT * FROM tokenmeter.call_cost('other', 'm', 'standard', '2025-07-01', '{"input": 1000, "output": 1}');
SELECT provider, model, tokenmeter.price_provider(provider, model), cost
FROM (VALUES ('Azure', 'gpt-4o-mini'), (NULL, 'azure/eu/gpt-4o-mini'), ('', 'gpt-4o-mini'), ('openai', 'azure/gpt-4o-mini'),
  ('openrouter', 'gpt-4o-mini'), (NULL, 'openrouter/openai/gpt-4o-mini:free'), (NULL, 'mine'), (NULL, 'm')) AS c (provider, model),
  tokenmeter.call_cost(provider, model, 'standard', '2025-07-01', '{"input": 1000000}');
-- A service tier without a price of its own is not standard's.
SELECT tier, cost FROM unnest(ARRAY[NULL, '', 'default', 'Auto', 'STANDARD', 'batch', 'priority']) WITH ORDINALITY AS t (tier, i),
  tokenmeter.call_cost('openai', 'gpt-4o', tier, '2025-07-01', '{"input": 1000000}') ORDER BY i;
-- Exact where a double would not be.
SELECT cost FROM tokenmeter.call_cost('me', 'm', 'standard', '2025-07-01', '{"output": 9223372036854775807}');
ROLLBACK;

-- Prices are only added, and must be prices.
UPDATE tokenmeter.price SET unit_price = 0;
DELETE FROM tokenmeter.price;
TRUNCATE tokenmeter.price;
\set VERBOSITY terse
INSERT INTO tokenmeter.price (provider, model, meter, unit_quantity, unit_price, effective_from) VALUES ('me', 'm', 'input', 1000000, -1, now());
INSERT INTO tokenmeter.price (provider, model, meter, unit_quantity, unit_price, effective_from) VALUES ('me', 'm', 'input', 1000000, 'NaN', now());
INSERT INTO tokenmeter.price (provider, model, meter, unit_quantity, unit_price, effective_from) VALUES ('me', 'm', 'input', 0, 1, now());
INSERT INTO tokenmeter.price (provider, model, meter, unit_quantity, unit_price, effective_from) VALUES ('me', 'm', 'input', 60, 1, now());  -- 1/60 is no decimal fraction

-- The shipped book: what the demo's models cost in that time.
SELECT count(*) > 300 AS has_rows, count(*) FILTER (WHERE source = '' OR source_date IS NULL) AS without_source FROM tokenmeter.price;
