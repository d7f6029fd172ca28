-- The live views on usage: buckets, and what is not folded yet.
--
-- Each period has a view in the zone of tokenmeter.time_zone, and a function of the same name for an explicit zone and range;
-- both are made of one text. A row stands for a period and series, and for nothing else: what is not folded yet is added
-- to its bucket's row. A zone that has no days and months of its own is answered from 15-minute buckets.

CREATE FUNCTION tokenmeter.zone_id(zone text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN format('(SELECT z.zone_id FROM llm.report_zone z WHERE z.zone = %s)', zone);
COMMENT ON FUNCTION tokenmeter.zone_id(text) IS 'part of create_usage_views()';

CREATE FUNCTION tokenmeter.in_zone(zone text, grain text, alias text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN format('%1$s.zone_id = %2$s AND %1$s.grain = %3$s', alias, tokenmeter.zone_id(zone), tokenmeter.grain_number(grain));
COMMENT ON FUNCTION tokenmeter.in_zone(text, text, text) IS 'part of create_usage_views()';

CREATE FUNCTION tokenmeter.in_range(period text, from_time text, to_time text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN format('%1$s >= coalesce(%2$s, ''-infinity'') AND %1$s < coalesce(%3$s, ''infinity'')', period, from_time, to_time);
COMMENT ON FUNCTION tokenmeter.in_range(text, text, text) IS 'part of create_usage_views()';

-- A level's own rows. Rows of the bucket that the tail adds to come with the tail's sums, the others as they are. What is
-- looked for in the tail is read once (MATERIALIZED), and what is looked up for its rows by the whole key (OFFSET 0), also
-- where planners expect less of both.
CREATE FUNCTION tokenmeter.stored_usage(bucket text, period text, tail_period text, grain text, zone text, from_time text, to_time text)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN format($sql$
  (WITH fresh AS MATERIALIZED (
    SELECT x.series_id, %4$s AS period FROM llm.tail t JOIN llm.series x ON x.series_key = %7$s
  )
  SELECT b.%2$I, %5$s, %6$s FROM llm.%1$I b JOIN llm.series s USING (series_id)
  WHERE %3$s AND s.grain = %12$s AND NOT EXISTS (SELECT FROM fresh f WHERE f.series_id = b.series_id AND f.period = b.%2$I))
  UNION ALL
  SELECT t.period, %8$s, %9$s
  FROM (SELECT %4$s AS period, %7$s AS key, %8$s, %10$s FROM llm.tail t GROUP BY 1, %13$s%8$s) t
  LEFT JOIN llm.series s ON s.series_key = t.key
  LEFT JOIN LATERAL (
    SELECT b.* FROM llm.%1$I b WHERE b.series_id = s.series_id AND b.%2$I = t.period AND %11$s OFFSET 0) b ON true
  WHERE %14$s$sql$,
  bucket, period,
  concat_ws(' AND ', 'true', tokenmeter.in_zone(zone, grain, 'b'), tokenmeter.in_range('b.' || period, from_time, to_time)),
  tail_period, tokenmeter.list(tokenmeter.grain_dimensions(grain), 's'), tokenmeter.list(tokenmeter.measure_names(), 'b'),
  CASE grain WHEN 'usage' THEN 't.series_key' ELSE tokenmeter.key_of(grain, 't') END, tokenmeter.list(tokenmeter.grain_dimensions(grain), 't'),
  tokenmeter.measure_sums('b', 't'), tokenmeter.measure_totals('t'), coalesce(tokenmeter.in_zone(zone, grain, 'b'), 'true'),
  tokenmeter.grain_number(grain), CASE grain WHEN 'usage' THEN 't.series_key, ' ELSE '' END,
  concat_ws(' AND ', 'true', tokenmeter.zone_id(zone) || ' IS NOT NULL', tokenmeter.in_range('t.period', from_time, to_time)));
COMMENT ON FUNCTION tokenmeter.stored_usage(text, text, text, text, text, text, text) IS 'part of create_usage_views()';

-- Rows of a period that is no level, or none in this zone: those of a finer level. A list of periods and that level's own
-- ("calendar": period, and the column "finer") stands before it, so that a condition on the period becomes equalities in
-- its index.
CREATE FUNCTION tokenmeter.derived_usage(calendar text, bucket text, finer text, condition text, tail_period text, tail_condition text,
  grain text, from_time text, to_time text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN format($sql$
  SELECT f.period, %5$s, %6$s FROM (
    SELECT c.period, %7$s, %8$s FROM (%1$s) c JOIN llm.%2$I b ON b.%3$I = c.%3$I JOIN llm.series s USING (series_id) WHERE %4$s
    UNION ALL
    SELECT %9$s, %10$s, %11$s FROM llm.tail t WHERE %12$s
  ) f GROUP BY f.period, %5$s$sql$,
  calendar, bucket, finer, concat_ws(' AND ', condition, tokenmeter.in_range('c.period', from_time, to_time)),
  tokenmeter.list(tokenmeter.grain_dimensions(grain), 'f'), tokenmeter.measure_totals('f'),
  tokenmeter.list(tokenmeter.grain_dimensions(grain), 's'), tokenmeter.list(tokenmeter.measure_names(), 'b'),
  tail_period, tokenmeter.list(tokenmeter.grain_dimensions(grain), 't'), tokenmeter.list(tokenmeter.measure_names(), 't'),
  concat_ws(' AND ', tail_condition, tokenmeter.in_range(tail_period, from_time, to_time)));
COMMENT ON FUNCTION tokenmeter.derived_usage(text, text, text, text, text, text, text, text, text) IS 'part of create_usage_views()';

-- Since when there are 15-minute buckets: what is not folded yet, but older, will not get into any. An hour that began before
-- is not there as a whole, hence not at all.
CREATE FUNCTION tokenmeter.is_kept(bucket_start text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN bucket_start || ' >= (SELECT coalesce(max(r.before), ''-infinity'') FROM llm.retired_15min r)';
COMMENT ON FUNCTION tokenmeter.is_kept(text) IS 'part of create_usage_views()';

-- The rows of a view: of 15min, hourly, daily, weekly or monthly periods, in a zone (an expression), from a time to before
-- another (expressions; NULL: all of the time).
CREATE FUNCTION tokenmeter.usage_rows(period text, grain text, zone text, from_time text, to_time text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE period
  WHEN '15min' THEN format('SELECT * FROM (%s) u WHERE %s',
    tokenmeter.stored_usage('bucket_15min', 'bucket_start', 't.bucket_start', grain, NULL, from_time, to_time), tokenmeter.is_kept('u.bucket_start'))
  WHEN 'hourly' THEN (
    SELECT tokenmeter.derived_usage(
      -- Where an hour begins within a quarter, as by local mean times, its first quarter is the next.
      format('SELECT h.period, date_bin(''15 minutes'', h.period + interval ''14 minutes 59.999999 seconds'', ''2000-01-01 00:00:00+00'') + quarter * interval ''15 minutes'' AS bucket_start FROM llm.hours(%s, %s, %s) h, generate_series(0, 3) quarter',
        zone, coalesce(from_time, 'NULL'), coalesce(to_time, 'NULL')),
      'bucket_15min', 'bucket_start', format(hour, 'b') || ' = c.period AND ' || tokenmeter.is_kept('c.period'), format(hour, 't'),
      tokenmeter.is_kept(format(hour, 't')), grain, from_time, to_time)
    FROM format('date_trunc(''hour'', %%s.bucket_start, %s)', zone) hour)
  ELSE (
    SELECT concat_ws(' UNION ALL ',
      CASE period WHEN 'weekly'
        THEN tokenmeter.derived_usage('SELECT date_trunc(''week'', l.day::timestamp)::date AS period, l.day FROM llm.days() l', 'bucket_day', 'day',
          tokenmeter.in_zone(zone, grain, 'b'), format(template, 't'), tokenmeter.zone_id(zone) || ' IS NOT NULL', grain, from_time, to_time)
        ELSE tokenmeter.stored_usage('bucket_' || unit, unit, format(template, 't'), grain, zone, from_time, to_time) END,
      tokenmeter.derived_usage(format('SELECT %s AS period, l.bucket_start FROM llm.quarters(%s, %s) l',
          format(template, 'l'), coalesce(from_time, 'NULL'), coalesce(to_time, 'NULL')),
        'bucket_15min', 'bucket_start', gate, format(template, 't'), gate, grain, from_time, to_time))
    FROM (SELECT CASE period WHEN 'daily' THEN 'day' WHEN 'weekly' THEN 'week' WHEN 'monthly' THEN 'month' END) u (unit),
      LATERAL (SELECT format(CASE unit WHEN 'day' THEN '(%%s.bucket_start AT TIME ZONE %1$s)::date'
        ELSE 'date_trunc(%2$L, %%s.bucket_start AT TIME ZONE %1$s)::date' END, zone, unit),
        -- Asked once, whatever is read first: what has been retired must not be left out of an answer silently.
        format('CASE WHEN %s IS NULL THEN llm.require_quarters(%s, %s) ELSE false END', tokenmeter.zone_id(zone), zone, coalesce(from_time, 'NULL')))
        p (template, gate))
  END;
COMMENT ON FUNCTION tokenmeter.usage_rows(text, text, text, text, text) IS 'part of create_usage_views()';

CREATE FUNCTION tokenmeter.period_column(period text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE period WHEN '15min' THEN 'bucket_start' WHEN 'hourly' THEN 'hour' WHEN 'daily' THEN 'day' WHEN 'weekly' THEN 'week'
  WHEN 'monthly' THEN 'month' END;
COMMENT ON FUNCTION tokenmeter.period_column(text) IS 'part of create_usage_views()';

CREATE FUNCTION tokenmeter.usage_query(period text, grain text, zone text, from_time text, to_time text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN format('SELECT u.period AS %I, %s, %s, %s FROM (%s) u (period, %2$s, %3$s)', tokenmeter.period_column(period),
  tokenmeter.list(tokenmeter.grain_dimensions(grain)), tokenmeter.list(tokenmeter.measure_names()),
  (SELECT string_agg(format('tokenmeter.quantile(u.%1$s_sketch, 0.%2$s) AS %1$s_p%2$s', measured, percent), ', ')
    FROM unnest('{latency,ttft}'::text[]) measured, unnest('{50,95,99}'::text[]) percent),
  tokenmeter.usage_rows(period, grain, zone, from_time, to_time));
COMMENT ON FUNCTION tokenmeter.usage_query(text, text, text, text, text) IS 'part of create_usage_views()';

-- The functions that the views of the ledger stand on. They belong to its owner, and read with his rights. Few rows are
-- announced: mostly little is read by them, or nothing, and what looks expensive is compiled first, which takes longer.
CREATE FUNCTION tokenmeter.create_calendars() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $create$
BEGIN
  -- From each day in the index to the next: however far apart they are, and however much is in each.
  CREATE OR REPLACE FUNCTION llm.days() RETURNS TABLE (day date)
  LANGUAGE sql STABLE SECURITY DEFINER ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE utc AS (
      SELECT z.zone_id FROM llm.report_zone z WHERE z.zone = 'UTC'
    ), known (day) AS (
      SELECT min(d.day) FROM llm.bucket_day d WHERE d.zone_id = (SELECT zone_id FROM utc) AND d.grain = 3 AND d.day > '-infinity'
      UNION ALL
      SELECT (SELECT min(d.day) FROM llm.bucket_day d WHERE d.zone_id = (SELECT zone_id FROM utc) AND d.grain = 3 AND d.day > k.day)
      FROM known k WHERE k.day < 'infinity'
    )
    SELECT DISTINCT k.day + n FROM known k, generate_series(-1, 1) n WHERE isfinite(k.day);
  $$;
  COMMENT ON FUNCTION llm.days() IS 'the days that have buckets, in whatever time zone, and a few around them';

  CREATE OR REPLACE FUNCTION llm.hours(zone text, from_time timestamptz, to_time timestamptz) RETURNS TABLE (period timestamptz)
  LANGUAGE sql STABLE SECURITY DEFINER ROWS 20 SET search_path = pg_catalog, pg_temp AS $$
    SELECT DISTINCT date_trunc('hour', h, zone)
    FROM llm.days() d CROSS JOIN LATERAL generate_series(d.day::timestamp AT TIME ZONE 'UTC',
      (d.day::timestamp + interval '23 hours 30 minutes') AT TIME ZONE 'UTC', interval '30 minutes') h
    WHERE (d.day >= from_time::date - 2 OR from_time IS NULL) AND (d.day <= to_time::date + 2 OR to_time IS NULL);
  $$;
  COMMENT ON FUNCTION llm.hours(text, timestamptz, timestamptz) IS 'the hours, as a zone counts them, of the days that have buckets';

  CREATE OR REPLACE FUNCTION llm.quarters(from_day date, to_day date) RETURNS TABLE (bucket_start timestamptz)
  LANGUAGE sql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
    SELECT q
    FROM llm.days() d CROSS JOIN LATERAL generate_series(d.day::timestamp AT TIME ZONE 'UTC',
      (d.day::timestamp + interval '23 hours 45 minutes') AT TIME ZONE 'UTC', interval '15 minutes') q
    -- The last of the range may be a month.
    WHERE (d.day >= from_day - 2 OR from_day IS NULL) AND (d.day <= to_day + 32 OR to_day IS NULL);
  $$;
  COMMENT ON FUNCTION llm.quarters(date, date) IS 'the quarters of an hour of days that have buckets';

  CREATE OR REPLACE FUNCTION llm.require_quarters(zone text, from_day date) RETURNS boolean
  LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  BEGIN
    -- A day may begin earlier than its midnight, where clocks are set back.
    IF (coalesce(from_day, '-infinity')::timestamp - interval '3 hours') AT TIME ZONE zone < tokenmeter.retired_before() THEN
      RAISE EXCEPTION 'no days and months are kept in the time zone "%"', zone
        USING ERRCODE = 'object_not_in_prerequisite_state',
              DETAIL = format('The 15-minute buckets before %s have been retired.', tokenmeter.retired_before()),
              HINT = 'Name a range that begins later, as in llm.usage_daily(zone, from, to).';
    END IF;
    RETURN true;
  END $$;
  COMMENT ON FUNCTION llm.require_quarters(text, date) IS 'an error if the 15-minute buckets of days from one on are not all there; else true';
END $create$;
COMMENT ON FUNCTION tokenmeter.create_calendars() IS 'part of create_ledger()';

CREATE FUNCTION tokenmeter.create_usage_views() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $create$
DECLARE
  view record;
  columns text := (SELECT string_agg(format('%I %s', m.name, m.type), ', ' ORDER BY m.place) FROM tokenmeter.measures() m);
BEGIN
  FOR view IN
    SELECT v.*, format('%s_%s', v.grain, v.period) AS name FROM (VALUES
      ('usage', '15min', '15 minutes'), ('usage', 'hourly', 'hour'), ('usage', 'daily', 'day'), ('usage', 'weekly', 'week, from its Monday'),
      ('usage', 'monthly', 'month'), ('tenant', 'daily', 'day, without people'), ('tenant', 'monthly', 'month, without people'),
      ('model', 'daily', 'day, without people and tenants'), ('model', 'monthly', 'month, without people and tenants')
    ) v (grain, period, meaning)
  LOOP
    EXECUTE format('CREATE OR REPLACE VIEW llm.%I AS %s', view.name,
      tokenmeter.usage_query(view.period, view.grain, 'tokenmeter.report_time_zone()', NULL, NULL));
    EXECUTE format('COMMENT ON VIEW llm.%I IS %L', view.name, format('usage by %s, in the time zone tokenmeter.time_zone', view.meaning));
    CONTINUE WHEN view.grain <> 'usage';
    EXECUTE format('CREATE OR REPLACE FUNCTION llm.%I(%s) RETURNS TABLE (%I %s, %s, %s, %s) LANGUAGE sql STABLE BEGIN ATOMIC %s; END',
      view.name,
      CASE view.period WHEN '15min' THEN 'from_time timestamptz, to_time timestamptz'
        WHEN 'hourly' THEN 'zone text, from_time timestamptz, to_time timestamptz' ELSE 'zone text, from_day date, to_day date' END,
      tokenmeter.period_column(view.period), CASE WHEN view.period IN ('15min', 'hourly') THEN 'timestamptz' ELSE 'date' END,
      (SELECT string_agg(d || ' text', ', ') FROM unnest(tokenmeter.grain_dimensions(view.grain)) d), columns,
      (SELECT string_agg(format('%s_p%s double precision', measured, percent), ', ')
        FROM unnest('{latency,ttft}'::text[]) measured, unnest('{50,95,99}'::text[]) percent),
      CASE view.period WHEN '15min' THEN tokenmeter.usage_query(view.period, view.grain, NULL, '$1', '$2')
        ELSE tokenmeter.usage_query(view.period, view.grain, 'tokenmeter.report_zone_name($1)', '$2', '$3') END);
  END LOOP;
END $create$;
COMMENT ON FUNCTION tokenmeter.create_usage_views() IS 'part of create_ledger()';
