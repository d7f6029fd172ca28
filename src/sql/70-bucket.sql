-- Buckets: the entries of the ledger added up, by 15 minutes of UTC, and by day and month in each reporting zone.
--
-- Every entry goes, by a trigger, into llm.unfolded as well. tokenmeter.maintain() takes rows out of there and adds them to
-- the buckets, in one statement. So at any moment, in any snapshot, the buckets and llm.unfolded together are the ledger:
-- no transaction id, clock or sequence says what is folded, and nothing else has to be right after a crash, a prepared
-- transaction, a restore or a promotion. Neither folding nor reading ever looks at llm.usage.
--
-- A series is a distinct combination of an entry's dimensions. It has a parent without the people, and that one a parent
-- without the tenant; days and months are kept in all three grains, for questions in which nobody in particular is meant.

CREATE FUNCTION tokenmeter.note_entry() RETURNS trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'tokenmeter_note_entry';
COMMENT ON FUNCTION tokenmeter.note_entry() IS 'trigger: copies an entry into llm.unfolded, for the buckets';

CREATE FUNCTION tokenmeter.series_key(VARIADIC dimensions text[]) RETURNS uuid
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tokenmeter_series_key';
COMMENT ON FUNCTION tokenmeter.series_key(text[]) IS 'by what a series is found: a hash of its grain and dimensions';

-- What is known of a series in each grain; of the coarser ones what the finer one has, too.
CREATE FUNCTION tokenmeter.grain_dimensions(grain text) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE grain
  WHEN 'usage' THEN ARRAY['tenant_id', 'team_id', 'project_id', 'user_id', 'api_key_id', 'provider', 'model', 'service_tier',
    'method', 'status', 'currency']
  WHEN 'tenant' THEN ARRAY['tenant_id', 'provider', 'model', 'service_tier', 'status', 'currency']
  WHEN 'model' THEN ARRAY['provider', 'model', 'service_tier', 'status', 'currency'] END;
COMMENT ON FUNCTION tokenmeter.grain_dimensions(text) IS 'the columns that make a series of a grain: usage, tenant or model';

CREATE FUNCTION tokenmeter.grain_number(grain text) RETURNS smallint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN array_position(ARRAY['usage', 'tenant', 'model'], grain);
COMMENT ON FUNCTION tokenmeter.grain_number(text) IS 'how the tables have a grain: 1 usage, 2 tenant, 3 model';

-- Sums for groups of few rows, of which folding makes millions: the state is the sum itself, where that of sum() is many times
-- as large.
CREATE AGGREGATE tokenmeter.total(amount numeric) (
  SFUNC = numeric_add, STYPE = numeric, COMBINEFUNC = numeric_add, PARALLEL = SAFE
);
COMMENT ON AGGREGATE tokenmeter.total(numeric) IS 'sum(), quicker for small groups';

CREATE AGGREGATE tokenmeter.total(number bigint) (
  SFUNC = int8pl, STYPE = bigint, COMBINEFUNC = int8pl, PARALLEL = SAFE
);
COMMENT ON AGGREGATE tokenmeter.total(bigint) IS 'sum() as a bigint, quicker for small groups';

-- What a bucket has of its entries, and how: in `plus` a bucket and what is added to it are %1$s.%3$s and %2$s.%3$s. A sum is
-- NULL where nobody said a number.
CREATE FUNCTION tokenmeter.measures()
RETURNS TABLE (place integer, name text, type text, total text, plus text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT m.place, m.name, k.type, k.total, k.plus
  FROM (VALUES
    ('count', 'bigint', 'tokenmeter.total(%2$s.%3$s)', 'coalesce(%1$s.%3$s, 0) + coalesce(%2$s.%3$s, 0)'),
    ('sum', 'numeric', 'tokenmeter.total(%2$s.%3$s::numeric)', 'coalesce(%1$s.%3$s + %2$s.%3$s, %1$s.%3$s, %2$s.%3$s)'),
    ('quantities', 'jsonb', 'tokenmeter.sum(%2$s.%3$s)',
      'coalesce(tokenmeter.add_quantities(%1$s.%3$s, %2$s.%3$s), %1$s.%3$s, %2$s.%3$s)'),
    ('sketch', 'bytea', 'tokenmeter.merge(%2$s.%3$s)',
      'coalesce(tokenmeter.sketch_merge(%1$s.%3$s, %2$s.%3$s), %1$s.%3$s, %2$s.%3$s)')
  ) k (kind, type, total, plus)
  JOIN (VALUES (1, 'entries', 'count'), (2, 'calls', 'count'), (3, 'input_tokens', 'sum'), (4, 'cache_read_tokens', 'sum'),
    (5, 'cache_write_tokens', 'sum'), (6, 'cache_write_1h_tokens', 'sum'), (7, 'output_tokens', 'sum'),
    (8, 'reasoning_tokens', 'sum'), (9, 'quantities', 'quantities'), (10, 'cost', 'sum'), (11, 'unpriced_calls', 'count'),
    (12, 'compared_calls', 'count'), (13, 'compared_reported_tokens', 'sum'), (14, 'compared_counted_tokens', 'sum'),
    (15, 'latency_sketch', 'sketch'), (16, 'ttft_sketch', 'sketch')
  ) m (place, name, kind) USING (kind)
  ORDER BY m.place;
END;
COMMENT ON FUNCTION tokenmeter.measures() IS 'what a bucket has of its entries, and how two are added';

-- Lists of columns for the statements below.
CREATE FUNCTION tokenmeter.list(names text[], alias text DEFAULT NULL) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT string_agg(concat_ws('.', list.alias, n.name), ', ' ORDER BY n.place) FROM unnest(names) WITH ORDINALITY n (name, place));
COMMENT ON FUNCTION tokenmeter.list(text[], text) IS 'part of the statements that are made for buckets';

