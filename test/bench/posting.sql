-- The comparisons of test/bench/posting: 20,000 calls, in statements of 1,000, posted through the inbox; their finished
-- entries into a table like llm.usage, and with their ids as in llm.request; and only counted. Every run is of calls with
-- ids of their own. The first turn is not measured.
\set QUIET on
SET jit = off;
SET max_parallel_workers_per_gather = 0;
CREATE EXTENSION tokenmeter;
SELECT tokenmeter.create_ledger() \g /dev/null

CREATE TABLE call AS
SELECT i, 'tenant ' || i % 40 AS tenant_id, 'user ' || i % 2000 AS user_id, t.x AS input_text, left(t.x, 300) AS output_text
FROM generate_series(1, 20000) i JOIN (
  SELECT row_number() OVER () AS n, string_agg(line, E'\n') AS x
  FROM (SELECT line, sum(length(line) + 1) OVER (ORDER BY number) / 1500 AS part
    FROM regexp_split_to_table(left(pg_read_file(:'corpus'), 3000000), E'\n') WITH ORDINALITY AS l (line, number)) lines
  GROUP BY part) t ON t.n = 1 + i % 1900;
CREATE INDEX ON call (i);
VACUUM ANALYZE call;

CREATE PROCEDURE post(run int) LANGUAGE plpgsql AS $$
BEGIN
  FOR part IN 0 .. 19 LOOP
    INSERT INTO llm.inbox (request_id, occurred_at, tenant_id, user_id, provider, model, input_text, output_text)
    SELECT format('%s/%s', run, i), now(), tenant_id, user_id, 'openai', 'gpt-4o', input_text, output_text
    FROM call WHERE i > 1000 * part AND i <= 1000 * (part + 1);
    COMMIT;
  END LOOP;
END $$;
CREATE PROCEDURE count_only(run int) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM sum(token_count('gpt-4o', input_text) + token_count('gpt-4o', output_text)) FROM call;
  COMMIT;
END $$;
CALL post(0);
CREATE TABLE finished (LIKE llm.usage INCLUDING ALL) PARTITION BY RANGE (occurred_at);
CREATE TABLE finished_all PARTITION OF finished FOR VALUES FROM (MINVALUE) TO (MAXVALUE);
CREATE TABLE finished_id (LIKE llm.request INCLUDING ALL);
CREATE TABLE entry AS SELECT row_number() OVER () AS i, u AS entry, r AS id FROM llm.usage u JOIN llm.request r USING (occurred_at, entry_id);
CREATE INDEX ON entry (i);
VACUUM ANALYZE entry;
CREATE PROCEDURE write_entries(run int, with_ids boolean) LANGUAGE plpgsql AS $$
BEGIN
  FOR part IN 0 .. 19 LOOP
    INSERT INTO finished SELECT (e.entry).* FROM entry e WHERE i > 1000 * part AND i <= 1000 * (part + 1);
    IF with_ids THEN
      INSERT INTO finished_id SELECT (e.id).* FROM entry e WHERE i > 1000 * part AND i <= 1000 * (part + 1);
    END IF;
    COMMIT;
  END LOOP;
END $$;
CREATE TABLE measured (run int, what text, us float8);
CREATE PROCEDURE measure(run int) LANGUAGE plpgsql AS $$
DECLARE
  began timestamptz;
BEGIN
  began := clock_timestamp(); CALL post(run);
  INSERT INTO measured VALUES (run, 'posted', extract(epoch FROM clock_timestamp() - began) * 1e6 / 20000); COMMIT;
  TRUNCATE finished; TRUNCATE finished_id; COMMIT;
  began := clock_timestamp(); CALL write_entries(run, false);
  INSERT INTO measured VALUES (run, 'entries', extract(epoch FROM clock_timestamp() - began) * 1e6 / 20000); COMMIT;
  TRUNCATE finished; TRUNCATE finished_id; COMMIT;
  began := clock_timestamp(); CALL write_entries(run, true);
  INSERT INTO measured VALUES (run, 'entries and ids', extract(epoch FROM clock_timestamp() - began) * 1e6 / 20000); COMMIT;
  began := clock_timestamp(); CALL count_only(run);
  INSERT INTO measured VALUES (run, 'counted', extract(epoch FROM clock_timestamp() - began) * 1e6 / 20000); COMMIT;
END $$;
SELECT format('CALL measure(%s)', run) FROM generate_series(1, :runs + 1) run \gexec
WITH median AS (
  SELECT what, percentile_cont(0.5) WITHIN GROUP (ORDER BY us) AS us FROM measured WHERE run > 1 GROUP BY what
)
SELECT what, round(us::numeric, 1) AS "us for each call",
  round((us / (SELECT us FROM median WHERE what = 'entries'))::numeric, 2) AS "x entries",
  round((us / (SELECT us FROM median WHERE what = 'entries and ids'))::numeric, 2) AS "x entries and ids"
FROM median ORDER BY us;
SELECT pg_size_pretty(pg_total_relation_size('llm.request')) AS "ids", count(*) AS calls,
  pg_total_relation_size('llm.request') / count(*) AS "bytes for each id" FROM llm.request;
