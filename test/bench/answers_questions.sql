-- What managers, finance and BI tools ask: each question on the live views, and as one would ask it of llm.usage. The first
-- twelve are those of test/bench/answers's target; the others are shorter, or finer. Rows come in a complete order, so that
-- the two answers can be compared; `tolerance` is what numbers may differ by: 0.02 where the views answer from sketches.
\set QUIET on
CREATE TABLE bench.question (number int PRIMARY KEY, question text NOT NULL, tolerance numeric NOT NULL DEFAULT 0,
  views text NOT NULL, usage text NOT NULL);

INSERT INTO bench.question (number, question, views, usage) VALUES
(1, 'what did each month cost?', $$
SELECT month, currency, sum(calls) AS calls, sum(cost) AS cost
FROM llm.model_monthly GROUP BY month, currency ORDER BY month, currency
$$, $$
SELECT date_trunc('month', occurred_at AT TIME ZONE 'UTC')::date AS month, currency, count(*) AS calls, sum(cost) AS cost
FROM llm.usage GROUP BY 1, currency ORDER BY 1, currency
$$),
(2, 'what did a tenant use and cost each month?', $$
SELECT month, currency, sum(calls) AS calls, sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens, sum(cost) AS cost
FROM llm.tenant_monthly WHERE tenant_id = 'tenant-07' GROUP BY month, currency ORDER BY month, currency
$$, $$
SELECT date_trunc('month', occurred_at AT TIME ZONE 'UTC')::date AS month, currency, count(*) AS calls, sum(input_tokens) AS input_tokens,
  sum(output_tokens) AS output_tokens, sum(cost) AS cost
FROM llm.usage WHERE tenant_id = 'tenant-07' GROUP BY 1, currency ORDER BY 1, currency
$$),
(3, 'what has each tenant used and cost?', $$
SELECT tenant_id, currency, sum(calls) AS calls, sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens, sum(cost) AS cost
FROM llm.monthly_statement GROUP BY tenant_id, currency ORDER BY tenant_id, currency
$$, $$
SELECT tenant_id, currency, count(*) AS calls, sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens, sum(cost) AS cost
FROM llm.usage GROUP BY tenant_id, currency ORDER BY tenant_id, currency
$$),
(4, 'how much is each model used?', $$
SELECT provider, model, sum(calls) AS calls, sum(unpriced_calls) AS unpriced_calls, sum(input_tokens) AS input_tokens,
  sum(cache_read_tokens) AS cache_read_tokens, sum(output_tokens) AS output_tokens, sum(reasoning_tokens) AS reasoning_tokens,
  sum(cost) AS cost
FROM llm.model_monthly GROUP BY provider, model ORDER BY provider, model
$$, $$
SELECT provider, model, count(*) AS calls, count(*) FILTER (WHERE NOT priced) AS unpriced_calls, sum(input_tokens) AS input_tokens,
  sum(cache_read_tokens) AS cache_read_tokens, sum(output_tokens) AS output_tokens, sum(reasoning_tokens) AS reasoning_tokens,
  sum(cost) AS cost
FROM llm.usage GROUP BY provider, model ORDER BY provider, model
$$),
(5, 'who cost most, each month?', $$
SELECT month, rank, user_id, calls, cost FROM llm.top_users WHERE currency = 'USD' AND rank <= 10 ORDER BY month, rank, user_id
$$, $$
SELECT * FROM (
  SELECT date_trunc('month', occurred_at AT TIME ZONE 'UTC')::date AS month, rank() OVER (
      PARTITION BY date_trunc('month', occurred_at AT TIME ZONE 'UTC')::date ORDER BY sum(cost) FILTER (WHERE currency = 'USD') DESC NULLS LAST) AS rank,
    user_id, count(*) FILTER (WHERE corrects IS NULL) AS calls, sum(cost) FILTER (WHERE currency = 'USD') AS cost
  FROM llm.usage GROUP BY 1, tenant_id, user_id) ranked
WHERE rank <= 10 AND cost IS NOT NULL ORDER BY month, rank, user_id
$$),
(6, 'which models cost most, each month?', $$
SELECT month, rank, provider, model, calls, cost FROM llm.top_models WHERE currency = 'USD' AND rank <= 5 ORDER BY month, rank, provider, model
$$, $$
SELECT * FROM (
  SELECT date_trunc('month', occurred_at AT TIME ZONE 'UTC')::date AS month, rank() OVER (
      PARTITION BY date_trunc('month', occurred_at AT TIME ZONE 'UTC')::date ORDER BY sum(cost) FILTER (WHERE currency = 'USD') DESC NULLS LAST) AS rank,
    provider, model, count(*) FILTER (WHERE corrects IS NULL) AS calls, sum(cost) FILTER (WHERE currency = 'USD') AS cost
  FROM llm.usage GROUP BY 1, provider, model) ranked
WHERE rank <= 5 AND cost IS NOT NULL ORDER BY month, rank, provider, model
$$),
(7, 'what did a user use each month?', $$
SELECT month, model, sum(calls) AS calls, sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens, sum(cost) AS cost
FROM llm.usage_monthly WHERE user_id = 'user-0042' GROUP BY month, model ORDER BY month, model
$$, $$
SELECT date_trunc('month', occurred_at AT TIME ZONE 'UTC')::date AS month, model, count(*) AS calls, sum(input_tokens) AS input_tokens,
  sum(output_tokens) AS output_tokens, sum(cost) AS cost
FROM llm.usage WHERE user_id = 'user-0042' GROUP BY 1, model ORDER BY 1, model
$$),
(8, 'which models does a tenant use, each month?', $$
SELECT month, provider, model, calls, share_of_calls FROM llm.model_mix WHERE tenant_id = 'tenant-07' ORDER BY month, provider, model
$$, $$
SELECT month, provider, model, calls, round(calls / sum(calls) OVER (PARTITION BY month), 6) AS share_of_calls FROM (
  SELECT date_trunc('month', occurred_at AT TIME ZONE 'UTC')::date AS month, provider, model, count(*) AS calls
  FROM llm.usage WHERE tenant_id = 'tenant-07' GROUP BY 1, provider, model) mix
ORDER BY month, provider, model
$$),
(9, 'how slow is each model?', $$
SELECT provider, model, tokenmeter.quantile(tokenmeter.merge(latency_sketch), 0.5) AS p50,
  tokenmeter.quantile(tokenmeter.merge(latency_sketch), 0.95) AS p95, tokenmeter.quantile(tokenmeter.merge(ttft_sketch), 0.95) AS ttft_p95
FROM llm.model_monthly WHERE status = 'ok' GROUP BY provider, model ORDER BY provider, model
$$, $$
SELECT provider, model, percentile_disc(0.5) WITHIN GROUP (ORDER BY latency_ms) AS p50,
  percentile_disc(0.95) WITHIN GROUP (ORDER BY latency_ms) AS p95, percentile_disc(0.95) WITHIN GROUP (ORDER BY ttft_ms) AS ttft_p95
FROM llm.usage WHERE status = 'ok' GROUP BY provider, model ORDER BY provider, model
$$),
(10, 'which share of the prompts was cached, each month?', $$
SELECT month, provider, round(sum(cache_read_tokens) / sum(input_tokens + coalesce(cache_read_tokens, 0) + coalesce(cache_write_tokens, 0)), 6) AS share
FROM llm.model_monthly GROUP BY month, provider ORDER BY month, provider
$$, $$
SELECT date_trunc('month', occurred_at AT TIME ZONE 'UTC')::date AS month, provider,
  round(sum(cache_read_tokens) / sum(input_tokens + coalesce(cache_read_tokens, 0) + coalesce(cache_write_tokens, 0)), 6) AS share
FROM llm.usage GROUP BY 1, provider ORDER BY 1, provider
$$),
(11, 'each tenant''s months against the month before?', $$
SELECT tenant_id, month, cost, cost - lag(cost) OVER (PARTITION BY tenant_id ORDER BY month) AS more
FROM (SELECT tenant_id, month, sum(cost) AS cost FROM llm.tenant_monthly WHERE currency = 'USD' GROUP BY tenant_id, month) monthly
ORDER BY tenant_id, month
$$, $$
SELECT tenant_id, month, cost, cost - lag(cost) OVER (PARTITION BY tenant_id ORDER BY month) AS more
FROM (SELECT tenant_id, date_trunc('month', occurred_at AT TIME ZONE 'UTC')::date AS month, sum(cost) AS cost
  FROM llm.usage WHERE currency = 'USD' GROUP BY tenant_id, 2) monthly
ORDER BY tenant_id, month
$$),
(12, 'what does a tenant''s statement say?', $$
SELECT provider, model, currency, calls, input_tokens, output_tokens, cost
FROM llm.monthly_statement WHERE tenant_id = 'tenant-07' AND month = '2026-09-01' ORDER BY provider, model, currency
$$, $$
SELECT provider, model, currency, count(*) AS calls, sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens, sum(cost) AS cost
FROM llm.usage WHERE tenant_id = 'tenant-07' AND occurred_at >= '2026-09-01Z' AND occurred_at < '2026-10-01Z'
GROUP BY provider, model, currency ORDER BY provider, model, currency
$$),
(13, 'what did each day of two years cost?', $$
SELECT day, currency, sum(calls) AS calls, sum(cost) AS cost
FROM llm.model_daily GROUP BY day, currency ORDER BY day, currency
$$, $$
SELECT (occurred_at AT TIME ZONE 'UTC')::date AS day, currency, count(*) AS calls, sum(cost) AS cost
FROM llm.usage GROUP BY 1, currency ORDER BY 1, currency
$$),
(14, 'what did a tenant cost each day?', $$
SELECT day, currency, sum(calls) AS calls, sum(cost) AS cost
FROM llm.tenant_daily WHERE tenant_id = 'tenant-07' GROUP BY day, currency ORDER BY day, currency
$$, $$
SELECT (occurred_at AT TIME ZONE 'UTC')::date AS day, currency, count(*) AS calls, sum(cost) AS cost
FROM llm.usage WHERE tenant_id = 'tenant-07' GROUP BY 1, currency ORDER BY 1, currency
$$),
(15, 'how many users were there, each month?', $$
SELECT month, count(DISTINCT user_id) AS users FROM llm.usage_monthly GROUP BY month ORDER BY month
$$, $$
SELECT date_trunc('month', occurred_at AT TIME ZONE 'UTC')::date AS month, count(DISTINCT user_id) AS users
FROM llm.usage GROUP BY 1 ORDER BY 1
$$),
(16, 'whose cost has risen most since last month?', $$
SELECT user_id, sum(cost) FILTER (WHERE month = '2026-08-01') AS before, sum(cost) FILTER (WHERE month = '2026-09-01') AS cost
FROM llm.usage_monthly WHERE month >= '2026-08-01' AND month < '2026-10-01' AND currency = 'USD' GROUP BY user_id
ORDER BY coalesce(sum(cost) FILTER (WHERE month = '2026-09-01'), 0) - coalesce(sum(cost) FILTER (WHERE month = '2026-08-01'), 0) DESC, user_id LIMIT 20
$$, $$
SELECT user_id, sum(cost) FILTER (WHERE occurred_at < '2026-09-01Z') AS before, sum(cost) FILTER (WHERE occurred_at >= '2026-09-01Z') AS cost
FROM llm.usage WHERE occurred_at >= '2026-08-01Z' AND occurred_at < '2026-10-01Z' AND currency = 'USD' GROUP BY user_id
ORDER BY coalesce(sum(cost) FILTER (WHERE occurred_at >= '2026-09-01Z'), 0) - coalesce(sum(cost) FILTER (WHERE occurred_at < '2026-09-01Z'), 0) DESC, user_id
LIMIT 20
$$),
(17, 'what did a tenant''s users cost last month?', $$
SELECT team_id, user_id, currency, sum(calls) AS calls, sum(cost) AS cost
FROM llm.usage_monthly WHERE tenant_id = 'tenant-07' AND month = '2026-09-01' GROUP BY team_id, user_id, currency ORDER BY team_id, user_id, currency
$$, $$
SELECT team_id, user_id, currency, count(*) AS calls, sum(cost) AS cost
FROM llm.usage WHERE tenant_id = 'tenant-07' AND occurred_at >= '2026-09-01Z' AND occurred_at < '2026-10-01Z'
GROUP BY team_id, user_id, currency ORDER BY team_id, user_id, currency
$$),
(18, 'what did a user do each day of last month?', $$
SELECT day, model, sum(calls) AS calls, sum(cost) AS cost
FROM llm.usage_daily WHERE user_id = 'user-0042' AND day >= '2026-09-01' AND day < '2026-10-01' GROUP BY day, model ORDER BY day, model
$$, $$
SELECT (occurred_at AT TIME ZONE 'UTC')::date AS day, model, count(*) AS calls, sum(cost) AS cost
FROM llm.usage WHERE user_id = 'user-0042' AND occurred_at >= '2026-09-01Z' AND occurred_at < '2026-10-01Z' GROUP BY 1, model ORDER BY 1, model
$$),
(19, 'which share of calls failed, each day of a quarter?', $$
SELECT day, provider, sum(calls) AS calls, sum(calls) FILTER (WHERE status <> 'ok') AS failed
FROM llm.model_daily WHERE day >= '2026-07-01' AND day < '2026-10-01' GROUP BY day, provider ORDER BY day, provider
$$, $$
SELECT (occurred_at AT TIME ZONE 'UTC')::date AS day, provider, count(*) AS calls, nullif(count(*) FILTER (WHERE status <> 'ok'), 0) AS failed
FROM llm.usage WHERE occurred_at >= '2026-07-01Z' AND occurred_at < '2026-10-01Z' GROUP BY 1, provider ORDER BY 1, provider
$$),
(20, 'at what hours of a week does a tenant work?', $$
SELECT date_trunc('hour', bucket_start) AS hour, sum(calls) AS calls, sum(output_tokens) AS output_tokens
FROM llm.usage_15min WHERE tenant_id = 'tenant-07' AND bucket_start >= '2026-09-21Z' AND bucket_start < '2026-09-28Z' GROUP BY 1 ORDER BY 1
$$, $$
SELECT date_trunc('hour', occurred_at) AS hour, count(*) AS calls, sum(output_tokens) AS output_tokens
FROM llm.usage WHERE tenant_id = 'tenant-07' AND occurred_at >= '2026-09-21Z' AND occurred_at < '2026-09-28Z' GROUP BY 1 ORDER BY 1
$$),
(21, 'which hours of a month are the busiest?', $$
SELECT extract(isodow FROM bucket_start AT TIME ZONE 'UTC') AS weekday, extract(hour FROM bucket_start AT TIME ZONE 'UTC') AS hour, sum(calls) AS calls
FROM llm.usage_15min WHERE bucket_start >= '2026-09-01Z' AND bucket_start < '2026-10-01Z' GROUP BY 1, 2 ORDER BY 1, 2
$$, $$
SELECT extract(isodow FROM occurred_at AT TIME ZONE 'UTC') AS weekday, extract(hour FROM occurred_at AT TIME ZONE 'UTC') AS hour, count(*) AS calls
FROM llm.usage WHERE occurred_at >= '2026-09-01Z' AND occurred_at < '2026-10-01Z' GROUP BY 1, 2 ORDER BY 1, 2
$$),
(22, 'who cost most, of all the time?', $$
SELECT user_id, sum(calls) AS calls, sum(cost) AS cost
FROM llm.usage_monthly WHERE currency = 'USD' GROUP BY user_id ORDER BY cost DESC, user_id LIMIT 20
$$, $$
SELECT user_id, count(*) AS calls, sum(cost) AS cost
FROM llm.usage WHERE currency = 'USD' GROUP BY user_id ORDER BY cost DESC, user_id LIMIT 20
$$);
UPDATE bench.question SET tolerance = 0.02 WHERE number = 9;

