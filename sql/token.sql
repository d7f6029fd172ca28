-- The text functions.
SELECT token_count('gpt-4o', 'Hello, world!'), token_count('gpt-4', 'Hello, world!'), token_count('gpt2', 'Hello, world!');
SELECT token_encode('gpt-4o', 'Hello, world!'), token_encode('gpt-4', 'Hello, world!'), token_encode('gpt2', 'Hello, world!');
SELECT token_decode('gpt-4o', token_encode('gpt-4o', 'Grüße, 世界!')), token_decode_bytes('gpt-4o', '{13225,11}');
SELECT * FROM token_pieces('gpt-4o', 'naïve 日本語');

-- The text of special tokens is ordinary text; their ids decode to it.
SELECT token_encode('o200k_base', '<|endoftext|>'), token_decode('o200k_base', '{199999}'), token_decode('o200k_harmony', '{200006,200008,201087}');

-- Nothing in, nothing out.
SELECT token_count('gpt-4o', ''), token_encode('gpt-4o', ''), token_decode('gpt-4o', '{}'), token_decode_bytes('gpt-4o', '{}');
SELECT token_count(NULL, 'x'), token_count('gpt-4o', NULL), token_encode('gpt-4o', NULL), token_decode(NULL, '{1}'), token_encoding(NULL);
SELECT * FROM token_pieces('gpt-4o', '');

-- Encodings that share their ranks give the same tokens.
SELECT token_encode('gpt2', t) = token_encode('r50k_base', t) AND token_encode('p50k_base', t) = token_encode('p50k_edit', t)
  AND token_encode('o200k_base', t) = token_encode('o200k_harmony', t) AS same
FROM (VALUES ('Some text,   with  spaces.')) AS v (t);

-- decode(encode(x)) = x, and the count is the number of tokens, for every encoding.
SELECT encoding,
  bool_and(token_decode(encoding, token_encode(encoding, t)) = t) AS round_trip,
  bool_and(cardinality(token_encode(encoding, t)) = token_count(encoding, t)) AS count_agrees,
  bool_and((SELECT string_agg(bytes, '' ORDER BY position) FROM token_pieces(encoding, t)) = convert_to(t, 'UTF8')) AS pieces_agree
FROM unnest(tokenmeter.encodings()) AS e (encoding),
  unnest(ARRAY['a', ' ', E'\r\n \t\n', repeat('ab', 10000), repeat('-', 9999), repeat('日', 5000), U&'\0301\017F''\017F\FEFF\2028', 'don''t I''LL', '½ⅧⅨ٣٤٥٦', U&'\+01F468\200D\+01F469\200D\+01F467']) AS v (t)
GROUP BY encoding ORDER BY encoding;

-- Mistakes.
SELECT token_decode('gpt-4o', '{1,NULL}');
SELECT token_decode('gpt-4o', '{-1}');
SELECT token_decode('gpt-4o', '{2000000000}');
SELECT token_decode('p50k_base', '{50281}');
SELECT token_decode('gpt-4o', (token_encode('gpt-4o', '👩'))[1:1]);
SELECT token_decode_bytes('gpt-4o', (token_encode('gpt-4o', '👩'))[1:1]);
SELECT token_decode('gpt-4o', '{188}');

-- Immutable and parallel safe: an index, a generated column, a parallel plan.
CREATE TABLE document (content text, tokens bigint GENERATED ALWAYS AS (token_count('gpt-4o', content)) STORED);
CREATE INDEX ON document (token_count('gpt-4', content));
INSERT INTO document SELECT repeat('word ', i) FROM generate_series(1, 1000) i;
SELECT sum(tokens) FROM document;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT sum(token_count('gpt-4o-mini', content)) FROM document;
SELECT sum(token_count('gpt-4o-mini', content)) FROM document;
DROP TABLE document;

-- What becomes of a C++ exception: an ordinary error, in a session that goes on.
CREATE FUNCTION pg_temp.fail_for_test() RETURNS void LANGUAGE C AS 'tokenmeter', 'tokenmeter_fail_for_test';
DO $$
BEGIN
  PERFORM pg_temp.fail_for_test();
EXCEPTION WHEN internal_error THEN
  RAISE NOTICE 'caught: %', SQLERRM;
END $$;
SELECT pg_temp.fail_for_test();
SELECT token_count('gpt-4o', 'still here');
