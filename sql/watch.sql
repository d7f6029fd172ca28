-- Drift, anomalies, forecasts and alerts.
\set VERBOSITY terse
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
SELECT tokenmeter.create_ledger();

-- Entries as they are in the ledger: what is tested is what is made of them.
CREATE FUNCTION pg_temp.spend(at timestamptz, tenant text, person text, amount numeric, currency text DEFAULT 'USD') RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM tokenmeter.ensure_partition(at);
  INSERT INTO llm.usage (occurred_at, tenant_id, user_id, provider, model, method, cost, currency, priced)
  VALUES (at, tenant, person, 'openai', 'gpt-4o', 'reported', amount, CASE WHEN amount IS NOT NULL THEN currency END, amount IS NOT NULL);
END $$;
CREATE FUNCTION pg_temp.compare(at timestamptz, provider text, model text, reported bigint, counted bigint, calls integer DEFAULT 1)
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM tokenmeter.ensure_partition(at);
  INSERT INTO llm.usage (occurred_at, tenant_id, provider, model, method, reported_input_tokens, counted_input_tokens, priced)
  SELECT at, 'acme', provider, model, 'reported', reported, counted, false FROM generate_series(1, calls);
END $$;

-- Drift: 102 against 100, exactly the threshold, is not beyond it; down counts as up does; an answer alone is compared, too.
SELECT num_nonnulls(pg_temp.compare('2025-06-10 12:00+00', 'openai', 'even', 102, 100),
  pg_temp.compare('2025-06-10 12:00+00', 'openai', 'more', 1020001, 1000000),
  pg_temp.compare('2025-06-10 12:00+00', 'openai', 'less', 97, 100),
  pg_temp.compare('2025-06-10 12:00+00', 'azure', 'less', 100, 100),
  pg_temp.compare('2025-06-10 12:00+00', NULL, 'nothing counted', 5, 0),
  pg_temp.compare('2025-06-10 12:00+00', NULL, 'nothing at all', 0, 0),
  pg_temp.compare('2025-06-10 12:00+00', 'openai', 'only reported', 100, NULL),
  pg_temp.compare('2025-06-10 23:30+00', 'openai', 'late', 200, 100));
INSERT INTO llm.usage (occurred_at, provider, model, method, reported_input_tokens, reported_cache_read_tokens, counted_input_tokens,
  reported_output_tokens, counted_output_tokens, priced) VALUES
  ('2025-06-10 13:00+00', 'openai', 'less', 'reported', 40, 60, 100, 7, 10, false),
  ('2025-06-10 13:00+00', 'openai', 'less', 'reported', 40, 60, NULL, 10, 10, false);
SELECT * FROM llm.drift ORDER BY day, provider, model;
-- By the entries themselves: of a call that has both, prompt and answer each.
CREATE VIEW pg_temp.drift_of_entries AS
SELECT (occurred_at AT TIME ZONE tokenmeter.report_time_zone())::date AS day, provider, model, count(DISTINCT entry_id) AS calls,
  sum(reported) AS reported, sum(counted) AS counted
FROM llm.usage, LATERAL (VALUES
  (reported_input_tokens + coalesce(reported_cache_read_tokens, 0) + coalesce(reported_cache_write_tokens, 0)
    + coalesce(reported_cache_write_1h_tokens, 0), counted_input_tokens),
  (reported_output_tokens, counted_output_tokens), (reported_reasoning_tokens, counted_reasoning_tokens)) part (reported, counted)
WHERE reported IS NOT NULL AND counted IS NOT NULL
GROUP BY 1, 2, 3;
CREATE FUNCTION pg_temp.drift_differs() RETURNS bigint LANGUAGE sql AS $$
  SELECT count(*) FROM (
    (SELECT * FROM pg_temp.drift_of_entries EXCEPT ALL SELECT day, provider, model, compared_calls, reported_tokens, counted_tokens FROM llm.drift)
    UNION ALL
    (SELECT day, provider, model, compared_calls, reported_tokens, counted_tokens FROM llm.drift EXCEPT ALL SELECT * FROM pg_temp.drift_of_entries)) d
