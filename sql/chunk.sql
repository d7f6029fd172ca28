-- Parts of texts by tokens: token_truncate and token_chunks.
SELECT token_truncate('gpt-4o', 'Hello, world! How are you?', 4), token_truncate('gpt-4o', 'Hello, world!', 100),
  token_truncate('gpt-4o', 'Hello', 0) = '' AS none, token_truncate('gpt-4o', '', 5) = '' AS empty;
SELECT position, chunk, tokens FROM token_chunks('gpt-4o', 'The quick brown fox jumps over the lazy dog.', 4);
SELECT * FROM token_chunks('gpt-4o', 'The quick brown fox jumps over the lazy dog.', 4, 2);

-- Whole characters only: this one has four tokens.
SELECT token_count('gpt-4o', U&'\+0F0000') AS tokens, token_truncate('gpt-4o', 'a' || U&'\+0F0000', 3) AS one,
  length(token_truncate('gpt-4o', 'a' || U&'\+0F0000', 5)) AS two;

-- Nothing in, nothing out.
SELECT token_truncate(NULL, 'x', 1), token_truncate('gpt-4o', NULL, 1), token_truncate('gpt-4o', 'x', NULL);
SELECT * FROM token_chunks('gpt-4o', '', 5);
SELECT * FROM token_chunks('gpt-4o', NULL, 5);

-- The longest prefix, by the definition.
CREATE TABLE sample (content text);
INSERT INTO sample VALUES
  ('I''ll say: naïve   ünïcode, 日本語のテキスト and 12345678 numbers; don''t  WE''VE' || E'\r\n\r\n  \tx == ------ ok'),
  (repeat('a', 200)), (repeat(' ', 90) || E'\n' || repeat(' ', 90)), (repeat('日', 20) || repeat('A', 120) || 'b'),
  (U&'\+01F468\200D\+01F469\200D\+01F467\200D\+01F466 family \+01F1E9\+01F1EA'),
  ('สวัสดีชาวโลก नमस्ते दुनिया 안녕하세요 Здравствуйте שלום مرحبا');
SELECT encoding, count(*) FILTER (WHERE token_truncate(encoding, content, n) IS DISTINCT FROM longest) AS wrong
FROM unnest(tokenmeter.encodings()) AS e (encoding), sample, generate_series(0, 40) AS n,
  LATERAL (SELECT left(content, k) AS longest FROM generate_series(0, length(content)) AS k
    WHERE token_count(encoding, left(content, k)) <= n ORDER BY k DESC LIMIT 1) AS definition
GROUP BY encoding ORDER BY encoding;

-- Without overlap the chunks are the text.
SELECT encoding, size, bool_and(whole = content) AS whole, bool_and(fits) AS fits
FROM unnest('{o200k_base,cl100k_base,r50k_base}'::text[]) AS e (encoding), sample, unnest('{5,20,1000}'::int[]) AS size,
  LATERAL (SELECT string_agg(chunk, '' ORDER BY position) AS whole,
      bool_and(tokens <= size AND tokens = token_count(encoding, chunk)) AS fits
    FROM token_chunks(encoding, content, size)) AS c
GROUP BY encoding, size ORDER BY encoding, size;

-- With it they cover the text without a gap, and are within their size; what two of them share is within the overlap.
CREATE FUNCTION pg_temp.check_chunks(encoding text, content text, size int, overlap int,
  OUT covered text, OUT too_large bigint, OUT wrong_count bigint, OUT gap bigint, OUT shared_too_much bigint) LANGUAGE plpgsql AS $$
DECLARE
  c record;
  begins int := 1;
  ends int := 1;
BEGIN
  covered := '';
  too_large := 0; wrong_count := 0; gap := 0; shared_too_much := 0;
  FOR c IN SELECT * FROM token_chunks(encoding, content, size, overlap) LOOP
    too_large := too_large + (c.tokens > size)::int;
    wrong_count := wrong_count + (c.tokens <> token_count(encoding, c.chunk))::int;
    -- Where it begins, in a text that does not repeat itself.
    SELECT max(b) INTO begins FROM generate_series(begins, ends) AS b
    WHERE substr(content, b, length(c.chunk)) = c.chunk AND b + length(c.chunk) > ends;
    gap := gap + (begins IS NULL)::int;
    shared_too_much := shared_too_much + (token_count(encoding, substr(content, begins, ends - begins)) > overlap)::int;
    covered := covered || substr(c.chunk, ends - begins + 1);
    ends := begins + length(c.chunk);
  END LOOP;
END $$;
SELECT size, overlap, bool_and(covered = content) AS covered, sum(too_large) AS too_large, sum(wrong_count) AS wrong_count,
  sum(gap) AS gap, sum(shared_too_much) AS shared_too_much
FROM unnest('{o200k_base,cl100k_base,r50k_base}'::text[]) AS e (encoding),
  (SELECT content FROM sample WHERE content !~ '(.)\1{20}'
    UNION ALL SELECT string_agg(md5(i::text), ' ') FROM generate_series(1, 20) i) AS s,
  (VALUES (8, 3), (8, 7), (20, 5), (1000, 10)) AS v (size, overlap),
  LATERAL pg_temp.check_chunks(encoding, content, size, overlap)
GROUP BY size, overlap ORDER BY size, overlap;

-- Rows come one by one.
SELECT (token_chunks('gpt-4o', repeat('word ', 1000000), 10)).tokens LIMIT 2;

-- Long texts that are stored compressed or out of line are read as far as it takes.
CREATE TABLE stored (storage text, content text);
ALTER TABLE stored ALTER content SET STORAGE EXTERNAL;
INSERT INTO stored SELECT 'out of line', string_agg(md5(i::text), ' ') FROM generate_series(1, 60000) i;
ALTER TABLE stored ALTER content SET STORAGE EXTENDED;
INSERT INTO stored SELECT 'compressed', repeat('The quick brown fox, ' || E'naïve as 日本語.\n', 40000);
INSERT INTO stored SELECT 'one piece', repeat('a', 2000000);
SELECT storage, n, length(token_truncate('gpt-4o', content, n)) AS length,
  token_truncate('gpt-4o', content, n) = token_truncate('gpt-4o', content || '', n) AS same,
  token_count('gpt-4o', token_truncate('gpt-4o', content, n)) <= n AS fits
FROM stored, unnest('{0,10,20000,300000,100000000}'::bigint[]) AS n ORDER BY storage, n;
DROP TABLE stored, sample;

-- Mistakes.
SELECT token_truncate('gpt-4o', 'x', -1);
SELECT token_truncate('no-such-model', 'x', 1);
SELECT token_truncate('claude-3', 'x', 1);
SELECT * FROM token_chunks('gpt-4o', 'x', 0);
SELECT * FROM token_chunks('gpt-4o', 'x', -5);
SELECT * FROM token_chunks('gpt-4o', 'x', 5, 5);
SELECT * FROM token_chunks('gpt-4o', 'x', 5, -1);
SELECT * FROM token_chunks('no-such-model', 'x', 5);
SELECT * FROM token_chunks('gpt-4o', 'ab' || U&'\+0F0000' || 'c', 2);
SELECT * FROM token_chunks('gpt-4o', 'ab' || U&'\+0F0000' || 'c', 3);
