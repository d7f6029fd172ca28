-- The comparisons of test/bench/rows. Both queries of one take turns; the first turn is not measured.
SET jit = off;
SET max_parallel_workers_per_gather = 0;

CREATE FUNCTION pg_temp.milliseconds(query text) RETURNS float8
LANGUAGE plpgsql AS $$
DECLARE
  started timestamptz := clock_timestamp();
  result text;
BEGIN
  EXECUTE query INTO result;
  RETURN extract(epoch FROM clock_timestamp() - started) * 1000;
END $$;

CREATE FUNCTION pg_temp.compare(table_name text, counted text, other text, runs int)
RETURNS TABLE (rows bigint, bytes_per_row int, count_ms numeric, other_ms numeric, ratio numeric)
LANGUAGE plpgsql AS $$
DECLARE
  counting text := format('SELECT %s FROM %I', counted, table_name);
  comparing text := format('SELECT %s FROM %I', other, table_name);
  counting_ms float8[];
  comparing_ms float8[];
BEGIN
  PERFORM public.pg_prewarm(table_name::regclass), pg_temp.milliseconds(counting), pg_temp.milliseconds(comparing);
  FOR i IN 1 .. runs LOOP
    counting_ms := counting_ms || pg_temp.milliseconds(counting);
    comparing_ms := comparing_ms || pg_temp.milliseconds(comparing);
  END LOOP;
  EXECUTE format('SELECT count(*), avg(octet_length(content)) FROM %I', table_name) INTO rows, bytes_per_row;
  SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) INTO count_ms FROM unnest(counting_ms) AS t (ms);
  SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) INTO other_ms FROM unnest(comparing_ms) AS t (ms);
  ratio := round(count_ms / other_ms, 2);
  count_ms := round(count_ms, 1);
  other_ms := round(other_ms, 1);
  RETURN NEXT;
END $$;

SELECT v.table_name, v.counted, v.other, c.*
FROM (VALUES
    ('short_rows', 'sum(token_count(''gpt-4o'', content))', 'sum(length(content))'),
    ('english_rows', 'count(token_count(''gpt-4o'', content))', 'count(md5(content))'),
    ('code_rows', 'count(token_count(''gpt-4o'', content))', 'count(md5(content))'),
    ('mixed_rows', 'count(token_count(''gpt-4o'', content))', 'count(md5(content))')) AS v (table_name, counted, other),
  LATERAL pg_temp.compare(v.table_name, v.counted, v.other, :runs) AS c;