$$;
SELECT pg_temp.drift_differs();
-- In another zone it is another day; another threshold; folded and not.
SET tokenmeter.time_zone = 'Asia/Kolkata';
SET tokenmeter.drift_threshold = 0.01;
SELECT day, model, drift, exceeds FROM llm.drift WHERE model IN ('late', 'even') ORDER BY day;
SELECT pg_temp.drift_differs();
RESET tokenmeter.time_zone;
SET tokenmeter.drift_threshold = -1;
SET tokenmeter.drift_threshold = '2 %';
RESET tokenmeter.drift_threshold;
SELECT tokenmeter.maintain() > 0;
SELECT pg_temp.drift_differs();

-- The median of an even and an odd number of amounts, exactly.
SELECT tokenmeter.median(a) FROM unnest('{3, 1000000000000000000000.5, NULL, 0.1, 1.05}'::numeric[]) a;
SELECT tokenmeter.median(a) FROM unnest('{3, -1, 2}'::numeric[]) a;
SELECT tokenmeter.median(a) IS NULL AS of_nulls, tokenmeter.median(a) FILTER (WHERE false) IS NULL AS of_nothing FROM unnest('{NULL}'::numeric[]) a;

-- Anomalies, at 10:20 on a Tuesday. Of ann's hour from 10, the 28 days before cost 1, 2, ... 28: the median is 14.5, the
-- median distance from it 7, the spread 10.3782, and 14.5 + 6 * 10.3782 = 76.7692 is the last cost that is usual.
SELECT sum(num_nonnulls(pg_temp.spend('2025-07-01 10:05+00'::timestamptz - n * interval '1 day', 'acme', 'ann', n))) FROM generate_series(1, 28) n;
-- Neither the hours beside it nor a 29th day matters.
SELECT sum(num_nonnulls(pg_temp.spend('2025-07-01 09:59+00'::timestamptz - n * interval '1 day', 'acme', 'ann', 1000),
  pg_temp.spend('2025-07-01 11:00+00'::timestamptz - n * interval '1 day', 'acme', 'ann', 1000))) FROM generate_series(1, 28) n;
SELECT num_nonnulls(pg_temp.spend('2025-06-02 10:05+00', 'acme', 'ann', 1000000), pg_temp.spend('2025-07-01 11:05+00', 'acme', 'ann', 1000000));
SELECT num_nonnulls(pg_temp.spend('2025-07-01 10:01+00', 'acme', 'ann', 70), pg_temp.spend('2025-07-01 10:19+00', 'acme', 'ann', 6.8));
-- bob never spent anything: 1 is much, 0.99 too little to speak of. In another currency he is usual; and some have no tenant, or no price.
SELECT num_nonnulls(pg_temp.spend('2025-06-30 10:30+00', 'acme', 'bob', 1), pg_temp.spend('2025-06-30 12:30+00', 'acme', 'bob', 0.99));
SELECT sum(num_nonnulls(pg_temp.spend('2025-07-01 10:05+00'::timestamptz - n * interval '1 day', 'acme', 'bob', 5, 'EUR'))) FROM generate_series(0, 14) n;
SELECT sum(num_nonnulls(pg_temp.spend('2025-07-01 02:05+00'::timestamptz - n * interval '1 day', NULL, 'cy', 0.5 + 0.5 * (n % 2)))) FROM generate_series(0, 20) n;
SELECT num_nonnulls(pg_temp.spend('2025-07-01 03:05+00', NULL, NULL, 2), pg_temp.spend('2025-07-01 03:06+00', 'acme', 'bob', NULL));
SELECT * FROM llm.anomaly_at('2025-07-01 10:20+00') ORDER BY scope, tenant_id, user_id, hour, currency;