-- Whether the two answers are the same: no row is returned that is only in one, nor at another place.
CREATE FUNCTION bench.compare(number int) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  asked bench.question := (SELECT q FROM bench.question q WHERE q.number = compare.number);
  on_views jsonb;
  on_usage jsonb;
  different text;
BEGIN
  EXECUTE format('SELECT jsonb_agg(a) FROM (%s) a', asked.views) INTO on_views;
  EXECUTE format('SELECT jsonb_agg(a) FROM (%s) a', asked.usage) INTO on_usage;
  IF on_views = on_usage THEN
    RETURN format('equal, %s rows', jsonb_array_length(on_usage));
  END IF;
  SELECT format('DIFFERENT: row %s is %s, should be %s', position, v.row, u.row) INTO different
  FROM jsonb_array_elements(on_views) WITH ORDINALITY v (row, position)
  FULL JOIN jsonb_array_elements(on_usage) WITH ORDINALITY u (row, position) USING (position)
  WHERE v.row IS NULL OR u.row IS NULL OR EXISTS (
    SELECT FROM jsonb_each(v.row) x JOIN jsonb_each(u.row) y USING (key)
    WHERE CASE WHEN asked.tolerance > 0 AND jsonb_typeof(x.value) = 'number' AND jsonb_typeof(y.value) = 'number'
      THEN abs(x.value::numeric - y.value::numeric) > asked.tolerance * y.value::numeric ELSE x.value <> y.value END)
  ORDER BY position LIMIT 1;
  RETURN coalesce(different, format('within %s %%, %s rows', (100 * asked.tolerance)::int, jsonb_array_length(on_usage)));
END $$;
