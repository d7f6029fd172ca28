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

-- Long texts are remembered: their counts are the same with and without, of whatever encoding.
SHOW tokenmeter.text_cache_size;
CREATE TABLE long_text AS
  SELECT encoding, t AS content, cardinality(token_encode(encoding, t)) AS tokens
  FROM unnest(tokenmeter.encodings()) AS e (encoding),
    LATERAL (SELECT repeat('Text ' || i || ', naïve as 日本語. ', 100 + i % 3) FROM generate_series(1, 60) i) AS v (t);
CREATE FUNCTION pg_temp.wrong_counts() RETURNS bigint LANGUAGE sql
  AS 'SELECT count(*) FROM long_text WHERE token_count(encoding, content) <> tokens';
SELECT pg_temp.wrong_counts() AS first, pg_temp.wrong_counts() AS again;
SET tokenmeter.text_cache_size = 0;
SELECT pg_temp.wrong_counts() AS first, pg_temp.wrong_counts() AS again;
SET tokenmeter.text_cache_size = 5;
SELECT pg_temp.wrong_counts() AS first, pg_temp.wrong_counts() AS again;
BEGIN;
SET LOCAL tokenmeter.text_cache_size = 4000;
SELECT pg_temp.wrong_counts() AS first, pg_temp.wrong_counts() AS again;
ROLLBACK;
SELECT pg_temp.wrong_counts() AS first, pg_temp.wrong_counts() AS again;
RESET tokenmeter.text_cache_size;
SELECT pg_temp.wrong_counts() AS first, pg_temp.wrong_counts() AS again;
SET tokenmeter.text_cache_size = -1;
SET tokenmeter.text_cache_size = 65537;
DROP TABLE long_text;

-- Long texts that are stored compressed or out of line are counted while they are read, some 256 kB at a time.
-- Where the server has no lz4, pglz is tested twice.
SELECT set_config('default_toast_compression', CASE WHEN 'lz4' = ANY (enumvals) THEN 'lz4' ELSE 'pglz' END, false) <> '' AS set
FROM pg_settings WHERE name = 'default_toast_compression';
CREATE TABLE stored (storage text, number int, content text);
CREATE TEMP VIEW long_text AS
  SELECT number, content FROM (VALUES
    (1, repeat('The quick brown fox, ' || E'naïve as 日本語.\n', 40000)),
    (2, (SELECT string_agg(md5(i::text), ' ') FROM generate_series(1, 60000) i)),
    (3, repeat('a', 1100000)),
    (4, repeat('word ', 50000) || repeat('-', 400000) || repeat(' 語', 100000) || repeat(' ', 300000) || E'\n x'),
    (5, repeat('😀', 262143) || 'xyz'),
    (6, repeat('😀', 262143) || 'wxyz'),
    (7, repeat(E'\u00A0', 524288) || repeat('1', 300000))) AS v (number, content);
ALTER TABLE stored ALTER content SET STORAGE EXTERNAL;
INSERT INTO stored SELECT 'out of line', * FROM long_text;
ALTER TABLE stored ALTER content SET STORAGE EXTENDED;
INSERT INTO stored SELECT 'the server''s best', * FROM long_text;
RESET default_toast_compression;
INSERT INTO stored SELECT 'pglz', * FROM long_text;
SELECT DISTINCT storage, pg_column_compression(content) = 'pglz' AS pglz, pg_column_size(content) < 20000 AS small
FROM stored WHERE storage = 'pglz' OR storage = 'out of line' ORDER BY 1, 2, 3;
WITH expected AS MATERIALIZED (
  SELECT encoding, number, token_count(encoding, content) AS tokens
  FROM unnest('{o200k_base,cl100k_base,r50k_base}'::text[]) AS e (encoding), long_text)
SELECT encoding, storage, count(*) FILTER (WHERE token_count(encoding, content) = tokens) AS right_counts
FROM expected JOIN stored USING (number)
GROUP BY encoding, storage ORDER BY encoding, storage;
DROP TABLE stored;

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