-- Again, by the entries themselves and percentile_cont(), in other zones, while some entries are folded and others not.
SELECT tokenmeter.maintain() > 0;
SELECT sum(num_nonnulls(pg_temp.spend(h, 'wide', 'w' || n % 3, (n * n * 7919 % 1009) / 100.0)))
FROM generate_series('2025-02-20 00:10+00'::timestamptz, '2025-04-02 00:00+00', '50 minutes') WITH ORDINALITY s (h, n) WHERE n % 5 < 3;
CREATE FUNCTION pg_temp.anomaly_differs(at timestamptz, zone text, OUT hours bigint, OUT differ bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  PERFORM set_config('tokenmeter.time_zone', zone, false);
  WITH entry AS MATERIALIZED (
    SELECT who.scope, tenant_id, who.user_id, currency, date_trunc('hour', occurred_at, zone) AS hour, sum(cost) AS cost
    FROM llm.usage, LATERAL (VALUES ('tenant', NULL), ('user', usage.user_id)) who (scope, user_id)
    WHERE cost IS NOT NULL AND (who.scope = 'tenant' OR who.user_id IS NOT NULL)
      AND occurred_at BETWEEN at - interval '31 days' AND at + interval '1 hour'
    GROUP BY 1, 2, 3, 4, 5
  ), reported AS (
    SELECT scope, tenant_id, user_id, currency, hour, sum(cost) AS cost FROM entry
    WHERE hour BETWEEN date_trunc('hour', at, zone) - interval '24 hours' AND date_trunc('hour', at, zone) GROUP BY 1, 2, 3, 4, 5
  ), before AS (
    SELECT r.*, n, (SELECT coalesce(sum(e.cost), 0) FROM entry e
      WHERE (e.scope, e.currency) = (r.scope, r.currency) AND e.tenant_id IS NOT DISTINCT FROM r.tenant_id AND e.user_id IS NOT DISTINCT FROM r.user_id
        AND e.hour = (r.hour AT TIME ZONE zone - n * interval '1 day') AT TIME ZONE zone) AS cost_before
    FROM reported r, generate_series(1, 28) n
  ), usual AS (
    SELECT scope, tenant_id, user_id, currency, hour, cost, percentile_cont(0.5) WITHIN GROUP (ORDER BY cost_before::float8) AS usual,
      array_agg(cost_before::float8) AS costs FROM before GROUP BY 1, 2, 3, 4, 5, 6
  ), own AS (
    SELECT scope, tenant_id, user_id, hour, currency, cost, round(usual::numeric, 6) AS usual,
      round((SELECT 1.4826 * percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(c - usual)) FROM unnest(costs) c)::numeric, 6) AS spread FROM usual
  ), theirs AS (
    SELECT scope, tenant_id, user_id, hour, currency, cost, round(usual, 6) AS usual, round(spread, 6) AS spread FROM llm.anomaly_at(at)
  )
  SELECT (SELECT count(*) FROM theirs), count(*) INTO hours, differ
  FROM ((TABLE own EXCEPT ALL TABLE theirs) UNION ALL (TABLE theirs EXCEPT ALL TABLE own)) d;
END $$;
-- With clocks that were changed the day before, in New York three weeks before that; of a zone with days of its own, and not.
SELECT zone, at, d.* FROM unnest('{UTC, Europe/Berlin, America/New_York, Asia/Kolkata, Asia/Kathmandu}'::text[]) zone,
  unnest('{2025-03-31 12:00+00, 2025-07-01 10:20+00}'::timestamptz[]) at, pg_temp.anomaly_differs(at, zone) d ORDER BY zone, at;
RESET tokenmeter.time_zone;

-- Forecasts: eight weeks before Monday, 2025-09-15. Each Monday costs 10 or 14, each Tuesday 20, other days nothing, and the
-- Monday of the forecast 5 so far. So 12 for Mondays and 20 for Tuesdays. In September so far: 10 + 20 + 14 + 20 + 5 = 69; to come: 22 and
-- 29 are Mondays, 16, 23, 30 Tuesdays, and today will become 12: 64 + 12 + 24 + 60 = 160. Residuals: 8 Mondays of 2, in 56 days less 7:
-- sigma = sqrt(32 / 49) = 0.808122; 16 days left: 2 * 0.808122 * 4 = 6.464976.
SELECT sum(num_nonnulls(pg_temp.spend('2025-09-15 08:00+00'::timestamptz - w * interval '7 days', 'plan', 'p', CASE WHEN w % 2 = 0 THEN 10 ELSE 14 END),
  pg_temp.spend('2025-09-16 08:00+00'::timestamptz - w * interval '7 days', 'plan', 'p', 20))) FROM generate_series(1, 8) w;
