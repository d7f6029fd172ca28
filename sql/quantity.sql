-- Sums of quantities by the names of their meters.
SELECT tokenmeter.add_quantities('{"web_search": 1, "second": 0.1}', '{"second": 0.2, "request": 3}');
SELECT tokenmeter.add_quantities('{}', '{}'), tokenmeter.add_quantities('{"a": 1}', '{}'), tokenmeter.add_quantities('{}', '{"a": 1}');
SELECT tokenmeter.add_quantities('{"a": 1}', NULL) IS NULL AS of_null;
-- Exact, whatever the size.
SELECT tokenmeter.add_quantities('{"a": 100000000000000000000000000000, "b": 1e-30, "c": 2.5}', '{"a": 0.00000000000000000001, "b": -1, "c": -2.5}');

SELECT tokenmeter.sum(q) FROM unnest('{NULL, "{\"a\": 1}", "{\"b\": 0.5}", "{}", "{\"a\": 2, \"b\": 1}"}'::jsonb[]) q;
SELECT tokenmeter.sum(q) FROM unnest('{"{\"a\": 1}"}'::jsonb[]) q;
SELECT tokenmeter.sum(q) IS NULL AS of_nulls FROM unnest('{NULL, NULL}'::jsonb[]) q;
SELECT tokenmeter.sum(q) IS NULL AS of_nothing FROM unnest('{}'::jsonb[]) q;
-- As by SQL, over many keys.
SELECT tokenmeter.sum(q) = (SELECT jsonb_object_agg(key, total) FROM (
    SELECT 'meter' || i % 13 AS key, sum(i / 8.0) AS total FROM generate_series(1, 1000) i GROUP BY 1) t) AS same
FROM (SELECT jsonb_object_agg('meter' || i % 13, i / 8.0) AS q FROM generate_series(1, 1000) i GROUP BY i / 5) p;

-- A sum has 256 names; what others add up to is under one more. It is the same in whatever order, and by whatever steps.
CREATE TEMPORARY TABLE many AS
SELECT call, jsonb_object_agg('meter' || (call * 7919 + i * 104729) % 1000, i) AS quantities
FROM generate_series(1, 100) call, generate_series(1, 50) i GROUP BY call;
CREATE TEMPORARY TABLE total AS SELECT tokenmeter.sum(quantities) AS quantities FROM many;
SELECT count(*), sum(value::numeric) = (SELECT sum(value::numeric) FROM many, jsonb_each_text(quantities)) AS complete,
  bool_and(value::numeric = (SELECT sum((m.quantities ->> key)::numeric) FROM many m)) FILTER (WHERE key <> '(other)') AS exact,
  min(value) FILTER (WHERE key = '(other)') AS other
FROM total, jsonb_each_text(quantities);
SELECT tokenmeter.sum(quantities ORDER BY call DESC) = (SELECT quantities FROM total) AS backwards,
  tokenmeter.sum(quantities ORDER BY call * 37 % 101) = (SELECT quantities FROM total) AS shuffled
FROM many;
SELECT parts, tokenmeter.sum(part) = (SELECT quantities FROM total) AS by_parts
FROM unnest('{2,3,10,50}'::integer[]) parts,
  LATERAL (SELECT tokenmeter.sum(quantities) AS part FROM many GROUP BY call % parts) p GROUP BY parts ORDER BY parts;
SELECT tokenmeter.sum(q) = tokenmeter.add_quantities(q, '{}') AS same_of_one, (SELECT count(*) FROM jsonb_object_keys(tokenmeter.sum(q))) AS names
FROM (SELECT jsonb_object_agg('m' || i, 1) AS q FROM generate_series(1, 300) i) one GROUP BY q;

-- What is no flat object of numbers.
SELECT tokenmeter.sum('[1]');
SELECT tokenmeter.add_quantities('{"a": "1"}', '{}');
\set VERBOSITY sqlstate
SELECT tokenmeter.add_quantities('{}', '{"a": null}');
SELECT tokenmeter.add_quantities('{"a": 1}', '{"a": "1"}');
SELECT tokenmeter.add_quantities('{"a": "1"}', '{"a": 1}');
SELECT tokenmeter.add_quantities('{"a": {"b": 1}}', '{}');
SELECT tokenmeter.add_quantities('{}', '{"a": [1]}');
SELECT tokenmeter.add_quantities('[]', '{}');
SELECT tokenmeter.add_quantities('{}', '[1]');
SELECT tokenmeter.add_quantities('1', '{}');
SELECT tokenmeter.add_quantities('{}', 'null');
SELECT tokenmeter.sum('{"a": "1"}');
SELECT tokenmeter.sum('1');
