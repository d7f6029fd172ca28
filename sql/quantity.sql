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

-- What is no flat object of numbers.
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
