-- Watching: providers' numbers against ours, hours that cost more than usual, what the month will cost, and alerts.
--
-- The views stand on the live views, never on the ledger. llm.anomaly and llm.forecast are about now; the functions
-- llm.anomaly_at() and llm.forecast_at(), of the same text, about any moment. Costs stay numeric throughout.

CREATE FUNCTION tokenmeter.drift_threshold() RETURNS numeric
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(nullif(current_setting('tokenmeter.drift_threshold', true), ''), '0.02')::numeric;
COMMENT ON FUNCTION tokenmeter.drift_threshold() IS 'the setting tokenmeter.drift_threshold, also before the library is loaded';

CREATE FUNCTION tokenmeter.middle(amounts numeric[]) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (SELECT (percentile_disc(0.5) WITHIN GROUP (ORDER BY a) + percentile_disc(0.5) WITHIN GROUP (ORDER BY a DESC)) * 0.5
  FROM unnest(amounts) a);
COMMENT ON FUNCTION tokenmeter.middle(numeric[]) IS 'the end of tokenmeter.median(numeric)';

CREATE AGGREGATE tokenmeter.median(amount numeric) (
  SFUNC = array_append, STYPE = numeric[], INITCOND = '{}', FINALFUNC = tokenmeter.middle, PARALLEL = SAFE
);
COMMENT ON AGGREGATE tokenmeter.median(numeric) IS 'the median, exactly, of what is not NULL: percentile_cont() would go through floats';