SELECT num_nonnulls(pg_temp.spend('2025-09-15 08:00+00', 'plan', 'p', 5));
SELECT num_nonnulls(pg_temp.spend('2025-07-20 08:00+00', 'plan', 'p', 1000), pg_temp.spend('2025-09-16 00:00+00', 'plan', 'p', 1000));  -- too early; too late
-- At noon 14.5 of 30 days are over: 69 * 30 / 14.5 = 142.758621.
SELECT * FROM llm.forecast_at('2025-09-15 12:00+00') WHERE tenant_id = 'plan';
-- Today has cost more than it was expected to.
SELECT num_nonnulls(pg_temp.spend('2025-09-15 09:00+00', 'plan', 'p', 100));
SELECT * FROM llm.forecast_at('2025-09-15 12:00+00') WHERE tenant_id = 'plan';
-- Beginning and end of a month: no time has passed; a month without any cost yet; the last day, never below the cost so far.
SELECT * FROM llm.forecast_at('2025-09-01 00:00+00') WHERE tenant_id = 'plan';
SELECT * FROM llm.forecast_at('2025-11-02 00:00+00') WHERE tenant_id = 'plan';
SELECT * FROM llm.forecast_at('2025-09-30 23:59:59+00') WHERE tenant_id = 'plan';
-- No day before: no weekdays. Seven: no range. Eight: a range. No tenant, two currencies, no price.
SELECT sum(num_nonnulls(pg_temp.spend('2024-02-01 12:00+00'::timestamptz + d * interval '1 day', NULL, NULL, 1 + d, 'EUR'))) FROM generate_series(0, 10) d;
SELECT num_nonnulls(pg_temp.spend('2024-02-09 12:00+00', NULL, 'x', 3, 'USD'), pg_temp.spend('2024-02-09 12:00+00', 'free', 'x', NULL));
SELECT at, f.* FROM unnest('{2024-02-01 18:00+00, 2024-02-08 18:00+00, 2024-02-09 18:00+00}'::timestamptz[]) at, llm.forecast_at(at) f
ORDER BY at, currency;
-- A month that is an hour shorter: half of March's 743 hours in Berlin are over on the 16th, at 11:30 there. The entry of the 28th of
-- February, UTC, is one of March there.
SELECT num_nonnulls(pg_temp.spend('2023-02-28 23:30+00', 'short', 's', 1.5));
SELECT * FROM llm.forecast_at('2023-03-16 10:30+00') WHERE tenant_id = 'short';
SET tokenmeter.time_zone = 'Europe/Berlin';
SELECT * FROM llm.forecast_at('2023-03-16 10:30+00') WHERE tenant_id = 'short';
RESET tokenmeter.time_zone;

-- The views are about now.
SELECT num_nonnulls(pg_temp.spend(now(), 'now', 'n', 7), pg_temp.spend(now() - interval '30 days', 'now', 'n', 1));
(TABLE llm.anomaly EXCEPT SELECT * FROM llm.anomaly_at(now())) UNION ALL (SELECT * FROM llm.anomaly_at(now()) EXCEPT TABLE llm.anomaly);
SELECT scope, user_id, hour = date_trunc('hour', now(), 'UTC') AS this_hour, cost, usual, spread, score, is_anomaly FROM llm.anomaly WHERE tenant_id = 'now' ORDER BY scope;
(TABLE llm.forecast EXCEPT SELECT * FROM llm.forecast_at(now())) UNION ALL (SELECT * FROM llm.forecast_at(now()) EXCEPT TABLE llm.forecast);
SELECT month = date_trunc('month', now() AT TIME ZONE 'UTC')::date AS this_month, cost_so_far >= 7 AS so_far, by_run_rate >= cost_so_far AS run_rate,
  by_weekday >= cost_so_far AS weekday, low >= cost_so_far AS low, high >= by_weekday AS high FROM llm.forecast WHERE tenant_id = 'now';

-- Alerts: of models compared at least 20 times on a day, today or up to 7 days ago.
SELECT num_nonnulls(pg_temp.compare(now() - interval '1 day', 'openai', 'drifting', 103, 100, 20),
  pg_temp.compare(now() - interval '1 day', 'openai', 'few', 103, 100, 19),
  pg_temp.compare(now() - interval '1 day', 'openai', 'fine', 102, 100, 50),
  pg_temp.compare(now() - interval '8 days', 'openai', 'long ago', 103, 100, 20),
  pg_temp.compare(now() + interval '1 day', 'openai', 'to come', 103, 100, 20));