CREATE FUNCTION tokenmeter.measure_names() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT array_agg(m.name ORDER BY m.place) FROM tokenmeter.measures() m);
COMMENT ON FUNCTION tokenmeter.measure_names() IS 'part of the statements that are made for buckets';

CREATE FUNCTION tokenmeter.measure_totals(alias text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT string_agg(format(m.total || ' AS %3$s', NULL, alias, m.name), ', ' ORDER BY m.place) FROM tokenmeter.measures() m);
COMMENT ON FUNCTION tokenmeter.measure_totals(text) IS 'part of the statements that are made for buckets';

CREATE FUNCTION tokenmeter.measure_sums(bucket text, added text, template text DEFAULT '%4$s AS %3$s') RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT string_agg(format(template, NULL, NULL, m.name, format(m.plus, bucket, added, m.name)), ', ' ORDER BY m.place)
  FROM tokenmeter.measures() m);
COMMENT ON FUNCTION tokenmeter.measure_sums(text, text, text) IS 'part of the statements that are made for buckets';

CREATE FUNCTION tokenmeter.key_of(grain text, alias text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN format('tokenmeter.series_key(%L, %s)', grain, tokenmeter.list(tokenmeter.grain_dimensions(grain), alias));
COMMENT ON FUNCTION tokenmeter.key_of(text, text) IS 'part of the statements that are made for buckets';

-- What each row of a table with the columns of llm.unfolded adds to a bucket, in a bucket's columns. An entry that prices a
-- call late takes it off the unpriced calls, which have no currency. Reported and counted numbers are compared where there
-- are both: reasoning that was not sent cannot be counted. Whatever an entry says, it can be added: none stops the others.
CREATE FUNCTION tokenmeter.deltas_of(relation text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN format($sql$
  SELECT u.series_key, u.entry_id, u.occurred_at, date_bin('15 minutes', u.occurred_at, '2000-01-01 00:00:00+00') AS bucket_start, %1$s,
    1::bigint AS entries, (u.corrects IS NULL)::integer::bigint AS calls,
    u.input_tokens, u.cache_read_tokens, u.cache_write_tokens, u.cache_write_1h_tokens, u.output_tokens, u.reasoning_tokens,
    tokenmeter.addable_quantities(u.quantities) AS quantities, u.cost, (NOT u.priced)::integer::bigint AS unpriced_calls,
    (%4$s OR %5$s)::integer::bigint AS compared_calls,
    CASE WHEN %4$s OR %5$s THEN CASE WHEN %4$s THEN u.reported_input_tokens::numeric + coalesce(u.reported_cache_read_tokens, 0)
          + coalesce(u.reported_cache_write_tokens, 0) + coalesce(u.reported_cache_write_1h_tokens, 0) ELSE 0 END
        + CASE WHEN %5$s THEN u.reported_output_tokens ELSE 0 END + CASE WHEN %6$s THEN u.reported_reasoning_tokens ELSE 0 END
      END AS compared_reported_tokens,
    CASE WHEN %4$s OR %5$s THEN CASE WHEN %4$s THEN u.counted_input_tokens::numeric ELSE 0 END
        + CASE WHEN %5$s THEN u.counted_output_tokens ELSE 0 END + CASE WHEN %6$s THEN u.counted_reasoning_tokens ELSE 0 END
      END AS compared_counted_tokens,
    tokenmeter.sketch_add('', nullif(greatest(u.latency_ms, -1), -1)) AS latency_sketch,
    tokenmeter.sketch_add('', nullif(greatest(u.ttft_ms, -1), -1)) AS ttft_sketch
  FROM %3$s u
  UNION ALL
  SELECT tokenmeter.series_key('usage', %2$s, NULL), u.entry_id, u.occurred_at, date_bin('15 minutes', u.occurred_at, '2000-01-01 00:00:00+00'), %2$s, NULL,
    0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, -1, 0, NULL, NULL, NULL, NULL
  FROM %3$s u WHERE u.correction = 'priced_late' AND u.revision = 1$sql$,
  tokenmeter.list(tokenmeter.grain_dimensions('usage'), 'u'),
  tokenmeter.list(array_remove(tokenmeter.grain_dimensions('usage'), 'currency'), 'u'), relation,
  'u.reported_input_tokens IS NOT NULL AND u.counted_input_tokens IS NOT NULL', 'u.reported_output_tokens IS NOT NULL AND u.counted_output_tokens IS NOT NULL',
  'u.reported_reasoning_tokens IS NOT NULL AND u.counted_reasoning_tokens IS NOT NULL');
COMMENT ON FUNCTION tokenmeter.deltas_of(text) IS 'part of the statements that are made for buckets';

-- The rows of the ledger in the columns of llm.unfolded.
CREATE FUNCTION tokenmeter.unfolded_columns() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY['entry_id', 'occurred_at', 'corrects', 'revision', 'correction'] || tokenmeter.grain_dimensions('usage')
  || ARRAY['reported_input_tokens', 'reported_cache_read_tokens', 'reported_cache_write_tokens', 'reported_cache_write_1h_tokens',
    'reported_output_tokens', 'reported_reasoning_tokens', 'counted_input_tokens', 'counted_output_tokens', 'counted_reasoning_tokens',
    'input_tokens', 'cache_read_tokens', 'cache_write_tokens', 'cache_write_1h_tokens', 'output_tokens', 'reasoning_tokens',
    'quantities', 'cost', 'priced', 'latency_ms', 'ttft_ms'];
COMMENT ON FUNCTION tokenmeter.unfolded_columns() IS 'the columns of llm.usage that buckets need; llm.unfolded has them, behind the key of their series';

CREATE FUNCTION tokenmeter.as_unfolded(condition text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN format('SELECT %s AS series_key, %s FROM llm.usage u WHERE %s', tokenmeter.key_of('usage', 'u'),
  tokenmeter.list(tokenmeter.unfolded_columns(), 'u'), condition);
COMMENT ON FUNCTION tokenmeter.as_unfolded(text) IS 'part of the statements that are made for buckets';

-- Adds rows of a query, with the columns of a level's key and the measures, to that level.
CREATE FUNCTION tokenmeter.adding_to(level text, key text[], query text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN format('INSERT INTO llm.%I AS b (%2$s, %3$s) SELECT %2$s, %3$s FROM (%4$s) added ORDER BY %2$s '
  'ON CONFLICT (%2$s) DO UPDATE SET %5$s', level, tokenmeter.list(key), tokenmeter.list(tokenmeter.measure_names()), query,
  tokenmeter.measure_sums('b', 'excluded', '%3$s = %4$s'));
COMMENT ON FUNCTION tokenmeter.adding_to(text, text[], text) IS 'part of the statements that are made for buckets';

-- Days and months of reporting zones, all unless one is named, in all grains, out of rows of 15 minutes (relation: bucket_start,
-- series_id and the measures): the CTEs "days" and "months". The zones are written out, so that planners know how few they are.
CREATE FUNCTION tokenmeter.days_and_months_of(relation text, zone text DEFAULT NULL) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format($sql$
  usage_day AS (
    SELECT z.zone_id, 1::smallint AS grain, (f.bucket_start AT TIME ZONE z.zone)::date AS day, f.series_id, %3$s
    FROM %1$s f CROSS JOIN (VALUES %2$s) z (zone_id, zone) GROUP BY 1, 3, 4
  ), tenant_day AS (
    SELECT f.zone_id, 2::smallint AS grain, f.day, s.parent_id AS series_id, %3$s
    FROM usage_day f JOIN llm.series s USING (series_id) GROUP BY 1, 3, 4
  ), model_day AS (
    SELECT f.zone_id, 3::smallint AS grain, f.day, s.parent_id AS series_id, %3$s
    FROM tenant_day f JOIN llm.series s USING (series_id) GROUP BY 1, 3, 4
  ), days AS (
    TABLE usage_day UNION ALL TABLE tenant_day UNION ALL TABLE model_day
  ), months AS (
    SELECT f.zone_id, f.grain, date_trunc('month', f.day::timestamp)::date AS month, f.series_id, %3$s
    FROM days f GROUP BY 1, 2, 3, 4
  )$sql$, relation,
  (SELECT string_agg(format('(%s::smallint, %L)', z.zone_id, z.zone), ', ') FROM llm.report_zone z
   WHERE z.zone = days_and_months_of.zone OR days_and_months_of.zone IS NULL), tokenmeter.measure_totals('f'));
$$;
COMMENT ON FUNCTION tokenmeter.days_and_months_of(text, text) IS 'part of the statements that are made for buckets';

CREATE FUNCTION tokenmeter.create_bucket_tables() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $create$
DECLARE
  measures text := (SELECT string_agg(format('%I %s%s', m.name, m.type, CASE m.type WHEN 'bigint' THEN ' NOT NULL' ELSE '' END),
    ', ' ORDER BY m.place) FROM tokenmeter.measures() m);
  is_new boolean := to_regclass('llm.unfolded') IS NULL;
BEGIN
  CREATE TABLE IF NOT EXISTS llm.series (
    series_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    grain smallint NOT NULL CHECK (grain BETWEEN 1 AND 3),
    parent_id bigint REFERENCES llm.series,
    series_key uuid NOT NULL UNIQUE,
    tenant_id text, team_id text, project_id text, user_id text, api_key_id text,
    provider text, model text NOT NULL, service_tier text NOT NULL, method text, status text, currency text,
    CHECK ((parent_id IS NULL) = (grain = 3))
  );
  -- Hashes, since names may be longer than a B-tree takes, and none may stop folding.
  CREATE INDEX IF NOT EXISTS series_tenant ON llm.series USING hash (tenant_id);
  CREATE INDEX IF NOT EXISTS series_user ON llm.series USING hash (user_id);
  CREATE INDEX IF NOT EXISTS series_grain ON llm.series (grain, series_id);
  COMMENT ON TABLE llm.series IS 'the combinations of dimensions that entries have; grain 1 with all, 2 without people, 3 without tenant too';

  -- No index: it is read as a whole, and each would make posting slower. The key of the series comes first: the trigger sets it.
  EXECUTE 'CREATE TABLE IF NOT EXISTS llm.unfolded AS ' || tokenmeter.as_unfolded('false') || ' WITH NO DATA';
  ALTER TABLE llm.unfolded REPLICA IDENTITY FULL,
    ALTER series_key SET NOT NULL, ALTER entry_id SET NOT NULL, ALTER occurred_at SET NOT NULL, ALTER model SET NOT NULL,
    ALTER service_tier SET NOT NULL, ALTER priced SET NOT NULL,
    SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_analyze_scale_factor = 0,
      autovacuum_analyze_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
  COMMENT ON TABLE llm.unfolded IS 'what entries have that no bucket has yet; tokenmeter.maintain() empties it';

  -- Not partitioned: a statement that was planned before a partition was attached would not see what its snapshot does.
  EXECUTE format('CREATE TABLE IF NOT EXISTS llm.bucket_15min (bucket_start timestamptz NOT NULL, '
    'series_id bigint NOT NULL, %s, PRIMARY KEY (bucket_start, series_id))', measures);
  COMMENT ON TABLE llm.bucket_15min IS 'entries added up by 15 minutes of UTC, in the finest grain';
  CREATE TABLE IF NOT EXISTS llm.report_zone (
    zone_id smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    zone text NOT NULL UNIQUE
  );
  COMMENT ON TABLE llm.report_zone IS 'the time zones for which days and months are kept';
  EXECUTE format('CREATE TABLE IF NOT EXISTS llm.bucket_day (zone_id smallint NOT NULL, '
    'grain smallint NOT NULL, day date NOT NULL, series_id bigint NOT NULL, %s, '
    'PRIMARY KEY (zone_id, grain, day, series_id)) WITH (fillfactor = 90)', measures);
  CREATE INDEX IF NOT EXISTS bucket_day_series ON llm.bucket_day (series_id, zone_id, day);
  COMMENT ON TABLE llm.bucket_day IS 'entries added up by day of each reporting zone, in every grain';
  EXECUTE format('CREATE TABLE IF NOT EXISTS llm.bucket_month (zone_id smallint NOT NULL, '
    'grain smallint NOT NULL, month date NOT NULL, series_id bigint NOT NULL, %s, '
    'PRIMARY KEY (zone_id, grain, month, series_id)) WITH (fillfactor = 90)', measures);
  CREATE INDEX IF NOT EXISTS bucket_month_series ON llm.bucket_month (series_id, zone_id, month);
  COMMENT ON TABLE llm.bucket_month IS 'entries added up by month of each reporting zone, in every grain';
  CREATE TABLE IF NOT EXISTS llm.summary_zone (zone text PRIMARY KEY);
  COMMENT ON TABLE llm.summary_zone IS 'the time zone of the months of the materialized views; none, where buckets have changed since they were refreshed';
  CREATE TABLE IF NOT EXISTS llm.retired_15min (
    before timestamptz NOT NULL,
    retired_at timestamptz NOT NULL DEFAULT now()
  );
  COMMENT ON TABLE llm.retired_15min IS 'before when 15-minute buckets have been deleted';
  CREATE TABLE IF NOT EXISTS llm.retired_month (month timestamp PRIMARY KEY);
  COMMENT ON TABLE llm.retired_month IS 'months, in UTC, that came back after their entries had been retired: their buckets have more than llm.usage';
  INSERT INTO llm.report_zone (zone) VALUES ('UTC') ON CONFLICT DO NOTHING;

  IF NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = 'llm.usage'::regclass AND t.tgname = 'note_entry') THEN
    CREATE TRIGGER note_entry AFTER INSERT ON llm.usage FOR EACH ROW EXECUTE FUNCTION tokenmeter.note_entry();
    -- Of a ledger that is older than its buckets, all entries go in; nobody inserts while the trigger is being made.
    IF is_new THEN
      EXECUTE 'INSERT INTO llm.unfolded ' || tokenmeter.as_unfolded('true');
    ELSE
      RAISE WARNING 'llm.usage had no trigger note_entry: entries inserted meanwhile are in no bucket'
        USING HINT = 'tokenmeter.verify() shows them; tokenmeter.rebuild() makes the buckets of their time anew.';
    END IF;
  END IF;
  EXECUTE 'CREATE OR REPLACE VIEW llm.tail AS ' || tokenmeter.deltas_of('llm.unfolded');
  COMMENT ON VIEW llm.tail IS 'what each entry that is not folded yet adds to buckets, in their columns';
END $create$;
COMMENT ON FUNCTION tokenmeter.create_bucket_tables() IS 'part of create_ledger()';

-- Remembers that a month whose partition is made anew had entries before: they were retired, and their buckets stay.
CREATE FUNCTION tokenmeter.note_retired(month timestamp) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
  INSERT INTO llm.retired_month (month)
  SELECT note_retired.month
  WHERE EXISTS (SELECT FROM llm.bucket_day d WHERE d.zone_id = (SELECT z.zone_id FROM llm.report_zone z WHERE z.zone = 'UTC')
    AND d.grain = 3 AND d.day >= note_retired.month AND d.day < note_retired.month + interval '1 month')
    OR EXISTS (SELECT FROM llm.unfolded u WHERE date_trunc('month', u.occurred_at AT TIME ZONE 'UTC') = note_retired.month)
  ON CONFLICT DO NOTHING;
$$;
COMMENT ON FUNCTION tokenmeter.note_retired(timestamp) IS 'part of ensure_partition()';

CREATE FUNCTION tokenmeter.retired_before() RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(max(r.before), '-infinity') FROM llm.retired_15min r;
$$;
COMMENT ON FUNCTION tokenmeter.retired_before() IS 'before when there are no 15-minute buckets any more';

-- Whoever changes buckets takes turns. Others read on, and post.
CREATE FUNCTION tokenmeter.begin_maintenance() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM tokenmeter.require_read_committed();
  PERFORM tokenmeter.series_key('');  -- loads the library, which checks the settings
  LOCK TABLE llm.report_zone IN SHARE UPDATE EXCLUSIVE MODE;
END $$;
COMMENT ON FUNCTION tokenmeter.begin_maintenance() IS 'waits until nobody else changes buckets';

-- Makes the series, parents first, of rows of llm.unfolded that have none yet.
CREATE FUNCTION tokenmeter.add_series(batch tid[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off SET jit = off AS $$
BEGIN
  EXECUTE format($sql$
    WITH missing AS MATERIALIZED (
      SELECT DISTINCT ON (d.series_key) d.series_key AS usage_key, %2$s AS tenant_key, %3$s AS model_key, %1$s
      FROM (%5$s) d WHERE NOT EXISTS (SELECT FROM llm.series s WHERE s.series_key = d.series_key)
    ), model AS (
      INSERT INTO llm.series (grain, series_key, %6$s) SELECT DISTINCT 3::smallint, model_key, %6$s FROM missing
      ON CONFLICT (series_key) DO NOTHING RETURNING series_id, series_key
    ), any_model AS (
      SELECT series_id, series_key FROM model
      UNION ALL SELECT series_id, series_key FROM llm.series WHERE series_key IN (SELECT model_key FROM missing)
    ), tenant AS (
      INSERT INTO llm.series (grain, parent_id, series_key, %7$s)
      SELECT DISTINCT 2::smallint, p.series_id, m.tenant_key, %8$s FROM missing m JOIN any_model p ON p.series_key = m.model_key
      ON CONFLICT (series_key) DO NOTHING RETURNING series_id, series_key
    ), any_tenant AS (
      SELECT series_id, series_key FROM tenant
      UNION ALL SELECT series_id, series_key FROM llm.series WHERE series_key IN (SELECT tenant_key FROM missing)
    )
    INSERT INTO llm.series (grain, parent_id, series_key, %4$s)
    SELECT 1, p.series_id, m.usage_key, %9$s FROM missing m JOIN any_tenant p ON p.series_key = m.tenant_key$sql$,
    tokenmeter.list(tokenmeter.grain_dimensions('usage'), 'd'), tokenmeter.key_of('tenant', 'd'), tokenmeter.key_of('model', 'd'),
    tokenmeter.list(tokenmeter.grain_dimensions('usage')),
    tokenmeter.deltas_of('(SELECT * FROM llm.unfolded WHERE ctid = ANY ($1))'),
    tokenmeter.list(tokenmeter.grain_dimensions('model')), tokenmeter.list(tokenmeter.grain_dimensions('tenant')),
    tokenmeter.list(tokenmeter.grain_dimensions('tenant'), 'm'), tokenmeter.list(tokenmeter.grain_dimensions('usage'), 'm'))
  USING batch;
END $$;
COMMENT ON FUNCTION tokenmeter.add_series(tid[]) IS 'part of maintain()';

-- Takes rows out of llm.unfolded and adds them to every level, in one statement. 15-minute buckets that were retired do not
-- come back.
CREATE FUNCTION tokenmeter.fold(batch tid[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off SET jit = off SET work_mem = '64MB'
SET timezone_abbreviations = 'Default' AS $$
BEGIN
  DELETE FROM llm.summary_zone;
  PERFORM tokenmeter.add_series(batch);
  EXECUTE format($sql$
    WITH taken AS (
      DELETE FROM llm.unfolded WHERE ctid = ANY ($1) RETURNING *
    ), fresh AS MATERIALIZED (
      SELECT f.bucket_start, s.series_id, %1$s FROM (%2$s) f JOIN llm.series s USING (series_key) GROUP BY 1, 2
    ), quarters AS (%3$s), %4$s, folded_days AS (%5$s)
    %6$s$sql$,
    tokenmeter.measure_totals('f'), tokenmeter.deltas_of('taken'),
    tokenmeter.adding_to('bucket_15min', '{bucket_start,series_id}', 'SELECT * FROM fresh WHERE bucket_start >= $2'),
    tokenmeter.days_and_months_of('fresh'),
    tokenmeter.adding_to('bucket_day', '{zone_id,grain,day,series_id}', 'TABLE days'),
    tokenmeter.adding_to('bucket_month', '{zone_id,grain,month,series_id}', 'TABLE months'))
  USING batch, tokenmeter.retired_before();
END $$;
COMMENT ON FUNCTION tokenmeter.fold(tid[]) IS 'part of maintain(): moves rows of llm.unfolded into the buckets';

-- Planners that take the buckets for empty would read the tail once for each of them: what has grown by much since it was
-- analyzed is analyzed now.
CREATE FUNCTION tokenmeter.analyze_grown(added bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  grown regclass;
BEGIN
  FOR grown IN SELECT c.oid FROM pg_class c WHERE c.oid IN ('llm.bucket_15min'::regclass, 'llm.bucket_day'::regclass,
    'llm.bucket_month'::regclass, 'llm.series'::regclass) AND added > 0.2 * c.reltuples LOOP
    EXECUTE format('ANALYZE %s', grown);
  END LOOP;
END $$;
COMMENT ON FUNCTION tokenmeter.analyze_grown(bigint) IS 'part of maintain()';

-- What is there when it begins, or so many of it, found once: rows that were deleted before in the same transaction are still
-- in the way. Batches bound the memory that one statement takes.
CREATE FUNCTION tokenmeter.fold_all(at_most bigint DEFAULT NULL, batch_size integer DEFAULT 1000000) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
  waiting tid[] := ARRAY(SELECT u.ctid FROM llm.unfolded u LIMIT at_most);
  entries bigint := cardinality(waiting);
BEGIN
  FOR lower_end IN 1 .. entries BY batch_size LOOP
    PERFORM tokenmeter.fold(waiting[lower_end : least(lower_end::bigint + batch_size - 1, entries)]);
  END LOOP;
  PERFORM tokenmeter.analyze_grown(entries);
  RETURN entries;
END $$;
COMMENT ON FUNCTION tokenmeter.fold_all(bigint, integer) IS 'part of maintain() and rebuild()';

-- The 15-minute buckets of a zone's days, from one to before another (expressions). A day is what its quarters say: where
-- clocks are set back at midnight, it has two beginnings.
CREATE FUNCTION tokenmeter.quarters_of_days(from_day text, to_day text, zone text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN format('(SELECT * FROM llm.bucket_15min WHERE bucket_start >= (%1$s::date - 2)::timestamp AT TIME ZONE ''UTC'' '
  'AND bucket_start < (%2$s::date + 2)::timestamp AT TIME ZONE ''UTC'' AND (bucket_start AT TIME ZONE %3$s)::date >= %1$s '
  'AND (bucket_start AT TIME ZONE %3$s)::date < %2$s)', from_day, to_day, zone);
COMMENT ON FUNCTION tokenmeter.quarters_of_days(text, text, text) IS 'part of the statements that are made for buckets';

-- Makes days and months of a zone anew, those that have days from one to before another, from the level below each.
CREATE FUNCTION tokenmeter.refold(zone text, from_day date, to_day date) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off SET jit = off SET work_mem = '64MB'
SET timezone_abbreviations = 'Default' AS $$
DECLARE
  own_id smallint := (SELECT z.zone_id FROM llm.report_zone z WHERE z.zone = refold.zone);
  from_month date := date_trunc('month', from_day::timestamp);
  to_month date := date_trunc('month', to_day::timestamp + interval '1 month' - interval '1 day');
BEGIN
  DELETE FROM llm.bucket_day d WHERE d.zone_id = own_id AND d.day >= from_day AND d.day < to_day;
  EXECUTE format('WITH %s %s', tokenmeter.days_and_months_of(tokenmeter.quarters_of_days('$2', '$3', '$4'), zone),
    tokenmeter.adding_to('bucket_day', '{zone_id,grain,day,series_id}', 'TABLE days'))
  USING own_id, from_day, to_day, zone;
  DELETE FROM llm.bucket_month m WHERE m.zone_id = own_id AND m.month >= from_month AND m.month < to_month;
  EXECUTE tokenmeter.adding_to('bucket_month', '{zone_id,grain,month,series_id}', format($sql$
    SELECT f.zone_id, f.grain, date_trunc('month', f.day::timestamp)::date AS month, f.series_id, %s FROM llm.bucket_day f
    WHERE f.zone_id = $1 AND f.day >= $2 AND f.day < $3 GROUP BY 1, 2, 3, 4$sql$, tokenmeter.measure_totals('f')))
  USING own_id, from_month, to_month;
END $$;
COMMENT ON FUNCTION tokenmeter.refold(text, date, date) IS 'part of rebuild(): makes days and months of a zone anew';

-- In C, so that the library is loaded, and the setting checked, whoever asks.
CREATE FUNCTION tokenmeter.report_time_zone() RETURNS text
LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tokenmeter_report_time_zone';
COMMENT ON FUNCTION tokenmeter.report_time_zone() IS 'the setting tokenmeter.time_zone';

-- As immutable as timezone(text, timestamptz), which takes the same names.
CREATE FUNCTION tokenmeter.report_zone_name(zone text) RETURNS text
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tokenmeter_report_zone_name';
COMMENT ON FUNCTION tokenmeter.report_zone_name(text) IS 'a time zone as pg_timezone_names writes it; an error if usage cannot be reported in it';

-- The zones that the settings ask for.
CREATE FUNCTION tokenmeter.wanted_zones() RETURNS SETOF text
LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT 'UTC' UNION SELECT tokenmeter.report_time_zone()
  UNION SELECT tokenmeter.report_zone_name(btrim(z)) FROM string_to_table(current_setting('tokenmeter.report_zones', true), ',') z WHERE btrim(z) <> '';
END;
COMMENT ON FUNCTION tokenmeter.wanted_zones() IS 'UTC, and the time zones of the settings tokenmeter.time_zone and tokenmeter.report_zones';

-- Adds days and months of a zone, of all the time that there are entries of.
CREATE FUNCTION tokenmeter.add_report_zone(zone text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM tokenmeter.begin_maintenance();
  zone := tokenmeter.report_zone_name(zone);
  IF EXISTS (SELECT FROM llm.report_zone z WHERE z.zone = add_report_zone.zone) THEN
    RETURN;
  END IF;
  IF tokenmeter.retired_before() > '-infinity' THEN
    RAISE EXCEPTION 'there can be no days and months in the time zone "%"', zone
      USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = format('The 15-minute buckets before %s, which they would be made of, have been retired.', tokenmeter.retired_before());
  END IF;
  INSERT INTO llm.report_zone (zone) VALUES (add_report_zone.zone);
  PERFORM tokenmeter.refold(zone, '-infinity', 'infinity');
END $$;
COMMENT ON FUNCTION tokenmeter.add_report_zone(text) IS 'keeps days and months in a time zone from now on, and makes those of the past';

CREATE FUNCTION tokenmeter.drop_report_zone(zone text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
  own_id smallint;
BEGIN
  PERFORM tokenmeter.begin_maintenance();
  zone := coalesce((SELECT z.zone FROM llm.report_zone z WHERE lower(z.zone) = lower(drop_report_zone.zone)), zone);
  IF zone = 'UTC' THEN
    RAISE EXCEPTION 'days and months in UTC are always kept' USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF zone IN (SELECT tokenmeter.wanted_zones()) THEN
    RAISE EXCEPTION 'the settings ask for days and months in the time zone "%"', zone
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Take it out of tokenmeter.time_zone or tokenmeter.report_zones first.';
  END IF;
  IF EXISTS (SELECT FROM llm.statement s WHERE s.zone = drop_report_zone.zone AND s.reopened_at IS NULL) THEN
    RAISE EXCEPTION 'statements have been closed in the time zone "%"', zone USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  DELETE FROM llm.report_zone z WHERE z.zone = drop_report_zone.zone RETURNING z.zone_id INTO own_id;
  IF own_id IS NULL THEN
    RAISE EXCEPTION 'no days and months are kept in the time zone "%"', zone USING ERRCODE = 'undefined_object';
  END IF;
  DELETE FROM llm.bucket_day d WHERE d.zone_id = own_id;
  DELETE FROM llm.bucket_month m WHERE m.zone_id = own_id;
END $$;
COMMENT ON FUNCTION tokenmeter.drop_report_zone(text) IS 'keeps no days and months in a time zone any longer';

-- NULL: has no end. Of what a default partition has nobody knows whether it is all.
CREATE FUNCTION tokenmeter.partition_ranges()
RETURNS TABLE (name text, from_time timestamptz, to_time timestamptz)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO' SET timezone = 'UTC'
AS $$
  SELECT c.relname, (regexp_match(bound.text, 'FROM [(]''([^'']+)''[)]'))[1]::timestamptz, (regexp_match(bound.text, 'TO [(]''([^'']+)''[)]'))[1]::timestamptz
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid CROSS JOIN LATERAL pg_get_expr(c.relpartbound, c.oid) AS bound (text)
  WHERE i.inhparent = to_regclass('llm.usage') AND NOT i.inhdetachpending AND bound.text <> 'DEFAULT';
$$;
COMMENT ON FUNCTION tokenmeter.partition_ranges() IS 'from and to when each partition of llm.usage goes';

-- Deletes the 15-minute buckets of whole days, in UTC, before a time. Days and months stay; what is asked in zones that
-- have none can then only be answered for the time since.
CREATE FUNCTION tokenmeter.retire_buckets(before timestamptz) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
  retired bigint;
BEGIN
  PERFORM tokenmeter.begin_maintenance();
  IF before IS NULL OR before > now() THEN
    RAISE EXCEPTION '15-minute buckets of the future cannot be retired' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  before := date_trunc('day', before, 'UTC');
  DELETE FROM llm.bucket_15min b WHERE b.bucket_start < retire_buckets.before;
  GET DIAGNOSTICS retired = ROW_COUNT;
  IF retired > 0 THEN
    INSERT INTO llm.retired_15min (before) VALUES (retire_buckets.before);
  END IF;
  RETURN retired;
END $$;
COMMENT ON FUNCTION tokenmeter.retire_buckets(timestamptz) IS 'deletes 15-minute buckets of whole days before a time; returns how many';

CREATE FUNCTION tokenmeter.retire_old_buckets() RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  kept interval;
BEGIN
  PERFORM tokenmeter.series_key('');  -- loads the library, without which a number of minutes would be read as seconds
  kept := current_setting('tokenmeter.keep_15min');
  RETURN CASE WHEN kept > '0' THEN tokenmeter.retire_buckets(now() - kept) END;
END $$;
COMMENT ON FUNCTION tokenmeter.retire_old_buckets() IS 'deletes 15-minute buckets that are older than the setting tokenmeter.keep_15min';

CREATE FUNCTION tokenmeter.add_wanted_zones() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  wanted text;
BEGIN
  FOR wanted IN SELECT w FROM tokenmeter.wanted_zones() w WHERE w NOT IN (SELECT z.zone FROM llm.report_zone z) LOOP
    IF tokenmeter.retired_before() = '-infinity' THEN
      PERFORM tokenmeter.add_report_zone(wanted);
    ELSE
      RAISE WARNING 'there can be no days and months in the time zone "%"', wanted
        USING DETAIL = format('The 15-minute buckets before %s, which they would be made of, have been retired.', tokenmeter.retired_before());
    END IF;
  END LOOP;
END $$;
COMMENT ON FUNCTION tokenmeter.add_wanted_zones() IS 'part of maintain()';

-- What maintain() does besides folding. Whatever stops it stops no folding.
CREATE FUNCTION tokenmeter.try(what text, action text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  EXECUTE action;
EXCEPTION
  WHEN out_of_memory THEN
    RAISE;
  WHEN OTHERS THEN
    RAISE WARNING '%: %', what, SQLERRM USING ERRCODE = SQLSTATE;
END $$;
COMMENT ON FUNCTION tokenmeter.try(text, text) IS 'part of maintain(): executes a statement, and warns if that fails';

CREATE FUNCTION tokenmeter.maintain(at_most bigint DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  folded bigint;
BEGIN
  IF at_most < 1 THEN
    RAISE EXCEPTION 'at_most must be 1 or more' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM tokenmeter.begin_maintenance();
  folded := tokenmeter.fold_all(at_most);
  PERFORM tokenmeter.try('days and months of another time zone could not be made', 'SELECT tokenmeter.add_wanted_zones()');
  IF NOT EXISTS (SELECT FROM llm.summary_zone s WHERE s.zone = tokenmeter.report_time_zone()) THEN
    PERFORM tokenmeter.try('materialized views could not be refreshed', 'SELECT tokenmeter.refresh_summaries()');
  END IF;
  PERFORM tokenmeter.try('alerts could not be raised', 'SELECT tokenmeter.raise_alerts()');
  PERFORM tokenmeter.try('15-minute buckets could not be retired', 'SELECT tokenmeter.retire_old_buckets()');
  RETURN folded;
END $$;
COMMENT ON FUNCTION tokenmeter.maintain(bigint) IS 'folds new entries, all or at most so many, into the buckets, refreshes what stands on them and raises alerts; returns how many entries';

-- The times of which llm.usage has all entries.
CREATE FUNCTION tokenmeter.unretired_months() RETURNS SETOF tstzrange
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT unnest(range_agg(tstzrange(r.from_time, r.to_time)) - coalesce(
    (SELECT range_agg(tstzrange(m.month AT TIME ZONE 'UTC', (m.month + interval '1 month') AT TIME ZONE 'UTC')) FROM llm.retired_month m), '{}'))
  FROM tokenmeter.partition_ranges() r;
$$;
COMMENT ON FUNCTION tokenmeter.unretired_months() IS 'the times of which llm.usage has all entries';

-- Makes the buckets of a time anew from the ledger: its entries are laid into llm.unfolded again and folded, its days and
-- months made of the finer level.
CREATE FUNCTION tokenmeter.rebuild(from_time timestamptz, to_time timestamptz) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off SET jit = off AS $$
DECLARE
  zone text;
  rebuilt bigint;
BEGIN
  IF from_time IS NULL OR to_time IS NULL OR NOT isfinite(from_time) OR NOT isfinite(to_time) OR from_time >= to_time THEN
    RAISE EXCEPTION 'from_time must be before to_time, and both finite' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  from_time := date_bin('15 minutes', from_time, '2000-01-01 00:00:00+00');
  to_time := date_bin('15 minutes', to_time + interval '14 minutes 59.999999 seconds', '2000-01-01 00:00:00+00');
  PERFORM tokenmeter.begin_maintenance();
  IF EXISTS (SELECT FROM llm.bucket_15min b WHERE b.bucket_start >= rebuild.from_time AND b.bucket_start < rebuild.to_time
      AND NOT EXISTS (SELECT FROM tokenmeter.unretired_months() m (months) WHERE m.months @> b.bucket_start))
    OR from_time - interval '4 days' < tokenmeter.retired_before()
  THEN
    RAISE EXCEPTION 'buckets from % to % cannot be made anew', from_time, to_time
      USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = 'Entries or 15-minute buckets of that time have been retired.';
  END IF;
  EXECUTE 'WITH gone AS (DELETE FROM llm.bucket_15min WHERE bucket_start >= $1 AND bucket_start < $2) INSERT INTO llm.unfolded '
    || tokenmeter.as_unfolded('u.occurred_at >= $1 AND u.occurred_at < $2 AND NOT EXISTS (SELECT FROM llm.unfolded x WHERE x.entry_id = u.entry_id AND x.occurred_at = u.occurred_at)')
  USING from_time, to_time;
  DELETE FROM llm.summary_zone;
  SELECT count(*) INTO rebuilt FROM llm.unfolded u WHERE u.occurred_at >= from_time AND u.occurred_at < to_time;
  PERFORM tokenmeter.fold_all();
  FOR zone IN SELECT z.zone FROM llm.report_zone z LOOP
    -- Where a clock is set back across midnight, the day before has quarters after those of the day.
    PERFORM tokenmeter.refold(zone, (from_time AT TIME ZONE zone)::date - 1, (to_time AT TIME ZONE zone)::date + 2);
  END LOOP;
  RETURN rebuilt;
END $$;
COMMENT ON FUNCTION tokenmeter.rebuild(timestamptz, timestamptz) IS 'makes the buckets of a time anew from the ledger; returns of how many entries';

-- The two sides of a comparison, each with a key and the measures: the rows that differ.
CREATE FUNCTION tokenmeter.differences_between(key text[], expected text, found text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN format($sql$
  SELECT %1$s, e.measures, f.measures FROM
    (SELECT %2$s, jsonb_build_object(%3$s) AS measures FROM (%4$s) e) e FULL JOIN
    (SELECT %2$s, jsonb_build_object(%3$s) AS measures FROM (%5$s) f) f USING (%2$s)
  WHERE e.measures IS DISTINCT FROM f.measures$sql$,
  tokenmeter.list(key), tokenmeter.list(key),
  (SELECT string_agg(format('%L, %I', m, m), ', ') FROM unnest(tokenmeter.measure_names()) m), expected, found);
COMMENT ON FUNCTION tokenmeter.differences_between(text[], text, text) IS 'part of verify()';

-- Entries against 15 minutes, these against days, days against months; each with what is not folded yet. Months whose
-- entries have been retired are left out, and days whose 15-minute buckets have.
CREATE FUNCTION tokenmeter.verify(from_time timestamptz DEFAULT '-infinity', to_time timestamptz DEFAULT 'infinity')
RETURNS TABLE (level text, zone text, period text, series_key uuid, expected jsonb, found jsonb)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET row_security = off SET jit = off AS $$
#variable_conflict use_column
DECLARE
  reported record;
  first_time timestamptz := date_bin('15 minutes', greatest(from_time, tokenmeter.retired_before(), '4000-01-01 BC'), '2000-01-01 00:00:00+00');
  measures text := tokenmeter.list(tokenmeter.measure_names(), 'b');
  totals text := tokenmeter.measure_totals('f');
BEGIN
  RETURN QUERY EXECUTE format('SELECT ''15min'', NULL, bucket_start::text, series_key, expected, found FROM (%s) d (bucket_start, series_key, expected, found)
      WHERE EXISTS (SELECT FROM tokenmeter.unretired_months() m (months) WHERE m.months @> d.bucket_start)',
    tokenmeter.differences_between('{bucket_start,series_key}',
      format('SELECT bucket_start, series_key, %s FROM (%s) f GROUP BY 1, 2', totals,
        tokenmeter.deltas_of('(' || tokenmeter.as_unfolded('u.occurred_at >= $1 AND u.occurred_at < $2') || ')')),
      format('SELECT bucket_start, series_key, %1$s FROM (
          SELECT b.bucket_start, s.series_key, %2$s FROM llm.bucket_15min b JOIN llm.series s USING (series_id) WHERE b.bucket_start >= $1 AND b.bucket_start < $2
          UNION ALL SELECT b.bucket_start, b.series_key, %2$s FROM llm.tail b WHERE b.bucket_start >= $1 AND b.bucket_start < $2) f GROUP BY 1, 2',
        totals, measures)))
  USING first_time, to_time;
  FOR reported IN SELECT z.* FROM llm.report_zone z LOOP
    RETURN QUERY EXECUTE format('SELECT ''day'', $4, day::text, s.series_key, expected, found FROM (%s) d (day, grain, series_id, expected, found)
        JOIN llm.series s USING (series_id)',
      tokenmeter.differences_between('{day,grain,series_id}',
        format('WITH %s TABLE days', tokenmeter.days_and_months_of(tokenmeter.quarters_of_days('$2', '$3', '$4'), reported.zone)),
        'SELECT * FROM llm.bucket_day WHERE zone_id = $1 AND day >= $2 AND day < $3'))
    USING reported.zone_id, (first_time AT TIME ZONE reported.zone)::date + CASE WHEN tokenmeter.retired_before() = '-infinity' THEN 0 ELSE 1 END,
      CASE WHEN isfinite(to_time) THEN (to_time AT TIME ZONE reported.zone)::date ELSE 'infinity' END, reported.zone;
    RETURN QUERY EXECUTE format('SELECT ''month'', $4, month::text, s.series_key, expected, found FROM (%s) d (month, grain, series_id, expected, found)
        JOIN llm.series s USING (series_id)',
      tokenmeter.differences_between('{month,grain,series_id}',
        format('SELECT grain, date_trunc(''month'', f.day::timestamp)::date AS month, series_id, %s FROM llm.bucket_day f WHERE zone_id = $1 GROUP BY 1, 2, 3', totals),
        'SELECT * FROM llm.bucket_month WHERE zone_id = $1'))
    USING reported.zone_id, NULL::date, NULL::date, reported.zone;
  END LOOP;
END $$;
COMMENT ON FUNCTION tokenmeter.verify(timestamptz, timestamptz) IS 'where buckets are not what the entries add up to: no rows, if all is well';
