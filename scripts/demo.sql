-- What the demo shows of the ledger.
\pset border 0
\pset footer off

\echo
\echo '==> In all'
SELECT sum(calls) AS calls, count(DISTINCT user_id) AS users, sum(input_tokens) AS input_tokens,
  sum(cache_read_tokens) AS cached_tokens, sum(output_tokens) AS output_tokens,
  sum(reasoning_tokens) AS reasoning_tokens, sum(cost) AS "cost (USD)", sum(unpriced_calls) AS unpriced
FROM llm.usage_daily;

\echo '==> By user (the ten that cost most)'
SELECT tenant_id AS tenant, user_id AS "user", sum(calls) AS calls,
  sum(input_tokens + coalesce(cache_read_tokens, 0)) AS tokens_in,
  sum(output_tokens + coalesce(reasoning_tokens, 0)) AS tokens_out, sum(cost) AS "cost (USD)"
FROM llm.usage_daily GROUP BY tenant_id, user_id ORDER BY sum(cost) DESC LIMIT 10;

\echo '==> By model'
SELECT model, sum(calls) AS calls, sum(input_tokens + coalesce(cache_read_tokens, 0)) AS tokens_in,
  sum(output_tokens + coalesce(reasoning_tokens, 0)) AS tokens_out, sum(cost) AS "cost (USD)"
FROM llm.usage_daily GROUP BY model ORDER BY sum(cost) DESC;

\echo '==> By month, and the latest days'
SELECT month, sum(calls) AS calls, sum(cost) AS "cost (USD)" FROM llm.usage_monthly GROUP BY month ORDER BY month;
SELECT day, sum(calls) AS calls, sum(cost) AS "cost (USD)",
  repeat('#', round(200 * sum(cost) / sum(sum(cost)) OVER ())::int) AS share
FROM llm.usage_daily GROUP BY day ORDER BY day DESC LIMIT 10;

\echo '==> What the providers reported, and what was counted here'
SELECT method, count(*) AS calls, count(*) FILTER (WHERE reported_input_tokens IS NOT NULL) AS reported,
  count(*) FILTER (WHERE counted_input_tokens IS NOT NULL) AS counted,
  count(*) FILTER (WHERE reported_input_tokens + coalesce(reported_cache_read_tokens, 0) = counted_input_tokens) AS equal,
  count(*) FILTER (WHERE reported_input_tokens + coalesce(reported_cache_read_tokens, 0) <> counted_input_tokens) AS different
FROM llm.usage GROUP BY method ORDER BY method;

\echo '==> One entry: all that is kept of a call'
\x on
SELECT request_id, occurred_at, user_id, model, encoding, counted_input_tokens, counted_output_tokens,
  reported_input_tokens, reported_output_tokens, input_tokens, output_tokens, method, cost, currency
FROM llm.usage WHERE method = 'counted' AND output_tokens > 0 ORDER BY occurred_at LIMIT 1;