CREATE TEMPORARY TABLE yesterday AS SELECT (now() AT TIME ZONE 'UTC')::date - 1 AS day;
-- Each comes as one notification.
LISTEN tokenmeter_alert;
\o | sed -nE 's/^Asynchronous.* with payload "(.*)" received.*/\1/p' | sed -E 's/"(raised_at|period)": "[^"]*"/"\1": …/g'
SELECT tokenmeter.maintain();
SELECT tokenmeter.maintain();
\o
UNLISTEN tokenmeter_alert;
SELECT alert_id, kind, scope, a.period = y.day AS yesterday, threshold, value, details FROM llm.alert a, yesterday y;
-- Once, whatever else happens on that day; again for another threshold, but no more often.
SELECT num_nonnulls(pg_temp.compare(now() - interval '1 day', 'openai', 'drifting', 105, 100, 20));
SELECT tokenmeter.maintain(), tokenmeter.maintain(), tokenmeter.raise_alerts();
SET tokenmeter.drift_threshold = 0.0200;
SELECT tokenmeter.raise_alerts();
SET tokenmeter.drift_threshold = 0.03;
SELECT tokenmeter.raise_alerts(), tokenmeter.raise_alerts();
RESET tokenmeter.drift_threshold;
SELECT alert_id, scope ->> 'model' AS model, threshold, value FROM llm.alert ORDER BY alert_id;
-- Names of any length, and none.
SELECT num_nonnulls(pg_temp.compare(now() - interval '1 day', NULL, (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 1000) i), 1, 0, 20));
SELECT tokenmeter.maintain();
SELECT alert_id, scope ->> 'provider' AS provider, length(scope ->> 'model') AS length, value FROM llm.alert ORDER BY alert_id DESC LIMIT 1;
-- What cannot be raised stops nobody: the entries are folded.
ALTER TABLE llm.alert ADD CONSTRAINT none_today CHECK (scope ->> 'model' <> 'unwelcome');
SELECT num_nonnulls(pg_temp.compare(now(), 'openai', 'unwelcome', 200, 100, 20));
SELECT tokenmeter.maintain();
SELECT count(*) FROM llm.unfolded;
ALTER TABLE llm.alert DROP CONSTRAINT none_today;
-- What is too long to be sent is in the table.
LISTEN tokenmeter_alert;
\o | sed -nE 's/^Asynchronous.* with payload "(.*)" received.*/\1/p' | sed -E 's/"(raised_at|period)": "[^"]*"/"\1": …/g'
SELECT tokenmeter.raise_alert('budget', jsonb_build_object('user_id', repeat('x', 9000)), '2025-07-01', 0.8, 0.81, NULL);
\o
UNLISTEN tokenmeter_alert;
SELECT tokenmeter.raise_alert('budget', '{"tenant_id": "acme"}', '2025-07-01', 0.8, 0.81, NULL),
  tokenmeter.raise_alert('budget', '{"tenant_id": "acme"}', '2025-07-01', 0.80, 0.9, NULL);

-- Who may read a view needs no right to anything else.
CREATE ROLE tokenmeter_test_reader;
GRANT USAGE ON SCHEMA llm TO tokenmeter_test_reader;
GRANT SELECT ON llm.drift, llm.anomaly, llm.forecast, llm.alert TO tokenmeter_test_reader;
SET ROLE tokenmeter_test_reader;
SELECT (SELECT count(*) > 0 FROM llm.drift) AS drift, (SELECT count(*) > 0 FROM llm.anomaly) AS anomaly,
  (SELECT count(*) > 0 FROM llm.forecast) AS forecast, (SELECT count(*) > 0 FROM llm.alert) AS alert;
SELECT count(*) FROM llm.usage_hourly;
SELECT count(*) FROM llm.anomaly_at(now());  -- what its caller may read
SELECT count(*) FROM llm.forecast_at(now());
DELETE FROM llm.alert;
RESET ROLE;
DROP OWNED BY tokenmeter_test_reader;
DROP ROLE tokenmeter_test_reader;

-- Making the ledger again changes nothing.
SELECT tokenmeter.create_ledger();
SELECT count(*) FROM llm.alert;
SET client_min_messages = warning;
DROP SCHEMA llm CASCADE;
