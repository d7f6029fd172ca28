-- The comparisons of test/bench/prices: 200,000 calls of 20 models, priced, and only read. The first turn is not measured.
SET jit = off;
SET max_parallel_workers_per_gather = 0;

CREATE TEMP TABLE call AS
SELECT m.provider, m.model, now() AS at, ROW(i % 3000, i % 700, i % 11, NULL, i % 900, i % 2)::tokenmeter.token_meters AS meters,
  CASE WHEN i % 10 = 0 THEN '{"web_search": 1}'::jsonb END AS quantities
FROM generate_series(1, 200000) i JOIN (
  SELECT provider, model, row_number() OVER (ORDER BY provider, model) AS number
  FROM tokenmeter.price WHERE meter = 'input' AND service_tier = 'standard' AND context_above = 0
  GROUP BY provider, model ORDER BY provider, model LIMIT 20) m ON m.number = 1 + i % 20;

CREATE FUNCTION pg_temp.microseconds(query text) RETURNS float8
LANGUAGE plpgsql AS $$
DECLARE
  started timestamptz := clock_timestamp();
  result text;
BEGIN
  EXECUTE query INTO result;
  RETURN extract(epoch FROM clock_timestamp() - started) * 1e6 / 200000;
END $$;

WITH run AS (
  SELECT number,
    pg_temp.microseconds($$SELECT count((tokenmeter.price_call(provider, model, 'standard', at, meters, quantities)).cost) FROM call$$) AS whole,
    pg_temp.microseconds($$SELECT count(tokenmeter.price_call(provider, model, tier, at, meters, quantities)) FROM (SELECT *, 'batch' AS tier FROM call) c$$) AS batch,
    pg_temp.microseconds($$SELECT count((provider, model, 'standard', at, meters, quantities)) FROM call$$) AS bare
  FROM generate_series(0, :runs) AS number
)
SELECT round(percentile_cont(0.5) WITHIN GROUP (ORDER BY whole)::numeric, 2) AS "priced, µs",
  round(percentile_cont(0.5) WITHIN GROUP (ORDER BY batch)::numeric, 2) AS "as a batch, µs",
  round(percentile_cont(0.5) WITHIN GROUP (ORDER BY bare)::numeric, 2) AS "only read, µs",
  round(percentile_cont(0.5) WITHIN GROUP (ORDER BY whole - bare)::numeric, 2) AS "pricing, µs"
FROM run WHERE number > 0;