-- "at" is an expression of timestamptz. The constants that docs/watch.md explains are in "rule" and nowhere else.
CREATE FUNCTION tokenmeter.anomaly_query(at text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN format($sql$
  WITH rule AS NOT MATERIALIZED (
    SELECT 28 AS days, 6 AS score_limit, 1 AS least_excess, 1.4826 AS scale, 0.1 AS least_share, 0.01 AS least_spread,
      tokenmeter.report_time_zone() AS zone, date_trunc('hour', %1$s, tokenmeter.report_time_zone()) AS this_hour
  ), compared AS MATERIALIZED (
    -- Each hour that is reported, with itself (0 days before) and with the same hour on the clock of each day before.
    SELECT reported.hour, before.days,
      CASE before.days WHEN 0 THEN reported.hour
        ELSE (reported.hour AT TIME ZONE zone - before.days * interval '1 day') AT TIME ZONE zone END AS compared_hour
    FROM rule CROSS JOIN generate_series(0, 24) hours CROSS JOIN generate_series(0, rule.days) before (days)
      CROSS JOIN LATERAL (SELECT this_hour - hours * interval '1 hour') reported (hour)
  ), quarters AS (
    -- Some hours more than are compared: days in which clocks change are longer or shorter.
    SELECT tenant_id, user_id, currency, date_trunc('hour', bucket_start, (SELECT tokenmeter.report_time_zone())) AS hour, cost
    FROM rule CROSS JOIN llm.usage_15min
    WHERE bucket_start >= this_hour - (days + 2) * interval '24 hours' AND bucket_start < this_hour + interval '1 hour'
      AND cost IS NOT NULL
  ), hourly AS (
    SELECT CASE grouping(user_id) WHEN 1 THEN 'tenant' ELSE 'user' END AS scope, tenant_id, user_id, hour, currency, sum(cost) AS cost
    FROM quarters
    GROUP BY GROUPING SETS ((tenant_id, hour, currency), (tenant_id, user_id, hour, currency))
    HAVING grouping(user_id) = 1 OR user_id IS NOT NULL
  ), measured AS (
    SELECT h.scope, h.tenant_id, h.user_id, c.hour, h.currency, sum(h.cost) FILTER (WHERE c.days = 0) AS cost,
      array_agg(h.cost) FILTER (WHERE c.days > 0) AS costs_before
    FROM compared c JOIN hourly h ON h.hour = c.compared_hour
    GROUP BY h.scope, h.tenant_id, h.user_id, c.hour, h.currency
    HAVING bool_or(c.days = 0)
  )
  SELECT m.scope, m.tenant_id, m.user_id, m.hour, m.currency, m.cost, middle.usual, deviation.spread, excess.score,
    excess.score > r.score_limit AND m.cost - middle.usual >= r.least_excess AS is_anomaly
  FROM measured m CROSS JOIN rule r
    -- Hours without any cost have no rows; they are as good as the others.
    CROSS JOIN LATERAL (SELECT m.costs_before || array_fill(0::numeric, ARRAY[r.days - coalesce(cardinality(m.costs_before), 0)])) history (costs)
    CROSS JOIN LATERAL (SELECT tokenmeter.median(c) FROM unnest(history.costs) c) middle (usual)
    CROSS JOIN LATERAL (SELECT r.scale * tokenmeter.median(abs(c - middle.usual)) FROM unnest(history.costs) c) deviation (spread)
    -- Where every day was the same, or there was none, the least bit more would be infinitely unusual.
    CROSS JOIN LATERAL (SELECT round((m.cost - middle.usual)
      / greatest(deviation.spread, r.least_share * middle.usual, r.least_spread), 2)) excess (score)$sql$, at);
COMMENT ON FUNCTION tokenmeter.anomaly_query(text) IS 'part of create_watch_views()';

CREATE FUNCTION tokenmeter.forecast_query(at text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN format($sql$
  WITH rule AS (
    SELECT 2 AS sigmas, l.today, l.today - 8 * 7 AS first_day, l.month, l.next_month - 1 AS last_day,
      -- By the clock, a month with a change to summer time is an hour shorter.
      extract(epoch FROM %1$s - l.month::timestamp AT TIME ZONE zone) AS seconds_so_far,
      extract(epoch FROM l.next_month::timestamp AT TIME ZONE zone - l.month::timestamp AT TIME ZONE zone) AS seconds_of_month
    FROM (SELECT zone, (%1$s AT TIME ZONE zone)::date AS today, date_trunc('month', %1$s AT TIME ZONE zone)::date AS month,
        (date_trunc('month', %1$s AT TIME ZONE zone) + interval '1 month')::date AS next_month
      FROM tokenmeter.report_time_zone() zone) l
  ), spent AS (
    SELECT tenant_id, currency, day, sum(cost) AS cost
    FROM llm.tenant_daily
    WHERE day >= (SELECT first_day FROM rule) AND day <= (SELECT today FROM rule) AND cost IS NOT NULL
    GROUP BY tenant_id, currency, day
  ), days AS (
    -- From the first cost to the end of the month there is a row for each day; days without cost, and those to come, have 0.
    SELECT tenant_id, currency, day, sum(cost) AS cost
    FROM (
      TABLE spent
      UNION ALL
      SELECT s.tenant_id, s.currency, d::date, 0
      FROM (SELECT tenant_id, currency, min(day) AS first_day FROM spent GROUP BY tenant_id, currency) s
        CROSS JOIN rule CROSS JOIN generate_series(s.first_day::timestamp, rule.last_day, interval '1 day') d
    ) filled
    GROUP BY tenant_id, currency, day
  ), expected AS (
    -- A weekday that has not been yet is expected to cost what a day does.
    SELECT d.*, coalesce(avg(cost) FILTER (WHERE day < today) OVER (PARTITION BY tenant_id, currency, extract(isodow FROM day)),
      avg(cost) FILTER (WHERE day < today) OVER (PARTITION BY tenant_id, currency)) AS expected_cost
    FROM days d CROSS JOIN rule
  ), added AS (
    SELECT tenant_id, currency,
      coalesce(sum(cost) FILTER (WHERE day >= month), 0) AS cost_so_far,
      sum(CASE WHEN day < today THEN cost WHEN day = today THEN greatest(cost, expected_cost) ELSE expected_cost END)
        FILTER (WHERE day >= month) AS by_weekday,
      count(*) FILTER (WHERE day >= today) AS days_left,
      count(*) FILTER (WHERE day < today) AS days_before,
      -- Each weekday's mean takes one of the days' degrees of freedom.
      sqrt(sum((cost - expected_cost) * (cost - expected_cost)) FILTER (WHERE day < today)
        / nullif(count(*) FILTER (WHERE day < today) - count(DISTINCT extract(isodow FROM day)) FILTER (WHERE day < today), 0)) AS sigma
    FROM expected CROSS JOIN rule
    GROUP BY tenant_id, currency
  )
  SELECT rule.month, tenant_id, currency, cost_so_far,
    round(cost_so_far * seconds_of_month / nullif(seconds_so_far, 0), 6) AS by_run_rate,
    CASE WHEN days_before > 0 THEN round(by_weekday, 6) END AS by_weekday,
    CASE WHEN margin IS NOT NULL THEN greatest(cost_so_far, round(by_weekday - margin, 6)) END AS low,
    CASE WHEN margin IS NOT NULL THEN greatest(cost_so_far, round(by_weekday + margin, 6)) END AS high
  FROM added CROSS JOIN rule CROSS JOIN LATERAL (SELECT sigmas * sigma * sqrt(days_left::numeric)) m (margin)$sql$, at);
COMMENT ON FUNCTION tokenmeter.forecast_query(text) IS 'part of create_watch_views()';

CREATE FUNCTION tokenmeter.create_watch_views() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $create$
BEGIN
  CREATE OR REPLACE VIEW llm.drift AS
  SELECT day, provider, model, compared_calls, reported_tokens, counted_tokens, difference,
    round(difference / nullif(counted_tokens, 0), 6) AS drift,
    -- Not rounded; and whatever is reported where nothing was counted is too much.
    abs(difference) > tokenmeter.drift_threshold() * counted_tokens AS exceeds
  FROM (
    SELECT day, provider, model, sum(compared_calls)::bigint AS compared_calls, sum(compared_reported_tokens) AS reported_tokens,
      sum(compared_counted_tokens) AS counted_tokens, sum(compared_reported_tokens) - sum(compared_counted_tokens) AS difference
    FROM llm.model_daily
    GROUP BY day, provider, model
    HAVING sum(compared_calls) > 0
  ) compared;
  COMMENT ON VIEW llm.drift IS 'tokens that providers report against those counted here, by day and model';
  COMMENT ON COLUMN llm.drift.compared_calls IS 'calls of which both numbers are known, of the prompt or of the answer';
  COMMENT ON COLUMN llm.drift.drift IS 'difference / counted_tokens, to 6 digits; NULL: nothing was counted';
  COMMENT ON COLUMN llm.drift.exceeds IS 'is the drift, up or down, more than the setting tokenmeter.drift_threshold?';

  EXECUTE 'CREATE OR REPLACE VIEW llm.anomaly AS ' || tokenmeter.anomaly_query('now()');
  EXECUTE format('CREATE OR REPLACE FUNCTION llm.anomaly_at(at timestamptz) RETURNS TABLE (scope text, tenant_id text, user_id text, '
    'hour timestamptz, currency text, cost numeric, usual numeric, spread numeric, score numeric, is_anomaly boolean) '
    'LANGUAGE sql STABLE BEGIN ATOMIC %s; END', tokenmeter.anomaly_query('$1'));
  COMMENT ON VIEW llm.anomaly IS 'what tenants and users spent in this hour and the 24 before, against the same hour of the 28 days before';
  COMMENT ON FUNCTION llm.anomaly_at(timestamptz) IS 'llm.anomaly as of another time';
  COMMENT ON COLUMN llm.anomaly.usual IS 'the median of the same hour of the 28 days before';
  COMMENT ON COLUMN llm.anomaly.spread IS 'the median distance from usual, times 1.4826: a standard deviation that outliers do not change';
  COMMENT ON COLUMN llm.anomaly.score IS 'by how many spreads the cost is above usual, to 2 digits';

  EXECUTE 'CREATE OR REPLACE VIEW llm.forecast AS ' || tokenmeter.forecast_query('now()');
  EXECUTE format('CREATE OR REPLACE FUNCTION llm.forecast_at(at timestamptz) RETURNS TABLE (month date, tenant_id text, currency text, '
    'cost_so_far numeric, by_run_rate numeric, by_weekday numeric, low numeric, high numeric) '
    'LANGUAGE sql STABLE BEGIN ATOMIC %s; END', tokenmeter.forecast_query('$1'));
  COMMENT ON VIEW llm.forecast IS 'what this month will have cost each tenant, in each currency';
  COMMENT ON FUNCTION llm.forecast_at(timestamptz) IS 'llm.forecast as of another time: with all of its day, and nothing later';
  COMMENT ON COLUMN llm.forecast.by_run_rate IS 'if the month goes on costing what it has cost so far';
  COMMENT ON COLUMN llm.forecast.by_weekday IS 'if each day to come costs what its weekday did on average in 8 weeks; NULL: there is no day before';
  COMMENT ON COLUMN llm.forecast.low IS 'by_weekday less two standard deviations, but at least the cost so far; NULL: too few days to tell';
  COMMENT ON COLUMN llm.forecast.high IS 'by_weekday and two standard deviations';

  CREATE TABLE IF NOT EXISTS llm.alert (
    alert_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    raised_at timestamptz NOT NULL DEFAULT now(),
    kind text NOT NULL,
    scope jsonb NOT NULL,
    period date NOT NULL,
    threshold numeric NOT NULL,
    value numeric,
    details jsonb
  );
  CREATE UNIQUE INDEX IF NOT EXISTS alert_once ON llm.alert (kind, scope, period, threshold);
  COMMENT ON TABLE llm.alert IS 'what somebody should look at, once for each kind, scope, period and threshold; each row comes as NOTIFY tokenmeter_alert, too';
  COMMENT ON COLUMN llm.alert.scope IS 'whom or what it is about: of drift {"provider", "model"}';
  COMMENT ON COLUMN llm.alert.period IS 'the first day of the period it is about: of drift that day';
  COMMENT ON COLUMN llm.alert.value IS 'what went beyond the threshold; NULL: cannot be said as a number';
END $create$;
COMMENT ON FUNCTION tokenmeter.create_watch_views() IS 'part of create_ledger()';

CREATE FUNCTION tokenmeter.raise_alert(kind text, scope jsonb, period date, threshold numeric, value numeric, details jsonb)
RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  raised llm.alert;
  payload text;
BEGIN
  -- Asked first, so that numbers are not used up by alerts that are there; a session that is at the same one waits below.
  IF EXISTS (SELECT FROM llm.alert a WHERE (a.kind, a.scope, a.period, a.threshold)
      = (raise_alert.kind, raise_alert.scope, raise_alert.period, raise_alert.threshold))
  THEN
    RETURN false;
  END IF;
  INSERT INTO llm.alert (kind, scope, period, threshold, value, details) VALUES ($1, $2, $3, $4, $5, $6)
  ON CONFLICT DO NOTHING RETURNING * INTO raised;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  -- What can be sent has a limit of 7999 bytes; the row has all.
  payload := to_jsonb(raised);
  IF octet_length(payload) >= 8000 THEN
    payload := jsonb_build_object('alert_id', raised.alert_id, 'kind', raised.kind, 'period', raised.period);
  END IF;
  PERFORM pg_notify('tokenmeter_alert', payload);
  RETURN true;
END $$;
COMMENT ON FUNCTION tokenmeter.raise_alert(text, jsonb, date, numeric, numeric, jsonb) IS 'adds a row to llm.alert and notifies of it, unless it was raised before; returns whether it did';

-- Of few calls a drift says little. Names go into an index, which takes no long ones; nobody has such.
CREATE FUNCTION tokenmeter.raise_alerts() RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  today date := now() AT TIME ZONE tokenmeter.report_time_zone();
BEGIN
  RETURN (
    SELECT count(*) FILTER (WHERE tokenmeter.raise_alert('drift',
      jsonb_build_object('provider', left(d.provider, 200), 'model', left(d.model, 200)), d.day, tokenmeter.drift_threshold(), d.drift,
      jsonb_build_object('compared_calls', d.compared_calls, 'reported_tokens', d.reported_tokens, 'counted_tokens', d.counted_tokens)))
    FROM llm.drift d
    WHERE d.exceeds AND d.compared_calls >= 20 AND d.day >= today - 7 AND d.day <= today);
END $$;
COMMENT ON FUNCTION tokenmeter.raise_alerts() IS 'raises alerts of models whose drift is beyond the threshold on one of the last 7 days or today; returns how many';
