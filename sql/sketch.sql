-- Sketches of milliseconds.
SELECT tokenmeter.sketch(v) FROM unnest('{2, 0, 2, 1000, 2147483647}'::integer[]) v;
SELECT tokenmeter.sketch_add(tokenmeter.sketch_add('', 2), 0), tokenmeter.sketch_merge('\x0000', '\x0200');
SELECT tokenmeter.sketch_count(''), tokenmeter.sketch_count('\x00000101');

-- NULLs are passed over; no value is NULL, not an empty sketch.
SELECT tokenmeter.sketch(v) FROM unnest('{NULL, 7, NULL, 7}'::integer[]) v;
SELECT tokenmeter.sketch(v) IS NULL AS of_nulls FROM unnest('{NULL, NULL}'::integer[]) v;
SELECT tokenmeter.sketch(v) IS NULL AS of_nothing, tokenmeter.merge(NULL) IS NULL AS of_no_sketch FROM unnest('{}'::integer[]) v;
SELECT tokenmeter.merge(s) FROM unnest('{NULL, "\\x0000", "\\x", "\\x0200"}'::bytea[]) s;
SELECT tokenmeter.quantile(NULL, 0.5) IS NULL AS of_null, tokenmeter.quantile('', 0.5) IS NULL AS of_no_value,
  tokenmeter.quantile('\x0000', NULL) IS NULL AS no_fraction;
-- As a window moves on, results given before stay.
SELECT v, tokenmeter.sketch(v) OVER (ORDER BY v) FROM unnest('{1, 2, 2, 3, NULL}'::integer[]) v;

-- Whatever the values, a quantile is within 2 % of percentile_disc.
CREATE TEMPORARY TABLE latency AS
SELECT i % 7 AS model, CASE WHEN i % 10 > 0 THEN (exp(((i * 7919) % 10007) / 700.0) * (i % 7))::integer END AS ms
FROM generate_series(1, 20000) i;
SELECT fraction, count(*) AS models, bool_and(abs(estimate - exact) <= 0.02 * exact) AS accurate
FROM (SELECT model, fraction, tokenmeter.quantile(tokenmeter.sketch(ms), fraction) AS estimate,
    percentile_disc(fraction) WITHIN GROUP (ORDER BY ms) AS exact
  FROM latency, unnest('{0, 0.001, 0.5, 0.95, 0.99, 1}'::double precision[]) fraction GROUP BY model, fraction) q
GROUP BY fraction ORDER BY fraction;
-- Sketches of parts make the sketch of the whole; so does any order.
SELECT tokenmeter.merge(part) = (SELECT tokenmeter.sketch(ms ORDER BY ms DESC) FROM latency) AS same,
  tokenmeter.sketch_count(tokenmeter.merge(part)) = (SELECT count(ms) FROM latency) AS complete
FROM (SELECT tokenmeter.sketch(ms) AS part FROM latency GROUP BY model) p;

-- Parallel workers make parts too.
CREATE TABLE parallel_latency AS SELECT model, ms, jsonb_build_object('second', model) AS quantities FROM latency;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT tokenmeter.sketch(ms), tokenmeter.merge(tokenmeter.sketch_add('', ms)), tokenmeter.sum(quantities) FROM parallel_latency;
SELECT tokenmeter.sketch(ms) = (SELECT tokenmeter.sketch(ms) FROM latency) AS same,
  tokenmeter.sketch(ms) = tokenmeter.merge(tokenmeter.sketch_add('', ms)) AS same_merged, tokenmeter.sum(quantities)
FROM parallel_latency;
DROP TABLE parallel_latency;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;

-- What cannot be.
SELECT tokenmeter.sketch(v) FROM unnest('{1, -1}'::integer[]) v;
SELECT tokenmeter.quantile('\x0000', 1.01);
SELECT tokenmeter.quantile('\x00', 0.5);
SELECT tokenmeter.sketch_transition('', 1);
SELECT tokenmeter.sketch_transition(NULL, 1);
\set VERBOSITY sqlstate
SELECT tokenmeter.sketch_add('', -1);
SELECT tokenmeter.sketch_add('\x000000', 0);
SELECT tokenmeter.sketch_merge('\xffff', '');
SELECT tokenmeter.merge(s) FROM unnest('{"\\x0000", "\\xffff"}'::bytea[]) s;
SELECT tokenmeter.sketch_count('\xe00300');
SELECT tokenmeter.quantile('', -0.5);
SELECT tokenmeter.quantile('', 'NaN');
