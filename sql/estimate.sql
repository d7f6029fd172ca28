-- token_estimate.
-- Where the encoding is known it is the exact count.
SELECT token_estimate('gpt-4o', t) = token_count('gpt-4o', t) AS exact, token_estimate('cl100k_base', t) = token_count('cl100k_base', t) AS also
FROM (VALUES ('Hello, world! 日本語')) AS v (t);

-- Else an estimate: within a third of what the vendors' counters or a related tokenizer say of such texts.
SELECT model, token_estimate(model, 'The quick brown fox jumps over the lazy dog, and the dog does not mind it at all.') BETWEEN 14 AND 27 AS english,
  token_estimate(model, 'def add(a, b):' || E'\n    return a + b\n') BETWEEN 10 AND 22 AS code
FROM unnest('{claude-3-opus,claude-sonnet-4-5,gemini-2.5-pro,grok-4}'::text[]) AS model;
SELECT token_estimate('claude-opus-4-7', t) > token_estimate('claude-opus-4-6', t) AS newer_has_more,
  token_estimate('anthropic/claude-opus-4-6', t) = token_estimate('claude-3-haiku', t) AS same
FROM (VALUES (repeat('Some words, and more of them. ', 50))) AS v (t);

-- More text is never fewer tokens; nothing is none, and anything is one at least.
SELECT model, bool_and(token_estimate(model, left(t, n)) <= token_estimate(model, left(t, n + 1))) AS grows,
  token_estimate(model, '') AS nothing, token_estimate(model, '.') AS least
FROM unnest('{claude-3-opus,claude-opus-5,gemini-2.5-pro,grok-4}'::text[]) AS model, generate_series(0, 80) AS n,
  (VALUES ('Aé1 - привет αβ שלום سلام नमस्ते สวัสดี 안녕 世界 かな 😀👩‍👩‍👧 ' || E'\n\r\t\u0001' || '₪ ≤ “x” ___ ᚠᚡ')) AS v (t)
GROUP BY model ORDER BY model;
SELECT token_estimate('claude-3-opus', NULL), token_estimate(NULL, 'x');

-- A model of one's own without an encoding.
SELECT tokenmeter.add_model('my-closed-model', NULL);
SELECT token_estimate('my-closed-model', 'Hello, world!') BETWEEN 2 AND 6 AS general;
DELETE FROM tokenmeter.model WHERE NOT shipped;
INSERT INTO tokenmeter.model (pattern, estimator) VALUES ('my-closed-model', 'no-such-estimator');
SELECT token_estimate('my-closed-model', 'x');
DELETE FROM tokenmeter.model WHERE NOT shipped;

-- Never a guess.
SELECT token_estimate('no-such-model', 'x');
SELECT token_count('claude-3-opus', 'x');
